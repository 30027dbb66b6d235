"""The keys at the foot of a screen, and the page that explains keys and marks."""

from __future__ import annotations

from hive_tui.app.action import DIGITS
from hive_tui.app.actions import DEFAULT, ENV, FLEET, LOGS, TOUR, TRIAGE, Action, Registry
from hive_tui.app.keynames import shown
from hive_tui.app.lines import BLANK, Line, Span, fit, joined, side_by_side, width_of, wrapped
from hive_tui.app.possible import Situation
from hive_tui.app.views import legend
from hive_tui.app.views.look import Look

_TITLES = {
    FLEET: "the fleet",
    ENV: "one env",
    TRIAGE: "what needs you",
    LOGS: "logs",
    TOUR: "the tour",
}

_ASIDE = 130
"""Cells from which on the marks stand beside the keys."""

_HELP = 27
"""Cell at which the sentence of an action begins."""


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
    """All keys by screen, and what every mark means: beside them, or below."""
    aside = width >= _ASIDE
    room = width - legend.WIDTH - 2 if aside else width
    keys: list[Line] = []
    seen: set[str] = set()
    for area in _TITLES:
        keys.append((Span(f"  {_TITLES[area]}", "heading"),))
        for action in look.keys.offered(area):
            if action.id not in seen:
                seen.add(action.id)
                keys += _explained(action, room)
        keys.append(BLANK)
    marks = legend.legend(look)
    return side_by_side(keys, marks, room, 2) if aside else [*keys, *marks]


def _key(action: Action, now: Situation) -> Line:
    possible = action.refusal(now) is None
    return (
        Span(action.shown_key, "accent" if possible else "dim"),
        Span(f" {action.label}", "muted" if possible else "dim"),
    )


def _explained(action: Action, width: int) -> list[Line]:
    keys = action.shown_key
    if len(action.keys) > 1 and action.keys != DIGITS:
        keys = f"{keys} {shown(action.keys[1])}"
    head: Line = (
        *fit((Span(f"  {keys}", "accent"),), 13),
        *fit((Span(action.label, "text"),), 14),
    )
    first, *rest = wrapped(action.help, max(20, width - _HELP - 2), role="muted")
    return [(*head, *first), *((Span(" " * _HELP), *line) for line in rest)]
