"""Methods that look into envs: disk, reasons, plans, traces. Ports are in `naming`."""

from __future__ import annotations

from typing import Any

from hive_tui.daemon import answers, resting
from hive_tui.daemon.methods.params import (
    ASKABLE,
    Params,
    env_of,
    fresh_env_of,
    sorted_envs,
)
from hive_tui.daemon.methods.progress import Progress
from hive_tui.daemon.server import Emit, Handler
from hive_tui.engine import trace as traces
from hive_tui.engine.admission import as_wire
from hive_tui.engine.agents.reasons import reason as agent_reason
from hive_tui.engine.agents.supervision import Agents
from hive_tui.engine.healing.healer import Healer
from hive_tui.engine.hive import Hive
from hive_tui.engine.thrift import Thrift
from hive_tui.engine.transitions import plan_for
from hive_tui.model.errors import NotFoundError, UsageError
from hive_tui.model.plan import Transition
from hive_tui.model.project import Secret


class Looking:
    """What can be asked about envs."""

    def __init__(self, hive: Hive, thrift: Thrift, agents: Agents, healer: Healer) -> None:
        self._hive = hive
        self._thrift = thrift
        self._agents = agents
        self._healer = healer

    def handlers(self) -> dict[str, Handler]:
        """Method name -> what answers it."""
        return {
            "disk": self._disk,
            "environ": self._environ,
            "why": self._why,
            "plan": self._plan,
            "trace": self._trace,
        }

    async def _disk(self, params: Params, emit: Emit) -> Any:
        envs = [env_of(self._hive, params)] if params.get("env") else sorted_envs(self._hive)
        async with Progress(emit) as progress:
            found, total = await self._hive.world.folders.disk_use(
                [(live.record.uid, live.record.worktree) for live in envs],
                lambda files: progress.put({"kind": "counted", "files": files}),
            )
        rows = [
            {
                "env": live.record.name,
                "project": live.record.project,
                "files": use.files,
                "bytes": use.bytes,
                "own_bytes": use.own_bytes,
                "shared_bytes": use.bytes - use.own_bytes,
            }
            for live, use in zip(envs, found, strict=True)
        ]
        return {"environments": rows, "total_bytes": total}

    async def _environ(self, params: Params, emit: Emit) -> Any:
        live = env_of(self._hive, params)
        live.activity.touch("hive env")
        lease = None
        if pid := params.get("pid"):  # a command is about to run in it, as this process
            lease = self._thrift.lease(live, str(params.get("what") or "a command"), int(pid))
            await self._thrift.wake(live)
        variables = self._hive.world.launcher.variables(live.project, live.record)
        hidden = [n for n, v in live.project.env.items() if isinstance(v, Secret)]
        return {
            "variables": variables,
            "secrets": hidden,
            "worktree": live.record.worktree,
            "lease": lease,
        }

    async def _why(self, params: Params, emit: Emit) -> Any:
        live = env_of(self._hive, params)
        room, rest = self._hive.admission.look(live), self._thrift.rest(live)
        more = [resting.memory_reason(live, room), resting.idle_reason(live, rest)]
        if (agent := self._agents.of(live)) is not None:
            more.append(agent_reason(agent, self._hive.world.clock.now()))
        if (heal := self._healer.reason(live)) is not None:
            more.append(heal)
        return {"reasons": answers.why(live, params.get("topic"), more)}

    async def _plan(self, params: Params, emit: Emit) -> Any:
        live = fresh_env_of(self._hive, params)
        word = str(params.get("transition") or Transition.WARM.value)
        if word not in (*ASKABLE, Transition.DESTROY, Transition.TEST):
            raise UsageError(
                f"unknown transition {word!r}", hint=f"one of {', '.join(ASKABLE)}, destroy, test"
            )
        plan = await plan_for(live, Transition(word))
        world = self._hive.world
        preview = traces.preview(
            plan,
            world.store.learned(live.project.name),
            world.scheduler.slots,
            world.scheduler.lanes,
        )
        memory = None
        if word == Transition.WARM:
            memory = as_wire(self._hive.admission.look(live))
        return {
            **preview,
            "skipped": answers.skipped(live, plan),
            "memory": memory,
            "sharing": answers.shared_memory(self._hive, live),
        }

    async def _trace(self, params: Params, emit: Emit) -> Any:
        live = env_of(self._hive, params)
        running = live.operation
        trace = running.trace() if running is not None else live.last
        if trace is None:
            raise NotFoundError(
                f"{live.record.name}: nothing has run yet",
                hint=f"hive warm {live.record.name}",
                code="no_trace",
                env=live.record.name,
            )
        if params.get("chrome"):
            return traces.chrome(trace)
        if params.get("lost"):
            return {**traces.contract(trace), "lost": traces.lost(trace)}
        return traces.contract(trace)
