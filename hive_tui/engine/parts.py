"""An env's part of a shared service: a database, a prefix, a queue. Made, found and removed.

The commands are the service's own. They run inside of its container, with its own variables and
the `HIVE_…` of the env: what `[env]` says of addresses holds outside. For a process they run in the
main checkout, with all of the env's variables. What makes a part is stored before it is made.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from hive_tui.config import templates
from hive_tui.engine import running
from hive_tui.engine.common import Common
from hive_tui.engine.endings import ending
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.operation import StepContext, StepFailedError
from hive_tui.engine.state import Part, Template
from hive_tui.engine.world import World
from hive_tui.model.environment import EnvRecord, ServiceState
from hive_tui.model.errors import HiveError
from hive_tui.model.project import PerEnv, Service

log = logging.getLogger(__name__)

_SLUG = re.compile("[a-z0-9_]{1,40}")


def parted(live: LiveEnv) -> frozenset[str]:
    """Shared services of which the env has its part, made in the run that they are in."""
    mine = [part for part in live.world.store.parts() if part.env.uid == live.record.uid]
    return frozenset(
        part.service
        for part in mine
        if part.run_id is not None
        and live.shares(part.service)
        and live.units[part.service].run_id == part.run_id
    )


async def create(live: LiveEnv, name: str, context: StepContext | None = None) -> None:
    """Make the env's part of a shared service; where it is there, it stays as it is.

    Raises:
        HiveError: It could not be made, or is the part of another env.
    """
    common, service, per_env = _of(live, name)
    command = per_env.create or "true"
    template = await template_for(live, service) or ""
    more = {"template": template} if template else {}
    run_id = live.units[name].run_id
    made_by = templates.expand(command, {**templates.values(live.project, live.record), **more})
    part = Part(live.record, name, made_by, template, None)
    _refuse_doubles(live, part, command)
    live.world.store.put_part(part)
    live.world.checkpoint(f"parting:{name}")
    await at_service(live, common, service, command, f"{name}-create", more, context)
    live.world.checkpoint(f"parted:{name}")
    live.world.store.put_part(msgspec.structs.replace(part, run_id=run_id))


def _refuse_doubles(live: LiveEnv, part: Part, command: str) -> None:
    """Refuse to take another env's part for this one's."""
    if command == part.made_by:  # it tells envs apart by other means than its words
        return
    for other in live.world.store.parts():
        same = (other.service, other.made_by) == (part.service, part.made_by)
        if same and other.env.uid != part.env.uid and other.env.project == part.env.project:
            raise HiveError(
                f"{live.record.name}: its part of {part.service} would be that of the env "
                f"{other.env.name}, which is there or can be taken back",
                hint="let `create` use {{env.slug}}, which no two envs have",
                code="part_taken",
                env=live.record.name,
            )


async def at_service(
    live: LiveEnv,
    common: Common,
    service: Service,
    command: str,
    source: str,
    more: Mapping[str, str],
    context: StepContext | None = None,
) -> None:
    """Run one of the service's own commands on behalf of an env.

    Raises:
        StepFailedError: It failed; with the last lines of what it wrote.
    """
    await perform(
        live.world,
        common,
        service,
        command,
        record=live.record,
        logged=live.record,
        source=source,
        more=more,
        context=context,
    )


async def perform(
    world: World,
    common: Common,
    service: Service,
    command: str,
    *,
    record: EnvRecord,
    logged: EnvRecord,
    source: str,
    more: Mapping[str, str],
    context: StepContext | None = None,
    output: Path | None = None,
    given: Path | None = None,
) -> None:
    """Run a command at a shared service, with the values of an env that may be gone.

    Raises:
        StepFailedError: It failed.
    """
    contained = common.units[service.name].contained
    if contained is None:
        if output is not None or given is not None:
            command = f'{{ {command}\n}} {">" if given is None else "<"} "$HIVE_FILE"'
        launch = world.launcher.launch(
            common.whole,
            record,
            source,
            command,
            cwd=service.cwd,
            env=service.env,
            more=more,
            folder=common.whole.root,
        )
        launch = msgspec.structs.replace(
            launch,
            log=world.logs.path(logged.uid, source),
            env={**launch.env, "HIVE_FILE": str(output or given or "")},
        )
        spawned = context.spawned if context is not None else (lambda: None)
        await running.to_end(world, record, launch, source, "part", spawned, logged=logged)
        return
    project, offset = common.project, world.logs.end(logged.uid, source)
    if given is not None:
        inside = f"/tmp/hive-{service.name}.load"
        await world.containers.upload(contained, given, inside)
        command = f"{{ {command}\n}} < {inside}"
    script, arguments = templates.shell(command, {**templates.values(project, record), **more})
    variables = {**world.launcher.variables(project, record), **arguments}
    with contextlib.ExitStack() as opened:
        file = None if output is None else opened.enter_context(output.open("wb"))

        def told(stream: int, text: bytes) -> None:
            if file is not None and stream == 1:
                file.write(text)
            else:
                world.logs.write(logged.uid, source, text)

        status, line = await world.containers.exec(contained, script, variables, told)
    if status != 0:
        raise StepFailedError(
            ending(status) + (f": {line}" if line else ""),
            tail=world.logs.tail(logged.uid, source, running.TAIL_LINES, since=offset),
            hint=f"hive logs {record.name} {source}",
            env=record.name,
        )


# --- snapshots -------------------------------------------------------------------------------


async def dump(live: LiveEnv, service: Service, file: Path) -> None:
    """Write the env's part of a shared service, which is ready, into a file.

    Raises:
        StepFailedError: It failed.
    """
    common, _, per_env = _of(live, service.name)
    await _through_file(live, common, service, per_env.dump or "", "dump", output=file)


async def load(live: LiveEnv, service: Service, file: Path) -> None:
    """Make the env's part of a shared service, which is ready, be what is in a file.

    Raises:
        StepFailedError: It failed.
    """
    common, _, per_env = _of(live, service.name)
    await _through_file(live, common, service, per_env.load or "", "load", given=file)


async def _through_file(
    live: LiveEnv,
    common: Common,
    service: Service,
    command: str,
    word: str,
    *,
    output: Path | None = None,
    given: Path | None = None,
) -> None:
    await perform(
        live.world,
        common,
        service,
        command,
        record=live.record,
        logged=live.record,
        source=f"{service.name}-{word}",
        more={"template": await template_for(live, service) or ""},
        output=output,
        given=given,
    )


# --- removing --------------------------------------------------------------------------------


async def remove(common: Common, part: Part) -> bool:
    """Remove the part of an env that is gone, if its service runs; returns whether it is gone.

    Raises:
        StepFailedError: Its `drop` failed.
    """
    world, service = common.world, common.project.services.get(part.service)
    per_env = service.per_env if service is not None else None
    if service is None or per_env is None or per_env.drop is None:
        world.store.drop_part(part.env.uid, part.service)  # nothing says how to remove it
        return True
    if common.units[service.name].state is not ServiceState.READY:
        return False
    await perform(
        world,
        common,
        service,
        per_env.drop,
        record=part.env,
        logged=common.record,
        source=f"{service.name}-drop",
        more={"template": per_env.template or ""},
    )
    world.store.drop_part(part.env.uid, part.service)
    return True


async def listed(common: Common, service: Service) -> frozenset[str]:
    """What the service, which is ready, says has a part: slugs; empty where it cannot say.

    Raises:
        StepFailedError: Its `list` failed.
    """
    per_env = service.per_env
    if per_env is None or per_env.list is None:
        return frozenset()
    with tempfile.TemporaryDirectory(prefix="hive-") as folder:
        file = Path(folder, "list")
        await perform(
            common.world,
            common,
            service,
            per_env.list,
            record=common.record,
            logged=common.record,
            source=f"{service.name}-list",
            more={},
            output=file,
        )
        words = await asyncio.to_thread(file.read_text, errors="replace")
    return frozenset(word for word in words.split() if _SLUG.fullmatch(word))


async def drop_template(common: Common, template: Template) -> None:
    """Remove a template of a service that is ready; nothing happens where nothing says how.

    Raises:
        StepFailedError: Its `template_drop` failed.
    """
    service = common.project.services.get(template.service)
    per_env = service.per_env if service is not None else None
    if service is not None and per_env is not None and per_env.template_drop is not None:
        await perform(
            common.world,
            common,
            service,
            per_env.template_drop,
            record=common.record,
            logged=common.record,
            source=f"{service.name}-drop",
            more={"template": template.name},
        )


# --- templates -------------------------------------------------------------------------------


async def seeded(live: LiveEnv) -> frozenset[str]:
    """Shared services whose template for this env is there."""
    found = set()
    for name in live.units:
        service = live.project.services.get(name)
        if service is None or not live.shares(name):
            continue
        wanted = await template_for(live, service)
        if wanted is not None and _ready(live, name, wanted):
            found.add(name)
    return frozenset(found)


async def template_for(live: LiveEnv, service: Service) -> str | None:
    """Name of the template that the env's part is a copy of, or will be; `None` for none.

    A part that is there keeps the one that it was made from, as long as that is there too.
    """
    per_env = service.per_env
    if per_env is None or per_env.template is None:
        return None
    for part in live.world.store.parts():
        mine = (part.env.uid, part.service) == (live.record.uid, service.name)
        if mine and part.run_id is not None and _ready(live, service.name, part.template):
            return part.template
    return await template_name(live, per_env)


def _ready(live: LiveEnv, service: str, name: str) -> bool:
    known = live.world.store.templates(live.home_of(service).record.uid)
    return any(t.ready and (t.service, t.name) == (service, name) for t in known)


async def template_name(live: LiveEnv, per_env: PerEnv) -> str:
    """Name of the template for what is in the env's worktree now."""
    digest = hashlib.sha256()
    for text in (per_env.template_create, per_env.seed):
        digest.update(f"{text}\0".encode())
    if per_env.inputs:
        files = await live.world.folders.fingerprint(live.record.worktree, per_env.inputs)
        digest.update(files.encode())
    return f"{per_env.template}_{digest.hexdigest()[:10]}"


