"""The method about healing: look at an env's work now, and how far healing goes in it."""

from __future__ import annotations

from typing import Any

import msgspec

from hive_tui.daemon.methods.params import Params, fresh_env_of, waits
from hive_tui.daemon.server import Emit, Handler
from hive_tui.engine.healing.healer import Healer
from hive_tui.engine.healing.rules import Mode
from hive_tui.engine.hive import Hive
from hive_tui.model.errors import UsageError


class HealMethods:
    """What can be asked of the healing of an env."""

    def __init__(self, hive: Hive, healer: Healer) -> None:
        self._hive = hive
        self._healer = healer

    def handlers(self) -> dict[str, Handler]:
        """Method name -> what answers it."""
        return {"agent.heal": self._heal}

    async def _heal(self, params: Params, emit: Emit) -> Any:
        """Set the mode where one is given, and look at the work unless that turns healing off."""
        live = fresh_env_of(self._hive, params)
        live.activity.touch("hive heal")
        if mode := params.get("mode"):
            self._healer.set_mode(live, str(mode))
        if not live.project.heal.suites:
            raise UsageError(
                f"{live.record.project} names no suites to heal by",
                hint='add to hive.toml: [heal] suites = ["…"], of those in [tests]',
                code="no_heal",
            )
        answer: dict[str, Any] = {"env": live.record.name, "decision": None}
        if mode != Mode.OFF:
            decision = await self._healer.heal(live, wait=waits(params))
            answer["decision"] = msgspec.to_builtins(decision)
        return {**answer, "heal": msgspec.to_builtins(self._healer.view(live))}
