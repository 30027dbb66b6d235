"""`conductor.json` and `.conductor/settings.toml`: a set-up script, what runs, a last script."""

from __future__ import annotations

from typing import Any

from hive_tui.config.importing import commands
from hive_tui.config.importing.checkout import Checkout
from hive_tui.config.importing.found import PORT, Findings, Service
from hive_tui.config.importing.from_files import scripts

_ENV = {
    "CONDUCTOR_ROOT_PATH": "{{repo}}",
    "CONDUCTOR_WORKSPACE_PATH": "{{worktree}}",
    "CONDUCTOR_WORKSPACE_NAME": "{{env}}",
}
"""The variables that its scripts may use, in hive's terms."""


def read(checkout: Checkout) -> Findings:
    """Set-up becomes a task of the spawn, each run script a service."""
    file = checkout.first(".conductor/settings.toml", "conductor.json")
    if file is None:
        return Findings()
    document = checkout.toml(file) if file.endswith(".toml") else checkout.json(file)
    table: dict[str, Any] = document.get("scripts")  # type: ignore[assignment]
    if not isinstance(table, dict):
        return Findings()
    first = scripts.lines_of(table.get("setup"))
    remarks = scripts.left_out(first, f"{file}: setup")
    usable = [line for line in first if commands.usable(line)]
    if table.get("archive"):
        remarks.append(f"{file}: archive was left out; `hive destroy` ends what the env started")
    services: list[Service] = []
    for name, line in _runs(table.get("run")):
        if commands.usable(line):
            env = {**_ENV, "CONDUCTOR_PORT": PORT}
            services.append(scripts.server(line, f"{file}: run", env, name))
        else:
            remarks.append(f"{file}: run {name} was left out: {commands.why_not(line)}")
    env = {**_ENV, "CONDUCTOR_DEFAULT_BRANCH": "main"}
    return Findings(
        services=tuple(services),
        tasks=(scripts.setup(usable, f"{file}: setup", env),) if usable else (),
        remarks=tuple(remarks),
    )


def _runs(run: Any) -> list[tuple[str, str]]:
    """Names and commands of one run script or of several."""
    if isinstance(run, str):
        return [("web", run.strip())] if run.strip() else []
    if not isinstance(run, dict):
        return []
    return [
        (str(name), str(one.get("command", "")) if isinstance(one, dict) else str(one))
        for name, one in run.items()
    ]
