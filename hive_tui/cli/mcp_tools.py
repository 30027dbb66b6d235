"""Commands for those who work inside an env, as tools of the Model Context Protocol.

A tool is a command line of `hive`, run in this process: what an agent gets by a tool and in a
shell is the same.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Annotated, Any

import anyio
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import Field

from hive_tui import __version__
from hive_tui.cli.context import Context
from hive_tui.cli.main import guarded

_RED = 1
"""Exit status of a run of suites that is no failure of the tool."""
_LINES, _MOST_LINES = 100, 5000

_LOOK = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_ACT = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)

_Names = Annotated[list[str], Field(default_factory=list)]
_SomeNames = Annotated[list[str], Field(min_length=1)]
_Lines = Annotated[int, Field(ge=1, le=_MOST_LINES)]


class Calls:
    """Runs command lines about one env and gives back what they print."""

    def __init__(self, env: str, cwd: str, environ: Mapping[str, str]) -> None:
        """Bind them to an env.

        Args:
            env: `project/name`.
            cwd: Folder of the commands.
            environ: Their environment.
        """
        self._env = env
        self._cwd = cwd
        self._environ = environ

    async def run(self, command: str, *words: str, red: bool = False) -> str:
        """What a command prints, on standard output and then on standard error.

        Args:
            command: Name of the command; the env's name follows it.
            words: More words; none of them may be an option's.
            red: Whether exit status 1 is an answer, not a failure.

        Raises:
            ToolError: It failed, with what it said.
        """
        status, out, err = await anyio.to_thread.run_sync(self._run, [command, self._env, *words])
        if status not in ((0, _RED) if red else (0,)) or (red and status and not out):
            raise ToolError((err or out).strip() or f"hive {command} ended with {status}")
        return out or err

    def _run(self, words: list[str]) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        context = Context(
            cwd=self._cwd,
            environ={**self._environ, "NO_COLOR": "1"},
            out=out,
            err=err,
        )
        return guarded(words, context), out.getvalue(), err.getvalue()


def tools(calls: Calls) -> MCPServer[Any]:
    """A server with one tool for each thing that an agent may ask or do in its own env."""
    server: MCPServer[Any] = MCPServer(
        "hive",
        version=__version__,
        instructions="Ports, services, logs and checks of the environment that you work in.",
        log_level="WARNING",
    )

    @server.tool(annotations=_LOOK, structured_output=False)
    async def status() -> str:
        """How your environment is now: services, ports, verdicts, git, agent; JSON."""
        return await calls.run("status", "--json")

    @server.tool(annotations=_LOOK, structured_output=False)
    async def why(topic: str = "") -> str:
        """Why things are as they are, with the evidence.

        Args:
            topic: A service, or `test SUITE`; empty for the environment as a whole.
        """
        return await calls.run("why", *_plain(topic.split()))

    @server.tool(annotations=_LOOK, structured_output=False)
    async def ports() -> str:
        """Your ports: allocated, listening, by which process; JSON."""
        return await calls.run("ports", "--json")

    @server.tool(annotations=_LOOK, structured_output=False)
    async def logs(
        services: _Names,
        lines: _Lines = _LINES,
        grep: str = "",
        since: str = "",
    ) -> str:
        """Last log lines of services, tasks and suites, merged by time.

        Args:
            services: Whose; none for all.
            lines: How many at most.
            grep: A regular expression that they match.
            since: A length of time before now such as 10m, or an RFC 3339 time.
        """
        options = ["-n", str(lines)]
        options += [f"--grep={grep}"] if grep else []
        options += [f"--since={since}"] if since else []
        return await calls.run("logs", *_plain(services), *options) or "no such line"

    @server.tool(annotations=_ACT, structured_output=False)
    async def test(suites: _Names) -> str:
        """Run suites and say what failed, as JSON. Their verdicts are what people see.

        Args:
            suites: Which; none for all.
        """
        return await calls.run("test", *_plain(suites), "--json", red=True)

    @server.tool(annotations=_ACT, structured_output=False)
    async def restart(services: _SomeNames) -> str:
        """Restart services of your environment and wait until they are ready.

        Args:
            services: Which.
        """
        return await calls.run("restart", *_plain(services))

    @server.tool(annotations=_LOOK, structured_output=False)
    async def skill() -> str:
        """All facts about your environment; what is shared, and what not to touch."""
        return await calls.run("skill")

    return server


def _plain(words: list[str]) -> list[str]:
    """Words that are names.

    Raises:
        ToolError: One of them would be read as an option.
    """
    for word in words:
        if word.startswith("-"):
            raise ToolError(f"{word!r} is no name")
    return words
