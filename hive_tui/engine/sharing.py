"""Finds the parts of shared services that no env has any more, and removes them.

A part goes once its env can no longer be taken back. Where its service does not run it is started
for that, and where that cannot be, the part stays known until it can.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

import msgspec

from hive_tui.engine import parts
from hive_tui.engine.common import Common, Commons
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.state import Part, Template
from hive_tui.engine.world import World
from hive_tui.model.environment import ServiceState
from hive_tui.model.errors import HiveError

log = logging.getLogger(__name__)


class Sharing:
    """What all projects' envs have at shared services."""

    def __init__(self, world: World, commons: Commons) -> None:
        self._world = world
        self._commons = commons
        self._sweeping = asyncio.Lock()

    def leaked(self) -> tuple[Part, ...]:
        """Parts whose env is neither there nor in the trash nor on its way."""
        store = self._world.store
        known = {record.uid for record in store.envs()}
        known |= {trashed.record.uid for trashed in store.trash()}
        known |= {entry.env_uid for entry in store.journal()}
        return tuple(part for part in store.parts() if part.env.uid not in known)

    def let_go(self, live: LiveEnv) -> None:
        """Leave an env's parts where they are: they are the user's from now on."""
        for part in self._world.store.parts():
            if part.env.uid == live.record.uid:
                self._world.store.drop_part(part.env.uid, part.service)

    async def sweep(self) -> tuple[tuple[Part, ...], dict[str, str]]:
        """Remove all that leaked; returns what is gone, and why the rest is not, by its name."""
        gone: list[Part] = []
        kept: dict[str, str] = {}
        async with self._sweeping:
            for part in self.leaked():
                common = self._commons.of(part.env.project)
                try:
                    await self._remove(common, part)
                except HiveError as error:
                    name = f"{part.service} of {part.env.id}"
                    kept[name] = error.message
                    log.warning("part of a shared service stays: %s: %s", name, error)
                else:
                    gone.append(part)
        return tuple(gone), kept

    async def _remove(self, common: Common | None, part: Part) -> None:
        if common is None or part.service not in common.own:
            self._world.store.drop_part(part.env.uid, part.service)
            return
        async with common.up(part.service):
            await parts.remove(common, part)

    async def strangers(self) -> tuple[Part, ...]:
        """Parts that services which run say they have, of slugs that nobody knows.

        They were made by hand, or by a hive whose state was lost.
        """
        store = self._world.store
        known = {record.slug for record in store.envs()}
        known |= {trashed.record.slug for trashed in store.trash()}
        known |= {part.env.slug for part in store.parts()}
        found = []
        for common in self._commons:
            templates = [each.name for each in store.templates(common.record.uid)]
            for name, unit in common.own.items():
                if unit.state is not ServiceState.READY:
                    continue
                slugs = await parts.listed(common, unit.service) - known
                for slug in sorted(slugs):
                    if not any(template.endswith(slug) for template in templates):
                        env = msgspec.structs.replace(common.record, slug=slug, name=slug)
                        found.append(Part(env, name, "", "", None))
        return tuple(found)

    async def drop(self, strange: Iterable[Part]) -> dict[str, str]:
        """Remove parts of `strangers`; returns why some stay, by name."""
        kept: dict[str, str] = {}
        for part in strange:
            try:
                await self._remove(self._commons.of(part.env.project), part)
            except HiveError as error:
                kept[f"{part.service} of {part.env.name}, which nobody knows"] = error.message
        return kept

    # --- templates -----------------------------------------------------------------------------

    def spare_templates(self) -> tuple[Template, ...]:
        """Templates that no part of an env was made from, nor the last one that was asked for."""
        used = {part.template for part in self._world.store.parts()}
        found: list[Template] = []
        for common in self._commons:
            known = sorted(
                self._world.store.templates(common.record.uid), key=lambda each: each.used
            )
            newest = {each.service: each for each in known if each.ready}
            found += [t for t in known if t.name not in used and newest.get(t.service) != t]
        return tuple(found)

    async def drop_templates(self, templates: Iterable[Template]) -> dict[str, str]:
        """Remove templates; returns why some stay, by name."""
        kept: dict[str, str] = {}
        by_uid = {common.record.uid: common for common in self._commons}
        for template in templates:
            common = by_uid[template.common_uid]
            try:
                if template.service in common.own:
                    async with common.up(template.service):
                        await parts.drop_template(common, template)
            except HiveError as error:
                kept[f"template {template.name}"] = error.message
            else:
                self._world.store.drop_template(template.common_uid, template.name)
        return kept
