"""Words for an agent: an answer, a reason, a prompt."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from hive_tui.app.lines import BLANK, Line, Span, cut, joined, safe
from hive_tui.app.screens.dialog import Dialog
from hive_tui.app.widgets.editor import Editor
from hive_tui.app.widgets.rows import Rows

_WIDTH = 64


class Writing(msgspec.Struct, frozen=True):
    """What is to be written, and what helps with it."""

    title: str
    about: str
    """One line below the title."""
    placeholder: str = ""
    empty: bool = False
    """Whether nothing at all is an answer too."""
    templates: Mapping[str, str] = {}
    """Name -> text, in the order in which they are offered."""
    history: tuple[str, ...] = ()
    """What was written before, oldest first."""


class WritingDialog(Dialog[str]):
    """Answers with the text, without blank lines around it."""

    BINDINGS = [Binding("ctrl+t", "template", show=False)]

    def __init__(self, writing: Writing, text: str = "") -> None:
        """Create the editor.

        Args:
            writing: What is to be written.
            text: To begin with.
        """
        super().__init__()
        self.writing = writing
        self._text = text
        self._place = len(writing.history)
        """In the history; its length: what is written now."""
        self._draft = ""
        """What was written before the history was looked through."""
        self._template = ""
        """Name of the template that stands in the editor."""

    def compose(self) -> ComposeResult:
        """What it is about, the text, the keys."""
        with Vertical(id="box"):
            yield Rows(id="title")
            yield Editor(self._text, id="text", placeholder=self.writing.placeholder)
            yield Rows(id="keys")

    def on_mount(self) -> None:
        """Fill in the words."""
        self._say_title()
        editor = self.query_one(Editor)
        editor.move_cursor(editor.document.end)
        editor.focus()
        self._say_keys()

    def above(self) -> list[Line]:
        """Lines between the title and the text."""
        return []

    def more_keys(self) -> list[Line]:
        """Keys beside those of every text."""
        return []

    def _say_title(self) -> None:
        title: Line = (Span(safe(self.writing.title), "heading"),)
        about: Line = (Span(safe(self.writing.about), "muted"),)
        lines = [cut(line, _WIDTH) for line in (title, about, *self.above()) if line]
        self.query_one("#title", Rows).put(*lines, BLANK)

    @on(Editor.Sent)
    def sent(self) -> None:
        """Answer, if there is something to say."""
        text = self.query_one(Editor).text.strip()
        if text or self.writing.empty:
            self.dismiss(text)
        else:
            self._say_keys("there is nothing to send yet")

    @on(Editor.Recalled)
    def recalled(self, event: Editor.Recalled) -> None:
        """Look through what was written before; what is written now is at its end."""
        history, editor = self.writing.history, self.query_one(Editor)
        to = self._place + event.by
        if not 0 <= to <= len(history):
            return
        if self._place == len(history):
            self._draft = editor.text
        self._place = to
        editor.put(self._draft if to == len(history) else history[to])

    def action_template(self) -> None:
        """The next template, unless something else was written."""
        names, editor = list(self.writing.templates), self.query_one(Editor)
        if not names:
            self._say_keys("hive.toml has no [prompts]")
            return
        here = self.writing.templates.get(self._template, "")
        if editor.text.strip() not in ("", here.strip()):
            self._say_keys("a template would replace what is written; clear it first")
            return
        at = names.index(self._template) + 1 if self._template in names else 0
        self._template = names[at % len(names)]
        editor.put(self.writing.templates[self._template])
        self._say_keys()

    def _say_keys(self, wrong: str = "") -> None:
        """What the keys do, or why the last one did nothing."""
        keys: list[Line] = [
            _key("enter", "sends"),
            _key("ctrl+j", "new line"),
            _key("esc", "back"),
            *self.more_keys(),
        ]
        if self.writing.history:
            keys.append(_key("up", "before"))
        rows: list[Line] = [cut(joined(keys), _WIDTH)]
        if self.writing.templates:
            names = (
                (Span(safe(name), "strong" if name == self._template else "muted"),)
                for name in self.writing.templates
            )
            rows.append(cut(joined((_key("ctrl+t", ""), *names)), _WIDTH))
        if wrong:
            rows[0] = cut((Span(wrong, "warning"),), _WIDTH)
        self.query_one("#keys", Rows).put(BLANK, *rows)


def _key(key: str, does: str) -> Line:
    return (Span(key, "accent"), Span(f" {does}" if does else "", "muted"))
