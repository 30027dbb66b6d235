"""All keys and what every mark means."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult

from hive_tui.app.actions import HELP, bindings
from hive_tui.app.lines import Span
from hive_tui.app.screens.base import Deed, HiveScreen
from hive_tui.app.state import HiveState
from hive_tui.app.views.keys import help_page
from hive_tui.app.widgets.rows import Pages, Rows


class HelpScreen(HiveScreen):
    """A page made of the registry of actions and the table of marks."""

    AREA = HELP
    BINDINGS = bindings(HELP)

    def compose(self) -> ComposeResult:
        """Head line, page, foot."""
        yield Rows(id="head")
        yield Pages(id="page")
        yield Rows(id="foot")

    def deeds(self) -> Mapping[str, Deed]:
        """Scrolling; the help key closes what it opened."""
        page = self.query_one(Pages)
        return {
            **super().deeds(),
            "app.help": lambda _: self.hive.back(),
            "app.tour": lambda _: self.hive.tour.start(),
            **page.deeds(),
        }

    def show(self, state: HiveState) -> None:
        """Draw the page for this width."""
        self.query_one("#head", Rows).put(
            (Span(" hive", "heading"), self.hive.look().step, Span("keys and marks", "strong"))
        )
        self.query_one(Pages).put(help_page(self.app.size.width, self.hive.look()))
        self.show_foot()
