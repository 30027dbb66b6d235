"""Turns a sound hive.toml into the model's `Project`. Checks nothing: that has been done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from msgspec import UNSET, UnsetType

from hive_tui.config import schema
from hive_tui.config.units import duration_s
from hive_tui.model.project import (
    Agent,
    IdleLimits,
    Limits,
    Link,
    PerEnv,
    Ports,
    Project,
    Ready,
    ReadyKind,
    Restart,
    Scope,
    Secret,
    Service,
    Stop,
    Task,
    TestSuite,
    When,
)

T = TypeVar("T")

_MEGABYTE = 1024 * 1024


def build(file: schema.File, *, root: str, default_name: str, digest: str) -> Project:
    """The project that a file describes.

    Args:
        file: What the file says.
        root: Main checkout, absolute and resolved.
        default_name: For a file that names no project.
        digest: SHA-256 of the text, in hex.
    """
    idle = file.limits.idle
    return Project(
        name=_or(file.project.name, default_name),
        root=root,
        base=_or(file.project.base, None),
        branch=file.project.branch,
        worktrees=file.project.worktrees,
        spares=file.project.spares,
        log_max_bytes=file.logs.max_mb * _MEGABYTE,
        limits=Limits(
            memory=file.limits.memory,
            idle=IdleLimits(
                freeze_s=duration_s(idle.freeze),
                cool_s=duration_s(idle.cool),
                stop_s=duration_s(idle.stop),
            ),
        ),
        ports=Ports(file.ports.base, file.ports.block, file.ports.names),
        forward={int(port): name for port, name in file.forward.items()},
        env=_variables(file.env),
        links=tuple(
            Link(link.path, link.mode, tuple(link.key), _or(link.install, None))
            for link in file.link
        ),
        copies=tuple(copy.path for copy in file.copy),
        services={name: _service(name, table) for name, table in file.services.items()},
        tasks={name: _task(name, table) for name, table in file.tasks.items()},
        tests={name: _suite(name, table) for name, table in file.tests.items()},
        agents={name: Agent(name, table.kind, table.run) for name, table in file.agents.items()},
        digest=digest,
    )


def _service(name: str, table: schema.ServiceTable) -> Service:
    return Service(
        name=name,
        run=_or(table.run, None),
        image=_or(table.image, None),
        cwd=_or(table.cwd, None),
        needs=_once(table.needs),
        ready=_ready(table.ready),
        restart=Restart(table.restart),
        stop=Stop(table.stop.signal, table.stop.grace),
        when=When(table.when),
        scope=Scope(table.scope),
        env=_variables(table.env),
        ports=table.ports,
        volumes=table.volumes,
        per_env=_per_env(table.per_env),
    )


def _task(name: str, table: schema.TaskTable) -> Task:
    return Task(
        name=name,
        run=table.run,
        cwd=_or(table.cwd, None),
        needs=_once(table.needs),
        when=When(table.when),
        inputs=tuple(table.inputs),
        retries=table.retries,
        timeout_s=table.timeout,
        slots=table.slots,
        env=_variables(table.env),
    )


def _suite(name: str, table: schema.TestTable) -> TestSuite:
    return TestSuite(
        name=name,
        run=table.run,
        cwd=_or(table.cwd, None),
        needs=_once(table.needs),
        watch=tuple(table.watch),
        timeout_s=table.timeout,
        slots=table.slots,
        env=_variables(table.env),
    )


def _ready(table: schema.ReadyTable | UnsetType) -> Ready | None:
    if table is UNSET:
        return None
    for kind in ReadyKind:
        value: Any = getattr(table, kind.value)
        if value is not UNSET:
            return Ready(kind, value, table.timeout)
    raise AssertionError("a checked `ready` has one of its keys")


def _per_env(table: schema.PerEnvTable | UnsetType) -> PerEnv | None:
    return None if table is UNSET else PerEnv(_or(table.create, None), _or(table.drop, None))


def _variables(table: Mapping[str, str | schema.SecretTable]) -> dict[str, str | Secret]:
    return {
        name: value if isinstance(value, str) else Secret(value.secret)
        for name, value in table.items()
    }


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _or(value: T | UnsetType, default: T) -> T:
    return default if value is UNSET else value
