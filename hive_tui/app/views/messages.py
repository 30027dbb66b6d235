"""Toasts and the hive's events in one list, the newest first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from hive_tui.app import figures
from hive_tui.app.lines import Line, Span, cut, safe, wrapped
from hive_tui.app.marks import of_level
from hive_tui.app.notices import Notice
from hive_tui.app.views.look import Look
from hive_tui.model.events import LogEvent

_MOST = 300


def messages_page(
    notices: Iterable[Notice], events: Iterable[LogEvent], width: int, look: Look
) -> list[Line]:
    """Every toast and every event that is remembered, each with its time and its gravity.

    Args:
        notices: Oldest first.
        events: Of all envs, oldest first.
        width: In cells.
        look: Terminal.
    """
    rows = [(notice.at, notice.severity, "told you", notice.text) for notice in notices]
    rows += [
        (figures.epoch(event.at) or 0.0, event.level, event.env or "hive", event.message)
        for event in events
    ]
    rows.sort(key=lambda row: row[0], reverse=True)
    if not rows:
        return [(Span("  Nothing has been told yet.", "muted"),)]
    lines: list[Line] = []
    for at, level, source, text in rows[:_MOST]:
        lines += _row(at, level, source, text, width, look)
    return lines


def _row(at: float, level: str, source: str, text: str, width: int, look: Look) -> list[Line]:
    mark = of_level(level)
    role = "text" if mark.role == "muted" and source == "told you" else mark.role
    time = datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S")
    head: Line = (
        Span(f"  {time} ", "dim"),
        look.sign(mark),
        Span(" "),
        Span(f"{safe(source)}  ", "dim"),
    )
    taken = len("  00:00:00 x ") + len(safe(source)) + 2
    if taken > width // 2:
        taken = 13
        head = head[:3]
    body = wrapped(text, max(10, width - taken - 1), role=role, most=4)
    first = body[0] if body else ()
    rows: list[Line] = [(*head, *first), *((Span(" " * taken), *line) for line in body[1:])]
    return [cut(row, width) for row in rows]
