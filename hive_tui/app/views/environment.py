"""One env in full: services, tasks, tests, what is broken and why, ports, times, events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from hive_tui.app import figures
from hive_tui.app.actions import BY_ID
from hive_tui.app.lines import (
    BLANK,
    Line,
    Span,
    beside,
    cut,
    fit,
    joined,
    lifted,
    safe,
    side_by_side,
    wrapped,
)
from hive_tui.app.marks import POINTER, STALE, of_level, of_service, of_task, of_test
from hive_tui.app.views.head import ended, waits
from hive_tui.app.views.look import Look
from hive_tui.app.views.port_map import PortRow, port_map
from hive_tui.app.views.tile import git_of, progress_of
from hive_tui.app.views.waterfall import TraceView, waterfall
from hive_tui.model.environment import (
    EnvDetail,
    ServiceState,
    ServiceView,
    TaskView,
    TestView,
)
from hive_tui.model.events import LogEvent

WIDE = 110
"""Cells from which on the page has two columns."""

_GAP = 3
_EVENTS = 14
_REMEDIES = ("env.logs", "env.warm", "service.restart", "env.shell")
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
    """
    wide = width >= WIDE
    left_width = width * 3 // 5 - _GAP if wide else width - 2
    right_width = width - left_width - _GAP - 1 if wide else width - 2
    head = _where(detail, left_width, look)
    services = _services(detail, left_width, look, chosen)
    rows = {service.name: len(head) + 1 + at for at, service in enumerate(detail.view.services, 1)}
    left: list[Line] = [*head, BLANK, *services]
    right: list[Line] = []
    aside = right if wide else left
    _section(left, _failure(detail, left_width, look))
    _section(left, _tests(detail, left_width, look))
    _section(left, _tasks(detail.tasks, left_width, look))
    if trace is not None and trace.steps:
        _section(aside, waterfall(trace, right_width, look))
    elif ended(detail):
        _section(aside, [(Span("  last transition", "heading"),), (Span("  "), *ended(detail))])
    _section(aside, _waiting(detail, right_width))
    _section(aside, port_map(detail.view.ports, ports, right_width, look))
    _section(aside, _events(detail.id, events, right_width, look))
    if wide:
        left = side_by_side(left, right, left_width, _GAP)
    return Page(tuple(left), rows)


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
    if view.progress is not None:
        steps = (Span(f"  {safe(', '.join(view.progress.running))}", "text"),)
        bar = progress_of(view.progress, 24, look)
        lines.append(cut((Span("  "), *bar, *steps), width))
    return lines


def _services(detail: EnvDetail, width: int, look: Look, chosen: str | None) -> list[Line]:
    if not detail.view.services:
        return [(Span("  services", "heading"), Span("  none in hive.toml", "dim"))]
    name = max(8, min(22, width - 48))
    titles = f"  {'':<{name}}  {'state':<10}{'port':>6}{'pid':>8}{'memory':>9}{'restarts':>10}"
    lines: list[Line] = [(Span("  services", "heading"), Span(titles[10:], "dim"))]
    extra = {service.name: service for service in detail.services}
    for service in detail.view.services:
        more = extra.get(service.name)
        row = _service(service, more.ports if more else (), name, look)
        memory = figures.size(more.memory_bytes) if more and more.memory_bytes else look.none
        restarts = str(service.restarts) if service.restarts else look.none
        tone = "warning" if service.restarts else "dim"
        role = "muted" if memory != look.none else "dim"
        full = (*row, Span(f"{memory:>9}", role), Span(f"{restarts:>10}", tone))
        line = fit(full, width)
        lines.append(_pointed(line, look) if service.name == chosen else line)
    lines.extend(_reasons(detail, width, look))
    return lines


def _pointed(line: Line, look: Look) -> Line:
    """The row of the chosen service; its first two cells are blank."""
    return lifted((look.sign(POINTER), Span(" "), *line[1:]))


def _service(service: ServiceView, ports: tuple[int, ...], name: int, look: Look) -> Line:
    mark = of_service(service.state)
    word = "muted" if mark.role == "good" else mark.role
    label = (Span("  "), look.sign(mark), Span(" "), Span(safe(service.name), "text"))
    port = str(ports[0]) if ports else look.none
    pid = str(service.pid) if service.pid else look.none
    return (
        *fit(label, name + 4),
        Span(f"{mark.word:<10}", word),
        Span(f"{port:>6}", "muted" if ports else "dim"),
        Span(f"{pid:>8}", "muted" if service.pid else "dim"),
    )


