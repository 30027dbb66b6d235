"""Decides what comes next for an env whose agent has ended a turn. Pure, and one place for it all.

The order of the rules is their meaning: what a person did comes first, then what the agent still
does, then what was measured, then the bounds.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from hive_tui.engine.healing.failures import Failed, mark


class Mode(StrEnum):
    """How far healing goes in an env."""

    OFF = "off"
    OBSERVE = "observe"
    """Checks run, and what they say is shown; the agent is told nothing."""
    ON = "on"


class Policy(msgspec.Struct, frozen=True):
    """`[heal]` of a hive.toml, and what an env says over it."""

    mode: Mode = Mode.OFF
    suites: tuple[str, ...] = ()
    attempts: int = 3
    within_s: float = 3600.0
    """Of all attempts together."""
    cost_usd: float | None = None
    """Of all attempts together; `None` is no bound."""


class Receipt(msgspec.Struct, frozen=True):
    """One attempt: what was red, what was said, and what came of it."""

    attempt: int
    at: float
    """When it was sent, in seconds since the epoch."""
    tree: str
    """Content that was red."""
    before: str
    """Mark of the failures."""
    failing: tuple[str, ...]
    """Suites that were red."""
    sent: str
    """The text as the agent got it."""
    way: str
    """`stop-hook` or `prompt`."""
    after: str | None = None
    """Mark of what failed afterwards; "" for green; `None` while nothing was measured."""


class Situation(msgspec.Struct, frozen=True):
    """All that a decision is made from."""

    working: bool
    """The agent is in a turn, or has not begun one."""
    interrupted: bool = False
    """A person broke its last turn off."""
    api_error: bool = False
    """Its last turn ended with an error of its model's service."""
    waiting: bool = False
    """It asks for something."""
    background: int = 0
    """Subagents and commands of it that still run."""
    settled: bool = True
    """No file has changed for a moment."""
    tree: str = ""
    """Content of the worktree."""
    green: frozenset[str] = frozenset()
    """Suites that passed on this content."""
    red: tuple[Failed, ...] = ()
    """Suites that are red on this content."""
    reruns: frozenset[str] = frozenset()
    """Suites that were red on this content twice: no flake."""
    base: frozenset[str] = frozenset()
    """Marks of suites that are red on the branch that the env was made from."""
    now: float = 0.0
    cost_usd: float | None = None
    """Spent since the first attempt; `None` where the agent does not tell."""


class Act(StrEnum):
    """What to do."""

    REST = "rest"
    """Nothing, and nothing is wrong."""
    WAIT = "wait"
    """Look again when something has changed."""
    CHECK = "check"
    """Run suites."""
    FEED = "feed"
    """Tell the agent what failed."""
    VERIFIED = "verified"
    """Keep that this content is green."""
    OBSERVED = "observed"
    """Show that it is red, and leave the agent alone."""
    PAUSE = "pause"
    """Do nothing until a person or the next turn says otherwise."""
    GIVE_UP = "give-up"
    """Call a person."""


class Decision(msgspec.Struct, frozen=True):
    """What comes next, and why."""

    act: Act
    reason: str
    suites: tuple[str, ...] = ()
    """To be run, of a check."""
    attempt: int = 0
    """Its number from 1, of a feed."""


def decide(policy: Policy, receipts: tuple[Receipt, ...], seen: Situation) -> Decision:
    """The first rule that applies.

    Args:
        policy: What is wanted.
        receipts: The attempts since a person last spoke to the agent, oldest first.
        seen: What is so now.
    """
    if policy.mode is Mode.OFF or not policy.suites:
        return Decision(Act.REST, "healing is off" if policy.suites else "no suites to heal by")
    if seen.interrupted:
        return Decision(Act.PAUSE, "you broke its turn off")
    if seen.api_error:
        return Decision(Act.PAUSE, "its turn ended with an error of the model's service")
    if seen.working:
        return Decision(Act.REST, "the agent works")
    if seen.waiting:
        return Decision(Act.WAIT, "the agent waits for an answer")
    if seen.background:
        return Decision(Act.WAIT, f"{seen.background} of its background jobs still run")
    if not seen.settled:
        return Decision(Act.WAIT, "files still change")
    return _measured(policy, receipts, seen)


def _measured(policy: Policy, receipts: tuple[Receipt, ...], seen: Situation) -> Decision:
    red = {one.suite: one for one in seen.red if one.suite in policy.suites}
    unknown = tuple(name for name in policy.suites if name not in seen.green | red.keys())
    if unknown:
        return Decision(Act.CHECK, "not measured since the files changed", unknown)
    if not red:
        return Decision(Act.VERIFIED, "all suites are green")
    once = tuple(name for name in red if name not in seen.reruns)
    if once:
        return Decision(Act.CHECK, "red once: it may be a flake", once)
    own = [one for one in red.values() if one.mark not in seen.base]
    if not own:
        return Decision(Act.GIVE_UP, "the base branch is red in the same way")
    if policy.mode is Mode.OBSERVE:
        return Decision(Act.OBSERVED, f"red: {', '.join(one.suite for one in own)}")
    return _bounded(policy, receipts, seen, own)


def _bounded(
    policy: Policy, receipts: tuple[Receipt, ...], seen: Situation, own: list[Failed]
) -> Decision:
    if len(receipts) >= policy.attempts:
        return Decision(Act.GIVE_UP, f"still red after {len(receipts)} attempts")
    if receipts and receipts[-1].before == mark(own):
        return Decision(Act.GIVE_UP, "it failed twice in the same way")
    if receipts and seen.now - receipts[0].at > policy.within_s:
        return Decision(Act.GIVE_UP, f"not mended within {policy.within_s / 60:.0f} minutes")
    if policy.cost_usd is not None and (seen.cost_usd or 0.0) >= policy.cost_usd:
        spent = f"{seen.cost_usd:.2f} of {policy.cost_usd:.2f} USD"
        return Decision(Act.GIVE_UP, f"mending has cost {spent}")
    return Decision(
        Act.FEED,
        f"red: {', '.join(one.suite for one in own)}",
        tuple(one.suite for one in own),
        len(receipts) + 1,
    )
