"""The agents of all envs: started, ended, interrupted, answered, and found again by a new daemon.

How one stands is `agent.py`'s business, and prompts are that of `prompting.py`.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import uuid
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from hive_tui.engine.agents.agent import EnvAgent
from hive_tui.engine.agents.books import Book
from hive_tui.engine.agents.knowledge import Knowledge
from hive_tui.engine.agents.launches import Wish
from hive_tui.engine.agents.prompting import Prompting
from hive_tui.engine.agents.prompts import clean
from hive_tui.engine.agents.protocols import (
    AGENT_WINDOW,
    AgentDriver,
    Books,
    Delivery,
    Sandbox,
    Sources,
    TerminalHost,
    WindowView,
)
from hive_tui.engine.plain import plain
from hive_tui.model.agent import AgentState
from hive_tui.model.errors import HiveError, NotAvailableError, NotFoundError, UsageError
from hive_tui.model.project import Agent, Project

if TYPE_CHECKING:
    from hive_tui.engine.live import LiveEnv

DIALOG_S = 3.0
"""An agent that said nothing for that long after its start may stand at a dialog."""
CONFIRM_S = 5.0
"""How long an answer may take to change anything."""

KINDS = ("claude", "codex", "opencode", "gemini")
"""Agents that need no table in hive.toml."""

_PLAIN = re.compile(r"[^;&|()<>\n`$]+")
_BUILT_IN = ("cd", "while", "until", "if", "for", "case", "{", "!", "exec", ".", "set", "export")
_CHOICES = ("once", "always", "deny", "option")


class Agents:
    """All of them, by the uid of their env."""

    def __init__(
        self,
        drivers: Mapping[str, AgentDriver],
        sources: Sources,
        books: Books,
        hook: Sequence[str],
        sandbox: Sandbox,
        knowledge: Knowledge,
    ) -> None:
        """Create it; nothing is listened to yet.

        Args:
            drivers: By kind.
            sources: Where evidence comes from.
            books: What is kept of them.
            hook: The hook command, without the kind.
            sandbox: Builds walls around those that want them.
            knowledge: Writes what they read about their env.
        """
        self._drivers = drivers
        self._host: TerminalHost | None = None
        self._sources = sources
        self._books = books
        self._hook = tuple(hook)
        self._sandbox = sandbox
        self._knowledge = knowledge
        self.prompting = Prompting(sources, books)
        self._agents: dict[str, EnvAgent] = {}
        self.watchers: list[Callable[[EnvAgent], None]] = []
        """Told after each judgement of an agent."""
        self._turns: dict[str, asyncio.Lock] = {}
        self._unwatch: Callable[[], None] = lambda: None
        self._looking: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self, host: TerminalHost | None) -> None:
        """Listen to the terminals.

        Args:
            host: Where agents run, opened; `None` where this machine has no terminals.
        """
        self._host = host
        self.prompting.open(host)
        if host is not None:
            self._unwatch = host.watch(self._window_changed)

    def close(self) -> None:
        """Listen no more. Agents go on."""
        self._unwatch()
        self.prompting.close()
        for handle in self._looking.values():
            handle.cancel()
        for task in self._tasks:
            task.cancel()
        for agent in self._agents.values():
            agent.close()
        self._agents.clear()

    @property
    def busy(self) -> bool:
        """Whether an agent runs."""
        return any(agent.running for agent in self._agents.values())

    def of(self, live: LiveEnv) -> EnvAgent | None:
        """The agent of an env; `None` where none was ever started."""
        return self._agents.get(live.record.uid)

    def enter(self, live: LiveEnv) -> None:
        """Find the agent of an env again that a former daemon started."""
        book = self._books.read(live.record.uid)
        if book is not None and book.kind in self._drivers:
            self._listen(live, book)

    def leave(self, live: LiveEnv) -> None:
        """Let go of an env that is no more, with its terminals."""
        uid = live.record.uid
        if (agent := self._agents.pop(uid, None)) is not None:
            agent.close()
            self.prompting.leave(uid)
        self._books.forget(uid)
        self._knowledge.forget(uid)
        if self._host is not None and agent is not None:
            self._spawn(self._host.kill(uid))

    # --- what a person wants ---------------------------------------------------------------

    async def start(self, live: LiveEnv, name: str | None = None, prompt: str = "") -> EnvAgent:
        """Start an agent, or go on with its last conversation.

        Args:
            live: The env.
            name: Of `[agents.NAME]`, or a kind; `None`: the one that hive.toml names.
            prompt: Its first prompt; with one, a new conversation is begun.

        Raises:
            HiveError: It runs already, there is no terminal, or it cannot be started.
            NotFoundError: There is no such agent.
        """
        host = self._terminal(live)
        uid = live.record.uid
        prompt = clean(prompt) if prompt else ""
        if name is None and (before := self._agents.get(uid)) is not None:
            name = before.book.name
        chosen = choose(live.project, name, live.record.name)
        async with self._turns.setdefault(uid, asyncio.Lock()):
            old = self._agents.get(uid)
            if old is not None and old.running:
                raise HiveError(
                    f"{live.record.name}: {old.book.kind} runs already",
                    hint=f"`hive send {live.record.name} TEXT` prompts it",
                    code="agent_runs",
                    env=live.record.name,
                )
            driver = self._drivers[chosen.kind]
            last = old.book if old is not None else None
            goes_on = last is not None and last.kind == chosen.kind and last.prompted
            wish = Wish(
                env=live.id,
                worktree=live.record.worktree,
                folder=self._books.folder(uid),
                run=uuid.uuid4().hex,
                hook=self._hook,
                session=last.session if last is not None and goes_on and not prompt else "",
                fresh=str(uuid.uuid4()),
                prompt=prompt,
                port=self._sources.free_port() if chosen.kind == "opencode" else 0,
                password=secrets.token_urlsafe(24),
                instructions=self._knowledge.pointer(live, driver.skill_file),
            )
            await self._launch(live, chosen, driver, wish, host)
            return self._agents[uid]

    async def stop(self, live: LiveEnv) -> None:
        """End the agent of an env, with all that runs in its window.

        Raises:
            NotFoundError: There is none.
        """
        agent = self.known(live)
        if agent.running:
            agent.put(replace(agent.book, stopped=True))
            await self._terminal(live).kill(live.record.uid, AGENT_WINDOW)

    async def interrupt(self, live: LiveEnv) -> None:
        """End its turn as a person would.

        Raises:
            HiveError: It does not run.
        """
        agent = self._running(live)
        keys = agent.driver.interrupt_keys
        await self._terminal(live).press(live.record.uid, AGENT_WINDOW, *keys)
        agent.interrupted()

    def seen(self, live: LiveEnv) -> None:
        """The person has looked at it."""
        if (agent := self.of(live)) is not None:
            agent.seen()

    async def answer(
        self,
        live: LiveEnv,
        ask: str,
        choice: str,
        option: int | None = None,
        text: str = "",
    ) -> Delivery:
        """Answer what it asks, where it can be answered without its own screen.

        Of several answers the first one counts.

        Raises:
            UsageError: There is no such choice.
        """
        if choice not in _CHOICES:
            raise UsageError(f"unknown choice {choice!r}", hint=f"one of {', '.join(_CHOICES)}")
        agent = self._running(live)
        question = agent.question(ask)
        if question is None:
            return Delivery(False, "it no longer asks that: it was answered, or went on")
        if not agent.driver.can_answer(question):
            return Delivery(False, "only its own screen takes the answer: `hive open`")
        body = agent.driver.answer(question, choice, option, text)
        if body is None:
            return Delivery(False, f"{choice!r} does not answer a {question.kind.value}")
        if not await self._sources.reply(agent.book, question, body):
            return Delivery(False, "nobody waits for the answer any more; look at its screen")
        try:
            async with asyncio.timeout(CONFIRM_S):
                await agent.until(lambda: agent.question(ask) is None)
        except TimeoutError:
            return Delivery(True, f"sent, but it did not go on within {CONFIRM_S:.0f} s")
        return Delivery(True)

    # --- starting --------------------------------------------------------------------------

    async def _launch(
        self,
        live: LiveEnv,
        chosen: Agent,
        driver: AgentDriver,
        wish: Wish,
        host: TerminalHost,
    ) -> None:
        uid = live.record.uid
        launch = live.world.launcher.launch(live.project, live.record, None, chosen.run)
        argv = (*launch.argv[:2], _command(launch.argv[2], chosen.kind), chosen.name)
        env = {
            **launch.env,
            "HIVE_EVENTS": self._books.events(uid),
            "HIVE_AGENT_RUN": wish.run,
        }
        wish = await driver.prepare(wish, argv, env)
        start = driver.start(wish)
        words = (*argv, *start.flags)
        env |= start.env
        if chosen.sandbox is not None:
            folder = self._books.folder(uid)
            words = await asyncio.to_thread(
                self._sandbox.wrap, words, worktree=launch.cwd, folder=folder, env=env
            )
        self._books.tidy(uid)
        self._books.put_files(uid, start.files)
        self._knowledge.forget(uid)
        self._knowledge.put(live, driver.skill_file)
        book = Book(
            env_uid=uid,
            name=chosen.name,
            kind=chosen.kind,
            run=wish.run,
            launched_at=live.world.clock.now(),
            session=start.session,
            port=wish.port,
            password=wish.password,
        )
        old = self._agents.get(uid)
        self._books.write(book)
        try:
            window = await host.ensure(uid, AGENT_WINDOW, words, cwd=launch.cwd, env=env)
        except HiveError:
            # the one that ended before is what there is
            self._books.write(old.book if old is not None else replace(book, ended_at=0.0))
            raise
        if old is not None:
            old.close()
        agent = self._listen(live, book)
        agent.see(self._window(uid) or window)
        if wish.prompt and not start.prompted:  # it comes once the agent can take it
            self.prompting.add(agent, wish.prompt)
        loop = asyncio.get_running_loop()
        self._looking[uid] = loop.call_later(DIALOG_S, self._look_for_dialog, uid)

    def _listen(self, live: LiveEnv, book: Book) -> EnvAgent:
        driver = self._drivers[book.kind]
        agent = EnvAgent(live, book, driver, self._sources, self._books)
        agent.watchers += self.watchers
        self._agents[book.env_uid] = agent
        self.prompting.enter(agent)
        agent.judge_soon()
        return agent

    def _window(self, uid: str) -> WindowView | None:
        """The agent's window of an env, as last heard."""
        windows = self._host.windows() if self._host is not None else ()
        mine = (w for w in windows if w.env_uid == uid and w.window == AGENT_WINDOW)
        return next(mine, None)

    def keep_true(self, live: LiveEnv) -> None:
        """Write again what the agent at work in an env reads about it, where that has changed."""
        agent = self.of(live)
        if agent is not None and agent.running:
            self._knowledge.put_quietly(live, agent.driver.skill_file)

    def settle(self) -> None:
        """All windows were told: an agent without one has ended."""
        if self._host is None:
            return
        for uid, agent in self._agents.items():
            agent.see(self._window(uid))

    def _window_changed(self, window: WindowView) -> None:
        agent = self._agents.get(window.env_uid)
        if agent is not None and window.window == AGENT_WINDOW:
            agent.see(window)

    def _look_for_dialog(self, uid: str) -> None:
        """Look at the screen of one that said nothing yet, until something is heard of it."""
        self._looking.pop(uid, None)
        agent = self._agents.get(uid)
        silent = (AgentState.STARTING, AgentState.UNKNOWN, AgentState.WAITING)
        if agent is None or not agent.running or agent.heard.session:
            return
        if agent.finding.state in silent and self._host is not None:
            self._spawn(self._show(agent))
        loop = asyncio.get_running_loop()
        self._looking[uid] = loop.call_later(DIALOG_S, self._look_for_dialog, uid)

    async def _show(self, agent: EnvAgent) -> None:
        assert self._host is not None
        try:
            screen = await self._host.screen(agent.book.env_uid, AGENT_WINDOW)
        except HiveError:
            return
        agent.show([plain(line) for line in screen.lines])

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- refusing --------------------------------------------------------------------------

    def check(self, env: str) -> TerminalHost:
        """The terminals, where agents run.

        Raises:
            NotAvailableError: There are none.
        """
        if self._host is None:
            raise NotAvailableError(
                "agents need a terminal that outlives the daemon, and there is none here",
                hint="install tmux; `hive doctor` says what is missing",
                env=env,
            )
        return self._host

    def _terminal(self, live: LiveEnv) -> TerminalHost:
        return self.check(live.record.name)

    def known(self, live: LiveEnv) -> EnvAgent:
        """The agent of an env, whether it runs or not.

        Raises:
            NotFoundError: None was ever started.
        """
        agent = self.of(live)
        if agent is None:
            raise NotFoundError(
                f"{live.record.name} has no agent",
                hint=f"`hive agent start {live.record.name}` starts one",
                code="no_agent",
                env=live.record.name,
            )
        return agent

    def _running(self, live: LiveEnv) -> EnvAgent:
        agent = self.known(live)
        if not agent.running:
            raise HiveError(
                f"{live.record.name}: {agent.book.kind} does not run: {agent.finding.reason}",
                hint=f"`hive agent start {live.record.name}` goes on with its conversation",
                code="agent_ended",
                env=live.record.name,
            )
        return agent


