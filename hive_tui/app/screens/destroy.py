"""The question before an env is destroyed: what would be lost, and its name to confirm."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from hive_tui.app.lines import BLANK, Line, Span, cut, joined, safe
from hive_tui.app.screens.dialog import Dialog
from hive_tui.app.widgets.field import Field
from hive_tui.app.widgets.rows import Rows
from hive_tui.client.protocol import HiveClient
from hive_tui.model.environment import EnvDetail
from hive_tui.model.errors import HiveError

_LINES = 10
_WIDTH = 64


class DestroyDialog(Dialog[bool]):
    """Answers with whether the destruction has to be forced; only after the name was typed."""

    def __init__(self, env: EnvDetail, client: HiveClient) -> None:
        """Create the question.

        Args:
            env: What would be destroyed.
            client: Asked for what would be lost.
        """
        super().__init__(classes="-grave")
        self.env = env
        self._client = client
        self._force: bool | None = None

    def compose(self) -> ComposeResult:
        """What would go, what would be lost, the name."""
        with Vertical(id="box"):
            yield Rows(id="title")
            yield Rows(id="losses")
            yield Field(id="name")
            yield Rows(id="keys")

    def on_mount(self) -> None:
        """Ask git in the background."""
        view = self.env.view
        self.query_one("#title", Rows).put(
            (Span("Destroy ", "bad"), Span(safe(view.name), "strong"), Span("?", "bad")),
            cut((Span(f"{safe(view.worktree)}, branch {safe(view.branch)}", "muted"),), _WIDTH),
            BLANK,
        )
        self.query_one("#losses", Rows).put(
            (Span("asking git what would be lost …", "dim"),), BLANK
        )
        name = self.query_one(Input)
        name.placeholder = f"type {view.name} to confirm"
        self._say_keys()
        self.run_worker(self._ask(), exit_on_error=False)

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Answer, once the name is right and it is known what would be lost."""
        name = self.env.view.name
        if event.value.strip() != name:
            self._say_keys(f"that is not its name; type {safe(name)}")
        elif self._force is None:
            self._say_keys("wait: it is not known yet what would be lost")
        else:
            self.dismiss(self._force)

    def _say_keys(self, wrong: str = "") -> None:
        """What the keys do, or why enter did nothing."""
        enter: Line = (Span("enter", "accent"), Span(" destroys it", "muted"))
        first = (Span(wrong, "warning"),) if wrong else enter
        back: Line = (Span("esc", "accent"), Span(" keeps it", "muted"))
        self.query_one("#keys", Rows).put(joined((cut(first, _WIDTH - 15), back), "   "))

    async def _ask(self) -> None:
        try:
            answer = await self._client.call("losses", {"env": self.env.id})
        except HiveError as error:
            lines: list[Line] = [
                (Span("it could not be found out what would be lost", "bad"),),
                cut((Span(safe(error.message), "muted"),), _WIDTH),
                BLANK,
            ]
            self.query_one("#losses", Rows).put(*lines)
            return
        nothing = bool(answer.get("nothing"))
        self._force = not nothing
        self.query_one("#losses", Rows).put(*_words(nothing, list(answer.get("lines") or ())))


def _words(nothing: bool, losses: list[str]) -> list[Line]:
    if nothing:
        text = "Nothing would be lost: all work is committed and held elsewhere."
        return [(Span(text, "good"),), BLANK]
    lines: list[Line] = [(Span("This would be lost:", "warning"),)]
    lines += [cut((Span(f"  {safe(loss)}"),), _WIDTH) for loss in losses[:_LINES]]
    if len(losses) > _LINES:
        lines.append((Span(f"  and {len(losses) - _LINES} more", "dim"),))
    lines += [BLANK, (Span("A recovery ref keeps it for 30 days.", "muted"),), BLANK]
    return lines
