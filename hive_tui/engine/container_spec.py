"""What a service of hive.toml means as a container, in one env. Pure."""

from __future__ import annotations

import os
from collections.abc import Mapping

from hive_tui.config import templates
from hive_tui.engine.container_protocols import BuildSpec, ContainerSpec, Mounted, Place
from hive_tui.model.environment import EnvRecord
from hive_tui.model.project import Mount, Project, Service


def place(record: EnvRecord, service: str) -> Place:
    """Whose the container of a service is."""
    return Place(record.project, record.name, record.uid, service)


def published(project: Project, record: EnvRecord, service: Service) -> dict[int, int]:
    """Port of this machine -> port inside, of everything that the service publishes."""
    numbers = project.ports_at(record.port_base)
    return {numbers[name]: inside for name, inside in service.ports.items() if name in numbers}


def build_spec(project: Project, record: EnvRecord, service: Service) -> BuildSpec | None:
    """How its image is built; `None` where it is not."""
    build = service.build
    if build is None:
        return None
    values = templates.values(project, record)
    context = os.path.join(record.worktree, templates.expand(build.context, values))
    return BuildSpec(
        context=os.path.normpath(context),
        dockerfile=build.dockerfile,
        args={name: templates.expand(value, values) for name, value in build.args.items()},
        target=build.target,
        platform=service.platform,
    )


def container_spec(
    project: Project, record: EnvRecord, service: Service, env: Mapping[str, str]
) -> ContainerSpec:
    """The container that a service should be.

    Args:
        project: Whose templates are expanded.
        record: The env.
        service: A container of the project.
        env: All of its environment.
    """
    values = templates.values(project, record)

    def words(given: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if given is None else tuple(templates.expand(word, values) for word in given)

    def text(given: str | None) -> str | None:
        return None if given is None else templates.expand(given, values)

    signal = service.stop.signal
    return ContainerSpec(
        place=place(record, service.name),
        image=text(service.image),
        build=build_spec(project, record, service),
        command=words(service.command),
        entrypoint=words(service.entrypoint),
        env=dict(env),
        ports=published(project, record, service),
        mounts=tuple(_mounted(mount, record.worktree, values) for mount in service.mounts),
        tmpfs=service.tmpfs,
        user=text(service.user),
        working_dir=service.working_dir,
        extra_hosts=service.extra_hosts,
        init=service.init,
        memory_bytes=service.memory_bytes,
        cpus=service.cpus,
        stop_signal=None if signal is None else f"SIG{signal}",
        platform=service.platform,
        shm_bytes=service.shm_bytes,
        ulimits=service.ulimits,
        cap_add=service.cap_add,
        aliases=service.aliases,
        log_max_bytes=project.log_max_bytes,
        neighbours=sum(
            (
                *(each.contained for each in project.services.values()),
                *(task.container is not None for task in project.tasks.values()),
            )
        ),
    )


def _mounted(mount: Mount, worktree: str, values: Mapping[str, str]) -> Mounted:
    target = mount.target.rstrip("/") or "/"
    if mount.is_volume:
        return Mounted(target, volume=mount.source, read_only=mount.read_only)
    source = os.path.expanduser(templates.expand(mount.source, values))
    source = os.path.normpath(os.path.join(worktree, source))
    return Mounted(target, source=source, read_only=mount.read_only)
