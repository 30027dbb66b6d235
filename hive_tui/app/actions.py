"""Everything a key can do: one registry for bindings, footer, help, palette and the README."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec
from textual.binding import Binding, BindingType

from hive_tui.app.action import AREAS as AREAS
from hive_tui.app.action import DIGITS
from hive_tui.app.action import ENV as ENV
from hive_tui.app.action import FLEET as FLEET
from hive_tui.app.action import HELP as HELP
from hive_tui.app.action import LOGS as LOGS
from hive_tui.app.action import MESSAGES as MESSAGES
from hive_tui.app.action import SCREENS as SCREENS
from hive_tui.app.action import TOUR as TOUR
from hive_tui.app.action import TRIAGE as TRIAGE
from hive_tui.app.action import WELCOME as WELCOME
from hive_tui.app.action import Action as Action
from hive_tui.app.catalogue import ACTIONS as _CATALOGUE

PLACE = re.compile(r"\{([a-z]+\.[a-z_]+)\}")
"""Stands for the key of an action in a text: `{env.warm}`."""


class Registry:
    """All actions with the keys that they have here. Never changes: other keys, another registry.

    Texts name a key by the action's id in braces, so that they are true under any keys.
    """

    def __init__(self, actions: Iterable[Action]) -> None:
        """Create a registry.

        Args:
            actions: In the order of the help page; texts with ids in braces.
        """
        self.raw = tuple(actions)
        self.by_id: dict[str, Action] = {action.id: action for action in self.raw}
        self.actions = tuple(
            msgspec.structs.replace(action, help=self.words(action.help)) for action in self.raw
        )
        self.by_id = {action.id: action for action in self.actions}

    def offered(self, area: str) -> tuple[Action, ...]:
        """Actions of a screen, or of what is laid over it."""
        return tuple(action for action in self.actions if area in action.where)

    def key(self, action: str) -> str:
        """The key of an action as people write it."""
        return self.by_id[action].shown_key

    def words(self, text: str) -> str:
        """The text with keys instead of ids in braces; what is no id stays as it is."""
        return "".join(piece for piece, _ in self.pieces(text))

    def pieces(self, text: str) -> Iterator[tuple[str, bool]]:
        """The text in pieces, each with whether it is a key."""
        for at, piece in enumerate(PLACE.split(text)):
            if at % 2 and piece in self.by_id:
                yield self.key(piece), True
            else:
                yield (f"{{{piece}}}" if at % 2 else piece), False

    def bindings(self, area: str, *, act: str = "act") -> list[BindingType]:
        """Textual bindings of an area: every key calls one action of Textual's kind.

        They have priority: a key is acted on before the next one is dealt out, so that what is
        typed right after `/` reaches the field that `/` opens, and is no key of the screen any
        more.

        Args:
            area: Whose actions.
            act: Name of what is called, with the action's id and the key.
        """
        return [
            Binding(
                key,
                f"{act}('{action.id}', '{key}')",
                action.label,
                show=False,
                id=action.id if at == 0 else f"{action.id}.{at}",
                tooltip=action.help,
                priority=True,
            )
            for action in self.offered(area)
            for at, key in enumerate(action.keys)
        ]


DEFAULT = Registry(_CATALOGUE)
"""With the product's own keys."""

ACTIONS = DEFAULT.actions
BY_ID = DEFAULT.by_id


def offered(area: str) -> tuple[Action, ...]:
    """Actions of a screen, with the product's own keys."""
    return DEFAULT.offered(area)


def bindings(area: str) -> list[BindingType]:
    """Textual bindings of a screen for the product's own keys."""
    return DEFAULT.bindings(area)


def key_table() -> str:
    """All keys as a Markdown table, for the docs."""
    rows = [
        f"| {_keys(action)} | {action.label} | `{action.id}` | {', '.join(action.where)} "
        f"| {action.help} |"
        for action in ACTIONS
    ]
    return "\n".join([*_HEAD, *rows])


def short_table() -> str:
    """The keys in the fleet's foot as a Markdown table, for the front page."""
    shown = sorted((each for each in offered(FLEET) if each.footer), key=lambda each: each.footer)
    rows = [f"| {_keys(action)} | {action.help} |" for action in shown]
    return "\n".join(["| key | what it does |", "|---|---|", *rows])


_HEAD = ("| key | action | id | screens | what it does |", "|---|---|---|---|---|")


def _keys(action: Action) -> str:
    if action.keys == DIGITS:
        return f"`{action.shown_key}`"
    return " ".join(f"`{_MARKDOWN.get(key, key)}`" for key in action.keys)


_MARKDOWN = {
    "question_mark": "?",
    "slash": "/",
    "ampersand": "&",
    "escape": "esc",
    "exclamation_mark": "!",
}
