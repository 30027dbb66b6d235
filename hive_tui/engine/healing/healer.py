"""Watches the agents of all envs, and looks at their work when a turn ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from hive_tui.engine.agents.agent import EnvAgent
from hive_tui.engine.agents.hearing import Phase
from hive_tui.engine.agents.supervision import Agents
from hive_tui.engine.healing import bases, failures, seeing, showing
from hive_tui.engine.healing.protocols import Gates, Teller
from hive_tui.engine.healing.records import HealRecord
from hive_tui.engine.healing.round import Hold, Round, policy_of
from hive_tui.engine.healing.rules import Act, Decision, Mode, Policy, Situation, decide
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.testing import Testing
from hive_tui.model.agent import HealView
from hive_tui.model.errors import HiveError, UsageError

log = logging.getLogger(__name__)

HOLD_S = 120.0
"""How long an agent is held; suites that take longer are told by a prompt."""
ANSWER_S = 60.0
"""How long an agent may take to go on after it was told."""


@dataclass(eq=False)
class _Env:
    """The healing of one env."""

    live: LiveEnv
    record: HealRecord
    round: asyncio.Task[Decision] | None = None
    hold: Hold | None = None
    held: str = ""
    """What an agent that is held, or was told something, is shown to do."""
    timers: list[asyncio.TimerHandle] = field(default_factory=list)


class Healer:
    """All envs. Everything happens on the loop."""

    def __init__(
        self,
        agents: Agents,
        testing: Testing,
        gates: Gates,
        teller: Teller,
        masker: Callable[[str], Callable[[bytes], bytes]],
    ) -> None:
        """Create it.

        Args:
            agents: The agents.
            testing: Runs suites.
            gates: Hooks that wait at the end of a turn.
            teller: Prompts agents.
            masker: What hides the secrets of an env, by its uid.
        """
        self._agents, self._testing = agents, testing
        self._gates, self._teller, self._masker = gates, teller, masker
        self._envs: dict[str, _Env] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        agents.watchers.append(self.judged)
        testing.ended = self.measured

    def enter(self, live: LiveEnv) -> None:
        """Heal an env from now on, where that is wanted."""
        uid = live.record.uid
        self._envs[uid] = _Env(live, live.world.store.heal(uid) or HealRecord(uid))

    def leave(self, live: LiveEnv) -> None:
        """Let go of an env that is no more."""
        if (env := self._envs.pop(live.record.uid, None)) is not None:
            self._stop(env)
        self._gates.shut(live.record.uid)

    async def close(self) -> None:
        """Stop; agents that are held go on, and a new daemon looks at their work again."""
        for env in self._envs.values():
            self._stop(env)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._gates.close()

    # --- what a person wants ---------------------------------------------------------------

    def set_mode(self, live: LiveEnv, mode: str) -> None:
        """Choose how far healing goes in an env.

        Raises:
            UsageError: There is no such mode.
        """
        if mode not in list(Mode):
            raise UsageError(f"unknown mode {mode!r}", hint=f"one of {', '.join(Mode)}")
        live.put_record(replace(live.record, heal=mode))
        env = self._envs[live.record.uid]
        if mode == Mode.OFF:
            self._stop(env)
            env.record = replace(env.record, state="idle", reason=None)
            live.world.store.put_heal(env.record)
        self._set_gate(live)
        self._show(env)

    async def heal(self, live: LiveEnv, *, wait: bool = True) -> Decision | None:
        """Look at the work in an env now; all suites run, whatever is known of them.

        Args:
            live: The env.
            wait: False returns as soon as it is under way, with `None`.

        Raises:
            HiveError: It was broken off, for the agent began to work.
        """
        env, agent = self._envs[live.record.uid], self._running(live)
        policy = policy_of(live, runs=agent is not None)
        if agent is not None:
            seen = seeing.situation(agent.finding, agent.evidence(), held=False)
            # a person wants it, whatever ended the turn
            seen = replace(seen, interrupted=False, api_error=False)
            first = decide(policy, (), replace(seen, working=seen.working and env.round is None))
            if first.act in (Act.REST, Act.WAIT):
                return first
        if env.round is None:
            ended = seeing.ended_at(agent.finding, agent.evidence()) if agent is not None else None
            self._begin(env, agent, policy, ended or env.record.turn, anew=True)
        if env.round is None or not wait:
            return None
        try:
            return await asyncio.shield(env.round)
        except asyncio.CancelledError:
            if env.round is not None and not env.round.cancelled():
                raise
            raise HiveError(
                f"{live.record.name}: broken off, for its agent goes on",
                hint=f"`hive why {live.record.name} heal` says how it stands",
                code="heal_broken_off",
                env=live.record.name,
            ) from None

    def view(self, live: LiveEnv) -> HealView:
        """As screens show it."""
        env = self._envs[live.record.uid]
        return showing.view(self._policy(live), env.record, self._difference(live))

    def reason(self, live: LiveEnv) -> dict[str, Any] | None:
        """The row of `hive why NAME heal`; `None` where hive.toml heals nothing."""
        policy, env = self._policy(live), self._envs.get(live.record.uid)
        if env is None or not policy.suites:
            return None
        return showing.reason(policy, env.record, bases.known(live), self._difference(live))

    # --- what happens ----------------------------------------------------------------------

    def measured(self, live: LiveEnv, suite: str) -> None:
        """A suite came to a verdict."""
        env = self._envs.get(live.record.uid)
        if env is None:
            return
        self._spawn(_logged(live, bases.learn(live, suite)))
        self._show(env)

    def judged(self, agent: EnvAgent) -> None:
        """An agent was judged: look at its work where a turn has ended."""
        env = self._envs.get(agent.book.env_uid)
        if env is None:
            return
        self._set_gate(env.live)
        evidence, found = agent.evidence(), agent.finding
        ended, policy = seeing.ended_at(found, evidence), self._policy(env.live)
        over = ended is None or ended != env.record.turn
        if env.held and env.round is None and over:
            env.held = ""
        if env.round is not None and over:
            self._stop(env)  # it goes on, or is gone
            env.record = replace(env.record, state="idle", reason=None)
        pipe = evidence.heard.pipe
        if ended is not None and env.round is None:
            new = ended != env.record.turn or not env.record.done
            hold = Hold(self._gates, agent.book.env_uid, pipe)
            seen = seeing.situation(found, evidence, held=bool(hold.pipe))
            first = decide(policy, (), seen)
            if new and first.act not in (Act.REST, Act.WAIT, Act.PAUSE):
                self._begin(env, agent, policy, ended)
            elif hold.pipe and not env.held:
                hold.release()
            if new and first.act is Act.PAUSE:
                self._pause(env, ended, first)
            if new and seen.background:
                env.record = replace(env.record, state="idle", reason=_waits(seen))
        elif ended is None and env.round is None:
            first = decide(policy, (), seeing.situation(found, evidence, held=False))
            if first.act is Act.PAUSE and found.since != env.record.turn:
                self._pause(env, found.since, first)
        self._show(env)

    def _begin(
        self, env: _Env, agent: EnvAgent | None, policy: Policy, ended: float, *, anew: bool = False
    ) -> None:
        live, record = env.live, env.record
        evidence = agent.evidence() if agent is not None else None
        last = record.receipts[-1] if record.receipts else None
        if last is not None and last.after is None and ended == record.turn and not record.done:
            # the daemon ended before it was told: it is looked at again
            record = replace(record, receipts=record.receipts[:-1])
        spoke = evidence is not None and seeing.person_spoke(evidence, record.receipts)
        if agent is not None and (anew or spoke):
            record = record.begin(agent.detail().cost_usd)
        env.record = replace(record, turn=ended)
        pipe = evidence.heard.pipe if evidence is not None else ""
        env.hold = Hold(self._gates, live.record.uid, pipe)
        usual = sum(v.duration_s for s, v in live.verdicts.items() if s in policy.suites)
        if policy.mode is not Mode.ON or usual > HOLD_S:
            env.hold.release()
        elif env.hold.pipe:
            loop = asyncio.get_running_loop()
            env.timers.append(loop.call_later(HOLD_S, self._let_go, env, env.hold))
        work = Round(
            live,
            agent,
            policy,
            env.record,
            env.hold,
            testing=self._testing,
            teller=self._teller,
            mask=self._masker(live.record.uid),
            keep=lambda record: self._keep(env, record),
            anew=anew,
        )
        env.round = self._spawn(work.run())
        env.round.add_done_callback(lambda task: self._ended(env, task))

    def _keep(self, env: _Env, record: HealRecord) -> None:
        env.record = record
        env.live.world.store.put_heal(record)
        told = record.state in ("feeding", "told") and record.receipts[-1].way == "stop-hook"
        held = ""
        if env.hold is not None and env.hold.pipe:
            held = f"its turn is held: {record.reason or record.state}"
        elif told:
            held = f"goes on with what is {record.reason}"
        env.held = held
        self._show(env)

    def _ended(self, env: _Env, task: asyncio.Task[Decision]) -> None:
        if env.round is not task:
            return
        env.round = env.hold = None
        for timer in env.timers:
            timer.cancel()
        env.timers.clear()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("healing of %s broke", env.live.id, exc_info=error)
            why = f"it could not be looked at: {error}"
            self._keep(env, replace(env.record, state="gave_up", reason=why))
        if env.record.state == "told" and env.held:
            loop = asyncio.get_running_loop()
            env.timers.append(loop.call_later(ANSWER_S, self._wait_no_more, env))
        else:
            env.held = ""
        self._show(env)

    def _let_go(self, env: _Env, hold: Hold) -> None:
        """It takes too long: the turn ends, and what is red is told by a prompt."""
        hold.release()
        env.held = ""
        self._show(env)

    def _wait_no_more(self, env: _Env) -> None:
        env.held = ""
        self._show(env)

    def _pause(self, env: _Env, at: float, decision: Decision) -> None:
        env.record = replace(env.record, turn=at, state="paused", reason=decision.reason)
        env.live.world.store.put_heal(env.record)

    def _stop(self, env: _Env) -> None:
        """Break a round off; suites that run come to their verdict."""
        task, env.round = env.round, None
        if task is not None:
            task.cancel()
        if env.hold is not None:
            env.hold.release()
        env.hold, env.held = None, ""
        for timer in env.timers:
            timer.cancel()
        env.timers.clear()

    # --- what is known ---------------------------------------------------------------------

    def _running(self, live: LiveEnv) -> EnvAgent | None:
        agent = self._agents.of(live)
        return agent if agent is not None and agent.running else None

    def _policy(self, live: LiveEnv) -> Policy:
        """As it was chosen, whether an agent runs or not."""
        return policy_of(live, runs=True)

    def _difference(self, live: LiveEnv) -> str | None:
        agent = self._agents.of(live)
        if agent is None or agent.heard.phase is not Phase.ENDED or live.content is None:
            return None
        red = {
            name: verdict.state in failures.RED
            for name, verdict in live.verdicts.items()
            if verdict.content == live.content[1]
        }
        return showing.difference(agent.heard.message, red)

    def _set_gate(self, live: LiveEnv) -> None:
        policy, uid = self._policy(live), live.record.uid
        wanted = policy.mode is Mode.ON and policy.suites
        if wanted and self._agents.of(live) is not None:
            self._gates.open(uid)
        else:
            self._gates.shut(uid)

    def _show(self, env: _Env) -> None:
        agent = self._agents.of(env.live)
        if agent is not None:
            wanted = self._policy(env.live).suites
            agent.heals(self.view(env.live) if wanted else None, env.held)

    def _spawn(self, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _waits(seen: Situation) -> str:
    return f"{seen.background} of its background jobs still run"


async def _logged(live: LiveEnv, work: Any) -> None:
    try:
        await work
    except HiveError as error:
        log.warning("what %s learned of its base is lost: %s", live.id, error)
