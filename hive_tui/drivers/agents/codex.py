"""Codex CLI: hooks come by `-c`, trusted by their hash, and never through its shared daemon.

That daemon would run the hooks and commands of one env with the variables of another.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import shlex
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence

import msgspec

from hive_tui.drivers.agents import claude_hooks, codex_files
from hive_tui.drivers.agents.prompt_line import PLAIN, SINGLE, prompt_line
from hive_tui.drivers.agents.silent import Silent
from hive_tui.engine.agents.events import Event
from hive_tui.engine.agents.evidence import Stance
from hive_tui.engine.agents.launches import Start, Wish
from hive_tui.engine.agents.records import Record
from hive_tui.engine.agents.signals import Signal

EVENTS = (
    "SessionStart",
    "SessionEnd",
    "UserPromptSubmit",
    "PreToolUse",
    "PermissionRequest",
    "PostToolUse",
    "PreCompact",
    "PostCompact",
    "SubagentStart",
    "SubagentStop",
    "Stop",
    "Interrupt",
)
TRUST_S = 10.0
"""How long the program may take to tell the hashes of the hooks."""

log = logging.getLogger(__name__)


class Codex(Silent):
    """The driver. Keeps nothing."""

    kind = "codex"
    paste_pause_s = 0.5
    """It takes an Enter that comes too soon after a paste for a new line."""

    async def prepare(self, wish: Wish, argv: Sequence[str], env: Mapping[str, str]) -> Wish:
        """Ask the program itself for the hashes of the hooks; without them it asks the person."""
        command = [*argv, *self.settings(wish.hook), "app-server"]
        found = await asyncio.to_thread(_ask_for_trust, command, dict(env), wish.worktree)
        return msgspec.structs.replace(wish, trusted=found)

    def start(self, wish: Wish) -> Start:
        """Flags and environment."""
        flags = [*self.settings(wish.hook), *_trust(wish.trusted)]
        if wish.instructions:
            flags += ["-c", f"developer_instructions={_toml(wish.instructions)}"]
        if wish.session:
            flags = ["resume", *flags, wish.session]
        prompted = wish.fits
        if prompted:
            flags += ["--", wish.prompt]
        return Start(flags=tuple(flags), session=wish.session, prompted=prompted)

    def settings(self, hook: Sequence[str]) -> list[str]:
        """The flags of every program of this start, of the one that is asked for hashes too."""
        command = "exec " + shlex.join([*hook, "codex"])
        flags = ["--disable", "daemon_auto_start"]
        for name in EVENTS:
            run = f"{command} hold" if name == "Stop" else command
            told = f'[{{hooks=[{{type="command",command={_toml(run)}}}]}}]'
            flags += ["-c", f"hooks.{name}={told}"]
        return flags

    def signal(self, event: Event) -> Signal | None:
        """What a hook told; its prompts during a turn become part of that turn."""
        return claude_hooks.signal(event, joins=True)

    def record(self, line: bytes) -> Record | None:
        """What a record of the conversation's file tells."""
        return codex_files.record(line)

    def title(self, shown: str) -> Stance | None:
        """What its title means."""
        return codex_files.title(shown)

    def dialog(self, lines: Sequence[str]) -> str:
        """A dialog that may come before anything is heard."""
        screen = "\n".join(lines)
        if "Hooks need review" in screen:
            return "may its hooks run?"
        if "Do you trust the contents" in screen:
            return "does it trust this folder?"
        if "Sign in with" in screen:
            return "how to sign in?"
        return "an update is offered" if "Update available" in screen else ""

    def prompt_line(self, lines: Sequence[bytes], cursor: tuple[int, int] | None) -> str | None:
        """What stands in its prompt line."""
        return prompt_line(lines, cursor, PLAIN + SINGLE)

    def goes_on(self, text: str) -> str | None:
        """What the waiting hook of a turn's end prints so that the agent goes on with a text."""
        return json.dumps({"decision": "block", "reason": text}, separators=(",", ":"))


def _ask_for_trust(command: Sequence[str], env: Mapping[str, str], worktree: str) -> dict[str, str]:
    """Run the program's server until it has told the hashes, at most ten seconds; blocks."""
    try:
        server = subprocess.Popen(
            command,
            cwd=worktree,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        log.warning("codex could not be asked for its hooks: %s", error)
        return {}
    clock = threading.Timer(TRUST_S, _kill, (server.pid,))
    clock.start()
    try:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(trust_request(worktree))
        server.stdin.flush()
        for line in server.stdout:
            if (found := trust_answer(line)) is not None:
                return found
    except OSError as error:
        log.warning("codex did not tell its hooks: %s", error)
    finally:
        clock.cancel()
        _kill(server.pid)
        server.communicate()
    return {}


def _kill(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)


def trust_request(worktree: str) -> bytes:
    """What `codex app-server` is asked on its standard input for the hashes of its hooks."""
    hive = {"name": "hive", "title": "hive", "version": "1"}
    asked = (
        {"id": 1, "method": "initialize", "params": {"clientInfo": hive}},
        {"method": "initialized"},
        {"id": 2, "method": "hooks/list", "params": {"cwds": [worktree]}},
    )
    return b"".join(msgspec.json.encode(message) + b"\n" for message in asked)


def trust_answer(line: bytes) -> dict[str, str] | None:
    """The hashes by key, of hive's own hooks only; `None` where the line is not that answer."""
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(value, dict) or value.get("id") != 2:
        return None
    result = value.get("result")
    found: dict[str, str] = {}
    for row in (result or {}).get("data", []) if isinstance(result, dict) else []:
        for hook in row.get("hooks", []) if isinstance(row, dict) else []:
            key, digest = hook.get("key"), hook.get("currentHash")
            if isinstance(key, str) and isinstance(digest, str) and "session-flags" in key:
                found[key] = digest
    return found


def _trust(trusted: Mapping[str, str]) -> list[str]:
    if not trusted:
        return []
    rows = ",".join(
        f"{_toml(key)}={{trusted_hash={_toml(digest)}}}" for key, digest in sorted(trusted.items())
    )
    return ["-c", f"hooks.state={{{rows}}}"]


def _toml(text: str) -> str:
    """A text as a basic string of TOML, which JSON's strings are but for one character."""
    return json.dumps(text).replace("\x7f", "\\u007f")
