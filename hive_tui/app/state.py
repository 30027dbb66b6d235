"""What the dashboard knows: one frozen value, folded from what the daemon says. Pure."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from hive_tui.model.environment import EnvDetail
from hive_tui.model.events import LogEvent
from hive_tui.model.wire import HiveView, Snapshot, Update

EVENTS_KEPT = 500
"""Newest events that the dashboard keeps."""

HISTORY_KEPT = 8
"""Samples of memory per env."""


class Link(StrEnum):
    """How it stands with the daemon."""

    CONNECTING = "connecting"
    LIVE = "live"
    LOST = "lost"


class HiveState(msgspec.Struct, frozen=True):
    """Everything that the screens draw from. A change makes a new value."""

    hive: HiveView = HiveView()
    envs: dict[str, EnvDetail] = {}
    """By id, in the order in which they are shown."""
    events: tuple[LogEvent, ...] = ()
    """Oldest first, at most `EVENTS_KEPT`."""
    history: dict[str, tuple[float, ...]] = {}
    """Env id -> bytes of memory at each change, oldest first."""
    link: Link = Link.CONNECTING
    reason: str | None = None
    """Why the link is not live."""


def fold(state: HiveState, update: Update) -> HiveState:
    """The state after an update. A snapshot replaces everything but the histories."""
    if isinstance(update, Snapshot):
        envs = {detail.id: detail for detail in update.envs}
        return HiveState(
            hive=update.hive,
            envs=_ordered(envs),
            events=update.events[-EVENTS_KEPT:],
            history=_remembered(state.history, envs, update.envs),
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
        link=Link.LIVE,
    )


def relink(state: HiveState, link: Link, reason: str | None = None) -> HiveState:
    """The state with another standing of the link; values stay as they were last known."""
    return msgspec.structs.replace(state, link=link, reason=reason)


def _ordered(envs: dict[str, EnvDetail]) -> dict[str, EnvDetail]:
    """By project, then in the order in which the envs were made: tiles never jump."""
    key = sorted(envs, key=lambda at: (envs[at].view.project, envs[at].view.index, at))
    return {at: envs[at] for at in key}


def _remembered(
    history: dict[str, tuple[float, ...]],
    envs: dict[str, EnvDetail],
    changed: tuple[EnvDetail, ...],
) -> dict[str, tuple[float, ...]]:
    samples = {at: values for at, values in history.items() if at in envs}
    for detail in changed:
        memory = detail.view.memory_bytes
        before = samples.get(detail.id, ())
        if memory is None or detail.id not in envs or (before and before[-1] == memory):
            continue
        samples[detail.id] = (*before, float(memory))[-HISTORY_KEPT:]
    return samples
