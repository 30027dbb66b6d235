"""Containers of one hive on an engine that speaks Docker's API. Implements `Containers`.

Puts the rooms beside it together; what a container should be, and when it runs, is said by others.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hive_tui.drivers.docker import creating, inside, naming, orphans
from hive_tui.drivers.docker.belongings import Belongings
from hive_tui.drivers.docker.client import Client
from hive_tui.drivers.docker.endpoint import locate
from hive_tui.drivers.docker.execution import Executor
from hive_tui.drivers.docker.explaining import explain
from hive_tui.drivers.docker.faults import (
    ConflictError,
    MissingError,
    OrphanError,
    PortTakenError,
)
from hive_tui.drivers.docker.holders import holder
from hive_tui.drivers.docker.images import Image, Images
from hive_tui.drivers.docker.log_pump import LogPump
from hive_tui.drivers.docker.metering import Meter
from hive_tui.drivers.docker.published import keeps_open
from hive_tui.drivers.docker.runs import Runs, Watched
from hive_tui.drivers.docker.status import status
from hive_tui.drivers.docker.tar_files import archived
from hive_tui.drivers.docker.volumes import EngineVolumes
from hive_tui.engine.container_protocols import (
    BuildSpec,
    Contained,
    ContainerSpec,
    EngineStatus,
    FoundContainer,
    Place,
    Told,
)
from hive_tui.engine.protocols import Exit, Usage
from hive_tui.engine.volume_protocols import Volumes
from hive_tui.model.errors import HiveError

DRAIN_S = 2.0
"""How long the end of a container waits for the rest of its output."""
KILL_S = 20.0
"""How long the engine may take to end what it has killed."""


class DockerContainers:
    """The containers of one hive. Nothing is loaded or opened before the first call."""

    def __init__(
        self,
        home: str,
        environ: Mapping[str, str],
        *,
        log_file: Callable[[str, str], Path],
        positions: Path,
        uid: int,
    ) -> None:
        """Create it; touches nothing.

        Args:
            home: Tag of the hive, which its labels carry.
            environ: The daemon's variables, by which the engine is found.
            log_file: The log of a service, given env uid and service.
            positions: Folder that keeps how far output has come.
            uid: The user.
        """
        self._home = home
        self._log_file = log_file
        self._positions = positions
        self._client = Client(lambda: locate(environ, uid=uid))
        self._images = Images(self._client, environ)
        self._belongings = Belongings(self._client, home, environ)
        self.volumes: Volumes = EngineVolumes(self._client, self._belongings, home, self._delete)
        self._executor = Executor(self._client)
        self._meter = Meter(self._client)
        self._prepared: dict[Place, tuple[ContainerSpec, str]] = {}
        self._pumps: dict[str, LogPump] = {}
        self._sockets: dict[str, inside.Sockets] = {}
        self._maybe_runs: Runs | None = None

    @property
    def _runs(self) -> Runs:
        if self._maybe_runs is None:
            self._maybe_runs = Runs(self._client, self._home)
        return self._maybe_runs

    # --- making --------------------------------------------------------------------------------

    async def prepare(self, spec: ContainerSpec, told: Told) -> None:
        """Have image, network, volumes and container; a container that fits is kept."""
        image, network = await asyncio.gather(
            self._image(spec, told), self._belongings.network(spec.place, spec.neighbours)
        )
        mounted = {mount.target for mount in spec.mounts} | spec.tmpfs.keys()
        declared = {
            path: naming.declared_volume(spec.place.service, path)
            for path in image.volumes
            if path.rstrip("/") not in mounted
        }
        named = [mount.volume for mount in spec.mounts if mount.volume is not None]
        volumes = await self._belongings.volumes(spec.place, (*named, *declared.values()))
        config = creating.config(
            spec,
            home=self._home,
            image=image.id,
            reference=image.reference,
            network=network,
            volumes=volumes,
            declared={path: volumes[name] for path, name in declared.items()},
        )
        self._prepared[spec.place] = spec, await self._have(spec.place, config)

    async def built(self, spec: BuildSpec) -> bool:
        """Whether the image of exactly this content is there."""
        return await self._images.built(spec) is not None

    async def build(self, spec: BuildSpec, place: Place, told: Told) -> None:
        """Build it, unless it is there."""
        await self._images.build(spec, place, told)

    async def _image(self, spec: ContainerSpec, told: Told) -> Image:
        if spec.build is not None:
            found = await self._images.built(spec.build)
            return found or await self._images.build(spec.build, spec.place, told)
        return await self._images.have(spec.image or "", spec.platform, told)

    async def _have(self, place: Place, config: dict[str, Any]) -> str:
        """Id of a container of that configuration."""
        for known in await self._list(place):
            if (known.get("Labels") or {}).get(naming.CONFIG) == config["Labels"][naming.CONFIG]:
                return str(known["Id"])
            await self._delete(str(known["Id"]))
        name = naming.name(place, place.service)
        try:
            return await self._create(place, config, name)
        except ConflictError:
            return await self._create(place, config, naming.other_name(name, place.env_uid))
        except MissingError:  # the network was removed behind our back
            self._belongings.forget_network(place.env_uid)
            raise

    async def _create(self, place: Place, config: dict[str, Any], name: str) -> str:
        async with self._client.calling(f"creation of {place.service}") as docker:
            return str((await docker.containers.create(config, name=name)).id)

    # --- running -------------------------------------------------------------------------------

    async def start(self, spec: ContainerSpec, told: Told) -> Contained:
        """Start it, and make it first where it is not there."""
        known = self._prepared.get(spec.place)
        if known is None or known[0] != spec:
            await self.prepare(spec, told)
        try:
            return await self._start(spec, self._prepared[spec.place][1])
        except (MissingError, OrphanError):  # somebody has removed it, or its network
            self._belongings.forget_network(spec.place.env_uid)
            await self._forget(spec.place)
            await self.prepare(spec, told)
            return await self._start(spec, self._prepared[spec.place][1])

    async def _start(self, spec: ContainerSpec, container: str) -> Contained:
        place = spec.place
        watched = self._runs.expect(container)
        try:
            await self._begin(container, place)
        except PortTakenError as error:
            self._runs.forget(container)
            raise await holder(self._client, spec, error) from error
        except BaseException:
            self._runs.forget(container)
            raise
        run = await self._follow(watched, place, resumed=False)
        if run is None:
            raise HiveError(f"{place.service} was removed as it started", code="engine_missing")
        return run

    async def _begin(self, container: str, place: Place) -> None:
        try:
            async with self._client.calling(f"start of {place.service}") as docker:
                await docker.containers.container(container).start()
        except OrphanError:
            if not await asyncio.to_thread(orphans.end, container):
                raise
            async with self._client.calling(f"start of {place.service}") as docker:
                await docker.containers.container(container).start()

    async def _follow(self, watched: Watched, place: Place, *, resumed: bool) -> Contained | None:
        """Watch a container's present run, and its output; `None` where there is none any more."""
        try:
            found = await self._runs.look(watched.container)
        except MissingError:
            self._runs.forget(watched.container)
            return None
        state = found["State"]
        run = _contained(watched.container, found)
        await self._attach(watched, run, place, resumed=resumed)
        await self._runs.settle(watched, run, state)
        if state.get("Running"):
            self._meter.follow(run)
        return run

    async def _attach(
        self, watched: Watched, run: Contained, place: Place, *, resumed: bool = True
    ) -> None:
        """Bring the output of a run into its log, and see to what its end means."""
        pump = LogPump(
            self._client,
            run.container,
            lambda: self._log_file(place.env_uid, place.service),
            self._positions / f"{run.container[:32]}.out",
        )
        if (old := self._pumps.pop(run.container, None)) is not None:
            await old.close()
        self._pumps[run.container] = pump
        pump.start(resumed=resumed)
        watched.before_end = lambda: self._over(run, pump)
        watched.explain = lambda ended: explain(run, ended)

    async def _over(self, run: Contained, pump: LogPump) -> None:
        self._meter.leave(run.container)
        if (sockets := self._sockets.pop(run.container, None)) is not None:
            sockets.close()
        await pump.drained(DRAIN_S)
        if self._pumps.get(run.container) is pump:
            del self._pumps[run.container]

    def exited(self, run: Contained, place: Place) -> asyncio.Future[Exit]:
        """A future that ends when the run has ended and its log is complete."""
        if self._runs.get(run) is None and run.container:
            self._runs.look_back(run, lambda watched: self._attach(watched, run, place))
        return self._runs.exited(run)

    def alive(self, run: Contained) -> bool:
        """True while exactly that run is there, paused or not."""
        watched = self._runs.get(run)
        return watched is not None and watched.running and watched.exit is None

    def paused(self, run: Contained) -> bool:
        """True while it is paused."""
        watched = self._runs.get(run)
        return watched is not None and watched.paused

    async def pause(self, run: Contained) -> None:
        """Pause it."""
        async with self._client.calling("freeze") as docker:
            container = docker.containers.container(run.container)
            with contextlib.suppress(ConflictError):  # it is paused, or has just ended
                await container.pause()
        if (watched := self._runs.get(run)) is not None:
            watched.paused = True

    async def unpause(self, run: Contained) -> None:
        """Let it go on."""
        async with self._client.calling("thaw") as docker:
            await docker.containers.container(run.container).unpause()
        if (watched := self._runs.get(run)) is not None:
            watched.paused = False

    async def stop(self, run: Contained, signal: str | None, grace_s: float) -> None:
        """Ask it, then kill it; return once it has ended."""
        if not self.alive(run):
            return
        ended = self._runs.exited(run)
        if self.paused(run):
            with contextlib.suppress(ConflictError, MissingError):
                await self.unpause(run)
        await self._signal(run, signal or await self._stop_signal(run))
        await asyncio.wait([ended], timeout=grace_s)
        if not ended.done():
            await self._signal(run, "SIGKILL")
            await asyncio.wait([ended], timeout=KILL_S)
        if not ended.done():
            raise HiveError(
                "its container does not end, though it was killed",
                hint=f"`docker inspect {run.container[:12]}`; restart the engine if it hangs",
                code="not_stopped",
            )

    async def _signal(self, run: Contained, signal: str) -> None:
        """Signal its first process; nothing happens where it has ended."""
        with contextlib.suppress(ConflictError, MissingError):
            async with self._client.calling("stop") as docker:
                await docker.containers.container(run.container).kill(signal=signal)

    async def _stop_signal(self, run: Contained) -> str:
        async with self._client.calling("look at a container") as docker:
            found = await docker.containers.container(run.container).show()
        return str((found.get("Config") or {}).get("StopSignal") or "SIGTERM")

    # --- looking -------------------------------------------------------------------------------

    async def exec(
        self,
        run: Contained,
        command: str,
        env: Mapping[str, str],
        told: Callable[[int, bytes], None] | None = None,
    ) -> tuple[int, str]:
        """Run a command line inside; its exit status and the last line that it wrote."""
        return await self._executor.run(run.container, command, env, told)

    async def upload(self, run: Contained, file: Path, inside: str) -> None:
        """Put a file of this machine into a container, in place of one that is there."""
        folder, _, name = inside.rpartition("/")
        async with self._client.streaming(
            "copy into a container",
            "PUT",
            f"containers/{run.container}/archive",
            params={"path": folder or "/"},
            data=archived(file, name),
            headers={"Content-Type": "application/x-tar"},
        ):
            pass

    async def join(self, place: Place, neighbours: int, run: Contained, name: str) -> None:
        """Let a container of another env be reached by name from this one's; again is fine."""
        network = await self._belongings.network(place, neighbours)
        config = {"Container": run.container, "EndpointConfig": {"Aliases": [name]}}
        async with self._client.calling(f"network of {name}") as docker:
            known = await docker.networks.get(network)
            if run.container not in ((await known.show()).get("Containers") or {}):
                await known.connect(config)

    def listening(self, run: Contained) -> Mapping[int, bool] | None:
        """Ports that are listened on inside; `None` where this machine cannot see inside."""
        if not run.pid:
            return None
        try:
            return self._look_into(run).scan() if self.alive(run) else {}
        except OSError:
            return {}

    def listens(self, run: Contained, port: int) -> bool | None:
        """Whether a port inside can be connected to; `None` where nobody can see inside."""
        if not run.pid:
            return None
        try:
            return self.alive(run) and self._look_into(run).listens(port)
        except OSError:
            return False

    def _look_into(self, run: Contained) -> inside.Sockets:
        known = self._sockets.get(run.container)
        if known is None:
            known = self._sockets[run.container] = inside.Sockets(run.pid, run.address)
        return known

    async def answers(self, port: int) -> bool:
        """Whether somebody behind a published port keeps a connection open."""
        return await keeps_open(port)

    async def holds(self, run: Contained, path: str) -> bool:
        """Whether there is a file at an absolute path inside."""
        try:
            async with self._client.streaming(
                "look for a file",
                "HEAD",
                f"containers/{run.container}/archive",
                params={"path": path},
            ):
                return True
        except MissingError:
            return False

    def usage(self) -> dict[str, Usage]:
        """Container id -> what it takes, of all runs that are watched."""
        return self._meter.usage()

    async def find(self) -> tuple[FoundContainer, ...]:
        """All containers of this hive, and those that run watched from now on."""
        found = []
        for known in await self._list(None):
            container, place = str(known["Id"]), naming.place(known.get("Labels") or {})
            run: Contained | None = None
            if known.get("State") in ("running", "paused", "restarting"):
                run = await self._follow(self._runs.expect(container), place, resumed=True)
            found.append(FoundContainer(place, container, run))
        return tuple(found)

    async def reachable(self) -> None:
        """Return once the engine answers."""
        await self._runs.reachable()

    def on_change(
        self, lost: Callable[[str], None], returned: Callable[[frozenset[str]], None]
    ) -> None:
        """Call them when the engine is gone, and each time it is back."""
        self._runs.lost, self._runs.returned = lost, returned

    async def status(self) -> EngineStatus:
        """Look at the engine, for `hive doctor`."""
        return await status(self._client)

    # --- the end -------------------------------------------------------------------------------

    async def clear(self, env_uid: str, *, volumes: bool) -> tuple[str, ...]:
        """Remove all containers and the network of an env, and its volumes where asked."""
        for place in [place for place in self._prepared if place.env_uid == env_uid]:
            del self._prepared[place]
        found = await self._list(Place("", "", env_uid, ""))
        await asyncio.gather(*(self._delete(str(each["Id"])) for each in found))
        return await self._belongings.clear(env_uid, volumes=volumes)

    async def remove(self, place: Place) -> None:
        """Remove the container of one service."""
        await self._forget(place)

    async def _forget(self, place: Place) -> None:
        self._prepared.pop(place, None)
        for known in await self._list(place):
            await self._delete(str(known["Id"]))

    async def _delete(self, container: str) -> None:
        with contextlib.suppress(MissingError, ConflictError):  # gone, or on its way
            async with self._client.calling("removal of a container") as docker:
                await docker.containers.container(container).delete(force=True, v=True)
        (self._positions / f"{container[:32]}.out").unlink(missing_ok=True)

    async def _list(self, place: Place | None) -> list[dict[str, Any]]:
        """What the engine lists of this hive, of an env of it, or of one service."""
        wanted = {naming.HOME: self._home}
        if place is not None:
            wanted[naming.UID] = place.env_uid
            if place.service:
                wanted[naming.SERVICE] = place.service
        async with self._client.calling("list the containers") as docker:
            found = await docker.containers.list(
                all="true", filters=naming.as_text(naming.filters(wanted))
            )
        return [each._container for each in found]

    async def close(self) -> None:
        """Let go of everything; containers run on."""
        if self._maybe_runs is not None:
            await self._maybe_runs.close()
        await asyncio.gather(*(pump.close() for pump in self._pumps.values()))
        for sockets in self._sockets.values():
            sockets.close()
        await self._meter.close()
        await self._client.close()


def _contained(container: str, found: dict[str, Any]) -> Contained:
    """The present run of a container, out of what the engine says of it."""
    state = found["State"]
    pid = int(state.get("Pid") or 0)
    if not inside.visible(pid, container):
        return Contained(container, str(state["StartedAt"]))
    networks = (found.get("NetworkSettings") or {}).get("Networks") or {}
    addresses = [str(each.get("IPAddress") or "") for each in networks.values()]
    return Contained(container, str(state["StartedAt"]), pid, next(iter(addresses), ""))
