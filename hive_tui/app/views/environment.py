"""One env in full: services, tasks, tests, what is broken and why, ports, times, events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from hive_tui.app import figures
from hive_tui.app.lines import (
    BLANK,
    Line,
    Span,
    beside,
    cut,
    joined,
    safe,
    side_by_side,
)
from hive_tui.app.views.agent import agent_section
from hive_tui.app.views.head import ended
from hive_tui.app.views.look import Look
from hive_tui.app.views.port_map import PortRow, port_map
from hive_tui.app.views.sections import (
    LAST_WORDS,
    events_section,
    failure_section,
    last_words_in,
    services_section,
    tasks_section,
    tests_section,
    waiting_section,
    words_section,
)
from hive_tui.app.views.tile import fixed_of, git_of, progress_of
from hive_tui.app.views.waterfall import TraceView, waterfall
from hive_tui.model.environment import (
    EnvDetail,
)
from hive_tui.model.events import LogEvent
from hive_tui.model.wire import LogLine

WIDE = 110
"""Cells from which on the page has two columns."""

_GAP = 3
_EVENTS = 14
"""Actions that help after a failure."""


class Page(msgspec.Struct, frozen=True):
    """Lines of the screen, and where each service stands in them."""

    lines: tuple[Line, ...]
    services: dict[str, int]
    """Service name -> row."""


def environment_page(
    detail: EnvDetail,
    events: Iterable[LogEvent],
    trace: TraceView | None,
    width: int,
    look: Look,
    *,
    chosen: str | None = None,
    ports: Sequence[PortRow] = (),
    words: Sequence[LogLine] = (),
    rows: int = 0,
) -> Page:
    """Everything about one env.

    Args:
        detail: The env.
        events: Of all envs, oldest first; only those of this env are shown.
        trace: Its running or last transition; `None` where there is none.
        width: In cells. From `WIDE` on there are two columns.
        look: Time and terminal.
        chosen: Service that the keys are about; its row is lifted.
        ports: What listens on its ports, as far as it is known.
        words: Newest lines of its logs, oldest first; they take the rows that are left.
        rows: Of the screen; more lines than that are scrolled to.
    """
    wide = width >= WIDE
    left_width = width * 3 // 5 - _GAP if wide else width - 2
    right_width = width - left_width - _GAP - 1 if wide else width - 2
    head = _where(detail, left_width, look)
    services = services_section(detail, left_width, look, chosen)
    places = {
        service.name: len(head) + 1 + at for at, service in enumerate(detail.view.services, 1)
    }
    left: list[Line] = [*head, BLANK, *services]
    right: list[Line] = []
    aside = right if wide else left
    _section(left, agent_section(detail, left_width, look))
    tail = last_words_in(rows - len(left)) if rows else LAST_WORDS
    _section(left, failure_section(detail, left_width, look, tail=tail))
    _section(left, tests_section(detail, left_width, look))
    _section(left, tasks_section(detail.tasks, left_width, look))
    if trace is not None and trace.steps:
        _section(aside, waterfall(trace, right_width, look))
    elif ended(detail):
        _section(aside, [(Span("  last transition", "heading"),), (Span("  "), *ended(detail))])
    _section(aside, waiting_section(detail, right_width))
    _section(aside, port_map(detail.view.ports, ports, right_width, look))
    _section(aside, events_section(detail.id, events, right_width, look))
    _section(left, words_section(words, left_width, rows - len(left) - 1, look))
    if wide:
        left = side_by_side(left, right, left_width, _GAP)
    return Page(tuple(left), places)


def _section(column: list[Line], lines: Sequence[Line]) -> None:
    if lines:
        if column:
            column.append(BLANK)
        column.extend(lines)


def _where(detail: EnvDetail, width: int, look: Look) -> list[Line]:
    view = detail.view
    base = f"from {safe(detail.base)}" if detail.base else ""
    change = view.git
    first = joined(
        (
            (Span(f"  {safe(view.branch)}", "text"),),
            (Span(base, "dim"),) if base else BLANK,
            git_of(change, look),
            (Span(f"+{change.insertions} -{change.deletions}", "dim"),)
            if change and (change.insertions or change.deletions)
            else BLANK,
        )
    )
    memory = figures.size(view.memory_bytes) if view.memory_bytes else ""
    cpu = f"{view.cpu_percent:.0f}% cpu" if view.cpu_percent is not None and memory else ""
    cost = joined(((Span(memory, "muted"),) if memory else BLANK, (Span(cpu, "dim"),)))
    lines = [beside(first, cost, width), cut((Span(f"  {safe(view.worktree)}", "dim"),), width)]
    if detail.fixed_ports:
        lead = Span("  lead here" if len(detail.fixed_ports) > 1 else "  leads here", "dim")
        lines.append(cut((Span("  "), *fixed_of(detail, look), lead), width))
    if view.progress is not None:
        steps = (Span(f"  {safe(', '.join(view.progress.running))}", "text"),)
        bar = progress_of(view.progress, 24, look)
        lines.append(cut((Span("  "), *bar, *steps), width))
    return lines
