"""`.config/wt.toml` (or `wt.toml`): hooks around a worktree's life, with templates of its own."""

from __future__ import annotations

import re
from typing import Any

from hive_tui.config.importing import commands
from hive_tui.config.importing.checkout import Checkout
from hive_tui.config.importing.found import PORT, Findings, Service, Suite, Task
from hive_tui.config.importing.from_files import scripts

_FILES = (".config/wt.toml", "wt.toml")
_SETUPS = ("post-create", "pre-start")
_BACKGROUND = ("post-start", "post-switch")
_ENDS = ("pre-remove", "post-remove", "post-merge", "pre-commit", "post-commit", "pre-switch")
_TEMPLATE = re.compile(r"\{\{-?\s*([^{}]*?)\s*-?\}\}")
_OURS = {
    "branch": "{{branch}}",
    "branch | sanitize": "{{env}}",
    "branch | sanitize_db": "{{env.slug}}",
    "branch | hash_port": PORT,
    "worktree": "{{worktree}}",
    "worktree_path": "{{worktree}}",
    "worktree_name": "{{env}}",
    "repo": "{{project}}",
    "main_worktree": "{{project}}",
    "repo_root": "{{repo}}",
    "repo_path": "{{repo}}",
    "primary_worktree_path": "{{repo}}",
    "main_worktree_path": "{{repo}}",
}
_OWN_STEP = re.compile(r"\bwt step (?!tether\b)[a-z-]+")
_TETHER = re.compile(r"\bwt step tether(?:\s+-C\s+(\S+))?\s+--\s+")


def read(checkout: Checkout) -> Findings:
    """What blocks a start is the set-up; what runs beside it a service or a task by its looks."""
    file = checkout.first(*_FILES)
    if file is None:
        return Findings()
    config = checkout.toml(file)
    remarks: list[str] = []
    first = [
        line
        for hook in _SETUPS
        for _, raw in _named(config.get(hook), hook)
        if (line := _ours(raw, f"{file}: {hook}", remarks)) is not None
    ]
    services: list[Service] = []
    tasks = [scripts.setup(first, f"{file}: {_SETUPS[-1]}", {})] if first else []
    for hook in _BACKGROUND:
        for name, raw in _named(config.get(hook), hook):
            origin = f"{file}: {hook}"
            line = _ours(raw, origin, remarks)
            if line is None:
                continue
            if PORT in line or commands.runs_on(line):
                services.append(scripts.server(line, origin, {}, "web" if name == hook else name))
            else:
                tasks.append(Task("prepare" if name == hook else name, line, origin, when="spawn"))
    suites = [
        Suite(name, line, f"{file}: pre-merge")
        for name, raw in _named(config.get("pre-merge"), "merge")
        if (line := _ours(raw, f"{file}: pre-merge", remarks)) is not None and PORT not in line
    ]
    left = [hook for hook in _ENDS if hook in config]
    if left:
        remarks.append(f"{file}: left out, for hive has no such hooks: {', '.join(left)}")
    return Findings(
        services=tuple(services), tasks=tuple(tasks), suites=tuple(suites), remarks=tuple(remarks)
    )


def _named(hook: Any, name: str) -> list[tuple[str, str]]:
    """Names and commands of a hook in any of its forms: a command, a table, tables in a row."""
    if isinstance(hook, str):
        return [(name, hook)]
    tables = hook if isinstance(hook, list) else [hook]
    return [
        (str(key), line)
        for table in tables
        for key, line in (table.items() if isinstance(table, dict) else [(name, table)])
        if isinstance(line, str) and line.strip()
    ]


def _ours(line: str, origin: str, remarks: list[str]) -> str | None:
    """The command in hive's terms; `None`, with a remark, where it has no such thing."""
    line = _TETHER.sub(lambda m: f"cd {m.group(1)} && " if m.group(1) else "", line.strip())
    if _OWN_STEP.search(line):
        remarks.append(f"{origin}: a step of wt was left out; [[copy]] and [[link]] do such things")
        return None
    names = [" ".join(match.split()) for match in _TEMPLATE.findall(line)]
    unknown = [name for name in names if name not in _OURS]
    bare = _TEMPLATE.sub("", line)
    if unknown or not commands.usable(bare.strip() or "x") or "{%" in bare:
        words = f"it has no {{{{ {unknown[0]} }}}}" if unknown else commands.why_not(bare)
        words = "".join(char for char in words if char.isprintable()).replace("{{", "{ {")
        remarks.append(f"{origin}: a command was left out: {words}")
        return None
    return _TEMPLATE.sub(lambda match: _OURS[" ".join(match.group(1).split())], line)
