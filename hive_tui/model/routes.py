"""Which name leads to which port: what the reverse proxy is told. Values only.

A name is `<service>.<env>.localhost`, with `.<project>` behind the env where that is not unique.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

PROXY_PORT = 7300
"""Where the reverse proxy listens unless another port was chosen."""

TOP = "localhost"
"""Top of all names: whoever resolves it has to say "this machine" (RFC 6761)."""

_STRANGE = re.compile(r"[^a-z0-9]+")


class ServiceRoute(msgspec.Struct, frozen=True):
    """A port of a service."""

    name: str
    """Of the service, or of the port."""
    service: str
    port: int
    state: str
    """As `ServiceState` has it."""
    reason: str | None = None
    """Why it is not ready."""


class EnvRoutes(msgspec.Struct, frozen=True):
    """The ways into one env."""

    project: str
    env: str
    state: str
    reason: str | None = None
    services: tuple[ServiceRoute, ...] = ()
    """The one that a browser would want first is the first."""
    ports: tuple[ServiceRoute, ...] = ()
    """Ports whose names are no service's."""

    @property
    def id(self) -> str:
        """`project/env`."""
        return f"{self.project}/{self.env}"


class RouteTable(msgspec.Struct, frozen=True):
    """All ways."""

    port: int = PROXY_PORT
    envs: tuple[EnvRoutes, ...] = ()


class Used(msgspec.Struct, frozen=True):
    """What the proxy tells: envs that somebody has asked for since it last told."""

    envs: tuple[str, ...]
    """Ids."""


def label(name: str) -> str:
    """A name as one label of a host name: `[a-z0-9-]`."""
    return _STRANGE.sub("-", name.lower()).strip("-")


def host_of(env: EnvRoutes, service: str | None, envs: Iterable[EnvRoutes]) -> str:
    """The shortest host name that leads to an env, or to one of its services.

    Args:
        env: Which env.
        service: Which of its services; `None` for its first one.
        envs: All of them: an env whose name is not unique is named with its project.
    """
    alike = sum(label(other.env) == label(env.env) for other in envs)
    parts = [label(env.env), TOP] if alike < 2 else [label(env.env), label(env.project), TOP]
    return ".".join(parts if service is None else [label(service), *parts])


def url_of(host: str, port: int) -> str:
    """The address of a host name at the proxy."""
    return f"http://{host}/" if port == 80 else f"http://{host}:{port}/"