def choose(project: Project, name: str | None, env: str) -> Agent:
    """The agent of hive.toml that is meant; a kind that hive.toml does not name runs as it is.

    Raises:
        NotFoundError: There is no such agent, or it is not clear which.
    """
    known = project.agents
    if name is None and len(known) == 1:
        return next(iter(known.values()))
    if name is not None and name in known:
        return known[name]
    if name is not None and name in KINDS:
        return Agent(name, name, name)
    there = ", ".join(known) or "none"
    if name is None:
        raise NotFoundError(
            f"{env}: it is not clear which agent is meant",
            hint=f"name one with --agent; hive.toml has: {there}",
            code="no_agent",
            env=env,
        )
    raise NotFoundError(
        f"there is no agent {name!r}",
        hint=f"hive.toml has: {there}; without a table there: {', '.join(KINDS)}",
        code="no_agent",
        env=env,
    )


def _command(script: str, kind: str) -> str:
    """A command line that becomes the agent where it is one command, and takes flags behind it.

    A generic agent gets none, and so may be anything that a shell can run.
    """
    first = script.split(maxsplit=1)[0] if script.strip() else ""
    alone = _PLAIN.fullmatch(script) is not None and "=" not in first and first not in _BUILT_IN
    script = f"exec {script}" if alone else script
    return script if kind == "generic" else f'{script} "$@"'
