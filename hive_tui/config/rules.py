"""What keys of hive.toml say together: what excludes what, what must be unique, cycles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from msgspec import UNSET

from hive_tui.config import containers, sharing
from hive_tui.config.checks import NO_PORTS
from hive_tui.config.problems import KeyPath, Problem, show, unknown_name
from hive_tui.config.schema import CONTAINER_KEYS, File, ServiceTable
from hive_tui.config.templates import port_variable
from hive_tui.model.project import Link

_READY = ("tcp", "http", "exec", "log", "file")
_LAST_PORT = 65535
_SHOWN_CYCLES = 20
_SHOWN_NAMES = 20
"""Of a cycle that goes through more, the middle is left out."""

_OURS = {
    "HIVE_ENV",
    "HIVE_PROJECT",
    "HIVE_WORKTREE",
    "HIVE_REPO",
    "HIVE_BRANCH",
    "HIVE_INDEX",
    "HIVE_RUN_ID",
}


def check(document: Mapping[str, object], file: File) -> list[Problem]:
    """All that is wrong between keys.

    Args:
        document: As parsed: tells which keys the user wrote, sound or not.
        file: The part of it that fits the schema.
    """
    return [
        *_ports(file),
        *_variables(document),
        *_services(document, file),
        *sharing.check(document, file),
        *_twice("link", [link.path for link in file.link]),
        *_installs(file),
        *_twice("copy", [copy.path for copy in file.copy]),
        *_shared_names(document),
        *_cycles(file),
    ]


def _installs(file: File) -> Iterator[Problem]:
    """An install has a name among the tasks: its step's and its log's."""
    taken = dict.fromkeys(file.tasks, "a task")
    for index, link in enumerate(file.link):
        name = Link(link.path).task
        if isinstance(link.install, str):
            if other := taken.get(name):
                found = f"an install named {name}, as {other} is"
                yield Problem(("link", index, "install"), found, "a name of its own")
            taken[name] = f"that of {link.path}"


def _ports(file: File) -> Iterator[Problem]:
    ports = file.ports
    if ports.base + ports.block > _LAST_PORT:
        found = f"base {ports.base} + block {ports.block} = {ports.base + ports.block}"
        yield Problem(("ports", "block"), found, f"a sum of at most {_LAST_PORT}")
    for port in file.forward:
        if int(port) > _LAST_PORT:
            yield Problem(("forward", port), port, f"a port from 1 to {_LAST_PORT}")
    offsets: dict[int, str] = {}
    variables: dict[str, str] = {}
    for name, offset in ports.names.items():
        path = ("ports", "names", name)
        if offset >= ports.block:
            yield Problem(path, show(offset), f"a whole number from 0 to {ports.block - 1}")
        if other := offsets.get(offset):
            yield Problem(path, f"{offset}, which {other} has too", "an offset of its own")
        if other := variables.get(port_variable(name)):
            found = f"a name that makes {port_variable(name)}, as {other} does"
            yield Problem(path, found, "a name that differs in letters or digits")
        offsets[offset] = variables[port_variable(name)] = name


def _variables(document: Mapping[str, object]) -> Iterator[Problem]:
    tables: list[KeyPath] = [("env",)]
    for kind in ("services", "tasks", "tests"):
        tables.extend((kind, name, "env") for name in _table(document, (kind,)))
    for path in tables:
        for name in _table(document, path):
            if name in _OURS or name.startswith(("HIVE_PORT_", "HIVE_ARG_")):
                yield Problem(
                    (*path, name), "a variable that hive itself sets", "any other variable name"
                )


def _services(document: Mapping[str, object], file: File) -> Iterator[Problem]:
    for name, service in file.services.items():
        path = ("services", name)
        written = _table(document, path)
        yield from _exactly_one(path, written, ("run", "image", "build"))
        if "ready" in written and isinstance(written["ready"], dict):
            yield from _exactly_one((*path, "ready"), written["ready"], _READY)
        if "image" not in written and "build" not in written:
            for key in CONTAINER_KEYS:
                if key in written:
                    yield Problem((*path, key), "it without image", "only beside image or build")
        else:
            yield from _container(path, written, service)
        if service.once:
            for key in ("ready", "restart", "per_env"):
                if key in written:
                    yield Problem((*path, key), "it beside once", "only without once")
            if service.scope == "shared":
                yield Problem((*path, "scope"), "shared beside once", "env, or without once")
        if service.scope == "env":
            yield from _container_ports(path, service.ports, document)


def _container(
    path: KeyPath, written: Mapping[str, object], service: ServiceTable
) -> Iterator[Problem]:
    """What a container cannot have, and what it cannot have twice."""
    if "cwd" in written:
        found = "it beside image or build"
        yield Problem((*path, "cwd"), found, "only beside run; working_dir for a container")
    if written.get("image") == "":
        yield Problem((*path, "image"), show(""), "the name of an image")
    ready = service.ready
    if ready is not UNSET and ready.tcp is not UNSET and ready.tcp not in service.ports:
        key = (*path, "ready", "tcp")
        yield unknown_name(key, ready.tcp, service.ports, "no name, for it publishes no ports")
    targets: set[str] = set()
    for mount in containers.mounts(service.volumes):
        if mount.target in targets:
            found = f"{show(mount.target)} again"
            yield Problem((*path, "volumes"), found, "each path inside once")
        targets.add(mount.target)
    offsets: dict[int, str] = {}
    for name, inside in service.ports.items():
        if other := offsets.get(inside):
            found = f"{inside}, which {other} has too"
            yield Problem((*path, "ports", name), found, "each port inside once")
        offsets[inside] = name


def _container_ports(
    path: KeyPath, ports: Iterable[str], document: Mapping[str, object]
) -> Iterator[Problem]:
    known = _table(document, ("ports", "names"))
    for port in ports:
        if port not in known:
            yield unknown_name((*path, "ports", port), port, known, NO_PORTS)


def _exactly_one(
    path: KeyPath, table: Mapping[str, object], keys: tuple[str, ...]
) -> Iterator[Problem]:
    found = [key for key in keys if key in table]
    if len(found) != 1:
        words = " and ".join(found) or "none of them"
        yield Problem(path, words, f"exactly one of {', '.join(keys)}")


def _twice(table: str, paths: list[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, path in enumerate(paths):
        if path in seen:
            yield Problem((table, index, "path"), f"{show(path)} again", "each path once")
        seen.add(path)


def _shared_names(document: Mapping[str, object]) -> Iterator[Problem]:
    """A name stands for one log, so services, tasks and tests share one space of names."""
    kinds = {"services": "service", "tasks": "task", "tests": "test"}
    owners: dict[str, str] = {}
    for table, kind in kinds.items():
        for name in _table(document, (table,)):
            owner = owners.setdefault(name, kind)
            if owner != kind:
                yield Problem((table, name), f"the name of a {owner}", "a name of its own")


def _cycles(file: File) -> Iterator[Problem]:
    """The first cycles, each once. One that shares an edge with another may show after that."""
    kinds = dict.fromkeys(file.services, "services") | dict.fromkeys(file.tasks, "tasks")
    needs = {name: set(service.needs) for name, service in file.services.items()}
    needs |= {name: set(task.needs) for name, task in file.tasks.items()}
    order = {name: place for place, name in enumerate(needs)}
    for _ in range(_SHOWN_CYCLES):
        cycle = _cycle(needs)
        if not cycle:
            return
        first = cycle.index(min(cycle, key=order.__getitem__))
        cycle = cycle[first:] + cycle[:first]
        path = (kinds[cycle[0]], cycle[0], "needs")
        yield Problem(path, f"the cycle {_path(cycle)}", "needs without a cycle")
        needs[cycle[-1]].discard(cycle[0])


def _path(cycle: list[str]) -> str:
    """The way round; of a long one its two ends."""
    names = [*cycle, cycle[0]]
    if len(names) > _SHOWN_NAMES:
        half = _SHOWN_NAMES // 2
        names[half:-half] = [f"({len(names) - 2 * half} more)"]
    return " -> ".join(names)


def _cycle(needs: Mapping[str, Iterable[str]]) -> list[str]:
    """Names of which each needs the next and the last needs the first; empty without a cycle."""
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        # The sorter lists them the other way round, with the first again at the end.
        names: list[str] = error.args[1]
        return names[:0:-1]
    return []


def _table(document: Mapping[str, object], path: KeyPath) -> Mapping[str, object]:
    """The table at `path`; an empty one where there is none."""
    value: object = document
    for key in path:
        value = value.get(str(key)) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}
