"""What is known of an env's coding agent beyond the four fields of the contract's object.

Values only. How a state is found is the engine's business (`engine/agents`).
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class AgentState(StrEnum):
    """How an agent stands, in the contract's words."""

    NONE = "none"
    STARTING = "starting"
    WORKING = "working"
    WAITING = "waiting"
    """It wants an answer of the person: see `AgentDetail.asks`."""
    DONE = "done"
    """Its turn ended, and nobody has looked since."""
    IDLE = "idle"
    """Its turn ended, and that was seen; or it was never asked anything."""
    STUCK = "stuck"
    """It claims to work, but nothing has come of it for too long."""
    ERROR = "error"
    GONE = "gone"
    """Its process has ended."""
    UNKNOWN = "unknown"


class AskKind(StrEnum):
    """What an agent wants to know."""

    PERMISSION = "permission"
    QUESTION = "question"
    PLAN = "plan"
    """Whether its plan may be carried out."""
    DIALOG = "dialog"
    """Something that only its own screen can answer: trust, login, an update."""


class Ask(msgspec.Struct, frozen=True):
    """One thing that an agent waits for."""

    id: str
    """Stable while it is open; unique in the env."""
    kind: AskKind
    title: str
    """In a few words: `Bash(npm test)`, `Which database?`."""
    detail: str = ""
    """In full: the command, the question, the plan. Data from outside."""
    options: tuple[str, ...] = ()
    """Of a question, in its order; numbered from 1 for the person."""
    since: str | None = None
    """RFC 3339."""
    answerable: bool = True
    """False where only the agent's own screen takes the answer."""


class QueuedPrompt(msgspec.Struct, frozen=True):
    """A prompt that waits until the agent can take it."""

    id: str
    text: str
    since: str
    problem: str | None = None
    """Why it was not delivered; `None` while it still may be."""


class HealAttempt(msgspec.Struct, frozen=True):
    """One time that an agent was told what is red."""

    attempt: int
    at: str
    """RFC 3339."""
    failing: tuple[str, ...]
    """Suites that were red."""
    way: str
    """`stop-hook` or `prompt`."""
    sent: str
    """The text as the agent got it."""
    outcome: str | None = None
    """What was measured afterwards, in words; `None` while nothing was."""


class HealView(msgspec.Struct, frozen=True):
    """Where the healing of an env stands."""

    mode: str
    """`off`, `observe` or `on`."""
    state: str = "idle"
    """`idle`, `settling`, `checking`, `feeding`, `healed`, `observed`, `gave_up` or `paused`."""
    attempt: int = 0
    attempts: int = 0
    """Allowed at most."""
    reason: str | None = None
    """Why it gave up or is paused."""
    verified: str | None = None
    """Hash of the tree that was last seen green."""
    suites: tuple[str, ...] = ()
    """Those that have to be green."""
    receipts: tuple[HealAttempt, ...] = ()
    """The attempts since a person last spoke to the agent, oldest first."""
    differs: str | None = None
    """How what the agent says of its tests is not what was measured; `None` where it is."""


class AgentDetail(msgspec.Struct, frozen=True):
    """One env's agent with everything that a screen or `hive why NAME agent` shows."""

    name: str
    """Of `[agents.NAME]`."""
    kind: str
    """`claude`, `codex`, `opencode`, `gemini` or `generic`."""
    state: AgentState = AgentState.NONE
    reason: str | None = None
    since: str | None = None
    """RFC 3339."""
    source: str | None = None
    """Which evidence decided: `process`, `native`, `registry`, `hook`, `transcript`, `title`."""
    quiet_s: float | None = None
    """How long nothing has been heard of it while it works; `None` while that is normal."""
    pid: int | None = None
    session: str | None = None
    """Its own id of the conversation, by which it is resumed."""
    model: str | None = None
    tokens: int | None = None
    cost_usd: float | None = None
    asks: tuple[Ask, ...] = ()
    """Open ones, oldest first."""
    queued: tuple[QueuedPrompt, ...] = ()
    helpers: int = 0
    """Subagents and background tasks that run."""
    loop: tuple[int, int | None] | None = None
    """Round n of at most max of a loop that prompts itself; `None` outside of one."""
    waited_s: float = 0.0
    """How long it has waited on the person today."""
    claim: str | None = None
    """What it says of its result at the end of its turn ("tests pass"), in its own words."""
    heal: HealView | None = None
