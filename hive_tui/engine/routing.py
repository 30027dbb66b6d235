"""Folds the envs into the table of names that the reverse proxy serves. Changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from hive_tui.config.sharing import service_ports
from hive_tui.engine import showing
from hive_tui.engine.live import LiveEnv
from hive_tui.model.project import Project, ReadyKind, Service
from hive_tui.model.routes import EnvRoutes, RouteTable, ServiceRoute, host_of, url_of

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


def routes_of(live: LiveEnv) -> EnvRoutes:
    """The ways into one env: each service with a port, and each further port with an owner."""
    project, record = live.project, live.record
    numbers = project.ports_at(record.port_base)
    mains: dict[str, ServiceRoute] = {}
    further: dict[str, list[ServiceRoute]] = {}
    for name in web_first(project.services):
        service = project.services[name]
        main = main_port(project, service)
        if main is None or name not in live.units:
            continue
        state, reason = showing.service_view(live, name).state.value, live.units[name].reason
        mains[name] = ServiceRoute(name, name, numbers[main], state, reason)
        for port in service_ports(project, service):
            way = ServiceRoute(port, name, numbers[port], state, reason)
            own = port == main or port in service.ports
            ways = further.setdefault(port, [])
            ways.insert(0 if own else len(ways), way)
    state, why = showing.state(live)
    ports = tuple(ways[0] for port, ways in further.items() if port not in mains)
    return EnvRoutes(record.project, record.name, state.value, why, tuple(mains.values()), ports)


def table(envs: Iterable[LiveEnv], port: int) -> RouteTable:
    """All ways, by project and name."""
    ways = (routes_of(live) for live in envs)
    return RouteTable(port, tuple(sorted(ways, key=lambda way: (way.project, way.env))))


def urls(table: RouteTable, env: str) -> dict[int, str]:
    """Number of a port -> its address at the proxy, of the env with that id.

    A port that is several services' has the name of the first.
    """
    found: dict[int, str] = {}
    for way in table.envs:
        if way.id == env:
            for each in (*way.services, *way.ports):
                host = host_of(way, each.name, table.envs)
                found.setdefault(each.port, url_of(host, table.port))
    return found
