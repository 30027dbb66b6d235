"""Saves the data of an env and brings it back: files, volumes, parts of shared services.

What could write is frozen while it is saved and stopped while it is brought back, so that a
snapshot is what a power cut would leave, at the worst. What was there before a restore is kept.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import msgspec

from hive_tui.engine import parts, snapshot_tasks, snapshot_volumes
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.snapshot_protocols import Manifest, Shelves
from hive_tui.engine.transitions import Transitions
from hive_tui.engine.world import World
from hive_tui.model.environment import ServiceState, Wanted
from hive_tui.model.errors import HiveError, NotFoundError, RefusedError, UsageError
from hive_tui.model.plan import Transition
from hive_tui.model.project import Service

log = logging.getLogger(__name__)

LABEL = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
BEFORE = "before-restore"
"""Label of what was there before the last restore."""

Told = Callable[[str], None]
"""Gets lines of progress."""

_BACK = {
    Wanted.COLD: Transition.START,
    Wanted.WARM: Transition.WARM,
    Wanted.FROZEN: Transition.WARM,
}


class Restoring(msgspec.Struct, frozen=True):
    """A restore under way: what the next daemon needs to finish it."""

    owner: str
    """Uid of the env whose snapshot it is."""
    label: str
    wanted: Wanted
    """What was wanted of the env before."""
    failed: bool = False
    """It ended with an error: what was before it is kept until one succeeds."""
    half: str | None = None
    """Volumes that are being filled: nothing may start before they are whole."""


class Snapshots:
    """The snapshots of all envs."""

    def __init__(self, world: World, shelves: Shelves, transitions: Transitions) -> None:
        self._world = world
        self._shelves = shelves
        self._transitions = transitions
        self._busy: dict[str, asyncio.Lock] = {}
        self._bringing: set[asyncio.Task[None]] = set()

    def all(self, live: LiveEnv) -> tuple[Manifest, ...]:
        """The snapshots of an env, oldest first."""
        return self._shelves.all(live.record.uid)

    def free_label(self, live: LiveEnv) -> str:
        """A label that no snapshot of the env has: `1`, `2` and so on."""
        taken = {manifest.label for manifest in self.all(live)}
        return next(str(number) for number in count(1) if str(number) not in taken)

    def find(self, live: LiveEnv, label: str) -> Manifest:
        """One snapshot.

        Raises:
            NotFoundError: There is none of that label.
        """
        known = self.all(live)
        for manifest in known:
            if manifest.label == label:
                return manifest
        labels = ", ".join(manifest.label for manifest in known) or "none"
        raise NotFoundError(
            f"{live.record.name} has no snapshot {label!r}",
            hint=f"there are: {labels}",
            code="no_snapshot",
            env=live.record.name,
        )

    async def save(
        self, live: LiveEnv, label: str, *, force: bool, told: Told, automatic: bool = False
    ) -> Manifest:
        """Save the data of an env.

        Args:
            live: The env.
            label: Name of the snapshot.
            force: Replace one that has the label.
            told: Gets progress.
            automatic: It is made by a restore.

        Raises:
            RefusedError: There is one of that label.
            HiveError: Something of it cannot be saved; nothing is kept then.
        """
        _check_label(label)
        taken = any(manifest.label == label for manifest in self.all(live))
        if taken and not force:
            raise RefusedError(
                f"{live.record.name} has a snapshot {label!r} already",
                hint="take another label, or --force to replace it",
                code="exists",
                env=live.record.name,
            )
        volumes = await snapshot_volumes.names(live)
        with_parts = _checked(live, volumes)
        async with self._alone(live):
            folder = self._shelves.begin(live.record.uid)
            try:
                async with self._frozen(live):
                    for path in live.project.data:
                        told(f"copying {path}")
                        await self._shelves.take(live.record.worktree, path, folder)
                    await snapshot_volumes.save(live, folder, volumes, told)
                    for service in with_parts:
                        told(f"dumping {service.name}")
                        await self._dump(live, service, folder)
                self._world.checkpoint("snapshot:made")
                parted = tuple(service.name for service in with_parts)
                manifest = Manifest(
                    label=label,
                    at=self._world.clock.now(),
                    commit=await self._world.worktrees.resolve(live.record.worktree, "HEAD"),
                    files=live.project.data,
                    parts=parted,
                    volumes=volumes,
                    tasks=await snapshot_tasks.done(live, _kept_by(live, volumes, parted)),
                    automatic=automatic,
                )
                kept = await self._shelves.finish(folder, manifest)
            except BaseException:
                await self._shelves.drop(folder)
                raise
        live.event("snapshot.made", f"{live.record.name}: saved as {label}")
        return kept

    async def restore(self, live: LiveEnv, label: str, *, told: Told) -> None:
        """Bring the data of an env back as they were.

        What is there now is kept under `before-restore`, whatever becomes of this.

        Raises:
            NotFoundError: There is no such snapshot.
            HiveError: Something cannot be brought back; the hint says what to do.
        """
        self.find(live, label)
        if self._unfinished(live) is not None:  # what is there now is not worth to be kept
            await self.bring(live, live.record.uid, label, told=told)
            return
        if label == BEFORE:  # it must not be replaced by what it is to replace
            label = await self._shelves.rename(live.record.uid, BEFORE, f"{BEFORE}-was")
        await self.save(live, BEFORE, force=True, told=told, automatic=True)
        await self.bring(live, live.record.uid, label, told=told)

    async def bring(self, live: LiveEnv, owner: str, label: str, *, told: Told) -> None:
        """Make the data of an env be those of a snapshot, which may be another env's.

        Once begun it goes on to its end, though nobody waits for it any more.

        Raises:
            HiveError: Something cannot be brought; the next daemon tries it once more.
        """
        work = asyncio.ensure_future(self._to_end(live, owner, label, told))
        self._bringing.add(work)
        work.add_done_callback(self._bringing.discard)
        await asyncio.shield(work)

    async def close(self) -> None:
        """Leave what is being brought to the next daemon."""
        for work in self._bringing:
            work.cancel()
        await asyncio.gather(*self._bringing, return_exceptions=True)

    async def _to_end(self, live: LiveEnv, owner: str, label: str, told: Told) -> None:
        unfinished = self._unfinished(live)
        wanted = live.record.wanted if unfinished is None else unfinished.wanted
        half = None if unfinished is None else unfinished.half
        what = Restoring(owner, label, wanted, half=half)
        self._note(live, what)
        self._world.checkpoint("restore:noted")
        try:
            await self._bring(live, what, told)
        except HiveError as error:
            if self._transitions.closing:  # the next daemon goes on with it
                raise
            noted = self._unfinished(live) or what
            self._note(live, msgspec.structs.replace(noted, failed=True))
            error.hint = (
                f"{error.hint or 'see its log'}; then restore again, or what was before: "
                f"hive restore {live.record.name} {BEFORE}"
            )
            raise
        await self._back(live, wanted, told)

    async def resume(self, live: LiveEnv) -> None:
        """Finish what a daemon left half restored, and remove what it left half saved."""
        cut_off = await self._shelves.tidy(live.record.uid)
        what = self._unfinished(live)
        if cut_off or what is not None:
            await snapshot_volumes.tidy(live)
        if what is not None:
            live.half_restored = _half(live, what)
        if what is None or what.failed:
            return
        try:
            await self.bring(live, what.owner, what.label, told=lambda line: None)
        except HiveError as error:
            log.warning("env=%s is not restored: %s", live.id, error)
            live.event(
                "restore.failed",
                f"{live.record.name}: could not be restored: {error.message}; what was before is "
                f"kept: hive restore {live.record.name} {BEFORE}",
                level="error",
            )

    async def remove(self, live: LiveEnv, label: str) -> None:
        """Delete a snapshot.

        Raises:
            NotFoundError: There is none of that label.
        """
        self.find(live, label)
        await self._shelves.remove(live.record.uid, label)

    async def forget(self, uid: str) -> None:
        """Delete all snapshots of an env that cannot be taken back."""
        await self._shelves.forget(uid)

    # --- the parts of it -------------------------------------------------------------------------

    async def _bring(self, live: LiveEnv, what: Restoring, told: Told) -> None:
        folder = self._shelves.folder(what.owner, what.label)
        manifest = msgspec.json.decode((folder / "manifest.json").read_bytes(), type=Manifest)
        async with self._alone(live):
            told("stopping its services")
            await self._go(live, Transition.STOP)
            for path in manifest.files:
                told(f"bringing back {path}")
                await self._shelves.put(folder, path, live.record.worktree)
                self._world.checkpoint("restore:file")
            await self._bring_volumes(live, what, manifest, folder, told)
            for name in manifest.parts:
                told(f"loading {name}")
                await self._load(live, name, folder)
                self._world.checkpoint("restore:part")
            kept_by = _kept_by(live, manifest.volumes or (), manifest.parts)
            await snapshot_tasks.take_up(live, kept_by, manifest.tasks)
            self._note(live, None)
        live.event("snapshot.restored", f"{live.record.name}: is as it was in {what.label}")

    async def _bring_volumes(
        self, live: LiveEnv, what: Restoring, manifest: Manifest, folder: Path, told: Told
    ) -> None:
        if manifest.volumes is None:
            return
        await snapshot_volumes.remove(live, manifest.volumes, told)
        if manifest.volumes:
            self._note(live, msgspec.structs.replace(what, half=", ".join(manifest.volumes)))
        self._world.checkpoint("restore:emptying")
        for name in manifest.volumes:
            await snapshot_volumes.load(live, folder, name, told)
            self._world.checkpoint("restore:volume")
        self._note(live, msgspec.structs.replace(what, half=None))

    async def _back(self, live: LiveEnv, wanted: Wanted, told: Told) -> None:
        """Make the env what it was wanted to be before; its data are good by now."""
        if (back := _BACK.get(wanted)) is not None:
            told("starting its services")
            await self._go(live, back)

    async def _go(self, live: LiveEnv, transition: Transition) -> None:
        ended = await self._transitions.request(live, transition)
        if not ended.result.good:
            error = ended.result.error or {}
            raise HiveError(
                f"{live.record.name}: {error.get('message') or f'{transition} was cancelled'}",
                hint=error.get("hint"),
                env=live.record.name,
            )

    @asynccontextmanager
    async def _frozen(self, live: LiveEnv) -> AsyncIterator[None]:
        """Freeze what runs of the env itself; the next daemon thaws it where this one dies."""
        running = (ServiceState.READY, ServiceState.STARTING, ServiceState.UNHEALTHY)
        names = frozenset(name for name, unit in live.own.items() if unit.state in running)
        if not names:
            yield
            return
        store = self._world.store
        words = ",".join(sorted(names))
        entry = store.open_journal(live.record.uid, Transition.THAW, {"services": words})
        try:
            await self._transitions.request(live, Transition.FREEZE, services=names)
            self._world.checkpoint("snapshot:frozen")
            yield
        finally:
            await asyncio.shield(self._transitions.request(live, Transition.THAW, services=names))
            store.close_journal(entry)

    async def _dump(self, live: LiveEnv, service: Service, folder: Path) -> None:
        assert live.common is not None
        async with live.common.up(service.name):
            await parts.dump(live, service, folder / "parts" / service.name)

    async def _load(self, live: LiveEnv, name: str, folder: Path) -> None:
        service = live.project.services.get(name)
        if service is None or live.common is None or not live.shares(name):
            raise HiveError(
                f"{live.record.name}: the snapshot has a part of {name}, which is not shared now",
                hint=f"let hive.toml have {name} as a shared service again",
                env=live.record.name,
            )
        async with live.common.up(name):
            await parts.create(live, name)
            await parts.load(live, service, folder / "parts" / name)

    def _unfinished(self, live: LiveEnv) -> Restoring | None:
        """The restore that was begun and did not succeed."""
        noted = self._shelves.noted(live.record.uid)
        return None if noted is None else msgspec.json.decode(noted, type=Restoring)

    def _note(self, live: LiveEnv, what: Restoring | None) -> None:
        self._shelves.note(live.record.uid, None if what is None else msgspec.json.encode(what))
        live.half_restored = None if what is None else _half(live, what)

    def _alone(self, live: LiveEnv) -> asyncio.Lock:
        return self._busy.setdefault(live.record.uid, asyncio.Lock())


def _kept_by(live: LiveEnv, volumes: tuple[str, ...], parted: tuple[str, ...]) -> frozenset[str]:
    """Services whose data a snapshot has; of containers all where there is any volume."""
    own = live.project.services.values() if volumes else ()
    return frozenset(each.name for each in own if each.contained and not each.shared) | {*parted}


def _half(live: LiveEnv, what: Restoring) -> str | None:
    """Why nothing of the env may start, in words; `None`: it may."""
    if what.half is None:
        return None
    name = live.record.name
    if not what.failed:
        return f"its data are being restored: {what.half}"
    return (
        f"its data are not whole ({what.half}): the restore of {what.label} failed; "
        f"`hive restore {name} {what.label}` ends it, `hive restore {name} {BEFORE}` takes it back"
    )


def _check_label(label: str) -> None:
    if LABEL.fullmatch(label) is None:
        raise UsageError(
            f"{label!r} cannot be the label of a snapshot",
            hint="it has at most 64 of a-z, 0-9, ., _ and -, and begins with a letter or digit",
            code="bad_label",
        )


def _checked(live: LiveEnv, volumes: tuple[str, ...]) -> tuple[Service, ...]:
    """The shared services whose part belongs to the env's data.

    Raises:
        HiveError: Some of its data could not be saved, or there are none.
    """
    name, services = live.record.name, live.project.services.values()
    mine = {part.service for part in live.world.store.parts() if part.env.uid == live.record.uid}
    found = []
    for service in services:
        per_env = service.per_env
        if per_env is None or service.name not in mine:
            continue
        if per_env.dump is None or per_env.load is None:
            raise HiveError(
                f"{name}: its part of {service.name} cannot be saved",
                hint=f"give [services.{service.name}.per_env] the commands `dump` and `load`",
                code="no_dump",
                env=name,
            )
        found.append(service)
    if not found and not volumes and not live.project.data:
        raise HiveError(
            f"{name} has no data to save",
            hint="list its files and folders in hive.toml: [snapshot] data; volumes of its "
            "containers are there once it was warm",
            code="no_data",
            env=name,
        )
    return tuple(found)
