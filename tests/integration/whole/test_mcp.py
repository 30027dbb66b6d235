"""`hive mcp`, spoken to by the SDK's own client over a real pipe, as an agent does it."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.hives import Yard

pytest.importorskip("mcp", reason="the SDK of the Model Context Protocol")

from mcp import Client, StdioServerParameters
from mcp_types import CallToolResult, TextContent

pytestmark = pytest.mark.filterwarnings("default")

PROJECT = """
[ports]
base = {base}
block = 10
names = {{ web = 0 }}
[services.web]
run = "echo listening on {{{{port.web}}}}; echo password wrong; exec sleep 1000"
ready = {{ log = "listening" }}
[tests.unit]
run = "exit 0"
[tests.lint]
run = "echo bad line; exit 1"
"""


@pytest.fixture
def auth(yard: Yard) -> Yard:
    yard.make_repo(PROJECT.format(base=yard.port_base()))
    yard.hive("spawn", "auth", "--warm")
    return yard


@asynccontextmanager
async def client(yard: Yard, *words: str, cwd: Path | None = None) -> AsyncIterator[Client]:
    """A client whose server ends with the block."""
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "hive_tui", "mcp", *words],
        cwd=str(cwd or yard.tree("auth")),
        env=yard.environ,
    )
    async with Client(server) as connected:
        yield connected


def text(result: CallToolResult) -> str:
    """All that a tool said."""
    return "".join(part.text for part in result.content if isinstance(part, TextContent))


async def test_it_offers_what_an_agent_may_ask_and_do(auth: Yard) -> None:
    async with client(auth) as it:
        tools = {tool.name: tool for tool in (await it.list_tools()).tools}
    assert set(tools) == {"status", "why", "ports", "logs", "test", "restart", "skill"}
    assert all(tool.description for tool in tools.values())
    hints = {name: tool.annotations for name, tool in tools.items() if tool.annotations is not None}
    acting = {name for name, hint in hints.items() if not hint.read_only_hint}
    assert acting == {"test", "restart"}


async def test_what_it_says_is_what_the_commands_say(auth: Yard) -> None:
    async with client(auth) as it:
        status = json.loads(text(await it.call_tool("status", {})))
        assert status["environment"]["name"] == "auth"
        assert status["environment"]["services"] == auth.env("auth")["services"]
        assert text(await it.call_tool("skill", {})) == auth.hive("skill", "auth").out
        ports = json.loads(text(await it.call_tool("ports", {})))
        assert ports == auth.hive("ports", "auth", "--json").json
        lines = text(await it.call_tool("logs", {"services": ["web"], "grep": "password"}))
        assert "password wrong" in lines
        assert "listening" not in lines
        assert "web" in text(await it.call_tool("why", {"topic": "web"}))


async def test_a_red_suite_is_an_answer_and_no_error(auth: Yard) -> None:
    async with client(auth) as it:
        green = await it.call_tool("test", {"suites": ["unit"]})
        assert not green.is_error
        red = await it.call_tool("test", {})
        assert not red.is_error
        states = {suite["name"]: suite["state"] for suite in json.loads(text(red))["tests"]}
        assert states["unit"] == "passed"
        assert states["lint"] in ("failed", "error")


async def test_a_restart_is_done_when_it_is_answered(auth: Yard) -> None:
    before = auth.service("auth", "web")["pid"]
    async with client(auth) as it:
        done = await it.call_tool("restart", {"services": ["web"]})
        assert not done.is_error, text(done)
    after = auth.service("auth", "web")
    assert (after["state"], after["pid"] != before) == ("ready", True)


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("restart", {"services": ["nosuch"]}, "has no service 'nosuch'"),
        ("restart", {"services": ["--all"]}, "'--all' is no name"),
        ("logs", {"since": "yesterday or so"}, "--since does not understand"),
        ("logs", {"grep": "("}, "missing ), unterminated subpattern"),
        ("test", {"suites": ["nosuch"]}, "nosuch"),
    ],
)
async def test_what_cannot_be_is_an_error_with_a_way_on(
    auth: Yard, tool: str, arguments: dict[str, object], said: str
) -> None:
    async with client(auth) as it:
        result = await it.call_tool(tool, arguments)
        assert result.is_error
        assert said in text(result)
        assert not (await it.call_tool("status", {})).is_error


async def test_it_goes_on_over_another_daemon(auth: Yard) -> None:
    async with client(auth) as it:
        await it.call_tool("status", {})
        auth.kill_daemon()
        result = await it.call_tool("status", {})
        assert not result.is_error, text(result)


async def test_one_env_can_be_named_from_anywhere(auth: Yard) -> None:
    async with client(auth, "auth", cwd=auth.repo) as it:
        assert '"name":"auth"' in text(await it.call_tool("status", {}))


def test_outside_of_all_envs_it_does_not_begin(auth: Yard) -> None:
    assert "belongs to none" in auth.hive("mcp", status=3).err
