"""The dashboard: screens, the state they draw from, and the ways between them. No domain logic."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from textual import on
from textual.app import App, SystemCommand
from textual.command import CommandPalette
from textual.driver import Driver
from textual.events import Event, InputEvent, Key
from textual.message import Message
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.theme import ThemeProvider
from textual.widgets import Input

from hive_tui.app import figures, themes
from hive_tui.app.actions import DEFAULT, Registry
from hive_tui.app.agent_intents import AgentIntents
from hive_tui.app.beginning import DemoMaker, repository_without_toml
from hive_tui.app.bridge import Bridge
from hive_tui.app.ending import end_with_terminal, on_signals
from hive_tui.app.intents import Intents
from hive_tui.app.lines import safe
from hive_tui.app.marks import TRANSITIONS, of_level
from hive_tui.app.notices import Notice, kept
from hive_tui.app.notifying.caller import Caller
from hive_tui.app.own_files import LOOKED_S, OwnFiles
from hive_tui.app.pace import Pace
from hive_tui.app.palette import ActionCommands
from hive_tui.app.prompt_history import PromptHistory
from hive_tui.app.screens.base import HiveScreen
from hive_tui.app.screens.destroy import DestroyDialog
from hive_tui.app.screens.environment import EnvironmentScreen
from hive_tui.app.screens.fleet import FleetScreen
from hive_tui.app.screens.help import HelpScreen
from hive_tui.app.screens.logs import LogsScreen
from hive_tui.app.screens.messages import MessagesScreen
from hive_tui.app.screens.new_environment import NewEnvironment, NewEnvironmentDialog
from hive_tui.app.screens.prompt import PromptDialog, prompting
from hive_tui.app.screens.triage import TriageScreen
from hive_tui.app.screens.welcome import WelcomeScreen
from hive_tui.app.state import HiveState, Link, aged
from hive_tui.app.themes import shipped
from hive_tui.app.tour.guide import Guide
from hive_tui.app.triage.desk import Desk, all_items
from hive_tui.app.views.look import Look
from hive_tui.app.widgets.editor import Editor
from hive_tui.client.protocol import HiveClient
from hive_tui.model.agent import AgentState, QueuedPrompt
from hive_tui.model.environment import EnvDetail, EnvState


class HiveApp(App[None]):
    """The control center. Closing it stops nothing."""

    TITLE = "hive"
    CSS_PATH = "app.tcss"
    COMMANDS = {ActionCommands}
    BINDINGS = []
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (12, "-tall")]

    @dataclass
    class Changed(Message, bubble=False):
        """The hive changed since the last frame."""

        state: HiveState

    def __init__(
        self,
        client: HiveClient,
        *,
        themes: Sequence[Path] = (),
        theme: str | None = None,
        plain: bool = False,
        keys: Path | None = None,
        desk: Path | None = None,
        prompts: Path | None = None,
        settings: Path | None = None,
        tour: bool = False,
        folder: Path | None = None,
        clock: Callable[[], float] = time.time,
        moments: Callable[[], float] = time.monotonic,
        pace: Pace | None = None,
        driver: type[Driver] | None = None,
    ) -> None:
        """Create the app; nothing is asked of the client before it runs.

        Args:
            client: The way to the daemon.
            themes: Folders with themes of the user, beside the product's own.
            theme: Name of the first theme; the product's default where left out.
            plain: True for a terminal that shows ASCII only.
            keys: File with keys of the user's own.
            desk: File for what was put off; `None`: for this dashboard alone.
            prompts: File with what was written to agents; `None`: nothing is kept.
            settings: File with what calls the person, and how; `None`: as usual.
            tour: True to begin with the tour, once there is an env to show.
            folder: Where the person is; what they may begin with is looked for there.
            clock: Seconds since the epoch.
            moments: Monotonic seconds: how long something has been seen.
            pace: Of the process, where the dashboard has one to itself.
            driver: What reads keys and paints; Textual's own choice where left out.
        """
        super().__init__(driver_class=driver)
        self.animation_level = "none"
        self.client = client
        self.keys = DEFAULT
        """The actions with the keys that are in force."""
        self.intents = Intents(self, client, lambda text: self.keys.words(text))
        self.agents = AgentIntents(self, client, lambda text: self.keys.words(text))
        self.desk = Desk(desk, clock)
        """What was put off and what was just answered."""
        self._moments = moments
        self.prompts = PromptHistory(prompts)
        self._caller = Caller(self, settings, moments)
        self.tour = Guide(self)
        self.demo = DemoMaker(self)
        self.repository = repository_without_toml(folder)
        """A repository without hive.toml in which the dashboard was started."""
        self._form_offered = False
        self.state = HiveState()
        self.notices: tuple[Notice, ...] = ()
        """What was told, oldest first."""
        self._bridge = Bridge(client, self._post, clock=clock)
        self.own_files = OwnFiles(
            self, (shipped(), *themes), keys, theme=theme, keys_changed=self._wear_keys
        )
        self._tour_wanted = tour
        self._bindings.key_to_bindings.pop(self.COMMAND_PALETTE_BINDING, None)  # the registry's
        self.plain = plain
        self.few_colours = False
        """True where there are sixteen colours alone. Set before it runs."""
        self._clock = clock
        self._pace = pace
        self._settled = False

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our colours for the moment before a theme of ours is in place."""
        return {f"hive-{name}": "#808080" for name in themes.VARIABLES}

    def get_default_screen(self) -> Screen[None]:
        """The fleet."""
        return FleetScreen(self.client, id="_default")

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """None of Textual's own: the registry is the only source of commands."""
        return ()

    def on_mount(self) -> None:
        """Put on the theme, and begin to listen."""
        self.set_class(self.few_colours, "-few")
        self.set_class(self.plain, "-ascii")
        self.own_files.open()
        self.set_interval(LOOKED_S, self.own_files.reload)
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        self.run_worker(self._bridge.run(), name="bridge", exit_on_error=True)
        self.set_interval(1.0, self._tick)
        self.set_interval(1.0, self.call_if_due)
        if not self.is_headless and not self.is_web:
            self._leave_on_signals()

    def on_resize(self) -> None:
        """Paint all: a window that is back at its size has lost what did not fit meanwhile."""
        self.refresh(layout=True)

    def on_key(self, event: Key) -> None:
        """What was typed in one breath with the key that opened a field belongs into it."""
        field = self.focused
        if not event.character or not event.is_printable:
            return
        if isinstance(field, Input):
            field.insert_text_at_cursor(event.character)
        elif isinstance(field, Editor):
            field.type(event.character)

    async def on_event(self, event: Event) -> None:
        """Note that the person waits for an answer, then give it."""
        if self._pace is not None and isinstance(event, InputEvent):
            self._pace.touch()
        await super().on_event(event)

    def look(self) -> Look:
        """The circumstances of a painting that begins now."""
        several = len({env.view.project for env in self.state.envs.values()}) > 1
        return Look(self._clock(), self.plain, several, self.keys)

    def shown(self) -> HiveState:
        """The state as it is drawn now: what runs down by itself has run down."""
        return aged(self.state, self._clock())

    @on(Changed)
    def show_changes(self, message: Changed) -> None:
        """Take the new state and let the screen in front draw it; nothing while all closes."""
        if not self.is_running:
            return
        self.state = self.desk.judged(message.state)
        self._welcome_or_not()
        self._drop_the_question()
        self._tick()
        if self._pace is not None and not self._settled:
            self._settled = True
            self.call_after_refresh(self._pace.settle)
            self.set_interval(1.0, self._pace.rest)
        if self._tour_wanted and self.state.envs and isinstance(self.screen, FleetScreen):
            self._tour_wanted = False
            self.tour.start()

    def open_env(self, env: str) -> None:
        """Show one env; what its agent has done is seen by that."""
        self.intents.focus(env)
        detail = self.state.envs.get(env)
        if detail and detail.view.agent and detail.view.agent.state == AgentState.DONE:
            self.agents.seen(env)
        self.push_screen(EnvironmentScreen(env, self.client), lambda _: self.intents.focus(None))

    def open_logs(self, env: str, source: str | None = None) -> None:
        """Follow the logs of an env, or of one of its services."""
        self.push_screen(LogsScreen(env, source))

    def open_triage(self, first: str | None = None) -> None:
        """Show all that needs the person.

        Args:
            first: Env whose dearest thing is selected at first.
        """
        self.push_screen(TriageScreen(self.client, self._moments, first))

    def ask_prompt(self, envs: Sequence[EnvDetail]) -> None:
        """Write to the agents of these envs."""
        templates: dict[str, str] = {}
        for project in self.state.hive.projects:
            if any(env.view.project == project.name for env in envs):
                templates |= project.prompts

        def written(text: str | None) -> None:
            if text:
                self.prompts.remember(text)
                self.agents.prompt(envs, text)

        writing = prompting(envs, templates, self.prompts.texts)
        self.push_screen(PromptDialog(envs, writing, self._take_back), written)

    def _take_back(self, env: EnvDetail, prompt: QueuedPrompt, then: Callable[[], None]) -> None:
        self.prompts.remember(prompt.text)
        self.agents.unqueue(env, prompt.id, then)

    def rejudge(self) -> None:
        """The person put something off, or answered it: all screens are told."""
        self.state = self.desk.judged(self.state)
        self.draw_soon()

    def open_messages(self) -> None:
        """Show what was told."""
        self.push_screen(MessagesScreen())

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Tell something in a toast, and keep it for the messages screen. Text is data."""
        notice = Notice(self._clock(), severity, message)
        self.notices = kept(self.notices, notice)
        self.tour.follow_soon()
        sign = of_level(severity).sign(self.plain).strip()
        shown = f"{sign} {message}" if sign else message
        super().notify(shown, title=title, severity=severity, timeout=timeout, markup=markup)

    def action_command_palette(self) -> None:
        """Find an action by its name."""
        if self.use_command_palette and isinstance(self.screen, HiveScreen):
            self.push_screen(CommandPalette(placeholder="Find an action", id="--command-palette"))

    def search_themes(self) -> None:
        """Choose the colours by their name."""
        self.push_screen(CommandPalette(providers=[ThemeProvider], placeholder="Find a theme"))

    def write_toml(self) -> None:
        """Write a hive.toml for the repository here, and make it known."""
        if self.repository is not None:
            self.intents.begin(str(self.repository))

    def draw_soon(self) -> None:
        """Draw the screen in front with what is known beside the hive's state."""
        self.call_later(self._tick)

    def open_help(self) -> None:
        """Show keys and marks."""
        self.push_screen(HelpScreen())

    def back(self) -> None:
        """Leave the screen in front, if it is not the last one."""
        if len(self.screen_stack) > 1:
            self.screen.dismiss(None)

    def leave(self) -> None:
        """Quit, and say what goes on."""
        self.exit(message=farewell(self.state))

    async def action_quit(self) -> None:
        """Textual's own key for leaving says the same as ours."""
        self.leave()

    def action_help_quit(self) -> None:
        """Ctrl+c stops nothing; say what does."""
        self.notify(self.keys.words("{app.quit} leaves; services go on"), timeout=3)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """No palette over a question: its actions are those of a screen."""
        if action == "command_palette" and not isinstance(self.screen, HiveScreen):
            return False
        return super().check_action(action, parameters)

    def ask_new(self, near: EnvDetail | None, *, by_itself: bool = False) -> None:
        """Ask for a new env, of the project of the selected one.

        Args:
            near: The selected env.
            by_itself: True where no key asked for it.
        """
        projects = {project.name: project for project in self.state.hive.projects}
        name = near.view.project if near and near.view.project in projects else next(iter(projects))
        taken = frozenset(
            env.view.name for env in self.state.envs.values() if env.view.project == name
        )

        def answered(wanted: NewEnvironment | None) -> None:
            if wanted is not None:
                self.intents.spawn(
                    projects[name].root,
                    wanted.name,
                    wanted.base,
                    wanted.warm,
                    reuse_branch=wanted.reuse_branch,
                )

        self.push_screen(
            NewEnvironmentDialog(name, taken, self.client, by_itself=by_itself), answered
        )

    def ask_destroy(self, env: EnvDetail) -> None:
        """Ask whether an env may be destroyed, with what would be lost."""

        def answered(force: bool | None) -> None:
            if force is not None:
                self.intents.destroy(env, force=force)

        self.push_screen(DestroyDialog(env, self.client), answered)

    def _post(self, state: HiveState) -> None:
        self.post_message(self.Changed(state))

    def _tick(self) -> None:
        if self.is_running and isinstance(self.screen, HiveScreen):  # not while all closes
            self.state = self.desk.judged(self.state)
            self.screen.redraw()

    def call_if_due(self) -> None:
        """Call a person who looks elsewhere, if something needs them that is not on the screen."""
        if self.state.link is not Link.LIVE:
            return
        items = [item for item in all_items(self.state) if item.key not in self.state.put_off]
        screen = self.screen
        if isinstance(screen, TriageScreen):
            quiet = frozenset(self.state.envs)
        else:
            env = screen.env() if isinstance(screen, EnvironmentScreen) else None
            quiet = frozenset({env.id}) if env is not None else frozenset()
        self._caller.look(items, quiet)

    def _welcome_or_not(self) -> None:
        """No project: how to start. As soon as there is one: the fleet."""
        if self.state.link is not Link.LIVE:
            return
        without = not self.state.hive.projects and not self.state.envs
        if without and isinstance(self.screen, FleetScreen):
            self.push_screen(WelcomeScreen())
        elif not without and isinstance(self.screen, WelcomeScreen):
            self.back()
        self._offer_form()

    def _offer_form(self) -> None:
        """A project and no env: the form, once; it goes again where an env comes from elsewhere."""
        screen = self.screen
        if self.state.envs:
            offered, self._form_offered = self._form_offered, True
            if offered and isinstance(screen, NewEnvironmentDialog) and screen.by_itself:
                screen.give_way()
            return
        first = bool(self.state.hive.projects) and not self._form_offered
        if first and not self.demo.running and isinstance(screen, FleetScreen):
            self._form_offered = True
            self.ask_new(None, by_itself=True)

    def _leave_on_signals(self) -> None:
        """Give the terminal back in order where something else ends the dashboard."""
        loop = asyncio.get_running_loop()

        def leave(status: int) -> None:
            loop.call_soon_threadsafe(self.exit, None, status)

        on_signals(leave)
        end_with_terminal()

    def _drop_the_question(self) -> None:
        """Nobody is asked about an env that has gone."""
        question = self.screen
        if not isinstance(question, DestroyDialog) or self.state.link is not Link.LIVE:
            return
        if question.env.id not in self.state.envs:
            question.dismiss(None)
            self.notify(f"{safe(question.env.view.name)} is gone already")

    def _wear_keys(self, keys: Registry) -> None:
        """Take the keys that are in force, on every screen that is there."""
        self.keys = keys
        for screen in self.screen_stack:
            if isinstance(screen, HiveScreen) and screen.is_mounted:
                screen.rebind()
        self._tick()


def farewell(state: HiveState) -> str:
    """What is printed after the dashboard has closed: what goes on, and how to stop it."""
    up = [
        env
        for env in state.envs.values()
        if env.view.state is not EnvState.STOPPED and env.view.state is not EnvState.FAILED
    ]
    if not up:
        return "Nothing runs. `hive` brings the dashboard back."
    moving = sum(env.view.state in TRANSITIONS for env in up)
    also = f", {moving} of them in transition" if moving else ""
    return (
        f"{figures.count(len(up), 'env')} go{'es' if len(up) == 1 else ''} on{also}. "
        "`hive` brings the dashboard back, `hive stop NAME` stops one."
    )
