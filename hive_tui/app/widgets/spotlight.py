"""What the tour lays over a screen: the light on one thing, and the card beside it."""

from __future__ import annotations

from rich.style import Style
from textual.events import Click
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from hive_tui.app.tour.card import Standing
from hive_tui.app.widgets.rows import Rows


class Light(Widget):
    """Draws what lies below it once more, brighter. Below, all is dimmed by the style sheet."""

    DEFAULT_CSS = "Light { layer: tour; position: absolute; display: none; }"

    def __init__(self) -> None:
        super().__init__()
        self._below: Widget | None = None
        self._lit = Region()

    def aim(self, below: Widget | None, region: Region) -> None:
        """Light some cells of the screen.

        Args:
            below: The widget that draws them; `None` puts the light out.
            region: The cells, all of them the widget's.
        """
        self._below, self._lit = below, region
        _put(self, region if below is not None else None)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """A row of what lies below."""
        if self._below is None or not self._below.is_attached:
            return Strip.blank(self.size.width, self.rich_style)
        own = self._below.region
        row = self._lit.y - own.y + y
        if not 0 <= row < own.height:
            return Strip.blank(self.size.width, self.rich_style)
        strip = self._below.render_line(row)
        start = self._lit.x - own.x
        light = Style(bgcolor=self.rich_style.bgcolor, bold=True)
        cells = strip.crop(start, start + self._lit.width)
        return Strip(
            [segment._replace(style=(segment.style or light) + light) for segment in cells]
        ).adjust_cell_length(self.size.width, light)

    def on_click(self, event: Click) -> None:
        """A click is meant for what lies below."""
        if self._below is None:
            return
        event.stop()
        at = event.screen_offset - self._below.region.offset
        self._below.post_message(
            Click(
                self._below,
                at.x,
                at.y,
                event.delta_x,
                event.delta_y,
                event.button,
                event.shift,
                event.meta,
                event.ctrl,
                event.screen_x,
                event.screen_y,
                chain=event.chain,
            )
        )


class Card(Rows):
    """What the tour says."""

    DEFAULT_CSS = "Card { layer: tour; position: absolute; display: none; height: auto; }"

    class Pressed(Message):
        """It was clicked."""

    def on_click(self, event: Click) -> None:
        """As the key that goes on."""
        event.stop()
        self.post_message(self.Pressed())

    def stand(self, standing: Standing | None) -> None:
        """Show a card at its place, or none."""
        _put(self, standing.region if standing is not None else None)
        if standing is not None:
            self.put(*standing.lines)


def _put(widget: Widget, region: Region | None) -> None:
    """Lay a widget over some cells of its screen, or take it away."""
    widget.display = region is not None and bool(region.area)
    if region is not None:
        widget.styles.width, widget.styles.height = region.width, region.height
        widget.styles.offset = (region.x, region.y)
