"""What an env has at the engine beside its containers: one network, and its volumes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from ipaddress import AddressValueError, IPv4Network
from typing import Any

from hive_tui.drivers.docker import naming, subnets
from hive_tui.drivers.docker.client import Client
from hive_tui.drivers.docker.faults import ConflictError, MissingError, OverlapError
from hive_tui.drivers.docker.sharing import Shared
from hive_tui.engine.container_protocols import Place
from hive_tui.model.errors import HiveError

_TRIES = 64
"""Networks that are tried: each refusal means that somebody was faster, or has a route there."""


class Belongings:
    """Networks and volumes of one hive, known by their labels."""

    def __init__(self, client: Client, home: str, environ: Mapping[str, str]) -> None:
        self._client = client
        self._home = home
        self._environ = environ
        self._shared = Shared()
        self._choosing = asyncio.Lock()
        self._networks: dict[str, str] = {}

    # --- networks ------------------------------------------------------------------------------

    async def network(self, place: Place, neighbours: int) -> str:
        """Id of the env's network, made where there is none.

        Args:
            place: Whose it is.
            neighbours: Containers that it has to have room for.

        Raises:
            HiveError: The engine gives none.
        """
        uid = place.env_uid
        if uid not in self._networks:
            self._networks[uid] = await self._shared.once(
                uid, lambda: self._have_network(place, neighbours)
            )
        return self._networks[uid]

    def forget_network(self, env_uid: str) -> None:
        """Look for it anew: somebody has removed it."""
        self._networks.pop(env_uid, None)

    async def _have_network(self, place: Place, neighbours: int) -> str:
        async with self._client.calling("list the networks") as docker:
            found = await docker.networks.list(
                filters=naming.filters({naming.HOME: self._home, naming.UID: place.env_uid})
            )
        if found:
            return str(found[0]["Id"])
        async with self._choosing:
            return await self._make_network(place, neighbours)

    async def _make_network(self, place: Place, neighbours: int) -> str:
        async with self._client.calling("list the networks") as docker:
            taken = tuple(_subnets(await docker.networks.list()))
        free = subnets.candidates(
            subnets.ranges(self._environ),
            taken,
            subnets.routes(),
            containers=neighbours,
            start=int(place.env_uid[:8], 16),
        )
        for _, subnet in zip(range(_TRIES), free, strict=False):
            config = {
                # two networks of one name confuse an engine, so nobody else may have this one
                "Name": naming.other_name(naming.name(place), place.env_uid),
                "Driver": "bridge",
                "IPAM": {"Config": [{"Subnet": str(subnet), "Gateway": str(subnet[1])}]},
                "Labels": naming.env_labels(self._home, place),
            }
            try:
                async with self._client.calling(f"network of {place.env}") as docker:
                    return str((await docker.networks.create(config)).id)
            except OverlapError:
                continue
        raise HiveError(
            f"{place.env}: no addresses are left for its network",
            hint=f"destroy envs, or `docker network prune`; or set {subnets.SUBNETS} to other "
            "ranges, then `hive daemon stop`",
            code="no_subnets",
            env=place.env,
        )

    # --- volumes -------------------------------------------------------------------------------

    async def volumes(self, place: Place, names: Iterable[str]) -> dict[str, str]:
        """The engine's names of the env's volumes, made where there are none.

        Raises:
            HiveError: The engine makes none.
        """
        wanted = tuple(dict.fromkeys(names))
        if not wanted:
            return {}
        return await self._shared.once(
            f"{place.env_uid}:{','.join(wanted)}", lambda: self._have_volumes(place, wanted)
        )

    async def named(self, env_uid: str) -> dict[str, str]:
        """Name within the env -> the engine's name, of all volumes that the env has."""
        return {
            str(volume["Labels"][naming.VOLUME]): str(volume["Name"])
            for volume in await self._list_volumes(env_uid)
        }

    async def remove_volume(self, volume: str) -> None:
        """Remove one by the engine's name; nothing happens where it is gone.

        Raises:
            ConflictError: A container has it.
        """
        with contextlib.suppress(MissingError):
            async with self._client.calling(f"removal of {volume}") as docker:
                known: Any = docker.volumes
                await (await known.get(volume)).delete()

    async def _have_volumes(self, place: Place, wanted: tuple[str, ...]) -> dict[str, str]:
        known = await self.named(place.env_uid)
        return {name: known.get(name) or await self._make_volume(place, name) for name in wanted}

    async def _make_volume(self, place: Place, name: str) -> str:
        """Make one. Making what is there answers with that, so its labels are looked at."""
        mine = {**naming.env_labels(self._home, place), naming.VOLUME: name}
        first = naming.name(place, name)
        for called in (first, naming.other_name(first, place.env_uid)):
            async with self._client.calling(f"volume {name} of {place.env}") as docker:
                volumes: Any = docker.volumes
                made = await volumes.create({"Name": called, "Labels": mine})
                found = await made.show()
            if all((found.get("Labels") or {}).get(key) == value for key, value in mine.items()):
                return called
        raise HiveError(
            f"{place.env}: the volume names {first} and {called} are taken by others",
            hint=f"`docker volume inspect {first}` shows whose it is; remove it or rename the env",
            code="volume_taken",
            env=place.env,
        )

    async def _list_volumes(self, env_uid: str) -> list[dict[str, Any]]:
        wanted = {naming.HOME: self._home, naming.UID: env_uid}
        async with self._client.calling("list the volumes") as docker:
            volumes: Any = docker.volumes
            found = await volumes.list(filters=naming.filters(wanted))
        return list(found.get("Volumes") or ())

    # --- the end -------------------------------------------------------------------------------

    async def clear(self, env_uid: str, *, volumes: bool) -> tuple[str, ...]:
        """Remove the env's network, and its volumes where asked; returns the volumes that stay.

        Raises:
            HiveError: Something of it is in use.
        """
        wanted = {naming.HOME: self._home, naming.UID: env_uid}
        async with self._client.calling("list the networks") as docker:
            networks = await docker.networks.list(filters=naming.filters(wanted))
        self._networks.pop(env_uid, None)
        for network in networks:
            await self._remove_network(str(network["Id"]))
        kept = []
        for volume in await self._list_volumes(env_uid):
            if not volumes:
                kept.append(str(volume["Name"]))
                continue
            await self.remove_volume(str(volume["Name"]))
        return tuple(kept)

    async def _remove_network(self, network: str) -> None:
        """Remove one, and let go first whatever a stranger has connected to it."""
        with contextlib.suppress(MissingError):
            async with self._client.calling("removal of a network") as docker:
                found = await docker.networks.get(network)
                for container in (await found.show()).get("Containers") or {}:
                    with contextlib.suppress(MissingError, ConflictError):
                        await found.disconnect({"Container": container, "Force": True})
                await found.delete()


def _subnets(networks: Iterable[Mapping[str, Any]]) -> Iterable[IPv4Network]:
    for network in networks:
        for config in (network.get("IPAM") or {}).get("Config") or ():
            with contextlib.suppress(AddressValueError, ValueError, KeyError):
                yield IPv4Network(config["Subnet"])