def _reasons(detail: EnvDetail, width: int, look: Look) -> list[Line]:
    """Why each service that is not ready is not, and what happens next."""
    states = {service.name: service.state for service in detail.view.services}
    told = detail.failure.step if detail.failure else None  # with its last lines, further down
    lines: list[Line] = []
    for service in detail.services:
        state = states.get(service.name)
        if service.reason is None or state in (None, ServiceState.READY, ServiceState.STOPPED):
            continue
        if service.name == told:
            continue
        mark = of_service(state)
        text = f"{service.name}: {service.reason}"
        lines.extend(
            (Span("  "), *line) for line in wrapped(text, width - 4, role=mark.role, most=2)
        )
    return [BLANK, *lines] if lines else []


def _failure(detail: EnvDetail, width: int, look: Look) -> list[Line]:
    failure = detail.failure
    if failure is None:
        return []
    heading: Line = (
        Span(f"  {safe(failure.step)}", "heading"),
        Span(", last lines" if failure.tail else "", "heading"),
        Span(f"  {safe(failure.reason)}", "bad"),
    )
    bar = "|" if look.plain else "│"
    tail = [
        cut((Span(f"  {bar} ", "bad"), Span(safe(text.expandtabs()), "muted")), width)
        for text in failure.tail[-10:]
    ]
    keys: list[Line] = [
        (Span(action.shown_key, "accent"), Span(f" {action.label}", "dim"))
        for action in (BY_ID[name] for name in _REMEDIES)
    ]
    return [cut(heading, width), *tail, cut((Span("  "), *joined(keys)), width)]


def _tests(detail: EnvDetail, width: int, look: Look) -> list[Line]:
    tests = detail.view.tests
    if not tests:
        return []
    name = min(16, max(len(test.name) for test in tests))
    lines: list[Line] = [(Span("  tests", "heading"),)]
    for test in tests:
        lines.append(cut(_test(test, name, look), width))
        for failure in detail.failures.get(test.name, ())[:5]:
            place = f"{failure.file}:{failure.line}" if failure.file else ""
            lines.append(
                beside(
                    (Span("      "), Span(safe(failure.name), "bad")),
                    (Span(safe(place), "dim"),) if place else BLANK,
                    width,
                )
            )
            lines.extend(
                (Span("      "), *line)
                for line in wrapped(failure.message, width - 8, role="muted", most=2)
            )
        more = len(detail.failures.get(test.name, ())) - 5
        if more > 0:
            lines.append((Span(f"      and {more} more", "dim"),))
    return lines


def _test(test: TestView, name: int, look: Look) -> Line:
    mark = of_test(test.state)
    counts = [
        f"{number} {word}"
        for number, word in (
            (test.passed, "passed"),
            (test.failed, "failed"),
            (test.skipped, "skipped"),
        )
        if number
    ]
    text = ", ".join(counts) or mark.word
    parts: list[Line] = [
        (
            Span("  "),
            look.sign(mark),
            *fit((Span(f" {safe(test.name)}"),), name + 3),
            Span(text, "muted" if mark.role == "good" else mark.role),
        )
    ]
    if test.duration_s is not None:
        parts.append((Span(figures.seconds(test.duration_s), "dim"),))
    if test.commit:
        parts.append((Span(f"on {safe(test.commit[:7])}", "dim"),))
    if test.stale:
        parts.append((look.sign(STALE), Span(" stale: the code changed since", "dim")))
    return joined(parts)


def _tasks(tasks: Sequence[TaskView], width: int, look: Look) -> list[Line]:
    if not tasks:
        return []
    name = min(20, max(len(task.name) for task in tasks))
    lines: list[Line] = [(Span("  tasks", "heading"),)]
    for task in tasks:
        mark = of_task(task.state)
        parts: list[Line] = [
            (
                Span("  "),
                look.sign(mark),
                *fit((Span(f" {safe(task.name)}"),), name + 3),
                Span(mark.word, "muted" if mark.role == "good" else mark.role),
            )
        ]
        if task.duration_s is not None:
            parts.append((Span(figures.seconds(task.duration_s), "dim"),))
        if task.reason:
            parts.append((Span(safe(task.reason), "dim"),))
        lines.append(cut(joined(parts), width))
    return lines


def _waiting(detail: EnvDetail, width: int) -> list[Line]:
    if not detail.waiting:
        return []
    lines: list[Line] = [(Span("  waiting", "heading"),)]
    lines.extend(cut((Span("  "), Span(waits(wait), "dim")), width) for wait in detail.waiting[:8])
    return lines


def _events(env: str, events: Iterable[LogEvent], width: int, look: Look) -> list[Line]:
    own = [event for event in events if event.env == env][-_EVENTS:]
    if not own:
        return []
    own_name = f"{env.partition('/')[2]}: "
    lines: list[Line] = [(Span("  events", "heading"),)]
    lines.extend(
        cut(
            (
                Span(f"  {figures.clock(event.at)} ", "dim"),
                look.sign(of_level(event.level)),
                Span(f" {safe(event.message.removeprefix(own_name))}", of_level(event.level).role),
            ),
            width,
        )
        for event in reversed(own)
    )
    return lines
