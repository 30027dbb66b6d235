"""One env in full, and the keys for it and for its services."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult

from hive_tui.app.actions import ENV, bindings
from hive_tui.app.dossier import WORDS_S, Dossier
from hive_tui.app.lines import BLANK, Line, Span, faded, safe
from hive_tui.app.screens.base import Deed, EnvDeeds
from hive_tui.app.state import HiveState, Link
from hive_tui.app.triage.trouble import broken
from hive_tui.app.views.environment import environment_page
from hive_tui.app.views.head import banner, env_head, status_line
from hive_tui.app.widgets.rows import Pages, Rows
from hive_tui.client.protocol import HiveClient
from hive_tui.model.environment import EnvDetail

_PORTS_S = 5.0
"""How often it is asked who listens, beside at every change of a service."""


class EnvironmentScreen(EnvDeeds):
    """Services, tasks, tests, failures, ports, the last transition and the events of one env."""

    AREA = ENV
    BINDINGS = bindings(ENV)

    def __init__(self, env: str, client: HiveClient) -> None:
        """Create the screen.

        Args:
            env: `project/name`.
            client: Whom to ask what the state does not hold.
        """
        super().__init__()
        self._env = env
        self._chosen: str | None = None
        self._dossier = Dossier(self, client, self.redraw)

    def compose(self) -> ComposeResult:
        """Head line, page, foot."""
        yield Rows(id="head")
        yield Pages(id="page")
        yield Rows(id="foot")

    def env(self) -> EnvDetail | None:
        """The env of this screen; `None` once it is gone."""
        return self.hive.state.envs.get(self._env)

    def service(self) -> str | None:
        """The chosen service: at first the worst one."""
        env = self.env()
        services = env.view.services if env else ()
        if env and self._chosen not in [service.name for service in services]:
            first = next(iter((*broken(env.view), *services)), None)
            self._chosen = first.name if first else None
        return self._chosen

    def deeds(self) -> Mapping[str, Deed]:
        """Choosing a service and scrolling, and the intents of the env."""
        page = self.query_one(Pages)
        return {
            **super().deeds(),
            **page.deeds(),
            "service.restart": lambda _: self._restart(),
            "view.up": lambda _: self._choose(-1),
            "view.down": lambda _: self._choose(1),
        }

    def show(self, state: HiveState) -> None:
        """Draw the env as it is now."""
        look, width = self.hive.look(), self.app.size.width
        env = state.envs.get(self._env)
        head, page = self.query_one("#head", Rows), self.query_one(Pages)
        if env is None:
            name = self._env.partition("/")[2]
            head.put((Span(" hive", "heading"), look.step, Span(safe(name), "muted")))
            gone: Line = (
                Span("  This env is gone. ", "strong"),
                *look.worded("{app.back} goes back."),
            )
            page.put((gone,) if state.link is Link.LIVE else ())
            self.show_foot(BLANK)
            return
        notice = banner(state, width, look)
        env = self._dossier.complete(env)
        line = env_head(env, width, look)
        drawn = environment_page(
            env,
            state.events,
            self._dossier.trace,
            width,
            look,
            chosen=self.service(),
            ports=self._dossier.ports,
            words=self._dossier.words,
            rows=page.size.height,
        )
        with self.app.batch_update():
            head.put(*((line, notice) if notice else (line,)))
            page.put(tuple(faded(row) for row in drawn.lines) if state.out_of_date else drawn.lines)
            self.show_foot(status_line(state, width, look, first=self._env))
        if state.link is Link.LIVE:
            self._dossier.ask(state.envs[self._env])

    def on_mount(self) -> None:
        """Draw, and look again now and then who listens: strangers tell nobody that they come."""
        super().on_mount()
        self.set_interval(_PORTS_S, lambda: self._dossier.forget("ports"))
        self.set_interval(WORDS_S, lambda: self._dossier.forget("words"))

    def _asking(self) -> str | None:
        """On the page of an env its own questions come first."""
        return self._env

    def _choose(self, by: int) -> None:
        env, chosen = self.env(), self.service()
        if env is None or chosen is None:
            self.query_one(Pages).scroll_lines(by)
            return
        names = [service.name for service in env.view.services]
        to = names.index(chosen) + by
        if not 0 <= to < len(names):
            self.query_one(Pages).scroll_lines(by)
            return
        self._chosen = names[to]
        self.show(self.hive.shown())
        width = self.app.size.width
        drawn = environment_page(env, (), None, width, self.hive.look(), chosen=self._chosen)
        self.query_one(Pages).reveal(drawn.services[self._chosen])

    def _restart(self) -> None:
        if chosen := self.service():
            self.hive.intents.restart(self._target(), chosen)
