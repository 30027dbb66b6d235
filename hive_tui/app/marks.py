"""The glyph, word and role of every state. Shape and word always say the same as the colour."""

from __future__ import annotations

from typing import NamedTuple

from hive_tui.model.environment import EnvState, ServiceState, TestState


class Mark(NamedTuple):
    """How a state is shown."""

    glyph: str
    plain: str
    """The glyph where the terminal has ASCII only."""
    word: str
    role: str

    def sign(self, plain: bool) -> str:
        """The glyph for this terminal."""
        return self.plain if plain else self.glyph


TRANSITIONS = frozenset(
    {
        EnvState.SPAWNING,
        EnvState.WARMING,
        EnvState.COOLING,
        EnvState.STOPPING,
        EnvState.DESTROYING,
    }
)
"""States in which something is under way."""

FORWARD = Mark("⇄", "=", "fixed ports lead here", "info")
"""An env that has the project's fixed ports."""

DASH = "\N{EN DASH}"
"""Stands for a value that there is none of."""

_QUARTERS = "◐◓◑◒"

_ENV: dict[EnvState, Mark] = {
    EnvState.WARM: Mark("●", "@", "warm", "good"),
    EnvState.COLD: Mark("○", "o", "cold", "muted"),
    EnvState.STOPPED: Mark("·", ".", "stopped", "dim"),
    EnvState.FROZEN: Mark("◇", "*", "frozen", "info"),
    EnvState.DEGRADED: Mark("▲", "!", "degraded", "warning"),
    EnvState.FAILED: Mark("✗", "x", "failed", "bad"),
}

_SERVICE: dict[ServiceState, Mark] = {
    ServiceState.READY: Mark("●", "@", "ready", "good"),
    ServiceState.STARTING: Mark("◐", ">", "starting", "moving"),
    ServiceState.STOPPED: Mark("·", ".", "stopped", "dim"),
    ServiceState.UNHEALTHY: Mark("▲", "!", "unhealthy", "warning"),
    ServiceState.CRASHED: Mark("✗", "x", "crashed", "bad"),
    ServiceState.BACKOFF: Mark("✗", "x", "backoff", "bad"),
    ServiceState.FROZEN: Mark("◇", "*", "frozen", "info"),
}

_TEST: dict[TestState, Mark] = {
    TestState.NEVER: Mark(DASH, "-", "never run", "dim"),
    TestState.RUNNING: Mark("◐", ">", "running", "moving"),
    TestState.PASSED: Mark("✓", "+", "passed", "good"),
    TestState.FAILED: Mark("✗", "x", "failed", "bad"),
    TestState.ERROR: Mark("✗", "x", "error", "bad"),
    TestState.CANCELLED: Mark(DASH, "-", "cancelled", "muted"),
}

_TASK: dict[str, Mark] = {
    "never": Mark(DASH, "-", "never run", "dim"),
    "waiting": Mark("◌", "~", "waiting", "muted"),
    "running": Mark("◐", ">", "running", "moving"),
    "succeeded": Mark("✓", "+", "done", "good"),
    "failed": Mark("✗", "x", "failed", "bad"),
    "skipped": Mark("✓", "+", "unchanged", "muted"),
    "cancelled": Mark(DASH, "-", "cancelled", "muted"),
}

_AGENT: dict[str, Mark] = {
    "starting": Mark("◐", ">", "starting", "moving"),
    "working": Mark("◐", ">", "working", "muted"),
    "waiting": Mark("◆", "?", "waiting", "warning"),
    "done": Mark("✓", "+", "done", "good"),
    "idle": Mark(DASH, "-", "idle", "dim"),
    "stuck": Mark("◔", "%", "stuck", "warning"),
    "error": Mark("✗", "x", "error", "bad"),
    "gone": Mark("·", ".", "gone", "dim"),
}

_LEVEL: dict[str, Mark] = {
    "warning": Mark("▲", "!", "warning", "warning"),
    "error": Mark("✗", "x", "error", "bad"),
}
_CALM = Mark(" ", " ", "", "muted")

STALE = Mark("◌", "~", "stale", "dim")
BAR = Mark("▌", "|", "", "text")
SHORT = Mark("▲", "!", "memory is short", "warning")
OTHERWISE = Mark("≠", "!", "says otherwise", "warning")
"""What an agent says is not what was measured."""
POINTER = Mark("▸", ">", "", "accent")
"""Stands before what is selected."""

_UNKNOWN = Mark("?", "?", "unknown", "muted")


def of_env(state: EnvState, done: int = 0) -> Mark:
    """Mark of an env; the half moon of a transition turns by a quarter with every step done."""
    if state in TRANSITIONS:
        return Mark(_QUARTERS[done % 4], ">", state.value, "moving")
    return _ENV[state]


def of_service(state: ServiceState) -> Mark:
    """Mark of a service."""
    return _SERVICE[state]


def of_test(state: TestState) -> Mark:
    """Mark of a suite's verdict."""
    return _TEST[state]


def of_task(state: str) -> Mark:
    """Mark of a task."""
    return _TASK.get(state, _UNKNOWN)


def of_level(level: str) -> Mark:
    """Mark of an event's or a notice's gravity: a blank for what is calm."""
    return _LEVEL.get(level, _CALM)


def of_agent(state: str) -> Mark:
    """Mark of an agent."""
    return _AGENT.get(state, _UNKNOWN)
