"""Tells an agent what is red after its turn has ended: as a prompt, if it can take one at once."""

from __future__ import annotations

import asyncio
import contextlib

from hive_tui.engine.agents.protocols import Delivery
from hive_tui.engine.agents.supervision import Agents
from hive_tui.engine.live import LiveEnv
from hive_tui.model.agent import AgentState

SETTLE_S = 5.0
"""How long its turn may take to end, once nothing holds it there."""


class AsPrompt:
    """Implements `Teller`. Queues nothing: what is red now may be mended when it could go."""

    def __init__(self, agents: Agents) -> None:
        self._agents = agents

    async def tell(self, live: LiveEnv, text: str) -> Delivery:
        """Give the text to the env's agent, or say why that is not possible now."""
        agent = self._agents.of(live)
        if agent is None:
            return Delivery(False, "it has no agent")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S):
                await agent.until(lambda: agent.finding.state is not AgentState.WORKING)
        sent = await self._agents.prompting.send(agent, text, queue=False)
        return Delivery(sent.delivered, sent.reason)
