"""The form for a new env: name, base, whether to bring it up, and an existing branch or not."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.suggester import SuggestFromList
from textual.widgets import Input

from hive_tui.app.lines import BLANK, Line, Span, cut, safe
from hive_tui.app.screens.dialog import Dialog
from hive_tui.app.widgets.field import Field
from hive_tui.app.widgets.rows import Rows
from hive_tui.app.widgets.tick import Tick
from hive_tui.client.protocol import HiveClient
from hive_tui.model.errors import HiveError

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_PLACE = "{env}"
_WIDTH = 64


class NewEnvironment(msgspec.Struct, frozen=True):
    """What was asked for."""

    name: str
    base: str
    """"" for the project's own."""
    warm: bool
    reuse_branch: bool = False
    """Whether the branch that exists already is worked on."""


class Branches(msgspec.Struct, frozen=True):
    """What the repository has, as the daemon tells it."""

    branches: tuple[str, ...] = ()
    checked_out: tuple[str, ...] = ()
    """Those that some worktree has; no other one can have them too."""
    base: str = ""
    """Where an env begins if nothing else is said."""
    branch: str = _PLACE
    """Name of an env's branch, with `{env}` for the env's."""

    def of(self, name: str) -> str:
        """The branch that an env of that name gets."""
        return self.branch.replace(_PLACE, name)


NOTHING_KNOWN = Branches()
"""Before the daemon told, and where it cannot."""


def wrong_with(
    name: str, taken: frozenset[str], known: Branches = NOTHING_KNOWN, reuse: bool = True
) -> str | None:
    """What is wrong with a name for a new env; `None`: nothing.

    Args:
        name: What was typed.
        taken: Names of the project's envs.
        known: The repository's branches.
        reuse: Whether an existing branch may be worked on.
    """
    if not name:
        return "a name is needed"
    if _NAME.fullmatch(name) is None:
        return "a to z, 0 to 9 and -, starting with a letter, at most 32"
    if name in taken:
        return f"{name} exists already"
    branch = known.of(name)
    if branch in known.checked_out:
        return f"branch {branch} is checked out in a worktree"
    if branch in known.branches and not reuse:
        return f"branch {branch} exists: tick below to work on it"
    return None


class NewEnvironmentDialog(Dialog[NewEnvironment]):
    """Asks for a new env of one project."""

    def __init__(
        self,
        project: str,
        taken: frozenset[str],
        client: HiveClient,
        *,
        by_itself: bool = False,
    ) -> None:
        """Create the form.

        Args:
            project: Name of the project.
            taken: Names of its envs.
            client: Asked for the repository's branches.
            by_itself: True where no key asked for it.
        """
        super().__init__()
        self.by_itself = by_itself
        self._project = project
        self._taken = taken
        self._submitted = False
        self._client = client
        self._known = NOTHING_KNOWN

    def give_way(self) -> None:
        """Go, unless something has been typed."""
        if not any(field.value for field in self.query(Input)):
            self.dismiss(None)

    def compose(self) -> ComposeResult:
        """The fields and what enter does."""
        with Vertical(id="box"):
            yield Rows(id="title")
            yield Rows(id="name-label")
            yield Field(id="name", placeholder="auth-refactor")
            yield Tick("work on the branch that there is", id="reuse")
            yield Rows(id="base-label")
            yield Field(id="base", placeholder="the project's base branch")
            yield Tick("bring it up at once (warm)", value=True, id="warm")
            yield Rows(id="keys")

    def on_mount(self) -> None:
        """Fill in the words, and ask for the branches."""
        title: Line = (Span("New env", "heading"), Span(f" of {safe(self._project)}", "muted"))
        self.query_one("#title", Rows).put(title, BLANK)
        self.query_one("#reuse").display = False
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
        self._judge()
        self._ask()

    @on(Input.Changed)
    @on(Tick.Changed)
    def changed(self) -> None:
        """Say at once what is wrong."""
        self._judge()

    @on(Input.Submitted)
    def submitted(self) -> None:
        """Answer, if the name will do."""
        name, reuse = self._typed, self._reuse
        if wrong_with(name, self._taken, self._known, reuse) is None:
            base = "" if reuse else self.query_one("#base", Field).value.strip()
            warm = self.query_one("#warm", Tick).value
            self.dismiss(NewEnvironment(name, base, warm, reuse))
        else:
            self.query_one("#name", Field).focus()
            self._submitted = True
            self._judge()

    @property
    def _typed(self) -> str:
        return self.query_one("#name", Field).value.strip()

    @property
    def _reuse(self) -> bool:
        box = self.query_one("#reuse", Tick)
        return box.value and bool(box.display)

    @work(exit_on_error=False)
    async def _ask(self) -> None:
        try:
            answer: Any = await self._client.call("branches", {"project": self._project})
            self._known = msgspec.convert(answer, Branches)
        except (HiveError, msgspec.ValidationError):
            return  # the form works without them; the daemon judges what is asked for
        base = self.query_one("#base", Field)
        base.suggester = SuggestFromList(self._known.branches)
        base.placeholder = self._known.base
        self._judge()

    def _judge(self) -> None:
        name, known = self._typed, self._known
        branch = known.of(name)
        there = branch in known.branches and branch not in known.checked_out
        self.query_one("#reuse").display = there
        wrong = wrong_with(name, self._taken, known, self._reuse)
        words = (Span(f"  {wrong}", "warning"),) if wrong and (name or self._submitted) else ()
        self.query_one("#name-label", Rows).put(cut((Span("name", "muted"), *words), _WIDTH))
        self.query_one("#base-label", Rows).put(cut(self._about_base(), _WIDTH))

    def _about_base(self) -> Line:
        base, known = self.query_one("#base", Field).value.strip(), self._known
        if self._reuse:
            return (Span("base", "muted"), Span("  none: the branch is as it is", "dim"))
        if base and known.branches and base not in known.branches:
            return (Span("base", "muted"), Span("  no local branch: a commit or a tag?", "dim"))
        return (Span("base", "muted"),)
