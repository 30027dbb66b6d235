"""Lines that are shown as they are: a fixed number of rows, or a page that scrolls."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from hive_tui.app.lines import BLANK, Line
from hive_tui.app.paint import ROLE_CLASSES, Paint


class Rows(Widget):
    """A few lines: head lines, status, keys. As high as it has lines."""

    COMPONENT_CLASSES = set(ROLE_CLASSES)
    DEFAULT_CSS = "Rows { height: auto; width: 1fr; }"

    class Clicked(Message):
        """A cell was clicked."""

        def __init__(self, rows: Rows, cell: int, from_end: int) -> None:
            super().__init__()
            self.rows = rows
            self.cell = cell
            self.from_end = from_end
            """1: the last row."""

        @property
        def control(self) -> Rows:
            """The rows, for selectors."""
            return self.rows

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._paint = Paint(self)
        self._lines: tuple[Line, ...] = (BLANK,)

    def on_click(self, event: Click) -> None:
        """Say where."""
        self.post_message(self.Clicked(self, event.x, len(self._lines) - event.y))

    def put(self, *lines: Line) -> None:
        """Show these lines; repaints only where they differ."""
        if lines == self._lines:
            return
        grown = len(lines) != len(self._lines)
        self._lines = lines
        self.refresh(layout=grown)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """All of the width."""
        return container.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A row a line."""
        return len(self._lines)

    def notify_style_update(self) -> None:
        """Take the new colours."""
        super().notify_style_update()
        self._paint.forget()

    def render_line(self, y: int) -> Strip:
        """Paint one row."""
        line = self._lines[y] if y < len(self._lines) else BLANK
        return self._paint.strip(line, self.size.width)


class Pages(ScrollView, can_focus=True, inherit_bindings=False):
    """A page of any length, drawn line by line; only what is visible costs."""

    COMPONENT_CLASSES = set(ROLE_CLASSES)
    DEFAULT_CSS = "Pages { height: 1fr; width: 1fr; }"

    class Clicked(Message):
        """A row was clicked."""

        def __init__(self, page: Pages, row: int) -> None:
            super().__init__()
            self.page = page
            self.row = row
            """Of the page, from 0; there may be no line in it."""

        @property
        def control(self) -> Pages:
            """The page, for selectors."""
            return self.page

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._paint = Paint(self)
        self._lines: Sequence[Line] = ()

    def on_click(self, event: Click) -> None:
        """Say where."""
        self.post_message(self.Clicked(self, event.y + round(self.scroll_offset.y)))

    def put(self, lines: Sequence[Line]) -> None:
        """Show these lines; rows that stay the same are not painted again."""
        before = self._lines
        self._lines = lines
        if len(before) != len(lines):
            self.virtual_size = Size(self.size.width, len(lines))
            self.refresh()
            return
        top = round(self.scroll_offset.y)
        for at, (old, new) in enumerate(zip(before, lines, strict=True)):
            if old != new:
                self.refresh(Region(0, at - top, self.size.width, 1))

    def deeds(self) -> dict[str, Callable[[str], None]]:
        """What the scrolling actions do to it, by id."""
        return {
            "view.up": lambda _: self.scroll_lines(-1),
            "view.down": lambda _: self.scroll_lines(1),
            "view.page_up": lambda _: self.scroll_lines(-self._page()),
            "view.page_down": lambda _: self.scroll_lines(self._page()),
            "view.start": lambda _: self.scroll_home(animate=False, immediate=True),
            "view.end": lambda _: self.scroll_end(animate=False, immediate=True),
        }

    def scroll_lines(self, by: int) -> None:
        """Scroll at once: what is put off to the next frame is lost if a key comes before it."""
        self.scroll_relative(y=by, animate=False, immediate=True)

    def _page(self) -> int:
        return max(1, self.scrollable_content_region.height)

    def reveal(self, row: int) -> None:
        """Scroll as far as needed to see a row."""
        self.scroll_to_region(Region(0, row, 1, 1), animate=False, force=True)

    def notify_style_update(self) -> None:
        """Take the new colours."""
        super().notify_style_update()
        self._paint.forget()

    def render_line(self, y: int) -> Strip:
        """Paint one row."""
        at = y + round(self.scroll_offset.y)
        line = self._lines[at] if at < len(self._lines) else BLANK
        return self._paint.strip(line, self.size.width)
