"""The card of a step: its lines, and where on the screen it stands. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from textual.geometry import Region, Size, clamp

from hive_tui.app.actions import TOUR
from hive_tui.app.lines import Line, Span, cut, fit, joined, width_of
from hive_tui.app.tour.steps import Step
from hive_tui.app.views.look import Look

WIDTHS = (48, 38, 30, 24)
"""Cells of a card, the wished for first."""

_PLAIN = str.maketrans("┌┐└┘─│▲▼◀▶", "++++-|^v<>")


class Standing(msgspec.Struct, frozen=True):
    """A card and where it stands."""

    lines: tuple[Line, ...]
    region: Region


def stand(
    step: Step,
    count: tuple[int, int],
    notes: Sequence[str],
    spots: Sequence[Region],
    toasts: Sequence[Region],
    screen: Size,
    look: Look,
) -> Standing | None:
    """The card where it hides nothing of what it speaks of.

    Args:
        step: What it says.
        count: Number of the step, and of all.
        notes: What is said beside it.
        spots: What may not be hidden: at best the last one of these, at least the first. None:
            the step has no place, and the card stands at the foot.
        toasts: What lies over the card for a while; it makes way where it can.
        screen: Cells and rows of the terminal.
        look: Terminal and keys.

    Returns:
        `None` where the terminal has no room for it.
    """
    target = spots[0] if spots else None
    places = [*reversed(spots or [Region(0, screen.height, screen.width, 0)])]
    tries = [*((kept, toasts) for kept in places if toasts), *((kept, ()) for kept in places)]
    for kept, over in tries:
        for width in WIDTHS:
            if width > screen.width:
                continue
            inner = _inner(step, count, notes, width - 4, look)
            size = Size(width, len(inner) + 2)
            if (found := _beside(kept, target or kept, over, size, screen)) is not None:
                region, side = found
                pointer = side if target is not None else ""
                return Standing(_framed(inner, region, target, pointer, look), region)
    return _in_one_line(step, count, target, screen, look)


def _inner(
    step: Step, count: tuple[int, int], notes: Sequence[str], width: int, look: Look
) -> list[Line]:
    lines = flowed(look.worded(step.words, "text"), width)
    for note in notes:
        lines += flowed((Span(note, "dim"),), width)
    at = f"{count[0]}/{count[1]}"
    keys = cut(_keys(step, look), width - len(at) - 1)
    gap = Span(" " * max(1, width - width_of(keys) - len(at)))
    return [*lines, (*keys, gap, Span(at, "dim"))]


def _keys(step: Step, look: Look) -> Line:
    """The tour's keys, without those that the step wants pressed for what they do by themselves."""
    own = look.keys.by_id[step.asks].keys if step.asks else ()
    parts: list[Line] = []
    for action in look.keys.offered(TOUR):
        free = [key for key in action.keys if key not in own]
        if free:
            shown = msgspec.structs.replace(action, keys=tuple(free)).shown_key
            parts.append((Span(shown, "accent"), Span(f" {action.label}", "muted")))
    return joined(parts)


def flowed(line: Iterable[Span], width: int) -> list[Line]:
    """A text of several roles as rows of at most `width` cells, broken between words."""
    rows: list[list[Span]] = [[]]
    used = 0
    words: list[list[Span]] = [[]]
    for span in line:
        for at, piece in enumerate(span.text.split(" ")):
            if at:
                words.append([])
            if piece:
                words[-1].append(span._replace(text=piece))
    for word in filter(None, words):
        cells = width_of(word)
        if used and used + 1 + cells > width:
            rows.append([])
            used = 0
        if used:
            rows[-1].append(Span(" "))
            used += 1
        rows[-1].extend(word)
        used += cells
    return [cut(row, width) for row in rows if row]


def _beside(
    kept: Region, target: Region, over: Sequence[Region], size: Size, screen: Size
) -> tuple[Region, str] | None:
    """A place below, right, left or above, and the sign that points from there at the target."""
    width, height = size
    x = clamp(target.x - 2, 0, screen.width - width)
    y = clamp(target.y - 1, 0, max(0, screen.height - height))
    for sign, at in (
        ("▲", Region(x, kept.bottom, width, height)),
        ("◀", Region(kept.right, y, width, height)),
        ("▶", Region(kept.x - width, y, width, height)),
        ("▼", Region(x, kept.y - height, width, height)),
    ):
        inside = Region(0, 0, screen.width, screen.height).contains_region(at)
        if inside and not any(map(at.overlaps, (kept, *over))):
            return at, sign
    return None


def _framed(
    inner: Sequence[Line], region: Region, target: Region | None, sign: str, look: Look
) -> tuple[Line, ...]:
    """The lines in a frame with a sign in it that points at the target."""
    width = region.width
    across = ["─"] * (width - 2)
    down = ["│"] * len(inner)
    edges = {"top": "".join(across), "bottom": "".join(across)}
    left, right = [*down], [*down]
    if target is not None and sign in ("▲", "▼"):
        middle = target.x + min(target.width, 8) // 2
        across[clamp(middle - region.x - 1, 0, width - 3)] = sign
        edges["top" if sign == "▲" else "bottom"] = "".join(across)
    elif target is not None and sign:
        row = clamp(target.y + min(target.height, 3) // 2 - region.y - 1, 0, len(inner) - 1)
        (left if sign == "◀" else right)[row] = sign

    def edge(text: str) -> Span:
        return Span(text.translate(_PLAIN) if look.plain else text, "accent")

    rows: list[Line] = [(edge(f"┌{edges['top']}┐"),)]
    for at, line in enumerate(inner):
        rows.append((edge(f"{left[at]} "), *fit(line, width - 4), edge(f" {right[at]}")))
    return (*rows, (edge(f"└{edges['bottom']}┘"),))


def _in_one_line(
    step: Step, count: tuple[int, int], target: Region | None, screen: Size, look: Look
) -> Standing | None:
    """For a terminal without room: keys and words in one row, at the foot or at the head."""
    if not screen.height or not screen.width:
        return None
    words = (Span(f" {count[0]}/{count[1]} ", "dim"), *look.worded(step.words, "text"))
    keys = _keys(step, look)
    room = screen.width - width_of(keys) - 2
    line = fit((*cut(words, room), Span("  "), *keys), screen.width)
    for row in (screen.height - 1, 0):
        region = Region(0, row, screen.width, 1)
        if target is None or not region.overlaps(target):
            return Standing((line,), region)
    return None
