"""Where no prompt can be delivered: what is red is told by the hook of a turn's end alone."""

from __future__ import annotations

from hive_tui.engine.agents.protocols import Delivery
from hive_tui.engine.live import LiveEnv


class HookOnly:
    """Implements `Teller`: refuses."""

    async def tell(self, live: LiveEnv, text: str) -> Delivery:
        """Say that it is not possible."""
        return Delivery(False, "its turn had ended, and a prompt cannot be delivered from here")
