"""The prompts of all agents: kept, held back while they may not be given, and given one by one.

May it be given now is decided in `prompt_rules.py`, and how in `giving.py`. A prompt is written
down before it is accepted, and marked before it is given: whatever is killed meanwhile, none is
lost and none is given twice.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from hive_tui.engine.agents.agent import EnvAgent
from hive_tui.engine.agents.giving import Giving
from hive_tui.engine.agents.prompt_rules import chosen, hurdle
from hive_tui.engine.agents.prompts import Prompt, clean
from hive_tui.engine.agents.protocols import Books, Sources, TerminalHost
from hive_tui.model.errors import HiveError, NotFoundError

if TYPE_CHECKING:
    from hive_tui.engine.live import LiveEnv

log = logging.getLogger(__name__)

CUT_OFF = (
    "hive ended while it was given to the agent, and nobody knows whether it was taken: "
    "look at its screen"
)


class Sent(msgspec.Struct, frozen=True):
    """What became of a prompt."""

    id: str
    delivered: bool = False
    queued: bool = False
    reason: str | None = None
    """Why not, or until when."""


class Prompting:
    """All queues, by the uid of their env. Everything happens on the loop; nothing ticks."""

    def __init__(self, sources: Sources, books: Books) -> None:
        """Create it; nothing is read yet.

        Args:
            sources: Reaches agents that take prompts by their own interface.
            books: Where queues are kept.
        """
        self._sources = sources
        self._books = books
        self._giving: Giving | None = None
        self._agents: dict[str, EnvAgent] = {}
        self._queues: dict[str, tuple[Prompt, ...]] = {}
        self._held: dict[str, str] = {}
        self._working: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._waiters: dict[str, asyncio.Future[Sent]] = {}

    def open(self, host: TerminalHost | None) -> None:
        """Learn where agents run; without terminals nothing is ever given."""
        self._giving = Giving(host, self._sources) if host is not None else None

    def close(self) -> None:
        """Give no more; what waits is kept."""
        for timer in self._timers.values():
            timer.cancel()
        for task in self._working.values():
            task.cancel()
        for waiter in self._waiters.values():
            waiter.cancel()
        self._agents.clear()

    def enter(self, agent: EnvAgent) -> None:
        """Take an agent that was started, or found again, with what waits for it."""
        uid = agent.book.env_uid
        self._agents[uid] = agent
        if uid not in self._queues:
            self._queues[uid] = tuple(
                prompt.failed(CUT_OFF) if prompt.tried_at and not prompt.problem else prompt
                for prompt in self._books.prompts(uid)
            )
        agent.watchers.append(self._judged)
        self._show(uid)

    def leave(self, uid: str) -> None:
        """Let go of an env that is no more."""
        for stopping in (self._timers.pop(uid, None), self._working.pop(uid, None)):
            if stopping is not None:
                stopping.cancel()
        for prompt in self._queues.pop(uid, ()):
            self._tell(prompt.id, Sent(prompt.id, reason="its env is no more"))
        self._agents.pop(uid, None)

    # --- what a person wants ---------------------------------------------------------------

    async def send(self, agent: EnvAgent, text: str, *, queue: bool = True) -> Sent:
        """Give a prompt to an agent, or keep it until the agent can take it.

        Args:
            agent: Of the env.
            text: As it was written.
            queue: Whether it is kept where it cannot be given now.

        Raises:
            UsageError: It is empty or too long.
            HiveError: It could not be kept.
        """
        uid = agent.book.env_uid
        prompt = self.add(agent, text)
        waiter: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
        self._waiters[prompt.id] = waiter
        self._go(uid)
        try:
            sent: Sent = await waiter
        finally:
            self._waiters.pop(prompt.id, None)
        if not queue and not sent.delivered:
            self._drop(uid, prompt.id)
            return replace(sent, queued=False)
        return sent

    def add(self, agent: EnvAgent, text: str) -> Prompt:
        """Keep a prompt; it is given with the next look at the agent.

        Raises:
            UsageError: It is empty or too long.
            HiveError: It could not be kept.
        """
        uid = agent.book.env_uid
        prompt = Prompt(secrets.token_hex(4), clean(text), agent.live.world.clock.now())
        queue = (*self.queue(uid), prompt)
        self._books.keep_prompts(uid, queue)
        self._queues[uid] = queue
        self._show(uid)
        return prompt

    def unqueue(self, live: LiveEnv, id: str) -> Prompt:
        """Take a prompt back that was not given yet, or not with success.

        Raises:
            NotFoundError: It does not wait: it was given, or taken back before.
            HiveError: It is being given just now.
        """
        uid = live.record.uid
        prompt = next((one for one in self.queue(uid) if one.id == id), None)
        if prompt is None:
            raise NotFoundError(
                f"{live.record.name}: no prompt {id!r} waits: it was delivered or taken back",
                hint=f"`hive send {live.record.name}` shows those that wait",
                code="no_prompt",
                env=live.record.name,
            )
        if prompt.tried_at and not prompt.problem:
            raise HiveError(
                f"{live.record.name}: that prompt is being delivered just now",
                hint=f"`hive agent interrupt {live.record.name}` ends the turn that it begins",
                code="prompt_under_way",
                env=live.record.name,
            )
        self._drop(uid, id)
        self._tell(id, Sent(id, reason="it was taken back"))
        return prompt

    def queue(self, uid: str) -> tuple[Prompt, ...]:
        """All that wait, oldest first."""
        return self._queues.get(uid, ())

    def held(self, uid: str) -> str:
        """Why the first of them waits; empty where nothing is in its way."""
        return self._held.get(uid, "")

    # --- giving them -----------------------------------------------------------------------

    def _judged(self, agent: EnvAgent) -> None:
        """Something was heard of an agent: maybe it can take a prompt now, or took one late."""
        uid, heard = agent.book.env_uid, agent.heard
        for prompt in self.queue(uid):
            if prompt.problem and prompt.is_told(heard.prompt, heard.prompted_at):
                self._delivered(uid, prompt, "later than it should")
        if any(not prompt.problem for prompt in self.queue(uid)):
            self._go(uid)

    def _go(self, uid: str) -> None:
        if (timer := self._timers.pop(uid, None)) is not None:
            timer.cancel()
        if uid in self._working:
            self._again.add(uid)
            return
        task = asyncio.get_running_loop().create_task(self._work(uid))
        self._working[uid] = task
        task.add_done_callback(partial(self._worked, uid))

    def _worked(self, uid: str, task: asyncio.Task[None]) -> None:
        if self._working.get(uid) is task:
            del self._working[uid]
        if not task.cancelled() and (bug := task.exception()) is not None:
            log.error("the prompts of %s: %s", uid, bug, exc_info=bug)
            self._hold(uid, "hive failed at it; `hive daemon logs` has more")
            self._again.discard(uid)
        if uid in self._again and uid in self._agents:  # something was heard as it ended
            self._go(uid)

    async def _work(self, uid: str) -> None:
        """Give what can be given, until something stands in the way."""
        while True:
            self._again.discard(uid)
            again_s = await self._step(uid)
            if again_s == 0.0 or uid in self._again:
                continue
            if again_s is not None:
                loop = asyncio.get_running_loop()
                self._timers[uid] = loop.call_later(again_s, self._go, uid)
            return

    async def _step(self, uid: str) -> float | None:
        """Give one prompt; when to look again, 0 at once, `None` once something is heard."""
        agent, giving = self._agents[uid], self._giving
        if giving is None:
            self._hold(uid, "there are no terminals here: `hive doctor` says what is missing")
            return None
        now = giving.situation(agent)
        prompt = chosen(self.queue(uid), now)
        if prompt is None:
            self._hold(uid, f"its last turn failed: {now.reason}")
            return None
        found = hurdle(now)
        if found is None:
            try:
                found = hurdle(await giving.look(agent, now))
            except HiveError as error:
                self._hold(uid, error.message)
                return None
        if found is not None:
            self._hold(uid, found.reason)
            return found.again_s
        await self._give(agent, giving, prompt)
        return 0.0

    async def _give(self, agent: EnvAgent, giving: Giving, prompt: Prompt) -> None:
        uid = agent.book.env_uid
        if prompt not in self.queue(uid):  # taken back meanwhile
            return
        tried = replace(prompt, tried_at=agent.live.world.clock.now())
        try:
            self._keep(uid, tried)
        except HiveError as error:  # what is not marked could be given twice
            self._failed(uid, prompt, error.message)
            return
        try:
            delivery = await giving.give(agent, prompt.text)
        except HiveError as error:
            self._failed(uid, tried, error.message)
            return
        if delivery.delivered:
            self._delivered(uid, tried, delivery.reason)
        else:
            self._failed(uid, tried, delivery.reason or "it did not take it")

    def _delivered(self, uid: str, prompt: Prompt, reason: str | None) -> None:
        self._drop(uid, prompt.id)
        agent = self._agents[uid]
        agent.live.event("agent.prompted", f"{agent.book.kind} took a prompt")
        self._tell(prompt.id, Sent(prompt.id, delivered=True, reason=reason))

    def _failed(self, uid: str, prompt: Prompt, why: str) -> None:
        try:
            self._keep(uid, prompt.failed(why))
        except HiveError as error:
            log.warning("%s: %s", uid, error)
        agent = self._agents[uid]
        agent.live.event(
            "agent.prompt_failed",
            f"{agent.book.kind} did not take a prompt: {why}",
            level="warning",
        )
        self._tell(prompt.id, Sent(prompt.id, reason=why))

    # --- keeping them ----------------------------------------------------------------------

    def _keep(self, uid: str, prompt: Prompt) -> None:
        """Keep a changed prompt; in memory even where the disk refuses."""
        queue = tuple(prompt if one.id == prompt.id else one for one in self.queue(uid))
        self._queues[uid] = queue
        self._show(uid)
        self._books.keep_prompts(uid, queue)

    def _drop(self, uid: str, id: str) -> None:
        queue = tuple(one for one in self.queue(uid) if one.id != id)
        self._queues[uid] = queue
        if not queue:
            self._held.pop(uid, None)
        self._show(uid)
        try:
            self._books.keep_prompts(uid, queue)
        except HiveError as error:  # the mark on disk keeps it from being given again
            log.warning("%s: %s", uid, error)

    def _hold(self, uid: str, reason: str) -> None:
        """Tell all who wait for the outcome that theirs is queued."""
        waiting = [one for one in self.queue(uid) if not one.problem]
        held = reason if waiting else ""
        if held != self._held.get(uid, ""):
            self._held[uid] = held
            self._show(uid)
        for at, prompt in enumerate(waiting):
            behind = f"; {at} before it" if at else ""
            self._tell(prompt.id, Sent(prompt.id, queued=True, reason=f"{reason}{behind}"))

    def _tell(self, id: str, sent: Sent) -> None:
        waiter = self._waiters.get(id)
        if waiter is not None and not waiter.done():
            waiter.set_result(sent)

    def _show(self, uid: str) -> None:
        if (agent := self._agents.get(uid)) is not None:
            queued = tuple(prompt.view() for prompt in self.queue(uid))
            agent.show_queue(queued, self.held(uid))
