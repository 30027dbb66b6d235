"""A log on the screen: follows the end, holds when asked, parses only the lines that are seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.events import Key, MouseScrollDown, MouseScrollUp, Resize
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from hive_tui.app import ansi
from hive_tui.app.lines import Span, fit, safe
from hive_tui.app.paint import ROLE_CLASSES, Paint
from hive_tui.app.ring import Ring
from hive_tui.model.log_filter import seen
from hive_tui.model.wire import LogLine

_SOURCE_ROLES = ("accent", "info", "good", "moving", "warning", "strong")
_STEP = 8
"""Cells that one key scrolls sideways."""
_FARTHEST = 16 * 1024
"""Cells that it can be scrolled: lines come in pieces no longer than that."""
_WHEEL = 3
"""Lines that one turn of the wheel scrolls."""
_NAME = 12
"""Cells of the name of a source."""


class LogView(ScrollView, can_focus=True, inherit_bindings=False):
    """A window on a ring.

    While it follows, the window is tied to the end and the scroll position is not touched: a
    burst costs one repaint of what is visible. Held, the window stays on its lines while new
    ones come. Lines are counted by the ring's numbers.
    """

    COMPONENT_CLASSES = set(ROLE_CLASSES)
    DEFAULT_CSS = "LogView { height: 1fr; width: 1fr; }"

    class Moved(Message):
        """Following, holding or the position changed."""

    def __init__(self, ring: Ring, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._ring = ring
        self._paint = Paint(self)
        self._end = 0
        """Held: number past the last visible line."""
        self._tail: tuple[LogLine, ...] = ()
        """Held: the unfinished lines that stand below it."""
        self._cursor: int | None = None
        """Number of the line that was jumped to; it is lifted."""
        self._left = 0
        self._height = 0
        self._needle = ""
        self.following = True
        self.taken: Callable[[Key], bool] = lambda _: False
        """Sees every key first; true for one that is dealt with."""

    @property
    def end(self) -> int:
        """Number past the last visible line."""
        return self._ring.last if self.following else min(self._end, self._ring.last)

    @property
    def first(self) -> int:
        """Number of the first visible line."""
        return max(self._ring.first, self.end - self.size.height)

    @property
    def behind(self) -> int:
        """Lines of the ring below the window."""
        return self._ring.last - self.end

    @property
    def cursor(self) -> int | None:
        """Number of the line that was jumped to."""
        return self._cursor

    @property
    def column(self) -> int:
        """Cells of long lines that lie to the left of the window."""
        return self._left

    @property
    def needle(self) -> str:
        """Text that is marked; "" for none."""
        return self._needle

    def grew(self) -> None:
        """The ring has new lines; repaints what is visible if it is tied to the end."""
        if self.following or len(self._ring.shown) <= self.size.height:
            self.refresh()

    def follow(self) -> None:
        """Tie the window to the end."""
        self.following = True
        self._cursor = None
        self._changed()

    def hold(self) -> None:
        """Keep the window on the lines that it shows."""
        if self.following:
            self._end, self._tail = self._ring.last, self._halves()
        self.following = False
        self._changed()

    def scroll_lines(self, by: int) -> None:
        """Move the window; at the end it follows again."""
        if self.following:
            if by >= 0:
                return
            self.hold()
        self._tail = ()
        self._cursor = None
        self._end = self._clamped(self._end + by)
        if by > 0 and self._end >= self._ring.last and self._ring.live:
            self.follow()
        else:
            self._changed()

    def scroll_sideways(self, steps: int) -> None:
        """Show long lines further to the right or left."""
        self._left = min(_FARTHEST, max(0, self._left + steps * _STEP))
        self._changed()

    def to_start(self) -> None:
        """Show the first lines of the ring."""
        self.hold()
        self._place(self._ring.first, cursor=None)

    def put(self, end: int) -> None:
        """Hold the window so that it ends before the line of this number."""
        self.following = False
        self._place(end, cursor=None)

    def show(self, number: int) -> None:
        """Hold the window with this line in its middle, lifted, its mark in sight."""
        self.following = False
        self._reveal(self._ring.shown[number - self._ring.first])
        self._place(number + 1 + self.size.height // 2, cursor=number)

    def mark(self, needle: str) -> None:
        """Mark a text, ignoring case; "" marks nothing."""
        self._needle = needle
        self.refresh()

    def notify_style_update(self) -> None:
        """Take the new colours."""
        super().notify_style_update()
        self._paint.forget()

    def on_resize(self, event: Resize) -> None:
        """Keep the place one looks at: the line that was jumped to, the end, or else the top.

        There is no scroll bar: the ring's head moves, so its length says nothing.
        """
        self.virtual_size = Size(self.size.width, self.size.height)
        before, now = self._height, event.size.height
        self._height = now
        if self.following or before in (0, now):
            return
        if self._cursor is not None:
            share = (self._end - self._cursor) / before
            self._end = self._cursor + max(1, min(now, round(share * now)))
        elif self.behind:
            self._end += now - before
        self._end = self._clamped(self._end)
        self._changed()

    def on_key(self, event: Key) -> None:
        """Let the screen take a key at once that opens a field or is typed ahead into one."""
        if self.taken(event):
            event.stop()

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Hold and go up."""
        event.stop()
        self.scroll_lines(-_WHEEL)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Go down; follow at the end."""
        event.stop()
        self.scroll_lines(_WHEEL)

    def render_line(self, y: int) -> Strip:
        """Parse and paint one visible line."""
        tail = self._halves() if self.following else self._tail
        lines, first, height = self._ring.shown, self._ring.first, self.size.height
        end = self.end - first
        if not end and not tail:
            words = "nothing written yet" if y == 0 and not self._ring.wanted else ""
            return self._paint.strip((Span(words, "dim"),), self.size.width)
        at = y + max(0, end + len(tail) - height)
        if at >= end + len(tail):
            return self._paint.strip((), self.size.width)
        line = lines[at] if at < end else tail[at - end]
        above = lines[at - 1] if 0 < at <= end else None
        repeat = y > 0 and above is not None and above.source == line.source
        strip = self._line(line, repeat=repeat)
        if self._cursor == first + at:
            return Strip(Segment.apply_style(strip, post_style=self._paint.lift()))
        return strip

    def _line(self, line: LogLine, *, repeat: bool) -> Strip:
        width = self.size.width
        head = [
            Segment(self._paint.text(span.text), self._paint.style(span.role))
            for span in self._prefix(line, repeat)
        ]
        body = Strip(self._body(line.text))
        if self._left:
            body = body.crop(self._left, self._left + width)
        return Strip([*head, *body]).adjust_cell_length(width, self._paint.style("text"))

    def _body(self, raw: bytes) -> list[Segment]:
        base = self._paint.style("text")
        text = _decoded(raw, ansi.NEAR + self._left // 512 * 512 * 4)
        if self._needle and self._needle.casefold() in text.plain.casefold():
            text = text.copy()
            mark = self._paint.style("match") + Style(bold=True, reverse=True)
            text.highlight_words([self._needle], mark, case_sensitive=False)
        return [
            Segment(self._paint.text(segment.text), base + (segment.style or Style.null()))
            for segment in text.render(self.app.console)
        ]

    def _prefix(self, line: LogLine, repeat: bool) -> tuple[Span, ...]:
        if self.size.width < 60:
            return ()
        stamp = "         "
        if line.at:
            stamp = datetime.fromtimestamp(line.at).astimezone().strftime("%H:%M:%S ")
        names: Sequence[str] = self._ring.sources
        wide = min(_NAME, max((cell_len(safe(name)) for name in names), default=0))
        known = names.index(line.source) if line.source in names else 0
        name = "" if repeat else safe(line.source)
        role = _SOURCE_ROLES[known % len(_SOURCE_ROLES)]
        return (Span(stamp, "dim"), *fit((Span(name, role),), wide), Span(" │ ", "dim"))

    def _halves(self) -> tuple[LogLine, ...]:
        """The unfinished lines, where the window is at the live end."""
        if not self._ring.live:
            return ()
        halves = self._ring.halves.items()
        lines = (LogLine(0.0, name, text) for name, text in halves if text.strip())
        return tuple(line for line in lines if self._ring.keeps(line))

    def _reveal(self, line: LogLine) -> None:
        """Scroll sideways as far as the marked text needs."""
        at = seen(line.text).casefold().find(self._needle.casefold()) if self._needle else -1
        if at < 0:
            return
        column = cell_len(seen(line.text)[:at])
        room = self.size.width - sum(cell_len(span.text) for span in self._prefix(line, False))
        if not self._left <= column <= self._left + room - cell_len(self._needle):
            wanted = max(0, column - room // 2) // _STEP * _STEP
            self._left = 0 if column + cell_len(self._needle) <= room else wanted

    def _place(self, end: int, *, cursor: int | None) -> None:
        self._tail = ()
        self._cursor = cursor
        self._end = self._clamped(end)
        self._changed()

    def _clamped(self, end: int) -> int:
        """The nearest number at which a window can end."""
        least = self._ring.first + min(self.size.height, len(self._ring.shown))
        return max(least, min(self._ring.last, end))

    def _changed(self) -> None:
        self.refresh()
        self.post_message(self.Moved())


@lru_cache(maxsize=512)
def _decoded(raw: bytes, most: int) -> Text:
    return ansi.decode(raw, most)
