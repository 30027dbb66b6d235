"""What the dashboard knows: one frozen value, folded from what the daemon says. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec

from hive_tui.model.environment import EnvDetail
from hive_tui.model.events import LogEvent
from hive_tui.model.wire import HiveView, Snapshot, Update

EVENTS_KEPT = 500
"""Newest events that the dashboard keeps."""

HISTORY_KEPT = 8
"""Samples of memory and processor per env."""


class Sample(NamedTuple):
    """What an env took at one moment."""

    memory_bytes: int
    cpu_percent: int
    """Of one core, rounded: what is not seen is no change."""


class Link(StrEnum):
    """How it stands with the daemon."""

    CONNECTING = "connecting"
    LIVE = "live"
    LOST = "lost"
    SILENT = "silent"
    """The connection stands, but nothing answers: the daemon hangs."""
    REFUSED = "refused"
    """Trying again will hardly help: the reason says what would."""


class HiveState(msgspec.Struct, frozen=True):
    """Everything that the screens draw from. A change makes a new value."""

    hive: HiveView = HiveView()
    envs: dict[str, EnvDetail] = {}
    """By id, in the order in which they are shown."""
    events: tuple[LogEvent, ...] = ()
    """Oldest first, at most `EVENTS_KEPT`."""
    history: dict[str, tuple[Sample, ...]] = {}
    """Env id -> what it took at each change, oldest first, at most `HISTORY_KEPT`."""
    heard: dict[str, float] = {}
    """Env id -> when its newest value came, in seconds since the epoch; only of those that move."""
    link: Link = Link.CONNECTING
    reason: str | None = None
    """Why the link is lost."""
    silent_since: float | None = None
    """When the daemon was last heard, in seconds since the epoch; `None` unless it is silent."""
    put_off: frozenset[str] = frozenset()
    """Keys of what a person put off or has seen: it asks for nobody now."""

    @property
    def out_of_date(self) -> bool:
        """Whether what is known is only the last that was known."""
        return self.link in (Link.LOST, Link.SILENT, Link.REFUSED)


def fold(state: HiveState, update: Update, now: float = 0.0) -> HiveState:
    """The state after an update. A snapshot replaces everything but the histories.

    Args:
        state: Before it.
        update: What the daemon says.
        now: When it came, in seconds since the epoch.
    """
    if isinstance(update, Snapshot):
        envs = {detail.id: detail for detail in update.envs}
        return HiveState(
            hive=update.hive,
            envs=_ordered(envs),
            events=update.events[-EVENTS_KEPT:],
            history=_remembered(state.history, envs, update.envs),
            heard=_heard({}, envs, update.envs, now),
            link=Link.LIVE,
        )
    envs = dict(state.envs)
    grown = False
    for detail in update.envs:
        grown = grown or detail.id not in envs
        envs[detail.id] = detail
    for gone in update.removed:
        envs.pop(gone, None)
    return HiveState(
        hive=update.hive or state.hive,
        envs=_ordered(envs) if grown else envs,
        events=(*state.events, *update.events)[-EVENTS_KEPT:] if update.events else state.events,
        history=_remembered(state.history, envs, update.envs),
        heard=_heard(state.heard, envs, update.envs, now),
        link=Link.LIVE,
    )


def relink(state: HiveState, link: Link, reason: str | None = None) -> HiveState:
    """The state with another standing of the link; values stay as they were last known."""
    return msgspec.structs.replace(state, link=link, reason=reason, silent_since=None)


def silenced(state: HiveState, since: float) -> HiveState:
    """The state while the daemon hangs; values stay as they were last known.

    Args:
        state: Before it.
        since: When the daemon was last heard, in seconds since the epoch.
    """
    return msgspec.structs.replace(state, link=Link.SILENT, reason=None, silent_since=since)


def aged(state: HiveState, now: float) -> HiveState:
    """The state with every ETA shorter by the time since it was heard.

    The daemon tells an ETA when a step begins or ends; in between it runs down here, below 0 too
    where a step takes longer than was reckoned. While the link is not live nothing runs down:
    nothing is known.
    """
    if not state.heard or state.link is not Link.LIVE:
        return state
    envs = dict(state.envs)
    for at, heard in state.heard.items():
        detail = envs[at]
        progress = detail.view.progress
        if progress is None or progress.eta_s is None:
            continue
        left_s = progress.eta_s - max(0.0, now - heard)
        progress = msgspec.structs.replace(progress, eta_s=left_s)
        view = msgspec.structs.replace(detail.view, progress=progress)
        envs[at] = msgspec.structs.replace(detail, view=view)
    return msgspec.structs.replace(state, envs=envs)


def _heard(
    before: dict[str, float],
    envs: dict[str, EnvDetail],
    changed: tuple[EnvDetail, ...],
    now: float,
) -> dict[str, float]:
    if not before and not any(detail.view.progress for detail in changed):
        return before
    heard = before | {detail.id: now for detail in changed}
    return {at: when for at, when in heard.items() if at in envs and envs[at].view.progress}


def _ordered(envs: dict[str, EnvDetail]) -> dict[str, EnvDetail]:
    """By project, then in the order in which the envs were made: tiles never jump."""
    key = sorted(envs, key=lambda at: (envs[at].view.project, envs[at].view.index, at))
    return {at: envs[at] for at in key}


def _remembered(
    history: dict[str, tuple[Sample, ...]],
    envs: dict[str, EnvDetail],
    changed: tuple[EnvDetail, ...],
) -> dict[str, tuple[Sample, ...]]:
    samples = {at: values for at, values in history.items() if at in envs}
    for detail in changed:
        memory = detail.view.memory_bytes
        before = samples.get(detail.id, ())
        if memory is None or detail.id not in envs:
            continue
        sample = Sample(memory, round(detail.view.cpu_percent or 0.0))
        if not before or before[-1] != sample:
            samples[detail.id] = (*before, sample)[-HISTORY_KEPT:]
    return samples
