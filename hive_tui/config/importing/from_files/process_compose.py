"""Processes of process-compose.yaml: commands with conditions, probes and restarts."""

from __future__ import annotations

import re
import signal
from typing import Any

from hive_tui.config.importing import commands, naming
from hive_tui.config.importing.checkout import Checkout, inside
from hive_tui.config.importing.found import PORT, Findings, Port, Ready, Service, Task, Variable
from hive_tui.config.yaml_text import Node

_FILES = (
    "process-compose.yaml",
    "process-compose.yml",
    "process-compose.dev.yaml",
    ".process-compose.yaml",
)
_FROM_VARIABLE = re.compile(r"\$\{?[A-Za-z_][A-Za-z0-9_]*\}?/?(.*?)/?")
_ENDED = {"process_completed", "process_completed_successfully"}
_RESTARTS = {"no": "no", "on_failure": "on-failure", "always": "always", "exit_on_failure": "no"}
_KNOWN = {
    "command",
    "working_dir",
    "environment",
    "depends_on",
    "readiness_probe",
    "ready_log_line",
    "availability",
    "shutdown",
    "disabled",
    "description",
    "log_location",
    "is_foreground",
    "is_tty",
    "namespace",
    "disable_ansi_colors",
    "log_configuration",
}
_SIGNALS = {"TERM", "INT", "QUIT", "HUP", "USR1", "USR2", "WINCH", "ABRT", "KILL"}


def read(checkout: Checkout) -> Findings:
    """A process that others wait for to complete is a task; all others are services."""
    file = checkout.first(*_FILES)
    if file is None:
        return Findings()
    document = checkout.yaml(file)
    processes = dict((document.get("processes") or Node(None)).items())
    tasks = {
        name
        for process in processes.values()
        for name, how in _conditions(process).items()
        if how in _ENDED
    }
    found: list[Service | Task] = []
    remarks: list[str] = []
    for name, process in processes.items():
        run = _command(process)
        if not commands.usable(run):
            remarks.append(f"{process.place}: {name} was left out: {commands.why_not(run)}")
        elif name in tasks:
            found.append(_task(name, str(run), process, checkout))
        else:
            found.append(_service(name, str(run), process, checkout))
    variables = _environment(document.get("environment"))
    return Findings(
        services=tuple(item for item in found if isinstance(item, Service)),
        tasks=tuple(item for item in found if isinstance(item, Task)),
        variables=tuple(Variable(name, value, file) for name, value in variables.items()),
        remarks=tuple(remarks),
    )


def _command(process: Node) -> Any:
    """The command, with `$` where process-compose wants it written twice."""
    run = _plain(process, "command")
    return run.replace("$$", "$") if isinstance(run, str) else run


def _service(name: str, run: str, process: Node, checkout: Checkout) -> Service:
    ready, number = _ready(process)
    number = number or commands.port_in(run)
    listens = number is not None or commands.reads_port(run)
    notes = _notes(process, checkout)
    stop = process.get("shutdown") or Node(None)
    if stop.get("command") is not None:
        notes.append("its own command for the end (shutdown) was left out: a signal ends it")
    grace = _plain(stop, "timeout_seconds")
    restart = _plain(process.get("availability"), "restart")
    return Service(
        name,
        run.strip(),
        process.place,
        cwd=_folder(process, checkout),
        needs=tuple(_conditions(process)),
        ready=ready,
        env=_environment(process.get("environment")),
        port=Port(number, sure=True) if listens else None,
        when="manual" if _plain(process, "disabled") is True else None,
        restart=_RESTARTS.get(str(restart), "no" if restart is None else None),
        signal=_signal(_plain(stop, "signal")),
        grace_s=float(grace) if isinstance(grace, int) and 0 < grace <= 3600 else None,
        notes=tuple(notes),
    )


def _task(name: str, run: str, process: Node, checkout: Checkout) -> Task:
    return Task(
        name,
        run.strip(),
        process.place,
        cwd=_folder(process, checkout),
        needs=tuple(_conditions(process)),
        env=_environment(process.get("environment")),
        notes=tuple(_notes(process, checkout)),
    )


def _ready(process: Node) -> tuple[Ready | None, int | None]:
    """How readiness shows, and the port that the probe names."""
    log = _plain(process, "ready_log_line")
    if isinstance(log, str) and commands.usable(log):
        return Ready("log", re.escape(log).replace(r"\ ", " ")), None
    probe = process.get("readiness_probe")
    get = probe.get("http_get") if probe is not None else None
    if get is not None:
        number = _plain(get, "port")
        number = int(number) if str(number).isdecimal() else None
        path = str(_plain(get, "path") or "/")
        scheme = str(_plain(get, "scheme") or "http")
        if number is not None and commands.usable(path) and scheme in ("http", "https"):
            url = f"{scheme}://127.0.0.1:{PORT}/{path.lstrip('/')}"
            return Ready("http", url.replace(" ", "%20")), number
    command = _plain(probe.get("exec") if probe is not None else None, "command")
    return (Ready("exec", str(command).strip()) if commands.usable(command) else None), None


def _folder(process: Node, checkout: Checkout) -> str | None:
    """Where it runs; a variable at the beginning is taken as the worktree, if that fits."""
    folder = _plain(process, "working_dir")
    if isinstance(folder, str) and (match := _FROM_VARIABLE.fullmatch(folder)):
        folder = match.group(1)
        if inside(folder) is None or not (checkout.root / folder).is_dir():
            return None
    return inside(folder)


def _notes(process: Node, checkout: Checkout) -> list[str]:
    """What hive.toml has no word for, and what was not understood."""
    unknown = [key for key, _ in process.items() if key not in _KNOWN]
    notes = [f"left out, for hive.toml has no such keys: {', '.join(unknown)}"] if unknown else []
    folder = _plain(process, "working_dir")
    if folder not in (None, ".", "./") and _folder(process, checkout) is None:
        notes.append(f"its working_dir {folder} is not known here: it runs in the worktree")
    if lost := _referring(process.get("environment")):
        notes.append(f"left out, for they refer to other variables: {', '.join(lost)}")
    if _plain(process, "is_tty") or _plain(process, "is_foreground"):
        notes.append("it asked for a terminal; here it has none")
    return notes


def _conditions(process: Node) -> dict[str, str]:
    needs = process.get("depends_on") or Node(None)
    return {name: str(_plain(how, "condition")) for name, how in needs.items()} | {
        str(node.value): "" for node in needs.each()
    }


def _environment(node: Node | None) -> dict[str, str]:
    """Variables of either form: a mapping, or a list of `NAME=value`."""
    if node is None:
        return {}
    return {
        name: value for name, value in naming.variables(_pairs(node)).items() if "$" not in value
    }


def _referring(node: Node | None) -> list[str]:
    """Names of variables whose values only process-compose would fill in."""
    table = naming.variables(_pairs(node)) if node is not None else {}
    return [name for name, value in table.items() if "$" in value]


def _pairs(node: Node) -> Any:
    return dict(str(item.value).partition("=")[::2] for item in node.each()) or node.plain()


def _signal(number: Any) -> str | None:
    try:
        name = signal.Signals(number).name.removeprefix("SIG")
    except (ValueError, TypeError):
        return None
    return name if name in _SIGNALS and name != "TERM" else None


def _plain(node: Node | None, key: str) -> Any:
    found = node.get(key) if node is not None else None
    return found.value if found is not None else None
