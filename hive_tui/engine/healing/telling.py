"""Tells an agent whose turn has ended what is red, by a prompt."""

from __future__ import annotations

import asyncio
import contextlib

from hive_tui.engine.agents.protocols import Delivery
from hive_tui.engine.agents.supervision import Agents
from hive_tui.engine.live import LiveEnv
from hive_tui.model.agent import AgentState

SETTLE_S = 5.0
"""How long its turn may take to end, once nothing holds it there."""


class ByPrompt:
    """Implements `Teller`. A prompt that the agent cannot take now is not kept: it would be old."""

    def __init__(self, agents: Agents) -> None:
        """Create it.

        Args:
            agents: All of them.
        """
        self._agents = agents

    async def tell(self, live: LiveEnv, text: str) -> Delivery:
        """Prompt the agent of an env now, or say why not."""
        agent = self._agents.known(live)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S):
                await agent.until(lambda: agent.finding.state is not AgentState.WORKING)
        sent = await self._agents.prompting.send(agent, text, queue=False)
        return Delivery(sent.delivered, sent.reason)
