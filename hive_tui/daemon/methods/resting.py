"""Methods about memory and rest: is there room, who is idle, who is pinned, who holds an env."""

from __future__ import annotations

from typing import Any

from hive_tui.daemon.methods.params import Params, env_of, fresh_env_of, sorted_envs, text
from hive_tui.daemon.resting import idle_row
from hive_tui.daemon.server import Emit, Handler
from hive_tui.engine.admission import as_wire
from hive_tui.engine.hive import Hive
from hive_tui.engine.thrift import Thrift
from hive_tui.model.errors import NotFoundError


class Resting:
    """What keeps envs in memory, and what takes them out of it."""

    def __init__(self, hive: Hive, thrift: Thrift) -> None:
        self._hive = hive
        self._thrift = thrift

    def handlers(self) -> dict[str, Handler]:
        """Method name -> what answers it."""
        return {
            "room": self._room,
            "idle": self._idle,
            "pin": self._pin,
            "hold": self._hold,
            "release_hold": self._release_hold,
        }

    async def _room(self, params: Params, emit: Emit) -> Any:
        return as_wire(self._hive.admission.look(fresh_env_of(self._hive, params)))

    async def _idle(self, params: Params, emit: Emit) -> Any:
        envs = [env_of(self._hive, params)] if params.get("env") else sorted_envs(self._hive)
        rows = [idle_row(live, self._thrift.rest(live)) for live in envs]
        if not params.get("dry_run"):
            self._thrift.put_to_rest(envs)
        return {"idle": rows}

    async def _pin(self, params: Params, emit: Emit) -> Any:
        live = env_of(self._hive, params)
        pinned = bool(params.get("pinned", True))
        self._thrift.pin(live, pinned)
        return {"env": live.record.name, "pinned": pinned}

    async def _hold(self, params: Params, emit: Emit) -> Any:
        live = env_of(self._hive, params)
        pid = int(params.get("pid") or 0)
        lease = self._thrift.lease(live, text(params, "what"), pid)
        if lease is None:
            raise NotFoundError(f"there is no process {pid}", env=live.record.name)
        return {"lease": lease}

    async def _release_hold(self, params: Params, emit: Emit) -> Any:
        self._thrift.release(int(params.get("lease") or 0))
        return {}
