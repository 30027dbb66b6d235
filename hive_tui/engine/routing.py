"""Folds the envs into the table of names that the reverse proxy serves. Changes nothing."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from typing import NamedTuple

from hive_tui.config.sharing import service_ports
from hive_tui.engine import showing
from hive_tui.engine.live import LiveEnv
from hive_tui.model.project import Project, ReadyKind, Service
from hive_tui.model.routes import EnvRoutes, RouteTable, ServiceRoute, host_of, url_of

_LAYOUTS = 64
_PORT = re.compile(r"\{\{\s*port\.([A-Za-z0-9_-]+)\s*\}\}")


def web_first(services: Mapping[str, Service]) -> list[str]:
    """Services in the order in which a browser would want them."""

    def place(name: str) -> tuple[bool, bool]:
        ready = services[name].ready
        return (name != "web", ready is None or ready.kind is not ReadyKind.HTTP)

    return sorted(services, key=place)


def main_port(project: Project, service: Service) -> str | None:
    """Name of the port at which a service answers; `None` where it uses none.

    That of its readiness, else one that it has or that is called as it is, else the first that
    it speaks of: it may be told the ports of others too.
    """
    named = service_ports(project, service)
    ready = _PORT.findall(service.ready.value) if service.ready is not None else []
    if service.ready is not None and service.ready.kind is ReadyKind.TCP:
        ready.append(service.ready.value)
    wanted = [*ready, *service.ports, service.name, *named]
    return next((port for port in wanted if port in named), None)


class Layout(NamedTuple):
    """Which names a project gives out, whatever runs."""

    project: Project
    mains: tuple[tuple[str, str], ...]
    """Services that have a port, in the order of `web_first`, each with its main port."""
    further: tuple[tuple[str, str], ...]
    """Ports that are called as no service is, each with the service that has it."""


def layout_of(project: Project) -> Layout:
    """The names of a project."""
    mains: dict[str, str] = {}
    owners: dict[str, str] = {}
    mentioned: dict[str, str] = {}
    for name in web_first(project.services):
        service = project.services[name]
        if (main := main_port(project, service)) is None:
            continue
        mains[name] = main
        for port in service_ports(project, service):
            own = port == main or port in service.ports
            (owners if own else mentioned).setdefault(port, name)
    further = {port: name for port, name in (mentioned | owners).items() if port not in mains}
    return Layout(project, tuple(mains.items()), tuple(further.items()))


class Routing:
    """Makes tables, and keeps what of them follows from hive.toml alone."""

    def __init__(self) -> None:
        self._layouts: dict[int, Layout] = {}
        """By the identity of the project, which the layout keeps alive."""

    def table(self, envs: Iterable[LiveEnv], port: int) -> RouteTable:
        """All ways, by project and name."""
        ways = (routes_of(live, self._layout(live.project)) for live in envs)
        return RouteTable(port, tuple(sorted(ways, key=lambda way: (way.project, way.env))))

    def _layout(self, project: Project) -> Layout:
        if (found := self._layouts.get(id(project))) is None:
            if len(self._layouts) >= _LAYOUTS:  # each change of a hive.toml makes a new project
                self._layouts.clear()
            found = self._layouts[id(project)] = layout_of(project)
        return found


def routes_of(live: LiveEnv, layout: Layout) -> EnvRoutes:
    """The ways into one env: each service with a port, and each further port with an owner."""
    record = live.record
    numbers = layout.project.ports_at(record.port_base)

    def way(name: str, service: str, port: str) -> ServiceRoute:
        state, reason = showing.service_view(live, service).state.value, live.units[service].reason
        return ServiceRoute(name, service, numbers[port], state, reason)

    state, why = showing.state(live)
    services = (way(name, name, port) for name, port in layout.mains if name in live.units)
    ports = (way(port, name, port) for port, name in layout.further if name in live.units)
    return EnvRoutes(record.project, record.name, state.value, why, tuple(services), tuple(ports))


def urls(table: RouteTable, envs: Container[str]) -> dict[tuple[str, int], str]:
    """Id of an env and number of a port -> its address at the proxy.

    A port that is several services' has the name of the first.

    Args:
        table: All names.
        envs: Ids of those that are asked about.
    """
    found: dict[tuple[str, int], str] = {}
    for way in table.envs:
        if way.id in envs:
            for each in (*way.services, *way.ports):
                host = host_of(way, each.name, table.envs)
                found.setdefault((way.id, each.port), url_of(host, table.port))
    return found
