"""The line under a log: how it moves, what is looked for, what is shown, and where one is."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hive_tui.app import figures
from hive_tui.app.lines import Line, Span, beside, cut, joined, safe
from hive_tui.app.log_feed import Looking
from hive_tui.model.levels import Level
from hive_tui.model.log_filter import LogFilter

LAG_BYTES = 256 * 1024
"""From how much on it is said that following is behind; less is what is on its way."""


class LogStatus(msgspec.Struct, frozen=True):
    """What the foot tells."""

    following: bool = True
    live: bool = True
    """Whether the lines up to the newest one are at hand."""
    below_lines: int = 0
    """Lines below the window, if `live`."""
    below_bytes: int = 0
    """Of the logs, below the window; where it follows: not read yet."""
    above_bytes: int = 0
    """Of the logs, above the end of the window."""
    rate: float = 0.0
    """Lines a second, or bytes where it is not live."""
    looking: Looking | None = None
    searching: bool = False
    """Whether `looking` is for a text or an error, rather than for lines to show."""
    wanted: LogFilter = LogFilter()
    needle: str = ""
    found: int = 0
    whole: bool = True
    """Whether `found` is of the whole log."""
    column: int = 0
    sources: Sequence[str] = ()
    hidden: frozenset[str] = frozenset()


def log_foot(now: LogStatus, width: int) -> Line:
    """The foot in one line; what matters least goes first where it is narrow."""
    parts = (_state(now), _looking(now), _filter(now), _search(now), _place(now), _rate(now))
    left = (Span(" "), *joined(parts))
    names: list[Span] = []
    for at, name in enumerate(now.sources[:9], 1):
        off = name in now.hidden
        names.append(Span(f"{at}", "dim" if off else "accent"))
        names.append(Span(f" {safe(name)}{' off' if off else ''}  ", "dim" if off else "muted"))
    if not names:
        return cut(left, width)
    room = max(10, width // 2 if now.looking is None else width // 4)
    return beside(left, cut(names, room), width)


def _state(now: LogStatus) -> Line:
    if now.following:
        if now.live and now.below_bytes >= LAG_BYTES:
            late = f"  {figures.size(now.below_bytes)} behind, end catches up"
            return (Span("following", "good"), Span(late, "warning"))
        return (Span("following", "good"),)
    held = Span("held", "warning")
    if now.live:
        return (held, Span(f"  {figures.count(now.below_lines, 'line')} below", "muted"))
    return (held, Span(f"  {figures.size(now.below_bytes)} below", "muted"))


def _looking(now: LogStatus) -> Line:
    look = now.looking
    if look is None:
        return ()
    doing = "searching" if now.searching else "filtering" if now.wanted else "reading"
    way = "back" if look.back else "on"
    return (Span(f"{doing} {way} … {look.words}, esc cancels", "moving"),)


def _filter(now: LogStatus) -> Line:
    spans: list[Span] = [Span(f"only “{safe(text)}”", "match") for text in now.wanted.texts]
    if now.wanted.least is not Level.ALL:
        spans.append(Span(now.wanted.least.words, "match"))
    return joined((span,) for span in spans)


def _search(now: LogStatus) -> Line:
    if not now.needle:
        return ()
    found = figures.count(now.found, "line") if now.whole else f"{now.found}+ lines"
    return (Span(f"{found} with “{safe(now.needle)}”", "match"),)


def _place(now: LogStatus) -> Line:
    spans: list[Span] = []
    of = now.above_bytes + now.below_bytes
    if not now.following and of:
        share = round(100 * now.above_bytes / of)
        spans.append(Span(f"at {share}% of {figures.size(of)}", "muted"))
    if now.column:
        spans.append(Span(f"from column {now.column + 1}", "muted"))
    return joined((span,) for span in spans)


def _rate(now: LogStatus) -> Line:
    if now.rate < 1:
        return ()
    if now.live:
        return (Span(f"{now.rate:.0f} lines/s", "dim"),)
    return (Span(f"{figures.size(int(now.rate))}/s", "dim"),)
