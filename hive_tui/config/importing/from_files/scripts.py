"""What the set-up scripts of other worktree tools have in common."""

from __future__ import annotations

import re

from hive_tui.config.importing import commands
from hive_tui.config.importing.found import PORT, Port, Service, Task

_SCRIPT = re.compile(r"\brun (?:-\S+ )*(?:(?:dev|start|serve|watch):)?([A-Za-z][\w-]*)")


def lines_of(value: object) -> list[str]:
    """Commands of a setting that is one command or a list of them."""
    items = value if isinstance(value, list) else [value]
    return [item.strip() for item in items if isinstance(item, str) and item.strip()]


def setup(lines: list[str], origin: str, env: dict[str, str]) -> Task:
    """What prepares a new worktree, once; its first failure ends it."""
    return Task("setup", " && ".join(lines), origin, env=env, when="spawn")


def server(line: str, origin: str, env: dict[str, str], name: str = "web") -> Service:
    """A command that a workspace runs."""
    number = commands.port_in(line)
    listens = commands.reads_port(line) or "_PORT" in line or PORT in line
    port = Port(number or commands.default_port(line), sure=listens or number is not None)
    return Service(name, line, origin, env=env, port=port)


def name_of(line: str) -> str:
    """A name for what a command runs: `npm run dev:api` is `api`; else `web`."""
    match = _SCRIPT.search(line)
    return match.group(1) if match else "web"


def left_out(lines: list[str], origin: str) -> list[str]:
    """A remark for each line that cannot stand in hive.toml."""
    return [
        f"{origin}: {' '.join(line.split())[:40]!r} was left out: {commands.why_not(line)}"
        for line in lines
        if not commands.usable(line)
    ]
