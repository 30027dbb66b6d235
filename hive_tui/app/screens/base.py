"""What every screen with keys has in common: the registry's keys, the foot, the env intents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.binding import Binding, BindingsMap
from textual.keys import KEY_NAME_REPLACEMENTS, key_to_character
from textual.screen import Screen
from textual.widgets import Input

from hive_tui.app.actions import TOUR
from hive_tui.app.lines import Line
from hive_tui.app.possible import Situation
from hive_tui.app.state import HiveState
from hive_tui.app.views.keys import key_at, key_line
from hive_tui.app.widgets.rows import Rows
from hive_tui.app.widgets.spotlight import Card, Light
from hive_tui.model.environment import EnvDetail

if TYPE_CHECKING:
    from hive_tui.app.app import HiveApp

_FIELD_KEYS = frozenset(
    key.strip()
    for binding in Input.BINDINGS
    if isinstance(binding, Binding)
    for key in binding.key.split(",")
)
"""Keys beside characters that mean something in a text field."""

_CHARACTERS = {short: name for name, short in KEY_NAME_REPLACEMENTS.items()}
"""Textual's short names of characters, to those that Unicode has for them."""

Deed = Callable[[str], None]
"""What an action does; gets the key that was pressed ("" from the palette)."""


class HiveScreen(Screen[None], inherit_bindings=False):
    """A screen that draws from the state and offers the actions of its area."""

    _heard_all = False
    """Whether the other widgets had their say before the painting that is due."""

    AREA: ClassVar[str] = ""
    """Its name in the registry of actions."""

    @property
    def hive(self) -> HiveApp:
        """The app, by its own type."""
        return cast("HiveApp", self.app)

    def deeds(self) -> Mapping[str, Deed]:
        """What each action of this area does, by id."""
        return {
            "app.back": lambda _: self.hive.back(),
            "app.help": lambda _: self.hive.open_help(),
            "app.messages": lambda _: self.hive.open_messages(),
            "app.palette": lambda _: self.app.action_command_palette(),
            "app.theme": lambda _: self.app.search_themes(),
            "app.suspend": lambda _: self.app.action_suspend_process(),
            "app.quit": lambda _: self.hive.leave(),
        }

    def situation(self) -> Situation:
        """What an action would be about now."""
        return Situation(self.hive.state, self.env(), self.service(), self.chosen())

    def env(self) -> EnvDetail | None:
        """The env that the keys are about."""
        return None

    def service(self) -> str | None:
        """The service that the keys are about."""
        return None

    def chosen(self) -> tuple[EnvDetail, ...]:
        """The envs that are marked, for actions on many."""
        return ()

    def bring(self, env: str) -> None:
        """Make the keys be about an env, where the screen has several."""

    def overlays(self) -> tuple[Card, Light]:
        """What the tour lays over this screen; made when it is first wanted."""
        found = self.query(Card)
        if not found:
            self.mount(Light(), Card())
        return self.query_one(Card), self.query_one(Light)

    def show(self, state: HiveState) -> None:
        """Draw the state. Called at most once a frame, and once a second for what has an age."""
        raise NotImplementedError

    def action_act(self, action: str, key: str = "") -> None:
        """Do what a key or the palette asks for; say why where that is not possible."""
        keys = self.hive.keys
        if why := keys.by_id[action].refusal(self.situation()):
            self.app.notify(keys.words(why), severity="warning", markup=False, timeout=3)
            return
        self.deeds()[action](key)
        self.hive.tour.did(action)

    def action_guide(self, action: str, key: str = "") -> None:
        """Do what a key of the tour asks for."""
        self.hive.tour.act(action)

    def rebind(self) -> None:
        """Take the keys that are in force."""
        keys = self.hive.keys
        over = keys.bindings(TOUR, act="guide")
        self._bindings = BindingsMap([*over, *keys.bindings(self.AREA)])

    @on(Card.Pressed)
    def card_pressed(self) -> None:
        """Go on with the tour."""
        self.hive.tour.act("tour.next")

    @on(Rows.Clicked, "#foot")
    def foot_clicked(self, event: Rows.Clicked) -> None:
        """A key in the foot does the same when it is clicked."""
        if event.from_end != 1:
            return
        action = key_at(
            self.AREA, self.situation(), self.app.size.width, event.cell, self.hive.keys
        )
        if action is not None:
            self.action_act(action)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What a text field can take is its own while it has the focus; the tour takes its keys."""
        if action == "guide":
            return self.hive.tour.takes(str(parameters[1]))
        if action == "act" and isinstance(self.focused, Input):
            key = str(parameters[-1])
            return key not in _FIELD_KEYS and not _writes(key)
        return super().check_action(action, parameters)

    def on_mount(self) -> None:
        """Take the keys, and draw for the first time."""
        self.rebind()
        self.show(self.hive.shown())

    def on_screen_resume(self) -> None:
        """Catch up with what happened while another screen was in front."""
        self.redraw()

    async def on_idle(self) -> None:
        """Before a painting: hear what else has changed, so that all of it is painted at once.

        What a key does changes several widgets, and each of them says so in a task of its own.
        """
        changed = bool(self._dirty_widgets)
        if changed and not self._heard_all:
            for _ in range(2):
                await asyncio.sleep(0)
        self._heard_all = changed

    def on_resize(self) -> None:
        """Draw for the new width, once the layout has it."""
        self.call_after_refresh(self.redraw)

    def redraw(self) -> None:
        """Draw the state again, if that is seen: neither behind a screen nor while all closes."""
        if self.is_current and self.is_mounted and self.app.is_running:
            self.show(self.hive.shown())

    def show_foot(self, *above: Line) -> None:
        """Fill the foot: lines of the screen's own, then the keys."""
        keys = key_line(self.AREA, self.situation(), self.app.size.width, self.hive.keys)
        self.query_one("#foot", Rows).put(*above, keys)
        self.hive.tour.follow_soon()


