"""`devcontainer.json`: commands after creation, variables, forwarded ports, compose files."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from hive_tui.config.importing import commands, naming
from hive_tui.config.importing.checkout import Checkout, inside
from hive_tui.config.importing.found import Findings, Task, Variable
from hive_tui.config.importing.from_files import compose, scripts

_FILES = (".devcontainer/devcontainer.json", ".devcontainer.json")
_CREATING = ("onCreateCommand", "updateContentCommand", "postCreateCommand")


def read(checkout: Checkout) -> Findings:
    """Commands after creation are the set-up; the container itself is not taken over."""
    file = checkout.first(*_FILES)
    if file is None:
        return Findings()
    config = checkout.jsonc(file)
    lines = [line for key in _CREATING for line in _commands(config.get(key))]
    usable = [line for line in lines if commands.usable(line)]
    remarks = scripts.left_out(lines, file)
    remarks.append(f"{file}: its container is not used; commands run on this machine")
    if features := config.get("features"):
        tools = [str(name).rpartition("/")[2].partition(":")[0] for name in features]
        shown = ", ".join(tool for tool in tools if tool.isprintable() and tool.isascii())
        remarks.append(f"{file}: this machine needs what its features install: {shown}")
    for key in ("postStartCommand", "postAttachCommand"):
        if config.get(key):
            remarks.append(f"{file}: {key} was left out: is it a service or a task?")
    variables = {
        name: value
        for table in ("containerEnv", "remoteEnv")
        for name, value in naming.variables(config.get(table)).items()
        if "${" not in value
    }
    if ports := _ports(config.get("forwardPorts")):
        remarks.append(f"{file}: forwards {', '.join(ports)}: name them in [ports]")
    files = _compose(checkout, file, config.get("dockerComposeFile"))
    composed = Findings()
    if files and not compose.read(checkout).containers:
        composed = compose.read_files(checkout, files)
    tasks: tuple[Task, ...] = ()
    if usable:
        notes = ("meant for the container: does it do the same here?",)
        setup = scripts.setup(
            usable, f"{file}: {', '.join(k for k in _CREATING if k in config)}", {}
        )
        tasks = (Task(setup.name, setup.run, setup.origin, when="spawn", notes=notes),)
    return Findings(
        tasks=tasks,
        variables=tuple(Variable(name, value, file) for name, value in variables.items()),
        containers=composed.containers,
        ports=composed.ports,
        remarks=(*remarks, *composed.remarks),
    )


def _commands(value: Any) -> list[str]:
    """A command as text, as a list of words, or several by name."""
    if isinstance(value, dict):
        return [line for one in value.values() for line in _commands(one)]
    if isinstance(value, list):
        return [commands.joined(value)] if value else []
    return scripts.lines_of(value)


def _ports(value: Any) -> list[str]:
    ports = value if isinstance(value, list) else []
    return [str(port) for port in ports if isinstance(port, int) and not isinstance(port, bool)]


def _compose(checkout: Checkout, file: str, value: Any) -> list[str]:
    folder = PurePosixPath(file).parent
    found = []
    for name in scripts.lines_of(value):
        parts: list[str] = []
        for part in (folder / name).parts:
            parts = parts[:-1] if part == ".." else [*parts, part]
        path = inside("/".join(parts))
        if path is not None and checkout.has(path):
            found.append(path)
    return found
