"""All kinds of coding agents that hive knows."""

from __future__ import annotations

from hive_tui.drivers.agents.claude import Claude
from hive_tui.drivers.agents.codex import Codex
from hive_tui.drivers.agents.gemini import Gemini
from hive_tui.drivers.agents.generic import Generic
from hive_tui.drivers.agents.opencode import OpenCode
from hive_tui.engine.agents.protocols import AgentDriver

DRIVERS: dict[str, AgentDriver] = {
    driver.kind: driver for driver in (Claude(), Codex(), OpenCode(), Gemini(), Generic())
}
"""Drivers by kind, as hive.toml names them."""
