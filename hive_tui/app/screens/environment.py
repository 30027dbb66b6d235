"""One env in full, and the keys for it and for its services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from textual.app import ComposeResult

from hive_tui.app.actions import ENV, bindings
from hive_tui.app.ansi import decode
from hive_tui.app.lines import BLANK, Line, Span, faded, safe
from hive_tui.app.ring import parse_lines
from hive_tui.app.screens.base import Deed, EnvDeeds
from hive_tui.app.state import HiveState, Link
from hive_tui.app.triage import Trouble, broken, trouble
from hive_tui.app.views import port_map
from hive_tui.app.views.environment import environment_page
from hive_tui.app.views.head import banner, env_head, status_line
from hive_tui.app.views.port_map import PortRow
from hive_tui.app.views.waterfall import TraceView, parse
from hive_tui.app.widgets.rows import Pages, Rows
from hive_tui.model.environment import EnvDetail, Failure
from hive_tui.model.errors import HiveError

_PORTS_S = 5.0
"""How often it is asked who listens, beside at every change of a service."""

_TAIL = 8
"""Last lines of a broken service that are shown."""


class EnvironmentScreen(EnvDeeds):
    """Services, tasks, tests, failures, ports, the last transition and the events of one env."""

    AREA = ENV
    BINDINGS = bindings(ENV)

    def __init__(self, env: str) -> None:
        """Create the screen.

        Args:
            env: `project/name`.
        """
        super().__init__()
        self._env = env
        self._chosen: str | None = None
        self._trace: TraceView | None = None
        self._traced: object = None
        self._tail: Failure | None = None
        self._tailed: object = None
        self._ports: tuple[PortRow, ...] = ()
        self._listed: object = None

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
            gone: Line = (Span("  This env is gone. ", "strong"), Span("esc goes back.", "muted"))
            page.put((gone,) if state.link is Link.LIVE else ())
            self.show_foot(BLANK)
            return
        notice = banner(state, width, look)
        wrong = trouble(env)
        if wrong is not None and wrong.name:
            env = msgspec.structs.replace(env, failure=self._with_tail(wrong))
        line = env_head(env, width, look)
        drawn = environment_page(
            env,
            state.events,
            self._trace,
            width,
            look,
            chosen=self.service(),
            ports=self._ports,
        )
        with self.app.batch_update():
            head.put(*((line, notice) if notice else (line,)))
            page.put(tuple(faded(row) for row in drawn.lines) if state.out_of_date else drawn.lines)
            self.show_foot(status_line(state, width, look, first=self._env))
        self._fetch_trace(env)
        self._fetch_tail(state.envs[self._env])
        self._fetch_ports(env)

    def on_mount(self) -> None:
        """Draw, and look again now and then who listens: strangers tell nobody that they come."""
        super().on_mount()
        self.set_interval(_PORTS_S, self._forget_ports)

    def _choose(self, by: int) -> None:
        env, chosen = self.env(), self.service()
        if env is None or chosen is None:
            self.query_one(Pages).scroll_relative(y=by, animate=False)
            return
        names = [service.name for service in env.view.services]
        to = names.index(chosen) + by
        if not 0 <= to < len(names):
            self.query_one(Pages).scroll_relative(y=by, animate=False)
            return
        self._chosen = names[to]
        self.show(self.hive.shown())
        width = self.app.size.width
        drawn = environment_page(env, (), None, width, self.hive.look(), chosen=self._chosen)
        self.query_one(Pages).reveal(drawn.services[self._chosen])

    def _with_tail(self, wrong: Trouble) -> Failure:
        """What is broken, with the last words that were asked for where it brings none."""
        asked = self._tail
        tail = wrong.tail or (asked.tail if asked and asked.step == wrong.name else ())
        return Failure(wrong.name, wrong.reason, tail)

    def _restart(self) -> None:
        if chosen := self.service():
            self.hive.intents.restart(self._target(), chosen)

    def _fetch_trace(self, env: EnvDetail) -> None:
        """Ask for the trace again whenever a transition moved on; never twice at once."""
        progress = env.view.progress
        key = (env.last, progress.done if progress else None, progress and progress.running)
        if key != self._traced and self.hive.state.link is Link.LIVE:
            self._traced = key
            self.run_worker(self._read_trace(), group="trace", exclusive=True, exit_on_error=False)

    def _fetch_tail(self, env: EnvDetail) -> None:
        """Ask for the last words of what is broken whenever they are not known."""
        wrong = trouble(env)
        key = (wrong.name, wrong.reason) if wrong is not None and not wrong.tail else None
        if key == self._tailed or self.hive.state.link is not Link.LIVE:
            return
        self._tailed = key
        if wrong is not None and wrong.name:
            work = self._read_tail(wrong.name, wrong.reason)
            self.run_worker(work, group="tail", exclusive=True, exit_on_error=False)

    def _forget_ports(self) -> None:
        self._listed = None

    def _fetch_ports(self, env: EnvDetail) -> None:
        """Ask who listens whenever a service changed; never twice at once."""
        key = tuple((service.name, service.state, service.pid) for service in env.view.services)
        if key != self._listed and self.hive.state.link is Link.LIVE:
            self._listed = key
            self.run_worker(self._read_ports(), group="ports", exclusive=True, exit_on_error=False)

    async def _read_ports(self) -> None:
        try:
            answer = await self.hive.client.call("ports", {"env": self._env, "cwd": "/"})
        except HiveError:
            return  # without it the page gives the numbers alone
        self._ports = port_map.parse(answer)
        self.redraw()

    async def _read_tail(self, service: str, reason: str) -> None:
        lines: list[str] = []

        def take(event: Any) -> None:
            lines.extend(decode(line.text).plain for line in parse_lines(event))

        params = {
            "env": self._env,
            "sources": [service],
            "lines": _TAIL,
            "since": None,
            "grep": None,
            "follow": False,
        }
        try:
            await self.hive.client.call("logs", params, take)
        except HiveError:
            return  # without its last lines the page still gives the reason
        self._tail = Failure(service, reason, tuple(lines)) if lines else None
        self.redraw()

    async def _read_trace(self) -> None:
        try:
            answer = await self.hive.client.call("trace", {"env": self._env, "chrome": False})
        except HiveError:
            return  # an env without any transition so far has no trace
        self._trace = parse(answer)
        self.redraw()
