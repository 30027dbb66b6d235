"""Volumes in and out of tar archives, through a container that is made and never started.

The engine itself reads and writes the archive, so no program is needed: that container's image is
empty. It is made for the purpose and goes with the last one that uses it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from hive_tui.drivers.docker import naming, tar_files
from hive_tui.drivers.docker.belongings import Belongings
from hive_tui.drivers.docker.client import Client
from hive_tui.drivers.docker.faults import ConflictError, MissingError
from hive_tui.engine.container_protocols import Place
from hive_tui.engine.volume_protocols import Moved, Volumes
from hive_tui.model.errors import HiveError

_AT = "volume"
"""Where the volume is mounted, and so how every path of an archive begins."""
_EMPTY_TAR = bytes(1024)
_PIECE = 1 << 20


class EngineVolumes(Volumes):
    """The volumes of one hive."""

    def __init__(
        self,
        client: Client,
        belongings: Belongings,
        home: str,
        delete: Callable[[str], Awaitable[None]],
    ) -> None:
        """Create it; touches nothing.

        Args:
            client: The engine.
            belongings: Finds and makes volumes.
            home: Tag of the hive.
            delete: Removes a container and what is kept of it.
        """
        self._delete = delete
        self._client = client
        self._belongings = belongings
        self._home = home
        self._image = f"hive-empty:{home}"
        self._users = 0
        self._at_work: set[str] = set()
        """Uids of envs whose volumes are being copied: one at a time of each."""
        self._changing = asyncio.Lock()

    async def names(self, env_uid: str) -> tuple[str, ...]:
        """Volumes that the env has, by their names within it."""
        return tuple(sorted(await self._belongings.named(env_uid)))

    async def save(self, place: Place, name: str, file: Path, moved: Moved) -> None:
        """Write all of a volume into a new file."""
        volume = (await self._belongings.named(place.env_uid))[name]
        async with (
            self._mounted(place, volume) as container,
            self._client.streaming(
                f"copy of the volume {name}",
                "GET",
                f"containers/{container}/archive",
                params={"path": f"/{_AT}"},
            ) as stream,
        ):
            await tar_files.write(file, stream.iter_chunked(_PIECE), moved)
        await asyncio.to_thread(tar_files.check, file)

    async def load(self, place: Place, name: str, file: Path, moved: Moved) -> None:
        """Make a volume anew with what is in a file."""
        await asyncio.to_thread(tar_files.check, file)
        first = await asyncio.to_thread(tar_files.second_name, file)
        await self.remove(place, name)
        volume = (await self._belongings.volumes(place, (name,)))[name]
        async with self._mounted(place, volume) as container:
            async with self._client.streaming(
                f"filling of the volume {name}",
                "PUT",
                f"containers/{container}/archive",
                params={"path": "/"},
                data=tar_files.read(file, moved),
                headers={"Content-Type": "application/x-tar"},
            ):
                pass
            if first is not None:
                await self._prove(container, name, first)

    async def _prove(self, container: str, name: str, path: str) -> None:
        """See that the engine has put the files into the volume, and not beside it."""
        try:
            async with self._client.streaming(
                "look for a file", "HEAD", f"containers/{container}/archive", params={"path": path}
            ):
                pass
        except MissingError as error:
            raise HiveError(
                f"the engine did not fill the volume {name}",
                hint="this engine cannot copy into volumes; `hive doctor` says which one it is",
                code="volume_not_filled",
            ) from error

    async def remove(self, place: Place, name: str) -> None:
        """Remove a volume, and the containers of the env that use it."""
        volume = (await self._belongings.named(place.env_uid)).get(name)
        if volume is None:
            return
        for container in await self._containers(place.env_uid, {"volume": [volume]}):
            await self._delete(container)
        try:
            await self._belongings.remove_volume(volume)
        except ConflictError as error:
            raise HiveError(
                f"{place.env}: its volume {volume} is used by a container that is not hive's",
                hint=f"`docker ps -a --filter volume={volume}` shows which; remove that first",
                code="volume_in_use",
                env=place.env,
            ) from error

    async def tidy(self, env_uid: str) -> None:
        """Remove what a save or load has left behind; nothing while one is at work."""
        if env_uid not in self._at_work:
            await self._tidy(env_uid)

    async def _tidy(self, env_uid: str) -> None:
        for container in await self._containers(env_uid, {"label": [naming.COPYING]}):
            await self._delete(container)
        async with self._changing:
            if not self._users:
                await self._drop_image()

    # --- the container that is never started -----------------------------------------------------

    @asynccontextmanager
    async def _mounted(self, place: Place, volume: str) -> AsyncIterator[str]:
        """Id of a container that has the volume; it goes, whatever happens."""
        self._at_work.add(place.env_uid)
        self._users += 1
        container = None
        try:
            await self._tidy(place.env_uid)
            async with self._changing:
                await self._have_image()
            container = await self._create(place, volume)
            yield container
        finally:
            self._at_work.discard(place.env_uid)
            await asyncio.shield(self._leave(container))

    async def _leave(self, container: str | None) -> None:
        with contextlib.suppress(HiveError):  # the engine is gone: the next one tidies
            if container is not None:
                await self._delete(container)
        self._users -= 1
        async with self._changing:
            if not self._users:
                with contextlib.suppress(HiveError):
                    await self._drop_image()

    async def _create(self, place: Place, volume: str) -> str:
        mount: dict[str, Any] = {
            "Type": "volume",
            "Source": volume,
            "Target": f"/{_AT}",
            "VolumeOptions": {"NoCopy": True},
        }
        config: dict[str, Any] = {
            "Image": self._image,
            "Cmd": ["-"],
            "Labels": {**naming.env_labels(self._home, place), naming.COPYING: volume},
            "NetworkDisabled": True,
            "HostConfig": {"NetworkMode": "none", "Mounts": [mount]},
        }
        async with self._client.calling(f"look into {volume}") as docker:
            return str((await docker.containers.create(config)).id)

    async def _have_image(self) -> None:
        try:
            async with self._client.calling("look for an image") as docker:
                await docker.images.inspect(self._image)
                return
        except MissingError:
            pass
        repository, _, tag = self._image.partition(":")
        params = {"fromSrc": "-", "repo": repository, "tag": tag}
        async with self._client.streaming(
            "making of an empty image",
            "POST",
            "images/create",
            params={**params, "changes": f"LABEL {naming.HOME}={self._home}"},
            data=_EMPTY_TAR,
            headers={"Content-Type": "application/x-tar"},
        ) as stream:
            await stream.read()

    async def _drop_image(self) -> None:
        with contextlib.suppress(MissingError, ConflictError):  # another env's copy may use it
            async with self._client.calling("removal of an empty image") as docker:
                await docker.images.delete(self._image)

    async def _containers(self, env_uid: str, more: dict[str, list[str]]) -> list[str]:
        """Ids of the env's containers that fit a query."""
        wanted = naming.filters({naming.HOME: self._home, naming.UID: env_uid})
        wanted["label"] += more.get("label", [])
        query: dict[str, Any] = {**more, **wanted}
        async with self._client.calling("list the containers") as docker:
            found = await docker.containers.list(all="true", filters=naming.as_text(query))
        return [str(each.id) for each in found]
