"""The question where an env does not fit into the memory: who makes room, or does it wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from hive_tui.app import figures
from hive_tui.app.lines import BLANK, Line, Span, cut, joined, safe
from hive_tui.app.screens.dialog import Dialog
from hive_tui.app.widgets.rows import Rows

_LINES = 8
_WIDTH = 64


class RoomDialog(Dialog[str]):
    """Answers with what the daemon is to do: `make`, `wait` or `over`."""

    BINDINGS = [
        Binding("m,enter", "answer('make')", "make room", show=False),
        Binding("w", "answer('wait')", "wait", show=False),
        Binding("o", "answer('over')", "go over", show=False),
    ]

    def __init__(self, name: str, room: Mapping[str, Any]) -> None:
        """Create the question.

        Args:
            name: Of the env that does not fit.
            room: The daemon's answer to `room`.
        """
        super().__init__()
        self._env_name = name
        self._room = room

    def compose(self) -> ComposeResult:
        """What is needed, who would make room, the keys."""
        with Vertical(id="box"):
            yield Rows(id="title")
            yield Rows(id="relief")
            yield Rows(id="keys")

    def on_mount(self) -> None:
        """Fill in the words."""
        title: Line = (Span("No room for ", "warning"), Span(safe(self._env_name), "strong"))
        words = cut((Span(f"It {safe(str(self._room.get('words')))}.", "muted"),), _WIDTH)
        self.query_one("#title", Rows).put(title, words, BLANK)
        self.query_one("#relief", Rows).put(*relief_lines(self._room), BLANK)
        keys: list[Line] = [
            (Span("w", "accent"), Span(" waits for room", "muted")),
            (Span("o", "accent"), Span(" goes over the limit", "muted")),
            (Span("esc", "accent"), Span(" leaves it", "muted")),
        ]
        if self._room.get("relief"):
            keys.insert(0, (Span("m", "accent"), Span(" does it", "muted")))
        self.query_one("#keys", Rows).put(joined(keys, "  "))

    def action_answer(self, word: str) -> None:
        """Answer, unless nobody could make room."""
        if word != "make" or self._room.get("relief"):
            self.dismiss(word)


def relief_lines(room: Mapping[str, Any]) -> list[Line]:
    """Who would make room, a line each; or why nobody can."""
    relief: Sequence[Mapping[str, Any]] = room.get("relief") or ()
    if not relief:
        lines: list[Line] = [(Span("Nothing that may be put to rest would do:", "muted"),)]
        kept = [str(one) for one in room.get("kept") or ()] or ["nothing else takes memory"]
        return [*lines, *(cut((Span(f"  {safe(one)}"),), _WIDTH) for one in kept[:_LINES])]
    lines = [(Span("Room would be made so:", "muted"),)]
    for one in relief[:_LINES]:
        how = f"idle {figures.age(float(one['idle_s']))}, frees {figures.size(one['frees_bytes'])}"
        words = (Span(f"  {one['transition']} "), Span(safe(str(one["name"])), "strong"))
        lines.append(cut((*words, Span(f"  {how}", "muted")), _WIDTH))
    if len(relief) > _LINES:
        lines.append((Span(f"  and {len(relief) - _LINES} more", "dim"),))
    return lines
