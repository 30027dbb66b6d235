"""The agent of one env while the daemon runs: gathers evidence, and shows what follows from it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from hive_tui.engine.agents.books import Book, Told
from hive_tui.engine.agents.derive import derive
from hive_tui.engine.agents.events import decode
from hive_tui.engine.agents.evidence import (
    Evidence,
    Loop,
    Native,
    Process,
    Registry,
    Stance,
    Title,
)
from hive_tui.engine.agents.hearing import Heard, Phase, hear
from hive_tui.engine.agents.protocols import AgentDriver, Books, Sources, WindowView
from hive_tui.engine.agents.records import Read, add
from hive_tui.engine.agents.signals import Question
from hive_tui.engine.agents.verdict import Finding, first_line
from hive_tui.engine.folding import stamp
from hive_tui.engine.healing.claims import claim
from hive_tui.model.agent import AgentDetail, AgentState, Ask, HealView, QueuedPrompt
from hive_tui.model.environment import AgentView
from hive_tui.model.errors import HiveError

if TYPE_CHECKING:
    from hive_tui.engine.live import LiveEnv

log = logging.getLogger(__name__)

STEP_S = 2.0
"""By how much wall clock and steady clock may differ before one of them was moved."""


class EnvAgent:
    """One agent. Everything happens on the loop; nothing ticks."""

    def __init__(
        self,
        live: LiveEnv,
        book: Book,
        driver: AgentDriver,
        sources: Sources,
        books: Books,
    ) -> None:
        """Begin to listen to it; it is judged and shown with the next turn of the loop.

        Args:
            live: Its env.
            book: Its start.
            driver: Of its kind.
            sources: Where evidence comes from.
            books: Where the book is kept.
        """
        self.live = live
        self.book = book
        self.driver = driver
        self.heard = Heard(run=book.run)
        self.finding = Finding(AgentState.UNKNOWN, "it was not looked at yet", 0.0, "", "none")
        self.garbage = 0
        """Lines of its event file that were none."""
        self.queued: tuple[QueuedPrompt, ...] = ()
        """Prompts that wait for it."""
        self.held = ""
        """Why the first of them waits."""
        self._sources = sources
        self._books = books
        self._window: WindowView | None = None
        self._windows_known = False
        self._title: Title | None = None
        self._registry: Registry | None = None
        self._native: Native | None = None
        self._told = Told()
        self._read = Read()
        self._dialog = ""
        self._written_at = 0.0
        self._awake_at = 0.0
        self._interrupted_at = 0.0
        self._offset: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._soon: asyncio.Handle | None = None
        self._held = ""
        self._heal: HealView | None = None
        self.watchers: list[Callable[[EnvAgent], None]] = []
        """Told after each judgement."""
        self._transcript = ""
        self._stops: dict[str, Callable[[], None]] = {}
        self._watch_pid: int | None = None
        self._changed = asyncio.Event()
        self._stops["hooks"] = sources.hooks(book.env_uid, self._hear)
        self._stops["native"] = sources.native(book, self._hear_native)

    # --- what is known ---------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether its program lives, as far as the terminal tells."""
        return self._window is not None and not self._window.dead

    def evidence(self) -> Evidence:
        """All that is known now."""
        window, book = self._window, self.book
        return Evidence(
            kind=book.kind,
            launched_at=book.launched_at,
            process=self._process(),
            native=self._native,
            registry=self._registry,
            heard=self.heard,
            transcript=self._read.transcript,
            title=self._title,
            dialog=self._dialog,
            has_hooks=self.driver.has_hooks,
            output_at=window.active_at if window is not None else 0.0,
            written_at=self._written_at,
            awake_at=self._awake_at,
            seen_at=book.seen_at,
            interrupted_at=self._interrupted_at,
            held=self._held,
            loop=self._loop(),
        )

    def question(self, ask: str) -> Question | None:
        """An open question by its id."""
        return next((q for q in self.finding.questions if q.id == ask), None)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something that depends on the evidence holds."""
        while not holds():
            self._changed.clear()
            await self._changed.wait()

    # --- what is told ----------------------------------------------------------------------

    def see(self, window: WindowView | None) -> None:
        """Take what the terminal says of its window; `None` where there is none."""
        self._windows_known, self._window = True, window
        now = self._now()
        if window is None or window.dead:
            self._end(window, now)
        else:
            stance = self.driver.title(window.title)
            if stance is None:
                self._title = None
            elif self._title is None or self._title.stance is not stance:
                worked = self._title is not None and self._title.stance is not Stance.IDLE
                self._title = Title(stance, now, window.title, worked)
            self._watch(window.pid)
        self.judge_soon()

    def show(self, lines: Sequence[str]) -> None:
        """Take what its screen shows: only a dialog of its start is looked for."""
        self._dialog = self.driver.dialog(lines)
        self.judge_soon()

    def put(self, book: Book) -> None:
        """Keep a changed book, and judge anew."""
        self._keep(book)
        self.judge_soon()

    def show_queue(self, queued: tuple[QueuedPrompt, ...], held: str) -> None:
        """Take what waits for it, and why."""
        if (queued, held) != (self.queued, self.held):
            self.queued, self.held = queued, held
            self.judge_soon()

    def seen(self) -> None:
        """The person has looked at it."""
        self.put(replace(self.book, seen_at=self._now()))

    def interrupted(self) -> None:
        """What ends its turn was pressed for the person."""
        self._interrupted_at = self._now()
        self.judge_soon()

    def heals(self, view: HealView | None, held: str) -> None:
        """Take where the healing of its env stands.

        Args:
            view: As screens show it.
            held: What is done while it is kept from ending its turn; empty: it is not.
        """
        if (view, held) != (self._heal, self._held):
            self._heal, self._held = view, held
            self.judge_soon()

    def close(self) -> None:
        """Listen no more; the agent goes on."""
        for stop in self._stops.values():
            stop()
        self._stops.clear()
        for handle in (self._timer, self._soon):
            if handle is not None:
                handle.cancel()
        self._timer = self._soon = None

    def _hear(self, lines: Sequence[bytes]) -> None:
        for line in lines:
            event = decode(line)
            if event is None:
                self.garbage += 1
            elif (signal := self.driver.signal(event)) is not None:
                self.heard = hear(self.heard, signal)
        if self.heard.transcript and self.heard.transcript != self._transcript:
            self._transcript, self._read = self.heard.transcript, Read()
            if stop := self._stops.pop("records", None):
                stop()
            self._stops["records"] = self._sources.records(self._transcript, self._hear_records)
        self.judge_soon()

    def _hear_records(self, lines: Sequence[bytes]) -> None:
        self._written_at = self._now()
        for line in lines:
            record = self.driver.record(line)
            if record is not None:
                self._read = add(self._read, record)
        self.judge_soon()

    def _hear_registry(self, registry: Registry | None) -> None:
        self._registry = registry
        self.judge_soon()

    def _hear_native(self, native: Native | None, told: Told) -> None:
        self._native, self._told = native, told
        self.judge_soon()

    def _watch(self, pid: int | None) -> None:
        if pid is None or pid == self._watch_pid:
            return
        self._watch_pid = pid
        if stop := self._stops.pop("registry", None):
            stop()
        kind = self.book.kind
        self._stops["registry"] = self._sources.registry(kind, pid, self._hear_registry)

    def _keep(self, book: Book) -> None:
        """Keep a changed book; what a full disk refuses is known until the daemon ends."""
        self.book = book
        try:
            self._books.write(book)
        except HiveError as error:
            log.warning("%s: %s", self.live.id, error)

    def _end(self, window: WindowView | None, now: float) -> None:
        if self.book.ended_at is None:
            code = window.exit_code if window is not None else None
            self._keep(replace(self.book, ended_at=now, exit_code=code))

    # --- what follows ----------------------------------------------------------------------

    def judge(self) -> None:
        """Decide how it stands, show it, and look again when that may change by itself."""
        self._soon = None
        now = self._now()
        self._mind_the_clock(now)
        before, self.finding = self.finding, derive(self.evidence(), now)
        session = self._told.session or self.heard.session or self.book.session
        prompted = self.book.prompted or bool(self.heard.prompted_at or self._told.session)
        if (session, prompted) != (self.book.session, self.book.prompted):
            self._keep(replace(self.book, session=session, prompted=prompted))
        self.live.show_agent(self.view(), self.detail())
        if before.source and before.state is not self.finding.state:
            self.live.event(
                "agent.state",
                f"{self.book.kind} is {self.finding.state.value}: {self.finding.reason}",
                data={"was": before.state.value, "source": self.finding.source},
            )
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if self.finding.again_at is not None:
            wait = max(0.0, self.finding.again_at - now)
            self._timer = asyncio.get_running_loop().call_later(wait, self.judge)
        self._changed.set()
        for watcher in self.watchers:
            watcher(self)

    def view(self) -> AgentView:
        """As the contract shows it."""
        found = self.finding
        return AgentView(self.book.kind, found.state.value, stamp(found.since), found.reason)

    def detail(self) -> AgentDetail:
        """As screens show it."""
        found, heard, read = self.finding, self.heard, self._read
        loop = self._loop()
        ended = heard.phase is Phase.ENDED
        helpers = len(heard.helpers) + len(heard.background or ())
        return AgentDetail(
            name=self.book.name,
            kind=self.book.kind,
            state=found.state,
            reason=found.reason,
            since=stamp(found.since),
            source=found.source,
            quiet_s=found.quiet_s,
            pid=self._window.pid if self._window is not None else None,
            session=self.book.session or None,
            model=self._told.model or read.model or heard.model or None,
            tokens=self._told.tokens if self._told.tokens is not None else read.tokens,
            cost_usd=self._told.cost_usd if self._told.cost_usd is not None else read.cost_usd,
            asks=tuple(self._ask(question) for question in found.questions),
            queued=self.queued,
            helpers=helpers + (self._native.helpers if self._native is not None else 0),
            loop=(loop.round, loop.of) if loop is not None else None,
            claim=_claim(heard.message) if ended else None,
            heal=self._heal,
        )

    def _ask(self, question: Question) -> Ask:
        return Ask(
            id=question.id,
            kind=question.kind,
            title=first_line(question.title) or "something",
            detail=question.detail,
            options=question.options,
            since=stamp(question.at),
            answerable=self.driver.can_answer(question),
        )

    def _process(self) -> Process | None:
        book = self.book
        pid = self._window.pid if self._window is not None else None
        if book.ended_at is not None:
            return Process(pid, book.launched_at, book.ended_at, book.exit_code, book.stopped)
        return Process(pid, book.launched_at) if self._windows_known else None

    def _loop(self) -> Loop | None:
        if self.heard.phase is not Phase.ENDED:
            return None
        return self._sources.loop(self.live.record.worktree)

    def judge_soon(self) -> None:
        """Once for all that comes in this turn of the loop."""
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_soon(self.judge)

    def _mind_the_clock(self, now: float) -> None:
        """Notice that the machine slept, or that its clock was set: nobody was quiet meanwhile."""
        offset = now - self.live.world.clock.monotonic()
        if self._offset is not None and abs(offset - self._offset) > STEP_S:
            self._awake_at = now
        self._offset = offset

    def _now(self) -> float:
        return self.live.world.clock.now()


def _claim(message: str) -> str | None:
    """What it says of its tests, else the first of what it said at all."""
    said = claim(message)
    return first_line(said.words if said is not None else message) or None
