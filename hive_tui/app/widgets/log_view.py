"""A log on the screen: follows the end, holds when asked, parses only the lines that are seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.events import MouseScrollDown, MouseScrollUp, Resize
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from hive_tui.app.ansi import decode, plain
from hive_tui.app.lines import Span, fit, safe
from hive_tui.app.paint import ROLE_CLASSES, Paint
from hive_tui.app.ring import Ring
from hive_tui.model.levels import Level, level_of
from hive_tui.model.wire import LogLine

_SOURCE_ROLES = ("accent", "info", "good", "moving", "warning", "strong")
_STEP = 8
"""Cells that one key scrolls sideways."""


class LogView(ScrollView, can_focus=True, inherit_bindings=False):
    """The newest lines of a ring.

    While it follows, the window is tied to the end and the scroll position is not touched: a
    burst costs one repaint of what is visible. Held, the window stays on its lines while new
    ones come.
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
        """Held: number of shown lines up to the last visible one, dropped ones included."""
        self._cursor: int | None = None
        """Number of the line that was jumped to, counted like `_end`; it is lifted."""
        self._left = 0
        self._needle = ""
        self.following = True

    @property
    def behind(self) -> int:
        """Lines below the window."""
        return 0 if self.following else max(0, self._last() - self._end)

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
        if self.following:
            self.refresh()

    def replaced(self) -> None:
        """Other sources are shown: back to the end."""
        self.follow()

    def follow(self) -> None:
        """Tie the window to the end."""
        self.following = True
        self._cursor = None
        self._changed()

    def hold(self) -> None:
        """Keep the window on the lines that it shows."""
        self.following = False
        self._end = self._last()
        self._changed()

    def scroll_lines(self, by: int) -> None:
        """Move the window; at the end it follows again."""
        if self.following:
            if by >= 0:
                return
            self.hold()
        first = self._ring.dropped + min(self.size.height, len(self._ring.shown))
        self._end = max(first, self._end + by)
        self._cursor = None
        if self._end >= self._last():
            self.follow()
        else:
            self._changed()

    def scroll_sideways(self, steps: int) -> None:
        """Show long lines further to the right or left."""
        self._left = max(0, self._left + steps * _STEP)
        self._changed()

    def to_start(self) -> None:
        """Show the oldest lines that are kept."""
        self.scroll_lines(-self._last())

    def mark(self, needle: str) -> int:
        """Mark a text, ignoring case; returns how many lines hold it."""
        self._needle = needle.casefold()
        self.refresh()
        return len(self._matches()) if needle else 0

    def jump(self, direction: int) -> bool:
        """Go to the nearest line with the marked text above (-1) or below (1).

        Returns:
            False where there is none.
        """
        return self._jump(self._matches(), direction)

    def jump_to_error(self, direction: int) -> bool:
        """Go to the nearest error above or below; false where there is none."""
        lines = enumerate(self._ring.shown)
        return self._jump(
            [at for at, line in lines if level_of(line.text) is Level.ERROR], direction
        )

    def _jump(self, places: Iterable[int], direction: int) -> bool:
        """To the nearest of these lines, as seen from the last jump or else from the end."""
        end = self._last() if self.following else self._end
        start = (end + 1 if direction < 0 else end) if self._cursor is None else self._cursor
        numbers = [self._ring.dropped + at + 1 for at in places]
        ahead = [at for at in numbers if (at < start if direction < 0 else at > start)]
        if not ahead:
            return False
        self.following = False
        self._cursor = ahead[-1] if direction < 0 else ahead[0]
        first = self._ring.dropped + min(self.size.height, len(self._ring.shown))
        self._end = max(first, min(self._last(), self._cursor + self.size.height // 2))
        self._changed()
        return True

    def notify_style_update(self) -> None:
        """Take the new colours."""
        super().notify_style_update()
        self._paint.forget()

    def on_resize(self, _: Resize) -> None:
        """No scroll bar: the ring's head moves, so its length says nothing."""
        self.virtual_size = Size(self.size.width, self.size.height)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Hold and go up."""
        event.stop()
        self.scroll_lines(-3)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Go down; follow at the end."""
        event.stop()
        self.scroll_lines(3)

    def render_line(self, y: int) -> Strip:
        """Parse and paint one visible line."""
        lines = self._ring.shown
        if not lines and y == 0:
            return self._paint.strip((Span("nothing written yet", "dim"),), self.size.width)
        end = len(lines) if self.following else self._end - self._ring.dropped
        at = end - self.size.height + y if end >= self.size.height else y
        if not 0 <= at < min(end, len(lines)):
            return self._paint.strip((), self.size.width)
        line = lines[at]
        alone = y > 0 and at > 0 and lines[at - 1].source == line.source
        strip = self._line(line, repeat=alone)
        if self._cursor == self._ring.dropped + at + 1:
            lift = self._paint.style("text", lifted=True).bgcolor
            return strip.apply_style(Style(bgcolor=lift))
        return strip

    def _line(self, line: LogLine, *, repeat: bool) -> Strip:
        width = self.size.width
        prefix = self._prefix(line, repeat) if width >= 60 else ()
        head = [
            Segment(self._paint.text(span.text), self._paint.style(span.role)) for span in prefix
        ]
        body = Strip(self._body(line.text))
        if self._left:
            body = body.crop(self._left)
        return Strip([*head, *body]).adjust_cell_length(width, self._paint.style("text"))

    def _body(self, raw: bytes) -> list[Segment]:
        base = self._paint.style("text")
        text = _decoded(raw)
        if self._needle and self._needle in text.plain.casefold():
            text = text.copy()
            mark = self._paint.style("match") + Style(bold=True, reverse=True)
            text.highlight_words([self._needle], mark, case_sensitive=False)
        return [
            Segment(self._paint.text(segment.text), base + (segment.style or Style.null()))
            for segment in text.render(self.app.console)
        ]

    def _prefix(self, line: LogLine, repeat: bool) -> tuple[Span, ...]:
        stamp = datetime.fromtimestamp(line.at).astimezone().strftime("%H:%M:%S ")
        names: Sequence[str] = self._ring.sources
        wide = min(12, max((len(name) for name in names), default=0))
        role = _SOURCE_ROLES[names.index(line.source) % len(_SOURCE_ROLES)]
        name = "" if repeat else safe(line.source)
        return (Span(stamp, "dim"), *fit((Span(name, role),), wide), Span(" │ ", "dim"))

    def _last(self) -> int:
        return self._ring.dropped + len(self._ring.shown)

    def _matches(self) -> list[int]:
        return find(self._ring.shown, self._needle)

    def _changed(self) -> None:
        self.refresh()
        self.post_message(self.Moved())


def find(lines: Iterable[LogLine], needle: str) -> list[int]:
    """Positions of the lines that hold a case-folded text; none for an empty one."""
    if not needle:
        return []
    raw = needle.encode()
    ascii_only = needle.isascii()
    return [
        at
        for at, line in enumerate(lines)
        if (not ascii_only or raw in line.text.lower() or b"\x1b" in line.text)
        and needle in plain(line.text).casefold()
    ]


@lru_cache(maxsize=512)
def _decoded(raw: bytes) -> Text:
    return decode(raw)
