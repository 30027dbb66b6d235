"""What a service means that all envs of a project share: its ports, and what it may not refer to.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import UNSET

from hive_tui.config.problems import KeyPath, Problem, listed, show
from hive_tui.config.schema import File, PerEnvTable
from hive_tui.model.project import Project, Service

_PORT = re.compile(r"\{\{\s*port\.([A-Za-z0-9_-]+)\s*\}\}")
_TEMPLATE = re.compile(r"\{\{\s*template\s*\}\}")
_OF_SHARED = ("per_env", "keep")


def service_ports(project: Project, service: Service) -> tuple[str, ...]:
    """Names of the ports that a service says it uses: in its command, variables and readiness."""
    texts = [service.run or "", *(v for v in service.env.values() if isinstance(v, str))]
    named = list(service.ports)
    if service.ready is not None:
        texts.append(service.ready.value)
        if service.ready.kind == "tcp":
            named.append(service.ready.value)
    named.extend(name for text in texts for name in _PORT.findall(text))
    known = project.ports.names.keys() | project.shared_ports.keys()
    if service.shared:
        known |= service.ports.keys()
    return tuple(dict.fromkeys(name for name in named if name in known))


def shared_ports(project: Project) -> dict[str, int]:
    """The ports of a project's shared services, with their places in the common block.

    One that `[ports]` names has its place there too; the others take the first free places.
    """
    names = project.ports.names
    found = dict.fromkeys(
        name for service in project.shared.values() for name in service_ports(project, service)
    )
    free = (at for at in range(project.ports.block) if at not in names.values())
    return {name: names[name] if name in names else next(free) for name in found}


def check(document: Mapping[str, object], file: File) -> Iterator[Problem]:
    """All that is wrong about sharing.

    Args:
        document: As parsed: tells which keys the user wrote.
        file: The part of it that fits the schema.
    """
    shared = [name for name, service in file.services.items() if service.scope == "shared"]
    named = file.ports.names
    more = {port for name in shared for port in file.services[name].ports if port not in named}
    if len(named) + len(more) > file.ports.block:
        found = (
            f"{file.ports.block}, for {len(named) + len(more)} ports with those of shared services"
        )
        yield Problem(("ports", "block"), found, "a number with room for all of them")
    written = document.get("services")
    for name, service in file.services.items():
        path: KeyPath = ("services", name)
        table = written.get(name) if isinstance(written, Mapping) else None
        keys = table if isinstance(table, Mapping) else {}
        if name in shared:
            for index, need in enumerate(service.needs):
                if need not in shared:
                    found = f"{show(need)}, which every env has for itself"
                    others = [other for other in shared if other != name]
                    allowed = listed(others, "no name, for nothing else is shared")
                    yield Problem((*path, "needs", index), found, allowed)
            if service.per_env is not UNSET:
                yield from _per_env((*path, "per_env"), service.per_env)
            continue
        for key in _OF_SHARED:
            if key in keys:
                found = f'it with scope "{service.scope}"'
                yield Problem((*path, key), found, 'only with scope "shared"')
        for port in service.ports:
            for other in shared:
                if port in file.services[other].ports:
                    found = f"{show(port)}, which the shared service {other} has"
                    yield Problem((*path, "ports", port), found, "a port of its own")


def _per_env(path: KeyPath, table: PerEnvTable) -> Iterator[Problem]:
    """What the commands of a part need of each other."""
    commands = {
        key: text
        for key in ("create", "drop", "list", "dump", "load")
        if (text := getattr(table, key)) is not UNSET
    }
    if table.template is UNSET:
        for key in ("template_create", "template_drop", "seed"):
            if getattr(table, key) is not UNSET:
                yield Problem((*path, key), "it without template", "only beside template")
        for key, text in commands.items():
            if _TEMPLATE.search(text):
                yield Problem((*path, key), "{{template}} without template", "a template's name")
        return
    if table.seed is UNSET:
        yield Problem((*path, "template"), "it without seed", "only beside seed")
    if "create" not in commands or not _TEMPLATE.search(commands["create"]):
        found = "it, and a create without {{template}}"
        yield Problem((*path, "template"), found, "a create that copies {{template}}")
