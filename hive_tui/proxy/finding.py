"""Finds what a host name means in the table of names. Pure.

Only names below `localhost` mean anything: a page from elsewhere that leads its own name to this
machine (DNS rebinding) is refused by that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hive_tui.model.routes import TOP, EnvRoutes, RouteTable, ServiceRoute, label

_THIS_MACHINE = frozenset({TOP, "127.0.0.1", "[::1]"})
"""What has no name of an env in it. None of these can be led elsewhere."""


class Way(NamedTuple):
    """Where a request goes."""

    env: EnvRoutes
    service: ServiceRoute


class Index(NamedTuple):
    """Nobody in particular was asked for."""


class Stranger(NamedTuple):
    """A name that is not below `localhost`."""

    host: str


class Unknown(NamedTuple):
    """A name that leads nowhere."""

    host: str
    message: str
    candidates: tuple[EnvRoutes, ...]
    """Envs that may have been meant; none: no idea."""


Found = Way | Index | Stranger | Unknown


def find(table: RouteTable, header: str) -> Found:
    """What a `Host` header asks for.

    Args:
        table: The names that there are.
        header: Host name, perhaps with a port.
    """
    host = header.strip().lower()
    if not host.endswith("]"):
        name, colon, port = host.rpartition(":")
        host = name if colon and port.isdigit() else host
    host = host.removesuffix(".")
    if host in _THIS_MACHINE:
        return Index()
    if not host.endswith(f".{TOP}"):
        return Stranger(host)
    labels = [label(part) for part in host.removesuffix(f".{TOP}").split(".")]
    return _search(table, host, labels)


def _search(table: RouteTable, host: str, labels: list[str]) -> Found:
    """Read the labels from their end: `[anything.]service.env[.project]`, or `env[.project]`."""
    for envs, rest in _readings(table, labels):
        if len(envs) > 1:
            projects = ", ".join(env.project for env in envs)
            said = f"several projects have an env {envs[0].env}: {projects}"
            return Unknown(host, said, envs)
        env = envs[0]
        if not rest:
            if not env.services:
                return Unknown(host, f"{env.env} has no service with a port", envs)
            return Way(env, env.services[0])
        if (service := _service(env, rest[-1])) is not None:
            return Way(env, service)
    nearest = tuple(env for env in table.envs if label(env.env) in labels)
    if nearest and len(labels) > 1:
        said = f"{nearest[0].env} has no service {labels[0]} with a port"
        return Unknown(host, said, nearest)
    return Unknown(host, f"there is no env {labels[-1]}", nearest)


def _readings(
    table: RouteTable, labels: list[str]
) -> Iterator[tuple[tuple[EnvRoutes, ...], list[str]]]:
    """The envs that the end of a name may mean, each with the labels before it."""
    *before, last = labels
    if envs := tuple(env for env in table.envs if label(env.env) == last):
        yield envs, before
    if before:
        *rest, name = before
        envs = tuple(e for e in table.envs if label(e.env) == name and label(e.project) == last)
        if envs:
            yield envs, rest


def _service(env: EnvRoutes, word: str) -> ServiceRoute | None:
    """The service of that name, or the one that has the port of that name."""
    ways = (*env.services, *env.ports)
    return next((each for each in ways if label(each.name) == word), None)
