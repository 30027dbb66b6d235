"""The parts that pages about one env are made of: services, verdicts, tasks, failures, events.

Each is a list of lines with a heading, or empty where there is nothing to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from hive_tui.app import figures
from hive_tui.app.ansi import decode
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
    wrapped,
)
from hive_tui.app.marks import POINTER, STALE, of_level, of_service, of_task, of_test
from hive_tui.app.views.head import waits
from hive_tui.app.views.look import Look
from hive_tui.model.environment import (
    EnvDetail,
    ServiceState,
    ServiceView,
    TaskView,
    TestView,
)
from hive_tui.model.events import LogEvent
from hive_tui.model.levels import Level, level_of
from hive_tui.model.wire import LogLine

_EVENTS = 14
_REMEDIES = ("env.logs", "env.warm", "service.restart", "env.shell")
"""Actions that help after a failure."""
LAST_WORDS = 10
"""Last lines of what is broken at most."""

_LEAST_ROWS = 4
"""Rows below which the newest words of all logs say too little."""


def services_section(detail: EnvDetail, width: int, look: Look, chosen: str | None) -> list[Line]:
    """A table of all services, the chosen one lifted, and why any of them is not ready."""
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
        if service.scope == "shared":
            full = (*full, Span("  shared", "dim"))
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


def failure_section(
    detail: EnvDetail, width: int, look: Look, *, tail: int = LAST_WORDS, remedies: bool = True
) -> list[Line]:
    """What broke and why, its last words, and the keys that help.

    Args:
        detail: The env.
        width: In cells.
        look: Time and terminal.
        tail: Last lines of its log at most.
        remedies: Whether the keys that help are keys of the screen.
    """
    failure = detail.failure
    if failure is None:
        return []
    heading: Line = (
        Span(f"  {safe(failure.step)}", "heading"),
        Span(", last lines" if failure.tail else "", "heading"),
        Span(f"  {safe(failure.reason)}", "bad"),
    )
    bar = "|" if look.plain else "│"
    words = [
        cut((Span(f"  {bar} ", "bad"), Span(safe(text.expandtabs()), "muted")), width)
        for text in failure.tail[-tail:]
    ]
    hint = [(Span("  "), *line) for line in wrapped(failure.hint or "", width - 4, most=2)]
    keys: list[Line] = [
        (Span(action.shown_key, "accent"), Span(f" {action.label}", "dim"))
        for action in (look.keys.by_id[name] for name in _REMEDIES)
    ]
    last = [cut((Span("  "), *joined(keys)), width)] if remedies else []
    return [cut(heading, width), *words, *hint, *last]


def last_words_in(rows: int) -> int:
    """How many last lines `failure_section` may have, so that its keys are seen in these rows."""
    return min(LAST_WORDS, max(3, rows - 3))


def tests_section(detail: EnvDetail, width: int, look: Look) -> list[Line]:
    """Every suite with its verdict, and what failed in it: name, place, assertion."""
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


def tasks_section(tasks: Sequence[TaskView], width: int, look: Look) -> list[Line]:
    """Every task with how and how long it ran last."""
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


def waiting_section(detail: EnvDetail, width: int) -> list[Line]:
    """What each waiting step waits for."""
    if not detail.waiting:
        return []
    lines: list[Line] = [(Span("  waiting", "heading"),)]
    lines.extend(cut((Span("  "), Span(waits(wait), "dim")), width) for wait in detail.waiting[:8])
    return lines


def events_section(env: str, events: Iterable[LogEvent], width: int, look: Look) -> list[Line]:
    """The newest events of the env, the newest first."""
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


def words_section(lines: Sequence[LogLine], width: int, rows: int, look: Look) -> list[Line]:
    """The newest lines of all logs, as many as fit; nothing where that would be too few.

    Args:
        lines: Oldest first.
        width: In cells.
        rows: That may be taken, the heading included.
        look: Time and terminal.
    """
    if not lines or rows < _LEAST_ROWS:
        return []
    shown = lines[-(rows - 1) :]
    name = min(12, max(cell_len(safe(line.source)) for line in shown))
    bar = "|" if look.plain else "│"
    drawn: list[Line] = [(Span("  last words", "heading"),)]
    before = ""
    for line in shown:
        source = safe(line.source) if line.source != before else ""
        before = line.source
        text = safe(decode(line.text).plain)
        role = {Level.ERROR: "bad", Level.WARNING: "warning"}.get(level_of(line.text), "muted")
        drawn.append(
            cut(
                (
                    Span(f"  {figures.time_of_day(line.at)} ", "dim"),
                    *fit((Span(source, "text"),), name),
                    Span(f" {bar} ", "dim"),
                    Span(text, role),
                ),
                width,
            )
        )
    return drawn
