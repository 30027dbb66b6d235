"""Processes of `Procfile.dev`, or else of `Procfile`; `release` becomes a task."""

from __future__ import annotations

import re

import msgspec

from hive_tui.config.importing import commands
from hive_tui.config.importing.checkout import Checkout
from hive_tui.config.importing.found import Findings, Port, Service, Task

_FILES = ("Procfile.dev", "Procfile.local", "Procfile")
_PROCESS = re.compile(r"([A-Za-z0-9_-]+)\s*:\s*(\S.*)")
_MOST = 100


def read(checkout: Checkout) -> Findings:
    """Every process is a service; `web`, and whatever refers to PORT, gets a port."""
    name = checkout.first(*_FILES)
    if name is None:
        return Findings()
    services: list[Service] = []
    tasks: list[Task] = []
    remarks: list[str] = []
    for line in checkout.text(name).splitlines():
        match = _PROCESS.fullmatch(line.strip())
        if match is None:
            continue
        process, run = match.groups()
        if len(services) == _MOST:
            remarks.append(f"{name}: all after the first {_MOST} were left out")
            break
        if not commands.usable(run):
            remarks.append(f"{name}: {process} was left out: {commands.why_not(run)}")
        elif process == "release":
            tasks.append(Task("release", run, f"{name}: {process}"))
        else:
            services.append(_service(name, process, run))
    needs = tuple(task.name for task in tasks)
    return Findings(
        services=tuple(msgspec.structs.replace(service, needs=needs) for service in services),
        tasks=tuple(tasks),
        remarks=tuple(remarks),
    )


def _service(file: str, process: str, run: str) -> Service:
    number = commands.port_in(run)
    listens = process == "web" or commands.reads_port(run) or number is not None
    port = Port(number or commands.default_port(run), sure=True) if listens else None
    return Service(process, run, f"{file}: {process}", port=port)
