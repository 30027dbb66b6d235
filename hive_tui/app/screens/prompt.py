"""A prompt for one agent or several, and those that still wait to be delivered."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.binding import Binding

from hive_tui.app import figures
from hive_tui.app.lines import Line, Span, safe
from hive_tui.app.screens.writing import Writing, WritingDialog
from hive_tui.app.widgets.editor import Editor
from hive_tui.model.agent import QueuedPrompt
from hive_tui.model.environment import EnvDetail

_SHOWN = 3
"""Queued prompts that are listed."""

TakeBack = Callable[[EnvDetail, QueuedPrompt, Callable[[], None]], None]
"""Takes a queued prompt out of the queue, and calls back once that is done."""


class PromptDialog(WritingDialog):
    """Answers with the prompt. A queued one is taken back into the editor, and so changed."""

    BINDINGS = [Binding("ctrl+r", "take_back", show=False)]

    def __init__(self, envs: Sequence[EnvDetail], writing: Writing, take_back: TakeBack) -> None:
        """Create the editor.

        Args:
            envs: Whose agents get it.
            writing: With templates and history.
            take_back: Takes a queued prompt out of the queue.
        """
        super().__init__(writing)
        self._envs = envs
        self._take_back = take_back
        agent = envs[0].agent if len(envs) == 1 else None
        self._queued = list(agent.queued) if agent is not None else []

    def above(self) -> list[Line]:
        """What waits already, the newest last."""
        lines: list[Line] = []
        for prompt in self._queued[-_SHOWN:]:
            text = safe(" ".join(prompt.text.split()))
            if prompt.problem:
                head = Span(f"not delivered: {safe(prompt.problem)}  ", "bad")
            else:
                head = Span("queued  ", "warning")
            lines.append((head, Span(text, "muted")))
        return lines

    def more_keys(self) -> list[Line]:
        """The one for queued prompts, where there are any."""
        if not self._queued:
            return []
        return [(Span("ctrl+r", "accent"), Span(" takes the newest back", "muted"))]

    def action_take_back(self) -> None:
        """Take the newest queued prompt into the editor: sent again it is changed, else gone."""
        editor = self.query_one(Editor)
        if not self._queued:
            self._say_keys("nothing is queued")
        elif editor.text.strip():
            self._say_keys("it would replace what is written; clear it first")
        else:
            prompt = self._queued[-1]
            self._take_back(self._envs[0], prompt, lambda: self._taken(prompt))

    def _taken(self, prompt: QueuedPrompt) -> None:
        if not self.is_mounted:
            return
        self._queued = [each for each in self._queued if each.id != prompt.id]
        self.query_one(Editor).put(prompt.text)
        self._say_title()
        self._say_keys()


def prompting(
    envs: Sequence[EnvDetail], templates: dict[str, str], history: tuple[str, ...]
) -> Writing:
    """What is to be written for these envs."""
    if len(envs) == 1:
        agent = envs[0].view.agent
        title = f"Prompt for {envs[0].view.name}"
        about = f"{agent.kind} is {agent.state}" if agent else ""
    else:
        title = f"Prompt for {figures.count(len(envs), 'agent')}"
        about = ", ".join(env.view.name for env in envs)
    return Writing(title, about, "what is to be done", False, templates, history)
