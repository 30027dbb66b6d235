"""The steps of a transition on a time axis, with the longest path marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hive_tui.app import figures
from hive_tui.app.lines import Line, Span, cut, fit, joined, safe
from hive_tui.app.marks import of_task
from hive_tui.app.views.look import Look

_NAME = 12
_ROLES = {"failed": "bad", "running": "moving", "cancelled": "dim", "skipped": "dim"}


class TraceStep(msgspec.Struct, frozen=True):
    """One step, times in seconds since the transition was asked for."""

    name: str
    kind: str = ""
    queued_s: float = 0.0
    """How long it waited for a slot or a lane before it started."""
    started_s: float | None = None
    ended_s: float | None = None
    expected_s: float | None = None
    outcome: str | None = None
    critical: bool = False


class TraceView(msgspec.Struct, frozen=True):
    """What the trace call answers, as far as the screen shows it."""

    transition: str
    outcome: str | None = None
    makespan_s: float | None = None
    critical_path_s: float | None = None
    steps: tuple[TraceStep, ...] = ()


def parse(answer: Any) -> TraceView | None:
    """The trace out of the daemon's answer; `None` where it holds none."""
    try:
        return msgspec.convert(answer, TraceView, strict=False)
    except msgspec.ValidationError:
        return None


def waterfall(trace: TraceView, width: int, look: Look, *, most: int = 14) -> list[Line]:
    """A heading and one line a step that ran, in order of their start.

    Steps on the longest path are in the accent, with their time in bold; the time that a step
    waited for a slot is dotted.

    Args:
        trace: What ran.
        width: In cells.
        look: Time and terminal.
        most: Steps shown at most; those on the longest path and the long ones stay.
    """
    ran = [step for step in trace.steps if step.started_s is not None]
    end = max(
        (step.ended_s or step.started_s or 0.0 for step in ran), default=trace.makespan_s or 0.0
    )
    total = max(trace.makespan_s or 0.0, end, 0.001)
    chosen = sorted(ran, key=lambda step: (not step.critical, -_length(step, total)))[:most]
    chosen.sort(key=lambda step: (step.started_s or 0.0, step.name))
    room = max(8, width - _NAME - 15)
    lines: list[Line] = [cut(_heading(trace, total), width)]
    for step in chosen:
        start = min(total, step.started_s or 0.0)
        stop = min(total, step.ended_s if step.ended_s is not None else total)
        role = _ROLES.get(step.outcome or "running", "accent" if step.critical else "muted")
        before, bar = _bar(start / total * room, stop / total * room, room, look)
        idle = min(len(before), round(step.queued_s / total * room))
        lines.append(
            cut(
                (
                    Span("  "),
                    *fit((Span(safe(step.name), "text"),), _NAME),
                    Span(before[idle:]),
                    Span(("." if look.plain else "┄") * idle, "dim"),
                    Span(bar, role),
                    Span(f" {figures.seconds(stop - start)}", "strong" if step.critical else "dim"),
                    Span(f" {_path(look)}" if step.critical else "", "accent"),
                    *_odd(step, look),
                ),
                width,
            )
        )
    if len(ran) > len(chosen):
        lines.append((Span(f"  and {len(ran) - len(chosen)} shorter ones", "dim"),))
    lines += _legend(chosen, look)
    return lines


def _heading(trace: TraceView, total: float) -> Line:
    words = f"  {safe(trace.transition)}"
    figure = figures.seconds(total)
    path = ""
    if trace.critical_path_s and trace.outcome != "running":
        path = f", longest path {figures.seconds(trace.critical_path_s)}"
    state = "" if trace.outcome in (None, "succeeded") else f" {safe(trace.outcome)}"
    return (Span(f"{words}{state}", "heading"), Span(f"  {figure}{path}", "dim"))


def _odd(step: TraceStep, look: Look) -> Line:
    """A sign for a step that did not simply succeed."""
    outcome = step.outcome or "running"
    return (Span(" "), look.sign(of_task(outcome))) if outcome != "succeeded" else ()


def _legend(steps: Sequence[TraceStep], look: Look) -> list[Line]:
    """What the two kinds of mark mean, where they are there."""
    parts: list[Line] = []
    if any(step.critical for step in steps):
        parts.append((Span(_path(look), "accent"), Span(" longest path", "dim")))
    if any(step.queued_s >= 0.05 for step in steps):
        dots = "..." if look.plain else "┄┄┄"
        parts.append((Span(dots, "dim"), Span(" waited for a slot", "dim")))
    return [(Span("  "), *joined(parts, "   "))] if parts else []


def _path(look: Look) -> str:
    return "<" if look.plain else "◂"


def _length(step: TraceStep, total: float) -> float:
    stop = step.ended_s if step.ended_s is not None else total
    return stop - (step.started_s or 0.0)


def _bar(start: float, stop: float, room: int, look: Look) -> tuple[str, str]:
    """Blanks before the bar, and the bar: at least one visible cell, its end to half a cell."""
    first = min(int(start), room - 1)
    length = max(0.0, min(stop, room) - first)
    if look.plain:
        return " " * first, "=" * max(1, round(length))
    halves = max(1, round(length * 2))
    return " " * first, "━" * (halves // 2) + "╸" * (halves % 2)
