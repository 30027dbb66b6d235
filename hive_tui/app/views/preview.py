"""The selected env below the tiles: why it is as it is, its last words, its last transition.

Of the same parts as the page about one env, but the dearest first, and exactly as high as the
tiles leave room.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hive_tui.app import figures
from hive_tui.app.lines import BLANK, Line, Span, beside, cut, fit, safe
from hive_tui.app.marks import BAR, of_env
from hive_tui.app.triage.trouble import trouble
from hive_tui.app.views.agent import agent_section
from hive_tui.app.views.head import ended
from hive_tui.app.views.look import Look
from hive_tui.app.views.sections import (
    events_section,
    failure_section,
    last_words_in,
    services_section,
    tasks_section,
    tests_section,
    waiting_section,
    words_section,
)
from hive_tui.app.views.waterfall import TraceView, waterfall
from hive_tui.model.environment import EnvDetail, TestState
from hive_tui.model.events import LogEvent
from hive_tui.model.wire import LogLine

LEAST = 7
"""Rows below which a preview says too little."""

_WIDE = 96
"""Cells from which on there are two columns."""

_GAP = 3
_STEPS = 9
_WANTING = ("waiting", "error", "stuck")
"""States of an agent that come before what is broken."""
_RED = (TestState.FAILED, TestState.ERROR)


def preview(
    detail: EnvDetail,
    events: Iterable[LogEvent],
    trace: TraceView | None,
    size: tuple[int, int],
    look: Look,
    words: Sequence[LogLine] = (),
) -> tuple[Line, ...]:
    """Exactly as many lines as there are rows.

    Args:
        detail: The env, with the last words of what is broken.
        events: Of all envs, oldest first.
        trace: Its running or last transition; `None` where it is not known.
        size: Cells and rows.
        look: Time and terminal.
        words: Newest lines of its logs, oldest first; they take what is left.
    """
    width, height = size
    inner = width - 3
    wide = inner >= _WIDE
    left_width = inner * 3 // 5 if wide else inner
    right_width = inner - left_width - _GAP if wide else inner
    mark = of_env(detail.view.state, detail.view.progress.done if detail.view.progress else 0)
    bar = Span(f" {BAR.sign(look.plain)}", mark.role)
    rows = height - 2
    left = _stacked(_left(detail, left_width, rows, look), rows)
    if last := words_section(words, left_width, rows - len(left) - 1, look):
        left += [BLANK, *last]
    right = _stacked(_right(detail, events, trace, right_width, look), rows) if wide else []
    lines: list[Line] = [(bar, Span(" "), *_title(detail, inner, look)), (bar,)]
    for at in range(rows):
        first = left[at] if at < len(left) else BLANK
        second = right[at] if at < len(right) else BLANK
        lines.append((bar, *fit(_outdented(first), left_width), Span(" " * _GAP), *second))
    return tuple(fit(line, width) for line in lines[:height])


def _title(detail: EnvDetail, width: int, look: Look) -> Line:
    """Name, state, why, and since when."""
    view = detail.view
    mark = of_env(view.state, view.progress.done if view.progress else 0)
    wrong = trouble(detail)
    why = view.reason or (wrong.text if wrong is not None else "")
    name = f"{view.project}/{view.name}" if look.qualified else view.name
    left: Line = (
        Span(safe(name), "strong"),
        Span("   "),
        look.sign(mark),
        Span(f" {mark.word}", "muted" if mark.role == "good" else mark.role),
        Span(f"   {safe(why)}" if why else "", mark.role if wrong is not None else "muted"),
    )
    age = figures.since(detail.since, look.now)
    return beside(cut(left, width), (Span(f"{age} ", "dim"),) if age else BLANK, width)


def _left(detail: EnvDetail, width: int, rows: int, look: Look) -> list[Sequence[Line]]:
    """What is wrong first: a broken service, a red suite; then all services, suites and tasks."""
    tests = tests_section(detail, width, look)
    red = any(test.state in _RED and not test.stale for test in detail.view.tests)
    services = services_section(detail, width, look, None)
    tasks = tasks_section(detail.tasks, width, look)
    tail = last_words_in(rows - len(services))
    failure = failure_section(detail, width, look, tail=tail) if trouble(detail) else []
    agent = agent_section(detail, width, look)
    asks = detail.view.agent is not None and detail.view.agent.state in _WANTING
    return [
        *((agent, failure) if asks else (failure, agent)),
        *((tests, services) if red else (services, tests)),
        tasks,
    ]


def _right(
    detail: EnvDetail,
    events: Iterable[LogEvent],
    trace: TraceView | None,
    width: int,
    look: Look,
) -> list[Sequence[Line]]:
    """What runs or ran last, what waits, and what happened."""
    ran: Sequence[Line] = []
    if trace is not None and trace.steps:
        ran = waterfall(trace, width, look, most=_STEPS)
    elif last := ended(detail):
        ran = [(Span("  last transition", "heading"),), cut((Span("  "), *last), width)]
    return [ran, waiting_section(detail, width), events_section(detail.id, events, width, look)]


def _outdented(line: Line) -> Line:
    """The line one cell further left, so that it stands below the text of the tiles."""
    first, *rest = line or (Span(""),)
    return (first._replace(text=first.text.removeprefix(" ")), *rest)


def _stacked(sections: Iterable[Sequence[Line]], rows: int) -> list[Line]:
    """The sections below each other; one of which not even two lines fit is left out."""
    lines: list[Line] = []
    for section in sections:
        gap = 1 if lines else 0
        room = rows - len(lines) - gap
        if not section or room < min(2, len(section)):
            continue
        lines += [BLANK] * gap
        lines += section[:room]
    return lines