async def seed(live: LiveEnv, name: str, context: StepContext) -> None:
    """Make the template that the env's part is a copy of, unless another env just did.

    What is left of one that was not finished is removed first.

    Raises:
        HiveError: It could not be made.
    """
    common, service, per_env = _of(live, name)
    store = live.world.store
    async with common.alone(f"{name}-seed"):
        wanted = await template_for(live, service) or ""
        uid, more = common.record.uid, {"template": wanted}
        now = live.world.clock.now()
        known = next((t for t in store.templates(uid) if t.name == wanted), None)
        if known is not None and known.ready:
            store.put_template(msgspec.structs.replace(known, used=now))
            return
        store.put_template(Template(uid, name, wanted, ready=False, used=now))
        live.world.checkpoint(f"seeding:{name}")
        source = f"{name}-seed"
        if per_env.template_drop is not None:
            await at_service(live, common, service, per_env.template_drop, source, more)
        if per_env.template_create is not None:
            await at_service(live, common, service, per_env.template_create, source, more)
        launch = live.world.launcher.launch(
            live.project, live.record, source, per_env.seed or "true", more=more
        )
        given = {**launch.env, "HIVE_TEMPLATE": wanted}
        launch = msgspec.structs.replace(launch, env=given)
        await running.to_end(live.world, live.record, launch, source, "part", context.spawned)
        live.world.checkpoint(f"seeded:{name}")
        store.put_template(Template(uid, name, wanted, ready=True, used=now))


def _of(live: LiveEnv, name: str) -> tuple[Common, Service, PerEnv]:
    service, common = live.project.services[name], live.common
    assert common is not None
    assert service.per_env is not None
    return common, service, service.per_env
