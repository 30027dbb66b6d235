"""The question until when a thing is put off."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from hive_tui.app.lines import BLANK, Line, Span, cut, safe
from hive_tui.app.screens.dialog import Dialog
from hive_tui.app.triage.kept import tomorrow
from hive_tui.app.triage.queue import Card
from hive_tui.app.widgets.rows import Rows

_WIDTH = 64

UNTIL_IT_CHANGES = 0.0
"""The answer that names no time."""

_WAYS = (
    ("enter", "until it changes"),
    ("1", "for ten minutes"),
    ("2", "for an hour"),
    ("3", "until tomorrow, nine o'clock"),
)


class PutOffDialog(Dialog[float]):
    """Answers with seconds since the epoch, or `UNTIL_IT_CHANGES`."""

    BINDINGS = [
        Binding("enter,u", "answer(0)", show=False),
        Binding("1", "answer(1)", show=False),
        Binding("2", "answer(2)", show=False),
        Binding("3", "answer(3)", show=False),
    ]

    def __init__(self, card: Card, now: float) -> None:
        """Create the question.

        Args:
            card: What is put off.
            now: Seconds since the epoch.
        """
        super().__init__()
        self._card = card
        self._times = (UNTIL_IT_CHANGES, now + 600, now + 3600, tomorrow(now))

    def compose(self) -> ComposeResult:
        """What, and the keys."""
        with Vertical(id="box"):
            yield Rows(id="title")
            yield Rows(id="keys")

    def on_mount(self) -> None:
        """Fill in the words."""
        item = self._card.first
        title: Line = (Span("Put off ", "heading"), Span(safe(self._card.names), "strong"))
        why: Line = (Span(safe(item.text), "muted"),)
        self.query_one("#title", Rows).put(cut(title, _WIDTH), cut(why, _WIDTH), BLANK)
        rows: list[Line] = [
            (Span(f" {key:<6}", "accent"), Span(words, "text")) for key, words in _WAYS
        ]
        self.query_one("#keys", Rows).put(
            *rows, BLANK, (Span(" esc   ", "accent"), Span("leaves it in the queue", "muted"))
        )

    def action_answer(self, way: int) -> None:
        """Answer with the time of that way."""
        self.dismiss(self._times[way])
