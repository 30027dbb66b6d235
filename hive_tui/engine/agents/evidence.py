"""All that is known of one agent at one moment: what `derive` decides on. Values only."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from hive_tui.engine.agents.hearing import Heard
from hive_tui.engine.agents.signals import Question


class Process(msgspec.Struct, frozen=True):
    """The program in the agent's window. Times are seconds since the epoch."""

    pid: int | None = None
    started_at: float = 0.0
    ended_at: float | None = None
    """`None` while it lives."""
    exit_code: int | None = None
    """Negative for a signal; `None` where nobody knows."""
    stopped: bool = False
    """Whether hive was asked to end it."""


class Stance(StrEnum):
    """What a source says, in the words that all of them have in common."""

    WORKING = "working"
    WAITING = "waiting"
    IDLE = "idle"
    """It does nothing; whether its turn ended well is not told."""
    ENDED = "ended"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class Native(msgspec.Struct, frozen=True):
    """What the agent's own interface says."""

    stance: Stance
    at: float
    """Since when."""
    questions: tuple[Question, ...] = ()
    error: str = ""
    """Of the last turn."""
    message: str = ""
    helpers: int = 0


class Registry(msgspec.Struct, frozen=True):
    """What the agent keeps of itself in a file, for a process that was found to be this one."""

    status: str
    """As it says: `idle`, `busy`, `waiting`, or something newer."""
    at: float
    waiting_for: str = ""
    session: str = ""
    pid: int = 0


class Transcript(msgspec.Struct, frozen=True):
    """What the newest telling record of the conversation's file means."""

    stance: Stance
    at: float
    text: str = ""
    """The error, or the last message."""


class Title(msgspec.Struct, frozen=True):
    """What the title of the agent's window means."""

    stance: Stance
    at: float
    """Since when it means that."""
    text: str = ""
    after_work: bool = False
    """Whether it meant something else than idle just before."""


class Loop(msgspec.Struct, frozen=True):
    """A loop in which the agent prompts itself."""

    round: int
    of: int | None = None
    """Rounds at most; `None` where there is no bound."""


class Evidence(msgspec.Struct, frozen=True):
    """Everything about one agent. What is `None` or 0 is not known."""

    kind: str = "generic"
    launched_at: float | None = None
    """When hive started it last; `None`: never."""
    process: Process | None = None
    native: Native | None = None
    registry: Registry | None = None
    heard: Heard = Heard()
    transcript: Transcript | None = None
    title: Title | None = None
    dialog: str = ""
    """A dialog of its start that its screen shows, in words. Counts before anything is heard."""
    has_hooks: bool = True
    """Whether its kind tells anything by itself."""
    output_at: float = 0.0
    """When its window last printed."""
    cpu_at: float = 0.0
    """When a process below it last used the processor."""
    written_at: float = 0.0
    """When its conversation's file last grew."""
    awake_at: float = 0.0
    """When the machine woke, or its clock was set: nobody was quiet before that."""
    seen_at: float = 0.0
    """When the person last looked at it."""
    interrupted_at: float = 0.0
    """When hive last pressed what ends a turn: before it said anything, no record tells of that."""
    loop: Loop | None = None
    usual_gap_s: float = 0.0
    """How long it is often quiet for (95th percentile); 0 where too little was seen."""
    held: str = ""
    """What hive does with it at the end of its turn, which is not over for it; empty: nothing."""
    given_up: str = ""
    """Why healing gave up; empty where it did not."""
