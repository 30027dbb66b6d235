"""Makes one draft out of what all sources said: who goes first, names, needs, ports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec

from hive_tui.config.importing import commands, naming
from hive_tui.config.importing.found import (
    PORT,
    Containers,
    Findings,
    Folder,
    Port,
    Service,
    Suite,
    Task,
    Variable,
)

_SHOWN_CONTAINERS = 6

BLOCK = 1000
"""Ports per env, as hive.toml has it by default."""

_Job = TypeVar("_Job", Task, Suite)
_Node = TypeVar("_Node", Service, Task)


class Draft(msgspec.Struct, frozen=True):
    """What goes into the file: names are final, and every port has one."""

    services: tuple[Service, ...] = ()
    tasks: tuple[Task, ...] = ()
    suites: tuple[Suite, ...] = ()
    folders: tuple[Folder, ...] = ()
    copies: tuple[str, ...] = ()
    variables: tuple[Variable, ...] = ()
    containers: Containers | None = None
    ports: dict[str, int] = {}
    """Name to offset."""
    origins: dict[str, int] = {}
    """Name to the port that the offset is named after."""
    base: str | None = None
    remarks: tuple[str, ...] = ()


def settle(all_findings: Iterable[Findings]) -> Draft:
    """Put together what the sources said, those that go first first.

    Servers come from the first source that has any: the others would start the same ones again.
    Tasks and suites of a name that there is already are left out. All of it is said.
    """
    return _Settling().draft(all_findings)


class _Settling:
    def __init__(self) -> None:
        self._used: set[str] = set()
        self._services: list[Service] = []
        self._tasks: list[Task] = []
        self._suites: list[Suite] = []
        self._stack = ""
        """Where the servers came from."""
        self._remarks: list[str] = []

    def draft(self, all_findings: Iterable[Findings]) -> Draft:
        kept = list(all_findings)
        containers = next((one.containers for one in kept if one.containers is not None), None)
        for findings in kept:
            self._used.update(findings.ports)
        if containers is not None:
            self._used.update(containers.services)
            self._stack = containers.files[0] if containers.builds else ""
        for findings in kept:
            self._take(findings)
        if containers is not None:
            self._services = [_beside(service, containers) for service in self._services]
        published = {name: number for one in kept for name, number in one.ports.items()}
        ports = _Ports(published)
        services = [ports.service(service) for service in self._services]
        tasks = [ports.task(task) for task in self._tasks]
        suites = [msgspec.structs.replace(s, run=ports.filled(s.run)) for s in self._suites]
        variables = ports.variables(variable for one in kept for variable in one.variables)
        return Draft(
            services=tuple(ports.linked(service) for service in services),
            tasks=tuple(tasks),
            suites=tuple(suites),
            folders=_once(folder for one in kept for folder in one.folders),
            copies=tuple(dict.fromkeys(copy for one in kept for copy in one.copies)),
            variables=tuple(variables),
            containers=containers,
            ports=ports.offsets,
            origins=ports.numbers,
            base=next((one.base for one in kept if one.base), None),
            remarks=tuple(dict.fromkeys(self._remarks)),
        )

    def _take(self, findings: Findings) -> None:
        self._remarks.extend(findings.remarks)
        names: dict[str, str] = {}
        competing = [service for service in findings.services if not service.beside]
        for service in findings.services:
            if self._stack and not service.beside:
                self._leave_out(service, f"{self._stack} says already what runs")
            else:
                names[service.name] = self._name(service.name)
                self._services.append(msgspec.structs.replace(service, name=names[service.name]))
        if competing and not self._stack:
            self._stack = competing[0].origin.partition(":")[0]
        self._tasks.extend(self._jobs(findings.tasks, self._tasks, names))
        suites = self._jobs(findings.suites, self._suites, {})
        self._suites.extend(suites)
        self._wire(names)

    def _jobs(
        self, jobs: Iterable[_Job], known: Iterable[_Job], names: dict[str, str]
    ) -> list[_Job]:
        """Those that no earlier source has, under names of their own."""
        earlier = {naming.tidy(job.name): job for job in known}
        taken: list[_Job] = []
        for job in jobs:
            same = earlier.get(naming.tidy(job.name))
            if same is not None:
                names.setdefault(job.name, same.name)
                self._leave_out(job, f"{same.origin} has one of that name")
            else:
                name = self._name(job.name)
                names.setdefault(job.name, name)
                taken.append(msgspec.structs.replace(job, name=name))
        return taken

    def _wire(self, names: Mapping[str, str]) -> None:
        """Turn needs of what was just taken into final names."""
        finals = set(names.values())
        self._services = [
            _wired(one, names) if one.name in finals else one for one in self._services
        ]
        self._tasks = [_wired(one, names) if one.name in finals else one for one in self._tasks]

    def _name(self, name: str) -> str:
        return naming.unused(naming.tidy(name), self._used)

    def _leave_out(self, one: Service | Task | Suite, because: str) -> None:
        run = " ".join(one.run.split()).replace(PORT, "PORT")
        self._remarks.append(f"{one.origin} ({run[:60]}) was left out, because {because}")


class _Ports:
    """Names for ports, and texts with the names in place of the numbers."""

    def __init__(self, published: Mapping[str, int]) -> None:
        self.offsets: dict[str, int] = {}
        self.numbers: dict[str, int] = {}
        self._names: dict[int, str] = {}
        for name, number in published.items():
            self._add(name, Port(number))

    def service(self, service: Service) -> Service:
        """The service with its own port named."""
        if service.port is None:
            return service
        self._add(service.name, service.port)
        mark = f"{{{{port.{service.name}}}}}"
        ready = service.ready
        if ready is not None:
            ready = msgspec.structs.replace(ready, value=ready.value.replace(PORT, mark))
        return msgspec.structs.replace(
            service,
            run=service.run.replace(PORT, mark),
            env={name: value.replace(PORT, mark) for name, value in service.env.items()},
            ready=ready,
        )

    def task(self, task: Task) -> Task:
        """The task, with the first port where it speaks of one."""
        env = {name: self.filled(value) for name, value in task.env.items()}
        return msgspec.structs.replace(task, run=self.filled(task.run), env=env)

    def filled(self, text: str) -> str:
        """A text that may speak of the port of the whole env: the first that there is."""
        if PORT not in text:
            return text
        if not self.offsets:
            self._add("web", Port())
        return text.replace(PORT, f"{{{{port.{next(iter(self.offsets))}}}}}")

    def linked(self, service: Service) -> Service:
        """The service with numbers of any known port replaced by names."""
        run = commands.with_ports(service.run, self._names)
        env = {name: self._value(name, value) for name, value in service.env.items()}
        if service.port is not None and "{{port." not in run:
            env = {"PORT": f"{{{{port.{service.name}}}}}"} | env
        return msgspec.structs.replace(service, run=run, env=env)

    def variables(self, variables: Iterable[Variable]) -> list[Variable]:
        """Each once; a fixed port in it becomes a name, or stays in a comment."""
        made: dict[str, Variable] = {}
        for variable in variables:
            if variable.name in made or variable.name == "PORT":
                continue
            value = self._value(variable.name, variable.value)
            fixed = value.isdecimal() and variable.name.endswith("PORT")
            known = variable.known and not fixed and commands.local_port(value) is None
            made[variable.name] = msgspec.structs.replace(variable, value=value, known=known)
        return list(made.values())

    def _value(self, name: str, value: str) -> str:
        if value.isdecimal() and name.endswith("PORT") and int(value) in self._names:
            return f"{{{{port.{self._names[int(value)]}}}}}"
        return commands.with_ports(value, self._names)

    def _add(self, name: str, port: Port) -> None:
        taken = set(self.offsets.values())
        self.offsets[name] = naming.offset(port.number, BLOCK, taken.__contains__)
        if port.number is not None:
            self.numbers[name] = port.number
            self._names.setdefault(port.number, name)


def _wired(one: _Node, names: Mapping[str, str]) -> _Node:
    """The service or task with needs under their final names; of others a note stays."""
    needs: tuple[str, ...] = one.needs
    lost: list[str] = [
        f"it also needs {name}, which was left out" for name in needs if name not in names
    ]
    known = dict.fromkeys(names[name] for name in needs if name in names)
    return msgspec.structs.replace(one, needs=tuple(known), notes=(*one.notes, *lost))


def _beside(service: Service, containers: Containers) -> Service:
    """The service with a question: only a person knows which containers it waits for."""
    names = ", ".join(containers.services[:_SHOWN_CONTAINERS])
    note = f"does it wait for containers ({names})? then add them to its needs"
    return (
        service
        if service.beside
        else msgspec.structs.replace(service, notes=(*service.notes, note))
    )


def _once(folders: Iterable[Folder]) -> tuple[Folder, ...]:
    found: dict[str, Folder] = {}
    for folder in folders:
        found.setdefault(folder.path, folder)
    return tuple(found.values())
