"""The keys at the foot of a screen, and the page that explains keys and marks."""

from __future__ import annotations

from hive_tui.app.action import DIGITS
from hive_tui.app.actions import DEFAULT, ENV, FLEET, LOGS, TOUR, Action, Registry
from hive_tui.app.keynames import shown
from hive_tui.app.lines import BLANK, Line, Span, fit, joined, side_by_side, width_of
from hive_tui.app.marks import STALE, of_agent, of_env, of_service, of_test
from hive_tui.app.possible import Situation
from hive_tui.app.views.look import Look
from hive_tui.model.environment import EnvState, ServiceState, TestState

_TITLES = {FLEET: "the fleet", ENV: "one env", LOGS: "logs", TOUR: "the tour"}

_MEANINGS = {
    EnvState.WARM: "everything is up and ready",
    EnvState.COLD: "watchers only; enough for tests",
    EnvState.STOPPED: "nothing runs",
    EnvState.FROZEN: "up, but paused: takes no CPU",
    EnvState.WARMING: "on the way; turns with every step done",
    EnvState.DEGRADED: "should be up, but a service is down",
    EnvState.FAILED: "a step failed; the reason is shown",
}


def key_line(area: str, now: Situation, width: int, keys: Registry = DEFAULT) -> Line:
    """As many keys as fit; those that are not possible now are dim. Help and quit always fit."""
    return (Span(" "), *joined(line for _, line in _shown(area, now, width, keys)))


def key_at(
    area: str, now: Situation, width: int, cell: int, keys: Registry = DEFAULT
) -> str | None:
    """Id of the action whose key stands at a cell of the key line; `None` between two."""
    start = 1
    for action, line in _shown(area, now, width, keys):
        end = start + width_of(line)
        if start <= cell < end:
            return action.id
        start = end + 2
    return None


def cells_of(
    action: str, area: str, now: Situation, width: int, keys: Registry = DEFAULT
) -> tuple[int, int] | None:
    """First cell and width of an action's key in the key line; `None` where it does not fit."""
    start = 1
    for each, line in _shown(area, now, width, keys):
        cells = width_of(line)
        if each.id == action:
            return start, cells
        start += cells + 2
    return None


def _shown(area: str, now: Situation, width: int, keys: Registry) -> list[tuple[Action, Line]]:
    ranked = sorted((a for a in keys.offered(area) if a.footer), key=lambda action: action.footer)
    kept: list[tuple[Action, Line]] = []
    last = [(action, _key(action, now)) for action in ranked if action.footer >= 90]
    room = width - 1 - sum(width_of(line) + 2 for _, line in last)
    for action in ranked:
        line = _key(action, now)
        if action.footer >= 90 or width_of(line) > room:
            continue
        kept.append((action, line))
        room -= width_of(line) + 2
    return [*kept, *last]


def help_page(width: int, look: Look) -> list[Line]:
    """All keys by screen, and what every mark means."""
    keys: list[Line] = []
    seen: set[str] = set()
    for area in (FLEET, ENV, LOGS, TOUR):
        keys.append((Span(f"  {_TITLES[area]}", "heading"),))
        for action in look.keys.offered(area):
            if action.id not in seen:
                seen.add(action.id)
                keys.append(_explained(action))
        keys.append(BLANK)
    marks = _marks(look)
    if width >= 130:
        return side_by_side(keys, marks, width - 56, 2)
    return [*keys, *marks]


def _key(action: Action, now: Situation) -> Line:
    possible = action.refusal(now) is None
    return (
        Span(action.shown_key, "accent" if possible else "dim"),
        Span(f" {action.label}", "muted" if possible else "dim"),
    )


def _explained(action: Action) -> Line:
    keys = action.shown_key
    if len(action.keys) > 1 and action.keys != DIGITS:
        keys = f"{keys} {shown(action.keys[1])}"
    return (
        *fit((Span(f"  {keys}", "accent"),), 13),
        *fit((Span(action.label, "text"),), 14),
        Span(action.help, "muted"),
    )


def _marks(look: Look) -> list[Line]:
    lines: list[Line] = [(Span("  marks of an env", "heading"),)]
    for state, meaning in _MEANINGS.items():
        mark = of_env(state)
        lines.append(_mark(look.sign(mark), mark.word, meaning))
    lines += [BLANK, (Span("  marks of a service", "heading"),)]
    for service in ServiceState:
        mark = of_service(service)
        lines.append(_mark(look.sign(mark), mark.word, ""))
    lines += [BLANK, (Span("  marks of a test", "heading"),)]
    for test in (TestState.PASSED, TestState.FAILED, TestState.RUNNING, TestState.NEVER):
        mark = of_test(test)
        lines.append(_mark(look.sign(mark), mark.word, ""))
    lines.append(_mark(look.sign(STALE), "stale", "the code changed since it ran"))
    lines += [BLANK, (Span("  marks of an agent", "heading"),)]
    for agent in ("working", "waiting", "done", "idle", "stuck", "error"):
        mark = of_agent(agent)
        lines.append(_mark(look.sign(mark), mark.word, ""))
    lines += [BLANK, (Span("  in a tile", "heading"),)]
    lines += [
        _mark(Span("↑↓" if not look.plain else "+-", "muted"), "", "commits ahead and behind"),
        _mark(Span("±" if not look.plain else "~", "muted"), "", "files changed or untracked"),
    ]
    return lines


def _mark(sign: Span, word: str, meaning: str) -> Line:
    return (*fit((Span("  "), sign), 5), *fit((Span(word, "text"),), 11), Span(meaning, "muted"))
