"""Has images: those that are here, those that are fetched, and those that are built."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hive_tui.drivers.docker import build_context, credentials, faults, naming
from hive_tui.drivers.docker.client import Client
from hive_tui.drivers.docker.faults import MissingError
from hive_tui.drivers.docker.pull_progress import PullProgress, error_in
from hive_tui.drivers.docker.sharing import Shared
from hive_tui.engine.container_protocols import BuildSpec, Place, Told
from hive_tui.model.errors import HiveError

_KEPT_BUILDS = 5
"""Newest images of one service that stay; older ones go once nothing uses them."""
_UPLOAD_BLOCK = 1 << 18


class Image(msgspec.Struct, frozen=True):
    """An image that is here."""

    id: str
    reference: str
    platform: str
    """Operating system and processor."""
    volumes: tuple[str, ...] = ()
    """Paths that hold its data, as it says itself."""


class Images:
    """The images of one engine."""

    def __init__(self, client: Client, environ: Mapping[str, str]) -> None:
        self._client = client
        self._environ = environ
        self._shared = Shared()
        """Pulls and builds under way, by what they make."""

    async def have(self, reference: str, platform: str | None, told: Told) -> Image:
        """The image of a reference; fetched where it is not here. Asked twice, it is fetched once.

        Raises:
            HiveError: It is not to be had.
        """
        try:
            found = await self._inspect(reference)
        except MissingError:
            found = None
        if found is None or not _fits(found, platform):
            await self._shared.once(reference, lambda: self._pull(reference, platform, told))
            try:
                found = await self._inspect(reference)
            except MissingError as error:
                raise faults.image_missing(reference, error.message) from error
            if not _fits(found, platform):
                raise faults.wrong_platform(reference, found.platform, str(platform))
        if platform is None and found.platform != self._client.platform:
            told(
                f"{reference} is made for {found.platform}, and this engine is "
                f"{self._client.platform}: it is emulated, or does not start"
            )
        return found

    async def built(self, spec: BuildSpec) -> Image | None:
        """The image that was built of exactly this content; `None` where there is none.

        Raises:
            HiveError: The context cannot be read, or the engine does not answer.
        """
        try:
            return await self._inspect(await _tag(spec))
        except MissingError:
            return None

    async def build(self, spec: BuildSpec, place: Place, told: Told) -> Image:
        """Build it, unless it is here.

        Raises:
            HiveError: It cannot be built: the engine's words, and where to look.
        """
        tag = await _tag(spec)
        with contextlib.suppress(MissingError):
            found = await self._inspect(tag)
            told(f"image {tag} is here already: its content has not changed")
            return found
        await self._shared.once(tag, lambda: self._build(spec, place, tag, told))
        return await self._inspect(tag)

    async def _inspect(self, reference: str) -> Image:
        async with self._client.calling(f"look at the image {reference}") as docker:
            found = await docker.images.inspect(reference)
        volumes = (found.get("Config") or {}).get("Volumes") or {}
        return Image(
            id=str(found["Id"]),
            reference=reference,
            platform=f"{found.get('Os') or 'linux'}/{found.get('Architecture') or ''}",
            volumes=tuple(sorted(volumes)),
        )

    async def _pull(self, reference: str, platform: str | None, told: Told) -> None:
        told(f"pulling {reference}")
        config = Path(
            self._environ.get("DOCKER_CONFIG") or Path(self._environ.get("HOME", "/")) / ".docker"
        )
        async with self._client.calling("ask for its registry") as docker:
            own = str((await docker.system.info()).get("IndexServerAddress") or "")
        login = await asyncio.to_thread(
            credentials.header, reference, config, self._environ, own=own
        )
        last = reference.rpartition("/")[2]
        whole = reference if ":" in last or "@" in last else f"{reference}:latest"
        params = {"fromImage": whole, **({"platform": platform} if platform else {})}
        progress = PullProgress(reference, asyncio.get_running_loop().time)
        try:
            async for message in self._messages(
                f"pull of {reference}", "images/create", params, headers=login
            ):
                if (error := error_in(message)) is not None:
                    raise faults.image_missing(reference, error)
                if (line := progress.feed(message)) is not None:
                    told(line)
        except HiveError as error:
            if error.code in ("engine_missing", "engine_refused"):
                raise faults.image_missing(reference, error.message) from error
            raise
        told(f"pulled {reference}")

    async def _build(self, spec: BuildSpec, place: Place, tag: str, told: Told) -> None:
        label = f"{place.project}/{place.service}"
        told(f"building {tag} from {spec.context}")
        params = {
            "t": tag,
            "dockerfile": spec.dockerfile,
            "rm": "1",
            "forcerm": "1",
            "buildargs": json.dumps(spec.args),
            "labels": json.dumps({naming.BUILD: label}),
            **({"target": spec.target} if spec.target else {}),
            **({"platform": spec.platform} if spec.platform else {}),
        }
        with tempfile.TemporaryFile() as context:
            await asyncio.to_thread(build_context.archive, spec, context)
            context.seek(0)

            async def upload() -> AsyncIterator[bytes]:
                while block := context.read(_UPLOAD_BLOCK):
                    yield block

            async for message in self._messages(
                f"build of {place.service}",
                "build",
                params,
                data=upload(),
                headers={"Content-Type": "application/x-tar"},
            ):
                if (error := error_in(message)) is not None:
                    raise _build_failed(place, error)
                for line in str(message.get("stream") or "").splitlines():
                    if line.strip():
                        told(line)
        await self._forget_old(label)

    async def _messages(
        self,
        what: str,
        path: str,
        params: Mapping[str, str],
        *,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[dict[str, Any]]:
        async with self._client.streaming(
            what, "POST", path, params=params, data=data, headers=headers
        ) as stream:
            while line := await stream.readline():
                if line.strip():
                    yield json.loads(line)

    async def _forget_old(self, label: str) -> None:
        """Remove what was built for the service before, but for the newest, and what is in use."""
        filters = {"label": [f"{naming.BUILD}={label}"]}
        with contextlib.suppress(HiveError):
            async with self._client.calling("list the images") as docker:
                found = await docker.images.list(filters=filters)
            found.sort(key=lambda image: image["Created"], reverse=True)
            for old in found[_KEPT_BUILDS:]:
                with contextlib.suppress(HiveError):
                    async with self._client.calling("remove an image") as docker:
                        await docker.images.delete(old["Id"])


async def _tag(spec: BuildSpec) -> str:
    """The name of the image of this content, the same in every env and every hive."""
    digest = await asyncio.to_thread(build_context.digest, spec)
    return f"hive-build:{digest[:32]}"


def _fits(image: Image, platform: str | None) -> bool:
    """Whether an image is of the platform that was asked for; the variant does not count."""
    return platform is None or image.platform == "/".join(platform.split("/")[:2])


def _build_failed(place: Place, message: str) -> HiveError:
    known = faults.refused(0, message, f"build of {place.service}")
    if known.code != "engine_refused":
        return known
    return HiveError(
        known.message,
        hint=f"`hive logs {place.env} {place.service}` shows the build; mend the Dockerfile",
        code="build_failed",
    )
