"""Processes of mprocs.yaml: a command each, with a folder, variables and a way to stop."""

from __future__ import annotations

from typing import Any

from hive_tui.config.importing import commands, naming
from hive_tui.config.importing.checkout import Checkout, inside
from hive_tui.config.importing.found import Findings, Port, Service
from hive_tui.config.yaml_text import Node

_FILES = ("mprocs.yaml", "mprocs.yml", "mprocs.json")
_SIGNALS = {"SIGINT": "INT", "SIGTERM": None, "SIGKILL": "KILL", "hard-kill": "KILL"}
_HERE = "<CONFIG_DIR>/"


def read(checkout: Checkout) -> Findings:
    """Every process is a service."""
    file = checkout.first(*_FILES)
    if file is None:
        return Findings()
    document = checkout.yaml(file)
    services: list[Service] = []
    remarks: list[str] = []
    for name, process in (document.get("procs") or Node(None)).items():
        if process.value is None:
            continue
        run = _command(process)
        if not commands.usable(run):
            remarks.append(f"{process.place}: {name} was left out: {commands.why_not(run)}")
            continue
        services.append(_service(name, str(run), process))
    return Findings(services=tuple(services), remarks=tuple(remarks))


def _service(name: str, run: str, process: Node) -> Service:
    settings: dict[str, Any] = process.plain() if isinstance(process.value, dict) else {}
    notes = []
    folder = settings.get("cwd")
    if isinstance(folder, str):
        folder = folder.removeprefix(_HERE)
        if folder not in (".", "<CONFIG_DIR>") and inside(folder) is None:
            notes.append("its cwd lies outside the repository: it runs in the worktree")
    stop = settings.get("stop")
    if isinstance(stop, dict):
        notes.append("it was stopped by keys; here a signal ends it")
    number = commands.port_in(run)
    env = settings.get("env")
    if isinstance(env, dict) and None in env.values():
        notes.append("variables that it took away are left as they are")
    if "add_path" in settings:
        notes.append("add_path was left out: put it into PATH in its env")
    return Service(
        name,
        run.strip(),
        process.place,
        cwd=inside(folder) if folder != "." else None,
        needs=_needs(settings.get("depends_on")),
        env=naming.variables(env),
        port=Port(number, sure=True) if number or commands.reads_port(run) else None,
        when="manual" if settings.get("autostart") is False else None,
        restart="always" if settings.get("autorestart") is True else "no",
        signal=_SIGNALS.get(stop) if isinstance(stop, str) else None,
        notes=tuple(notes),
    )


def _needs(value: Any) -> tuple[str, ...]:
    """Names of others that it waits for; newer versions know them."""
    return tuple(str(name) for name in value) if isinstance(value, list | dict) else ()


def _command(process: Node) -> object:
    """The command of any of the forms: a string, a list of words, `shell`, or `cmd`."""
    form = process.get("shell") or process.get("cmd") or process
    if isinstance(form.value, dict):
        form = form.get("linux") or form.get("$else") or Node(None)
    if isinstance(form.value, tuple):
        return commands.joined(form.plain())
    return form.value
