"""Methods about coding agents: start, stop, interrupt, answer, seen, and prompts."""

from __future__ import annotations

from typing import Any

import msgspec

from hive_tui.daemon.methods.params import Params, env_of, fresh_env_of, text
from hive_tui.daemon.server import Emit, Handler
from hive_tui.engine.agents.supervision import Agents
from hive_tui.engine.hive import Hive
from hive_tui.engine.live import LiveEnv


class AgentMethods:
    """What can be done with the agents of envs."""

    def __init__(self, hive: Hive, agents: Agents) -> None:
        self._hive = hive
        self._agents = agents

    def handlers(self) -> dict[str, Handler]:
        """Method name -> what answers it."""
        return {
            "agent.start": self._start,
            "agent.stop": self._stop,
            "agent.interrupt": self._interrupt,
            "agent.seen": self._seen,
            "agent.answer": self._answer,
            "agent.send": self._send,
            "agent.unqueue": self._unqueue,
            "agent.queue": self._queue,
        }

    async def _start(self, params: Params, emit: Emit) -> Any:
        live = fresh_env_of(self._hive, params)
        live.activity.touch("hive agent start")
        agent = params.get("agent")
        await self._agents.start(
            live, str(agent) if agent else None, str(params.get("prompt") or "")
        )
        return _shown(live)

    async def _stop(self, params: Params, emit: Emit) -> Any:
        live = env_of(self._hive, params)
        await self._agents.stop(live)
        return _shown(live)

    async def _interrupt(self, params: Params, emit: Emit) -> Any:
        live = env_of(self._hive, params)
        live.activity.touch("hive agent interrupt")
        await self._agents.interrupt(live)
        return _shown(live)

    async def _seen(self, params: Params, emit: Emit) -> Any:
        live = env_of(self._hive, params)
        self._agents.seen(live)
        return _shown(live)

    async def _answer(self, params: Params, emit: Emit) -> Any:
        live = env_of(self._hive, params)
        live.activity.touch("an answer to its agent")
        option = params.get("option")
        delivery = await self._agents.answer(
            live,
            text(params, "ask"),
            text(params, "choice"),
            int(option) if option is not None else None,
            str(params.get("text") or ""),
        )
        return msgspec.to_builtins(delivery)

    async def _send(self, params: Params, emit: Emit) -> Any:
        live = env_of(self._hive, params)
        agent = self._agents.known(live)
        live.activity.touch("a prompt to its agent")
        queue = params.get("queue") is not False
        sent = await self._agents.prompting.send(agent, text(params, "text"), queue=queue)
        return {"env": live.record.name, **msgspec.to_builtins(sent)}

    async def _unqueue(self, params: Params, emit: Emit) -> Any:
        live = env_of(self._hive, params)
        prompt = self._agents.prompting.unqueue(live, text(params, "id"))
        return {"env": live.record.name, "prompt": msgspec.to_builtins(prompt.view())}

    async def _queue(self, params: Params, emit: Emit) -> Any:
        live = env_of(self._hive, params)
        agent = self._agents.known(live)
        queued = [msgspec.to_builtins(prompt) for prompt in agent.queued]
        return {"env": live.record.name, "queued": queued, "held": agent.held or None}


def _shown(live: LiveEnv) -> dict[str, Any]:
    return {"env": live.record.name, "agent": msgspec.to_builtins(live.agent)}
