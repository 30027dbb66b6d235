"""One env in a few lines: who, where, the one thing to know, the verdict, ports, cost."""

from __future__ import annotations

from collections.abc import Sequence

from hive_tui.app import figures
from hive_tui.app.lines import BLANK, Line, Span, beside, cut, fit, joined, safe, width_of
from hive_tui.app.marks import (
    BAR,
    FORWARD,
    POINTER,
    STALE,
    TRANSITIONS,
    of_agent,
    of_env,
    of_service,
    of_test,
)
from hive_tui.app.state import Sample
from hive_tui.app.triage.trouble import Trouble, trouble
from hive_tui.app.views.agent import agent_words
from hive_tui.app.views.head import waits
from hive_tui.app.views.look import Look
from hive_tui.model.environment import (
    EnvDetail,
    EnvState,
    EnvView,
    GitView,
    ProgressView,
    ServiceState,
    TestState,
    TestView,
)

FULL = 6
"""Lines of a whole tile."""

SHORT = 4
"""Lines of a tile without ports and cost."""

_WORTH_S = 0.1
"""Shortest path that is worth a word, in seconds."""

_TOLD_S = 90.0
"""How long a tile tells how its last transition went."""

_HISTORY = 8
"""Cells of a small history; half as many in a narrow tile."""

_BUSY_PERCENT = 25.0
"""Of a core: what fills a cell of the processor's history at least."""

_ROOMY = 44
"""Cells from which on a tile is not narrow."""

_SIDE = 16
"""Cells of the right column, so that states and counts stand below each other."""


def tile(
    detail: EnvDetail, width: int, rows: int, look: Look, history: Sequence[Sample] = ()
) -> tuple[Line, ...]:
    """Exactly `rows` lines of exactly `width` cells.

    Args:
        detail: The env.
        width: In cells, the bar at the left edge included.
        rows: `FULL` or `SHORT`; what does not fit goes from the end.
        look: Time and terminal.
        history: What it took lately, oldest first.
    """
    view = detail.view
    mark = of_env(view.state, view.progress.done if view.progress else 0)
    inner = width - 2
    lines = (
        _two(_name(view, look), _state(view, look), inner),
        _two(_branch(view), git_of(view.git, look), inner),
        cut(_one_thing(detail, look, inner), inner),
        _verdicts_and_dots(view, look, inner),
        cut(_place(detail, look), inner),
        _side_or_edge(_cost(view, look, history, inner), _commit_change(view.git), inner),
    )
    bar = Span(BAR.sign(look.plain), mark.role)
    return tuple(fit((bar, Span(" "), *line), width) for line in lines[:rows])


