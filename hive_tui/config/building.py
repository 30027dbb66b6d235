"""Turns a sound hive.toml into the model's `Project`. Checks nothing: that has been done."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from hive_tui.config import containers, schema, sharing
from hive_tui.config.units import duration_s
from hive_tui.model.project import (
    Agent,
    Boundaries,
    Build,
    Heal,
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
_CONTAINER_TIMEOUT_S = 3600.0
"""Of a container that runs to its end: its image may have to be got first."""


def build(file: schema.File, *, root: str, default_name: str, digest: str) -> Project:
    """The project that a file describes.

    Args:
        file: What the file says.
        root: Main checkout, absolute and resolved.
        default_name: For a file that names no project.
        digest: SHA-256 of the text, in hex.
    """
    idle = file.limits.idle
    project = Project(
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
        data=_distinct(file.snapshot.data),
        copies=tuple(copy.path for copy in file.copy),
        services={
            name: _service(name, table) for name, table in file.services.items() if not table.once
        },
        tasks={
            **{name: _task(name, table) for name, table in file.tasks.items()},
            **{name: _once(name, table) for name, table in file.services.items() if table.once},
        },
        tests={name: _suite(name, table) for name, table in file.tests.items()},
        agents={
            name: Agent(name, table.kind, table.run, _or(table.sandbox, None))
            for name, table in file.agents.items()
        },
        boundaries=Boundaries(tuple(file.boundaries.allow), tuple(file.boundaries.deny)),
        heal=Heal(
            mode=file.heal.mode,
            suites=_distinct(file.heal.suites),
            attempts=file.heal.attempts,
            within_s=duration_s(file.heal.within),
            cost_usd=_or(file.heal.cost, None),
        ),
        prompts=file.prompts,
        digest=digest,
    )
    return msgspec.structs.replace(project, shared_ports=sharing.shared_ports(project))


def _service(name: str, table: schema.ServiceTable) -> Service:
    return Service(
        name=name,
        run=_or(table.run, None),
        image=_or(table.image, None),
        build=_build(table.build),
        cwd=_or(table.cwd, None),
        needs=_distinct(table.needs),
        ready=_ready(table.ready),
        restart=Restart(table.restart),
        stop=Stop(_or(table.stop.signal, None), table.stop.grace),
        when=When(table.when),
        scope=Scope(table.scope),
        env=_variables(table.env),
        ports=table.ports,
        mounts=containers.mounts(table.volumes),
        command=_words(table.command),
        entrypoint=_words(table.entrypoint),
        user=_or(table.user, None),
        working_dir=_or(table.working_dir, None),
        tmpfs=containers.tmpfs(table.tmpfs),
        extra_hosts=table.extra_hosts,
        init=table.init,
        memory_bytes=None if table.memory is UNSET else containers.size_bytes(table.memory),
        cpus=_or(table.cpus, None),
        platform=_or(table.platform, None),
        shm_bytes=None if table.shm_size is UNSET else containers.size_bytes(table.shm_size),
        ulimits={name: _ulimit(limit) for name, limit in table.ulimits.items()},
        cap_add=_distinct(table.cap_add),
        aliases=_distinct(table.aliases),
        per_env=_per_env(table.per_env),
        keep=table.keep,
    )


def _task(name: str, table: schema.TaskTable) -> Task:
    return Task(
        name=name,
        run=table.run,
        cwd=_or(table.cwd, None),
        needs=_distinct(table.needs),
        when=When(table.when),
        inputs=tuple(table.inputs),
        retries=table.retries,
        timeout_s=table.timeout,
        slots=table.slots,
        env=_variables(table.env),
    )


def _once(name: str, table: schema.ServiceTable) -> Task:
    """A container that runs to its end."""
    service = _service(name, table)
    words = (*(service.entrypoint or ()), *(service.command or ()))
    return Task(
        name=name,
        run=shlex.join(words) or service.image or f"the image built from {name}",
        needs=service.needs,
        when=service.when,
        timeout_s=_CONTAINER_TIMEOUT_S,
        slots=0,
        container=service,
    )


def _suite(name: str, table: schema.TestTable) -> TestSuite:
    return TestSuite(
        name=name,
        run=table.run,
        cwd=_or(table.cwd, None),
        needs=_distinct(table.needs),
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


def _build(table: str | schema.BuildTable | UnsetType) -> Build | None:
    if table is UNSET:
        return None
    if isinstance(table, str):
        return Build(table)
    return Build(table.context, table.dockerfile, table.args, _or(table.target, None))


def _ulimit(limit: int | schema.UlimitTable) -> tuple[int, int]:
    return (limit, limit) if isinstance(limit, int) else (limit.soft, limit.hard)


def _words(given: str | list[str] | UnsetType) -> tuple[str, ...] | None:
    if given is UNSET:
        return None
    return containers.words(given) if isinstance(given, str) else tuple(given)


def _per_env(table: schema.PerEnvTable | UnsetType) -> PerEnv | None:
    if table is UNSET:
        return None
    return PerEnv(
        create=_or(table.create, None),
        drop=_or(table.drop, None),
        list=_or(table.list, None),
        dump=_or(table.dump, None),
        load=_or(table.load, None),
        template=_or(table.template, None),
        template_create=_or(table.template_create, None),
        template_drop=_or(table.template_drop, None),
        seed=_or(table.seed, None),
        inputs=tuple(table.inputs),
        seed_timeout_s=table.timeout,
    )


def _variables(table: Mapping[str, str | schema.SecretTable]) -> dict[str, str | Secret]:
    return {
        name: value if isinstance(value, str) else Secret(value.secret)
        for name, value in table.items()
    }


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _or(value: T | UnsetType, default: T) -> T:
    return default if value is UNSET else value