class EnvDeeds(HiveScreen):
    """A screen whose keys are about one env: warm it, stop it, test it, look into it."""

    def deeds(self) -> Mapping[str, Deed]:
        """The intents of an env, each a call that never blocks."""
        intents, agents = self.hive.intents, self.hive.agents
        return {
            **super().deeds(),
            "env.warm": lambda _: self._each("env.warm", lambda e: intents.transition(e, "warm")),
            "env.cool": lambda _: self._each("env.cool", intents.cool),
            "env.stop": lambda _: self._each("env.stop", lambda e: intents.transition(e, "stop")),
            "env.freeze": lambda _: intents.freeze(self._targets("env.freeze")),
            "env.test": lambda _: self._each("env.test", intents.test),
            "env.browse": lambda _: intents.browse(self._target(), self.service()),
            "env.copy_url": lambda _: intents.copy_url(self._target(), self.service()),
            "env.enter": lambda _: intents.enter(self._target()),
            "env.forward": lambda _: intents.forward(self._target(), self._has_ports()),
            "env.shell": lambda _: intents.shell(self._target()),
            "env.pin": lambda _: agents.pin(self._targets("env.pin")),
            "agent.prompt": lambda _: self.hive.ask_prompt(self._targets("agent.prompt")),
            "agent.interrupt": lambda _: agents.interrupt(self._target()),
            "agent.heal": lambda _: agents.heal(self._target()),
            "triage.open": lambda _: self.hive.open_triage(self._asking()),
            "env.logs": lambda _: self.hive.open_logs(self._target().id, self.service()),
            "env.destroy": lambda _: self.hive.ask_destroy(self._target()),
        }

    def _asking(self) -> str | None:
        """The env that is shown, if the way to the triage desk begins at it."""
        return None

    def _has_ports(self) -> str | None:
        """Name of the other env that has the fixed ports of this one's project."""
        target = self._target()
        for other in self.hive.state.envs.values():
            if other.fixed_ports and other.view.project == target.view.project:
                return other.view.name if other.id != target.id else None
        return None

    def _each(self, action: str, deed: Callable[[EnvDetail], None]) -> None:
        """Do it to the env, or to each of the marked ones for which it is possible."""
        for env in self._targets(action):
            deed(env)

    def _targets(self, action: str) -> tuple[EnvDetail, ...]:
        return self.hive.keys.by_id[action].targets(self.situation())

    def _target(self) -> EnvDetail:
        env = self.env()
        assert env is not None, "the registry lets no env action through without an env"
        return env


def _writes(key: str) -> bool:
    """Whether a key writes a character: `s`, `space`, `slash`."""
    character = key_to_character(_CHARACTERS.get(key, key))
    return character is not None and character.isprintable()
