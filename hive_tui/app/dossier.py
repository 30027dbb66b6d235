"""What is asked of the daemon about one env beside its state: last transition, logs, ports.

Asked again when what it depends on changed, never twice at once, and never waited for: a screen
draws what is there, and draws again when an answer came.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import msgspec
from textual.dom import DOMNode

from hive_tui.app.ansi import decode
from hive_tui.app.ring import parse_lines
from hive_tui.app.triage.trouble import Trouble, trouble
from hive_tui.app.views import port_map, waterfall
from hive_tui.app.views.port_map import PortRow
from hive_tui.app.views.waterfall import TraceView
from hive_tui.client.protocol import HiveClient
from hive_tui.model.environment import EnvDetail, Failure
from hive_tui.model.errors import HiveError
from hive_tui.model.wire import LogLine

_TAIL = 10
"""Last lines of a broken service that are asked for."""

WORDS_S = 2.0
"""How often a screen asks for the newest lines again, in seconds."""

_WORDS = 24
"""Newest lines of all its logs that are asked for."""


class Dossier:
    """What is known of one env beside its state. Another env makes it begin anew."""

    def __init__(self, owner: DOMNode, client: HiveClient, changed: Callable[[], None]) -> None:
        """Create an empty dossier.

        Args:
            owner: Runs the questions; they end with it.
            client: Whom to ask.
            changed: Told when an answer came.
        """
        self.trace: TraceView | None = None
        """The running or last transition; `None` where there is none or it is not known."""
        self.ports: tuple[PortRow, ...] = ()
        self.words: tuple[LogLine, ...] = ()
        """Newest lines of all its logs, oldest first."""
        self._owner = owner
        self._client = client
        self._changed = changed
        self._env: str | None = None
        self._tail: Failure | None = None
        self._asked: dict[str, object] = {}
        """Question -> what it depended on when it was asked."""

    def begin(self, env: str) -> None:
        """Be about this env from now on."""
        if env != self._env:
            self._env = env
            self.trace, self.ports, self.words, self._tail = None, (), (), None
            self._asked.clear()

    def ask(self, env: EnvDetail, *, ports: bool = True) -> None:
        """Ask what is not known of the env as it is now.

        Args:
            env: As the daemon tells it.
            ports: Whether to ask who listens, too.
        """
        self.begin(env.id)
        progress = env.view.progress
        moved = (env.last, progress.done if progress else None, progress and progress.running)
        self._once("trace", moved, partial(self._read_trace, env.id))
        wrong = trouble(env)
        silent = (wrong.name, wrong.reason) if wrong and wrong.name and not wrong.tail else None
        if silent is None:
            self._asked.pop("tail", None)
        else:
            self._once("tail", silent, partial(self._read_tail, env.id, *silent))
        self._once("words", env.id, partial(self._read_words, env.id))
        if ports:
            services = tuple((each.name, each.state, each.pid) for each in env.view.services)
            self._once("ports", services, partial(self._read_ports, env.id))

    def forget(self, question: str) -> None:
        """Ask again at the next time: who listens (`ports`) or was written (`words`) comes unheard.

        Strangers tell nobody that they take a port, and a log is only read for those who look.
        """
        self._asked.pop(question, None)

    def complete(self, env: EnvDetail) -> EnvDetail:
        """The env with the last words of what is broken, where it brings none itself."""
        wrong = trouble(env)
        if wrong is None or not wrong.name:
            return env
        return msgspec.structs.replace(env, failure=self._with_tail(wrong, env.failure))

    def _with_tail(self, wrong: Trouble, told: Failure | None) -> Failure:
        asked = self._tail
        tail = wrong.tail or (asked.tail if asked and asked.step == wrong.name else ())
        hint = told.hint if told and told.step == wrong.name else None
        return Failure(wrong.name, wrong.reason, tail, hint)

    def _once(
        self, question: str, depends_on: object, read: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        if question in self._asked and self._asked[question] == depends_on:
            return
        self._asked[question] = depends_on
        # called by the worker: one that is cancelled before it begins leaves no coroutine behind
        self._owner.run_worker(
            read,  # type: ignore[arg-type]
            group=question,
            exclusive=True,
            exit_on_error=False,
        )

    async def _read_trace(self, env: str) -> None:
        try:
            answer = await self._client.call("trace", {"env": env, "chrome": False})
        except HiveError:
            return  # an env without any transition so far has no trace
        self._told(env, trace=waterfall.parse(answer))

    async def _read_ports(self, env: str) -> None:
        try:
            answer = await self._client.call("ports", {"env": env, "cwd": "/"})
        except HiveError:
            return  # without it a page gives the numbers alone
        self._told(env, ports=port_map.parse(answer))

    async def _read_tail(self, env: str, service: str, reason: str) -> None:
        lines = await self._read_logs(env, [service], _TAIL)
        tail = tuple(decode(line.text).plain for line in lines)
        self._told(env, tail=Failure(service, reason, tail) if tail else None)

    async def _read_words(self, env: str) -> None:
        lines = await self._read_logs(env, [], _WORDS)
        if lines != self.words:
            self._told(env, words=lines)

    async def _read_logs(self, env: str, sources: list[str], most: int) -> tuple[LogLine, ...]:
        """The newest lines; none where they cannot be had: a page is true without them."""
        lines: list[LogLine] = []
        params = {
            "env": env,
            "sources": sources,
            "lines": most,
            "since": None,
            "grep": None,
            "follow": False,
        }
        try:
            await self._client.call("logs", params, lambda event: lines.extend(parse_lines(event)))
        except HiveError:
            return ()
        return tuple(lines)

    def _told(self, env: str, **answers: Any) -> None:
        """Keep what came, unless it is about an env that nobody looks at any more."""
        if env != self._env:
            return
        self.trace = answers.get("trace", self.trace)
        self.ports = answers.get("ports", self.ports)
        self.words = answers.get("words", self.words)
        self._tail = answers.get("tail", self._tail)
        self._changed()
