"""The lines above and below the fleet: what the machine carries, who needs a person, what runs."""

from __future__ import annotations

from hive_tui.app import figures
from hive_tui.app.lines import BLANK, Line, Span, beside, cut, fit, joined, safe, width_of
from hive_tui.app.marks import SHORT, TRANSITIONS, Mark, of_env
from hive_tui.app.ordering import Sort
from hive_tui.app.state import HiveState, Link
from hive_tui.app.triage.items import needs
from hive_tui.app.triage.trouble import trouble
from hive_tui.app.views.budget import budget
from hive_tui.app.views.look import Look
from hive_tui.model.environment import EnvDetail, EnvState, Waiting

_EACH = 56
"""Cells of the status line that each env in motion gets at least."""

_LOST = Mark("◌", "~", "reconnecting", "warning")
_NO_WAY = Mark("✗", "x", "refused", "bad")
_STALE = " Services go on; what is shown is the last that was known."


def fleet_head(state: HiveState, width: int, look: Look, order: Sort = Sort.MADE) -> Line:
    """Project, counts, who needs a person, an order not as made; the machine at the right."""
    if state.link is Link.CONNECTING:
        return (Span(" hive", "heading"),)
    envs = tuple(state.envs.values())
    warm = sum(detail.view.state is EnvState.WARM for detail in envs)
    moving = sum(detail.view.state in TRANSITIONS for detail in envs)
    wanting = len(needs(envs, state.put_off))
    end = (*load(state, width, look), Span(" "))
    start = (Span(" hive", "heading"), Span(f"  {_projects(state)}", "strong"), Span("   "))
    counts: list[Line] = [
        (Span(figures.count(len(envs), "env"), "muted"),),
        (Span(f"{warm} warm", "muted"),) if warm else BLANK,
        (Span(f"{moving} moving", "moving"),) if moving else BLANK,
        (Span(f"{wanting} need{'s' if wanting == 1 else ''} you", "warning"),)
        if wanting
        else BLANK,
        (Span(order.value, "dim"),) if order is not Sort.MADE else BLANK,
    ]
    for dropped in (1, 4, 2, 0):
        if width_of(start) + width_of(joined(counts)) + width_of(end) + 2 > width:
            counts[dropped] = BLANK
    return beside((*start, *joined(counts)), end, width, gap=2)


def load(state: HiveState, width: int, look: Look) -> Line:
    """Memory of all envs against the limit, and the processor; shorter on a narrow terminal."""
    hive = state.hive
    parts: list[Line] = [memory] if (memory := budget(hive, width, look)) else []
    if width >= 70:
        parts.append((Span("cpu ", "dim"), Span(f"{hive.cpu_percent:.0f}%", "muted")))
    if hive.slots_taken and width >= 110:
        slots = f"{hive.slots_taken}/{hive.slots}"
        parts.append((Span("slots ", "dim"), Span(slots, "muted")))
    return joined(parts)


def fleet_view(words: str, marked: int, all_envs: int, shown: int, look: Look) -> Line:
    """What is marked and what is filtered; blank where nothing is."""
    parts: list[Line] = []
    if marked:
        text = f"{figures.count(marked, 'env')} marked"
        deeds = look.worded(
            ": {env.warm} {env.cool} {env.stop} {env.freeze} {env.test} are for all"
        )
        parts.append((Span(text, "accent"), *deeds))
    if words:
        parts.append((Span(f"{shown} of {all_envs} hold “{safe(words)}”", "match"),))
    if parts:
        parts.append(look.worded("{fleet.clear} clears"))
    return (Span(" "), *joined(parts, "   ")) if parts else BLANK


def needs_line(state: HiveState, width: int, look: Look) -> Line:
    """What needs a person: short memory, then envs, dearest first; blank when nothing does."""
    found = needs(state.envs.values(), state.put_off)
    short = state.hive.pressure
    if not found and short is None:
        return BLANK
    count = len(found) + (short is not None)
    parts: list[Line] = [(Span(f" needs you ({count})", "warning"),)]
    if short is not None:
        parts.append((look.sign(SHORT), Span(f" {SHORT.word}: {safe(short)}", "warning")))
    for need in found:
        age = figures.since(need.since, look.now)
        parts.append(
            (
                look.sign(need.mark),
                Span(f" {safe(need.name)}", "strong"),
                Span(f" {safe(need.text)}", "muted"),
                Span(f" {age}" if age else "", "dim"),
            )
        )
    room = width - width_of(parts[0])
    each = room // min(count, max(1, room // 34)) - 3
    line = joined([parts[0], *(cut(part, each) for part in parts[1:])], "   ")
    return cut(line, width)