def row(detail: EnvDetail, width: int, look: Look) -> Line:
    """The env in one line, for terminals too small for tiles."""
    view = detail.view
    mark = of_env(view.state, view.progress.done if view.progress else 0)
    head: Line = (look.sign(mark), Span(" "), *_name(view, look))
    if view.progress is not None:
        rest = f"{mark.word} {_done(view.progress)}"
    else:
        rest = view.reason if view.reason and mark.role in ("warning", "bad") else mark.word
    return beside(head, cut((Span(safe(rest), mark.role),), max(8, width // 2)), width)


def marked(line: Line, look: Look) -> Line:
    """A line of a tile or of the table as that of a marked env: a full block at its edge."""
    edge = Span("#" if look.plain else "█", "accent")
    return (
        edge,
        *(span._replace(text=span.text[1:]) if at == 0 else span for at, span in enumerate(line)),
    )


def pointed(line: Line, look: Look) -> Line:
    """The first line of a tile, or that of the table, as that of the selected env."""
    blank = next((at for at, span in enumerate(line) if span.text == " "), None)
    if blank is None:  # too narrow for more than a sign
        return line
    return (*line[:blank], look.sign(POINTER), *line[blank + 1 :])


def ages(detail: EnvDetail, look: Look) -> bool:
    """Whether what the tile says changes with the time alone."""
    at = figures.epoch(detail.last.at) if detail.last is not None else None
    fresh = at is not None and 0 <= look.now - at < _TOLD_S + 5
    return fresh or detail.view.agent is not None


def git_of(git: GitView | None, look: Look) -> Line:
    """`↑3 ↓2 ±12`: commits ahead and behind, files changed. What is zero is left out."""
    if git is None:
        return BLANK
    signs = ("+", "-", "~") if look.plain else ("↑", "↓", "±")
    pairs = zip(signs, (git.ahead, git.behind, git.dirty), strict=True)
    return joined(((Span(f"{sign}{n}", "muted"),) for sign, n in pairs if n), " ")


def verdict_of(test: TestView, look: Look) -> Line:
    """`✓ unit 212`, `✗ e2e 2/40`; dim with a ring where the code changed since."""
    mark = of_test(test.state)
    name = safe(test.name)
    total = (test.passed or 0) + (test.failed or 0)
    text = f" {name}"
    if test.state is TestState.PASSED and test.passed is not None:
        text = f" {name} {test.passed}"
    elif test.state is TestState.FAILED and test.failed is not None:
        text = f" {name} {test.failed}/{total}"
    elif test.state in (TestState.RUNNING, TestState.ERROR):
        text = f" {name} {mark.word}"
    if test.stale and test.state in (TestState.PASSED, TestState.FAILED):
        return (look.sign(STALE), Span(f" {mark.sign(look.plain)}{text}", "dim"))
    quiet = "muted" if mark.role == "good" else mark.role
    return (look.sign(mark), Span(text, quiet))


def progress_of(progress: ProgressView, width: int, look: Look) -> Line:
    """A bar, the steps done, and the time that is left."""
    full, empty = figures.meter(
        progress.done / progress.all if progress.all else 0.0, width, plain=look.plain
    )
    return (
        Span(full, "moving"),
        Span(empty, "dim"),
        Span(f" {_done(progress)}", "moving"),
        Span(f"  {figures.left(progress.eta_s)}" if progress.eta_s is not None else "", "muted"),
    )


def _two(left: Line, right: Line, width: int) -> Line:
    """Two columns; the right one starts at the same cell in every line of every tile."""
    side = _side(width)
    return (*fit(left, width - side - 1), Span(" "), *cut(right, side))


def _name(view: EnvView, look: Look) -> Line:
    if look.qualified:
        return (Span(safe(view.project) + "/", "muted"), Span(safe(view.name), "strong"))
    return (Span(safe(view.name), "strong"),)


def _branch(view: EnvView) -> Line:
    """The branch; dim where it says no more than the name."""
    return (Span(safe(view.branch), "dim" if view.branch == view.name else "muted"),)


def _state(view: EnvView, look: Look) -> Line:
    mark = of_env(view.state, view.progress.done if view.progress else 0)
    word = "muted" if mark.role == "good" else mark.role
    return (look.sign(mark), Span(f" {mark.word}", word))


def _done(progress: ProgressView) -> str:
    return f"{progress.done}/{progress.all}"


def _one_thing(detail: EnvDetail, look: Look, width: int) -> Line:
    """The agent if it wants something, else what moves, else what is broken, else the agent."""
    view = detail.view
    agent = view.agent
    if agent is not None and agent.state in ("waiting", "stuck", "error"):
        mark = of_agent(agent.state)
        text = safe(agent.reason or agent.state)
        age = figures.since(agent.since, look.now)
        words = (look.sign(mark), Span(f" {safe(agent.kind)}  {text}", mark.role))
        return beside(words, (Span(age, "muted"),) if age else BLANK, width)
    if view.progress is not None:
        return progress_of(view.progress, max(6, width // 3), look)
    if (wrong := trouble(detail)) is not None:
        return _wrong(wrong, look)
    if agent is not None and agent.state != "none":
        return agent_words(agent, look)
    if view.wanted.value != view.state.value and view.reason:
        return (Span(safe(view.reason), "muted"),)
    return _just_ended(detail, look)


def _wrong(wrong: Trouble, look: Look) -> Line:
    return (look.sign(wrong.mark), Span(f" {safe(wrong.text)}", wrong.mark.role))


def _just_ended(detail: EnvDetail, look: Look) -> Line:
    """How the last transition went, for a while after it."""
    last = detail.last
    at = figures.epoch(last.at) if last is not None else None
    if last is None or at is None or not 0 <= look.now - at < _TOLD_S:
        return BLANK
    words = f"{last.transition} {figures.seconds(last.makespan_s)}"
    if last.critical_path_s >= _WORTH_S:
        words += f"  path {figures.seconds(last.critical_path_s)}"
    if last.previous_s is not None:
        words += f"  before {figures.seconds(last.previous_s)}"
    return (Span(safe(words), "dim"),)


def _verdicts(tests: Sequence[TestView], look: Look) -> Line:
    order = {TestState.FAILED: 0, TestState.ERROR: 0, TestState.RUNNING: 1}
    run = [test for test in tests if test.state is not TestState.NEVER]
    worst_first = sorted(run, key=lambda test: order.get(test.state, 2))
    if not run and tests:
        return (Span("no test has run", "dim"),)
    return joined(verdict_of(test, look) for test in worst_first)


def _verdicts_and_dots(view: EnvView, look: Look, width: int) -> Line:
    """The dots stand in the right column, or at the edge where the verdicts need the room."""
    return _side_or_edge(_verdicts(view.tests, look), _dots(view, look), width)


def _side_or_edge(left: Line, right: Line, width: int) -> Line:
    """Two columns; where the left one needs more room, the right one stands at the edge."""
    if width_of(left) <= width - _side(width) - 1:
        return _two(left, right, width)
    return beside(left, right, width)


def _side(width: int) -> int:
    return min(_SIDE, width // 2)


def _dots(view: EnvView, look: Look) -> Line:
    """One dot a service; a fraction where they are too many."""
    if len(view.services) > _SIDE:
        ready = sum(service.state is ServiceState.READY for service in view.services)
        return (Span(f"{ready}/{len(view.services)} ready", "muted"),)
    return tuple(look.sign(of_service(service.state)) for service in view.services)


def _place(detail: EnvDetail, look: Look) -> Line:
    """What moves and what waits; of what is broken the last words; else the named ports."""
    view = detail.view
    wrong = trouble(detail)
    if view.progress is not None:
        steps = [_wrong(wrong, look)] if wrong is not None else []
        steps += [(Span(safe(name), "text"),) for name in view.progress.running]
        steps += [(Span(waits(wait), "dim"),) for wait in detail.waiting]
        return joined(steps)
    words = next((text for text in reversed(wrong.tail) if text.strip()), "") if wrong else ""
    if words:
        bar = "|" if look.plain else "│"
        return (Span(f"{bar} ", "bad"), Span(safe(words.strip().expandtabs()), "muted"))
    if view.state not in (EnvState.WARM, EnvState.FROZEN, EnvState.DEGRADED) and not any(
        service.state is ServiceState.READY for service in view.services
    ):
        return joined((fixed_of(detail, look), (Span(f"ports {view.ports.base}+", "dim"),)))
    names = view.ports.names.items()
    named = [(Span(f"{safe(name)} ", "dim"), Span(str(port), "muted")) for name, port in names]
    return joined((fixed_of(detail, look), *named))


def fixed_of(detail: EnvDetail, look: Look) -> Line:
    """`⇄ 3000 8025`: the fixed ports, where this env has them."""
    if not detail.fixed_ports:
        return BLANK
    return (look.sign(FORWARD), Span(" " + " ".join(map(str, detail.fixed_ports)), FORWARD.role))


def _cost(view: EnvView, look: Look, history: Sequence[Sample], width: int) -> Line:
    """Memory and processor, each with what it was lately where that changed."""
    if not view.memory_bytes or (view.state in TRANSITIONS and not history):
        return (Span(look.none, "dim"),)
    kept = history[-(_HISTORY if width >= _ROOMY else _HISTORY // 2) :]
    memory = _past([sample.memory_bytes for sample in kept], look)
    parts: list[Line] = [(*memory, Span(figures.size(view.memory_bytes), "muted"))]
    if view.cpu_percent is not None:
        cpu = _past([sample.cpu_percent for sample in kept], look, least=_BUSY_PERCENT)
        parts.append((*cpu, Span(f"{view.cpu_percent:.0f}%", "muted")))
    return joined(parts)


def _past(values: Sequence[float], look: Look, least: float = 0.0) -> Line:
    """A small history, where there is one."""
    if len(set(values)) < 2:
        return BLANK
    return (Span(f"{figures.spark(values, plain=look.plain, least=least)} ", "dim"),)


def _commit_change(git: GitView | None) -> Line:
    if git is None or not (git.insertions or git.deletions):
        return BLANK
    line: Line = (Span(f"+{git.insertions}", "dim"), Span(f" -{git.deletions}", "dim"))
    return line if width_of(line) <= _SIDE else BLANK
