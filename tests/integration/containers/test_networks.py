"""More envs than an engine has networks to give by itself."""

from __future__ import annotations

import asyncio
import os
import secrets

from hive_tui.drivers.docker.belongings import Belongings
from hive_tui.drivers.docker.client import Client
from hive_tui.drivers.docker.endpoint import locate
from hive_tui.engine.container_protocols import Place
from tests import engines

ENVS = 40
"""An engine's own address pools are used up by about thirty networks."""


def test_many_envs_have_networks_of_their_own_and_leave_none() -> None:
    engines.need()
    tag = secrets.token_hex(5)
    places = [Place("shop", f"env{n}", secrets.token_hex(6), "") for n in range(ENVS)]

    async def main() -> set[str]:
        client = Client(lambda: locate(os.environ, uid=os.getuid()))
        belongings = Belongings(client, tag, os.environ)
        try:
            made = await asyncio.gather(*(belongings.network(place, 6) for place in places))
            assert await belongings.network(places[0], 6) == made[0]
            volumes = await belongings.volumes(places[0], ["data", "data"])
            assert volumes == {"data": "hive-shop-env0-data"}
            for place in places:
                assert not await belongings.clear(place.env_uid, volumes=True)
            return set(made)
        finally:
            await client.close()

    try:
        assert len(asyncio.run(main())) == ENVS
        assert engines.left(tag) == {"containers": [], "networks": [], "volumes": []}
    finally:
        engines.sweep(tag)