def status_line(state: HiveState, width: int, look: Look, *, first: str | None = None) -> Line:
    """What runs and what waits for what; else how the last transition went.

    Args:
        state: Of the hive.
        width: In cells.
        look: Time and terminal.
        first: Id of the env that comes first, or whose last transition is told.
    """
    moving = [detail for detail in state.envs.values() if detail.view.progress is not None]
    moving.sort(key=lambda detail: detail.id != first)
    if moving:
        shown = moving[: max(1, width // _EACH)]
        more = len(moving) - len(shown)
        end = f"   and {more} more" if more else ""
        each = (width - 1 - len(end)) // len(shown) - 3
        parts = [cut(_moving(detail, look), each) for detail in shown]
        return cut((Span(" "), *joined(parts, "   "), Span(end, "dim")), width)
    own = state.envs.get(first) if first is not None else None
    last = ended(own) if own is not None and own.last else _newest(state)
    return cut((Span(" "), *last), width) if last else BLANK


def waits(wait: Waiting) -> str:
    """`api waits for migrate`, `build waits for 2 CPU slots (1 of 2 taken)`."""
    return f"{safe(wait.step)} waits for {safe(wait.reason.removeprefix('need '))}"


def ended(detail: EnvDetail) -> Line:
    """How the env's last transition went: its time, the longest path, the time before."""
    last = detail.last
    if last is None:
        return BLANK
    words = [f"{last.transition} took {figures.seconds(last.makespan_s)}"]
    if last.critical_path_s:
        words.append(f"longest path {figures.seconds(last.critical_path_s)}")
    if last.previous_s is not None:
        words.append(f"time before {figures.seconds(last.previous_s)}")
    tone = "dim" if last.outcome == "succeeded" else "warning"
    outcome = "" if last.outcome == "succeeded" else f" {safe(last.outcome)},"
    return (Span(f"{safe(detail.view.name)}{outcome} {' · '.join(words)}", tone),)


def banner(state: HiveState, width: int, look: Look) -> Line:
    """What is wrong with the link to the daemon; blank while it is live."""
    if state.link is Link.LIVE:
        return BLANK
    if state.link is Link.CONNECTING:
        return fit((Span(" "), Span("connecting to the daemon", "muted")), width)
    if state.link is Link.SILENT and state.silent_since is not None:
        since = figures.time_of_day(state.silent_since)
        age = figures.age(look.now - state.silent_since)
        words = f" the daemon does not answer since {since} ({age})."
        return fit(
            (Span(" "), look.sign(_LOST), Span(words, "warning"), Span(_STALE, "muted")), width
        )
    if state.link is Link.REFUSED and state.reason:
        return fit(
            (Span(" "), look.sign(_NO_WAY), Span(f" {safe(state.reason)}", "warning")), width
        )
    reason = safe(state.reason or "the daemon does not answer").partition(";")[0].rstrip(".")
    return fit(
        (
            Span(" "),
            look.sign(_LOST),
            Span(f" reconnecting: {reason}.", "warning"),
            Span(_STALE, "muted"),
        ),
        width,
    )


def env_head(detail: EnvDetail, width: int, look: Look) -> Line:
    """Where one is, the env's state with its reason, and since when."""
    view = detail.view
    mark = of_env(view.state, view.progress.done if view.progress else 0)
    reason = view.reason or (detail.failure.reason if detail.failure else None)
    tail = f": {safe(reason)}" if reason and mark.role in ("warning", "bad") else ""
    wrong = trouble(detail) if mark.role not in ("warning", "bad") else None
    also = (
        (Span("   "), look.sign(wrong.mark), Span(f" {safe(wrong.text)}", wrong.mark.role))
        if wrong is not None
        else BLANK
    )
    age = figures.since(detail.since, look.now)
    place = (
        Span(" hive", "heading"),
        look.step,
        Span(safe(view.project), "muted"),
        look.step,
        Span(safe(view.name), "strong"),
        Span("   "),
        look.sign(mark),
        Span(f" {mark.word}{tail}", mark.role),
        *also,
    )
    right = (Span(f"{age} ", "dim"),) if age and width > width_of(place) + 6 else BLANK
    return beside(place, right, width)


def _projects(state: HiveState) -> str:
    names = [project.name for project in state.hive.projects]
    if len(names) == 1:
        return safe(names[0])
    return figures.count(len(names), "project") if names else ""


def _moving(detail: EnvDetail, look: Look) -> Line:
    view = detail.view
    progress = view.progress
    if progress is None:
        return BLANK
    mark = of_env(view.state, progress.done)
    words: list[Span] = [look.sign(mark), Span(f" {safe(view.name)} ", "text")]
    words.append(Span(f"{progress.done}/{progress.all}", "moving"))
    if progress.eta_s is not None:
        words.append(Span(f" {figures.left(progress.eta_s)}", "muted"))
    if progress.running:
        words.append(Span(f" {safe(', '.join(progress.running))}", "text"))
    words.extend(Span(f" · {waits(wait)}", "dim") for wait in detail.waiting)
    return tuple(words)


def _newest(state: HiveState) -> Line:
    done = [
        (detail.last.at or "", detail)
        for detail in state.envs.values()
        if detail.last is not None and detail.last.at
    ]
    return ended(max(done, key=lambda pair: pair[0])[1]) if done else BLANK
