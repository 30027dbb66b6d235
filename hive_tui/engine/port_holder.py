"""Names who holds a port that hive wanted for itself."""

from __future__ import annotations

from hive_tui.engine.world import World


def holder(world: World, port: int) -> str:
    """Who listens on a port, in words: `pid 4711 (node)`, or that it cannot be told."""
    for listener in world.listening.scan().get(port, ()):
        pid = world.listening.owner(listener)
        if pid is not None:
            return f"pid {pid} ({world.program(pid) or 'unknown program'})"
    return "another process"
