"""Everything the engine's rooms reach the world by, in one place. Holds; decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hive_tui.engine.bus import Bus
from hive_tui.engine.container_protocols import Containers
from hive_tui.engine.launching import Launcher
from hive_tui.engine.protocols import Clock, Folders, Listening, Logs, Processes, Report, Worktrees
from hive_tui.engine.readiness import Readiness
from hive_tui.engine.scheduler import Scheduler
from hive_tui.engine.state import Store

Checkpoint = Callable[[str], None]
"""Told the name of each point at which the daemon may die; does nothing outside fault tests."""


@dataclass(frozen=True)
class World:
    """The drivers and the shared parts of the engine."""

    clock: Clock
    processes: Processes
    containers: Containers
    listening: Listening
    logs: Logs
    worktrees: Worktrees
    folders: Folders
    store: Store
    bus: Bus
    launcher: Launcher
    readiness: Readiness
    scheduler: Scheduler
    ephemeral: range
    """Ports that the kernel hands out by itself."""
    program: Callable[[int], str | None]
    """Name of the program that a pid runs; `None` where it is gone."""
    read_report: Callable[[Path], Report]
    secrets: Callable[[], Mapping[str, str]]
    memory_bytes: int
    """Of the machine."""
    checkpoint: Checkpoint
