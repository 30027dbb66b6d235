"""The form for a new env: name, base, whether to bring it up."""

from __future__ import annotations

import re

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from hive_tui.app.lines import BLANK, Line, Span, safe
from hive_tui.app.screens.dialog import Dialog
from hive_tui.app.widgets.rows import Rows
from hive_tui.app.widgets.tick import Tick

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")


class NewEnvironment(msgspec.Struct, frozen=True):
    """What was asked for."""

    name: str
    base: str
    """"" for the project's own."""
    warm: bool


def wrong_with(name: str, taken: frozenset[str]) -> str | None:
    """What is wrong with a name for a new env; `None`: nothing."""
    if not name:
        return "a name is needed"
    if _NAME.fullmatch(name) is None:
        return "a to z, 0 to 9 and -, starting with a letter, at most 32"
    if name in taken:
        return f"{name} exists already"
    return None


class NewEnvironmentDialog(Dialog[NewEnvironment]):
    """Asks for a new env of one project."""

    def __init__(self, project: str, taken: frozenset[str]) -> None:
        """Create the form.

        Args:
            project: Name of the project.
            taken: Names of its envs.
        """
        super().__init__()
        self._project = project
        self._taken = taken

    def compose(self) -> ComposeResult:
        """Three fields and what enter does."""
        with Vertical(id="box"):
            yield Rows(id="title")
            yield Rows(id="name-label")
            yield Input(id="name", placeholder="auth-refactor")
            yield Rows(id="base-label")
            yield Input(id="base", placeholder="the project's base branch")
            yield Tick("bring it up at once (warm)", value=True, id="warm")
            yield Rows(id="keys")

    def on_mount(self) -> None:
        """Fill in the words."""
        title: Line = (Span("New env", "heading"), Span(f" of {safe(self._project)}", "muted"))
        self.query_one("#title", Rows).put(title, BLANK)
        self.query_one("#base-label", Rows).put((Span("base", "muted"),))
        self.query_one("#keys", Rows).put(
            (
                Span("enter", "accent"),
                Span(" makes it   ", "muted"),
                Span("tab", "accent"),
                Span(" next field   ", "muted"),
                Span("esc", "accent"),
                Span(" back", "muted"),
            )
        )
        for field in self.query(Input):
            field.cursor_blink = False
        self._judge("")

    @on(Input.Changed, "#name")
    def name_changed(self, event: Input.Changed) -> None:
        """Say at once what is wrong with it."""
        self._judge(event.value)

    @on(Input.Submitted)
    def submitted(self) -> None:
        """Answer, if the name will do."""
        name = self.query_one("#name", Input).value.strip()
        if wrong_with(name, self._taken) is None:
            base = self.query_one("#base", Input).value.strip()
            self.dismiss(NewEnvironment(name, base, self.query_one(Tick).value))
        else:
            self.query_one("#name", Input).focus()
            self._judge(name, asked=True)

    def _judge(self, name: str, *, asked: bool = False) -> None:
        """Say what is wrong with the name; of one that is not begun only where it is asked for."""
        wrong = wrong_with(name.strip(), self._taken)
        words = (Span(f"  {wrong}", "warning"),) if wrong and (name or asked) else ()
        self.query_one("#name-label", Rows).put((Span("name", "muted"), *words))
