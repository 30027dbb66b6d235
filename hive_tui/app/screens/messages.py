"""Everything that was told: toasts that have gone, and the events of the hive."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult

from hive_tui.app.actions import MESSAGES, bindings
from hive_tui.app.lines import Span
from hive_tui.app.screens.base import Deed, HiveScreen
from hive_tui.app.state import HiveState
from hive_tui.app.views.messages import messages_page
from hive_tui.app.widgets.rows import Pages, Rows


class MessagesScreen(HiveScreen):
    """A page with the newest message first."""

    AREA = MESSAGES
    BINDINGS = bindings(MESSAGES)

    def compose(self) -> ComposeResult:
        """Head line, page, foot."""
        yield Rows(id="head")
        yield Pages(id="page")
        yield Rows(id="foot")

    def deeds(self) -> Mapping[str, Deed]:
        """Scrolling; the key that opened it closes it."""
        page = self.query_one(Pages)
        return {
            **super().deeds(),
            **page.deeds(),
            "app.messages": lambda _: self.hive.back(),
        }

    def show(self, state: HiveState) -> None:
        """Draw the page."""
        look, width = self.hive.look(), self.app.size.width
        self.query_one("#head", Rows).put(
            (Span(" hive", "heading"), look.step, Span("messages and events", "strong"))
        )
        page = messages_page(self.hive.notices, state.events, width, look)
        self.query_one(Pages).put(page)
        self.show_foot()
