"""Everything a key can do: one registry for bindings, footer, help, palette and the README."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from hive_tui.app.action import AREAS as AREAS
from hive_tui.app.action import ENV as ENV
from hive_tui.app.action import FLEET as FLEET
from hive_tui.app.action import HELP as HELP
from hive_tui.app.action import LOGS as LOGS
from hive_tui.app.action import MESSAGES as MESSAGES
from hive_tui.app.action import WELCOME as WELCOME
from hive_tui.app.action import Action as Action
from hive_tui.app.catalogue import ACTIONS as ACTIONS

BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}


def offered(area: str) -> tuple[Action, ...]:
    """Actions of a screen."""
    return tuple(action for action in ACTIONS if area in action.where)


def bindings(area: str) -> list[BindingType]:
    """Textual bindings of a screen: every key calls its action `act`."""
    return [
        Binding(
            key,
            f"act('{action.id}', '{key}')",
            action.label,
            show=False,
            id=action.id if at == 0 else f"{action.id}.{at}",
            tooltip=action.help,
        )
        for action in offered(area)
        for at, key in enumerate(action.keys)
    ]


def key_table() -> str:
    """All keys as a Markdown table, for the docs."""
    rows = [
        f"| {_keys(action)} | {action.label} | {', '.join(action.where)} | {action.help} |"
        for action in ACTIONS
    ]
    return "\n".join(["| key | action | screens | what it does |", "|---|---|---|---|", *rows])


def _keys(action: Action) -> str:
    if len(action.keys) == 9:
        return f"`{action.shown_key}`"
    return " ".join(f"`{_MARKDOWN.get(key, key)}`" for key in action.keys)


_MARKDOWN = {"question_mark": "?", "slash": "/", "ampersand": "&", "escape": "esc"}
