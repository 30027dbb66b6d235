"""From lines with roles to strips with colours. The only place where a role meets a style."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.filter import ANSIToTruecolor, LineFilter
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.strip import Strip
from textual.widget import Widget

from hive_tui.app.lines import ROLES, Span, ascii_only, runs

ROLE_CLASSES = frozenset({*(f"role--{role}" for role in ROLES), "role--lift"})
"""Component classes of every widget that is painted here; `app.tcss` gives them colours."""


class WholeCells(ScrollBarRender):
    """A scroll bar of whole cells: its ends need no signs that a terminal may lack."""

    VERTICAL_BARS = [" "] * 8
    HORIZONTAL_BARS = [" "] * 8


ScrollBar.renderer = WholeCells


def few_colours(app: App[object]) -> bool:
    """Whether there are sixteen colours alone: those of the terminal's own palette."""
    return app.current_theme.ansi or getattr(app, "few_colours", False)


class Paint:
    """The styles of one widget, looked up once and kept until its style changes."""

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._styles: dict[tuple[str, bool], Style] = {}

    def forget(self) -> None:
        """Look the styles up again: the theme or the style sheet changed."""
        self._styles.clear()

    def style(self, role: str, lifted: bool = False) -> Style:
        """Colours of a role on the widget's background, or on that of what is selected."""
        key = (role, lifted)
        style = self._styles.get(key)
        if style is None:
            ink = self._widget.get_component_rich_style(f"role--{role}", partial=True)
            style = self._widget.rich_style + ink
            if lifted:
                style += self.lift()
            self._styles[key] = style = self._true(style)
        return style

    def _true(self, style: Style) -> Style:
        """The style without colours of the palette, so that no line has to be searched for them."""
        for each in self._widget.app.get_line_filters():
            if isinstance(each, ANSIToTruecolor):
                background = self._widget.background_colors[1].rich_color
                style = each.truecolor_style(style, background)
        return style

    def lift(self) -> Style:
        """What makes any style that of the selected thing: another background.

        Sixteen colours have no quiet one for it, so there ground and ink change places.
        """
        if few_colours(self._widget.app):
            ink = self._widget.get_component_rich_style("role--strong", partial=True)
            plain = self._widget.rich_style + ink
            return Style(color=plain.bgcolor, bgcolor=plain.color, reverse=plain.bgcolor is None)
        lift = self._widget.get_component_rich_style("role--lift", partial=True)
        return Style(bgcolor=lift.bgcolor)

    def text(self, text: str) -> str:
        """The text as this terminal can show it."""
        return ascii_only(text) if getattr(self._widget.app, "plain", False) else text

    def segments(self, line: Iterable[Span]) -> list[Segment]:
        """The line as pieces with colours, as wide as it is."""
        return [
            Segment(self.text(span.text), self.style(span.role, span.lifted)) for span in runs(line)
        ]

    def strip(self, line: Iterable[Span], width: int) -> Strip:
        """The line in exactly `width` cells."""
        return Strip(self.segments(line)).adjust_cell_length(width, self.style("text"))

    def filters(self) -> Sequence[LineFilter]:
        """What is left to do to painted lines: their colours are no longer those of a palette."""
        every = self._widget.app.get_line_filters()
        return [each for each in every if not isinstance(each, ANSIToTruecolor)]
