"""Looks at the work of one turn: lets it settle, measures it, and does what the rules say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from hive_tui.engine.agents.agent import EnvAgent
from hive_tui.engine.healing import bases, failures, seeing
from hive_tui.engine.healing.account import account
from hive_tui.engine.healing.failures import Failed
from hive_tui.engine.healing.protocols import Gates, Teller
from hive_tui.engine.healing.records import HealRecord
from hive_tui.engine.healing.rules import (
    Act,
    Decision,
    Mode,
    Policy,
    Receipt,
    Situation,
    decide,
)
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.testing import Testing
from hive_tui.model.environment import TestState
from hive_tui.model.errors import HiveError

SETTLE_S = 0.5
"""How long the files have to stay as they are."""
SETTLES = 20
"""How often that is tried."""
CHECKS = 5
"""Runs of suites in one round: what writes into the worktree with every run never is measured."""

BY_HOOK, BY_PROMPT = "stop-hook", "prompt"


class Hold:
    """An agent that is kept from ending its turn."""

    def __init__(self, gates: Gates, env_uid: str, pipe: str) -> None:
        """Create it.

        Args:
            gates: Hooks that wait.
            env_uid: Of the env.
            pipe: Where its hook waits; empty: it is not held.
        """
        self._gates, self._uid = gates, env_uid
        self.pipe = pipe if pipe and gates.waits(env_uid, pipe) else ""

    @property
    def broken(self) -> bool:
        """Whether it was held, and went on by itself: a person ended it."""
        return bool(self.pipe) and not self._gates.waits(self._uid, self.pipe)

    def release(self, body: str = "") -> bool:
        """Let it go, with a word; False where it no longer waits."""
        pipe, self.pipe = self.pipe, ""
        return bool(pipe) and self._gates.answer(self._uid, pipe, body)


class Round:
    """One look at the work in an env, after a turn or because a person asked."""

    def __init__(
        self,
        live: LiveEnv,
        agent: EnvAgent | None,
        policy: Policy,
        record: HealRecord,
        hold: Hold,
        *,
        testing: Testing,
        teller: Teller,
        mask: Callable[[bytes], bytes],
        keep: Callable[[HealRecord], None],
        anew: bool,
    ) -> None:
        """Create it; nothing is done yet.

        Args:
            live: The env.
            agent: Its agent; `None` where none runs: then nobody is told.
            policy: What is wanted.
            record: Where healing stands.
            hold: The agent's turn, where it is kept from ending.
            testing: Runs suites.
            teller: Prompts the agent.
            mask: Hides the env's secrets.
            keep: Stores and shows each change of the record.
            anew: Measure again what is known already.
        """
        self._live, self._agent, self._policy = live, agent, policy
        self._record, self._hold = record, hold
        self._testing, self._teller, self._mask, self._keep = testing, teller, mask, keep
        self._since = live.world.clock.now() if anew else 0.0
        self._reds: dict[tuple[str, str], set[float]] = {}
        """Suite and content -> when it was found red on it."""

    async def run(self) -> Decision:
        """Go on until the rules have nothing more to do; what they said last."""
        try:
            checks = 0
            while True:
                self._put(state="settling")
                content = await self._settled()
                if content is None:
                    return self._end("paused", Decision(Act.WAIT, "files still change"))
                seen = self._seen(content)
                decision = decide(self._policy, self._record.receipts, seen)
                if decision.act is not Act.CHECK:
                    return await self._follow(decision, seen)
                checks += 1
                if checks > CHECKS:
                    why = "files change whenever its suites run: name what they write in .gitignore"
                    return self._end("paused", Decision(Act.WAIT, why))
                self._put(state="checking", reason=f"{', '.join(decision.suites)} runs")
                if (trouble := await self._check(decision.suites)) is not None:
                    why = f"its suites cannot run: {trouble}"
                    return self._end("gave_up", Decision(Act.GIVE_UP, why))
        finally:
            self._hold.release()

    # --- measuring -------------------------------------------------------------------------

    async def _settled(self) -> str | None:
        """The content once it stays the same; `None` where it does not."""
        worktrees, worktree = self._live.world.worktrees, self._live.record.worktree
        before = ""
        for _ in range(SETTLES):
            _, now = await worktrees.content(worktree)
            if now == before:
                return now
            before = now
            await asyncio.sleep(SETTLE_S)
        return None

    async def _check(self, suites: Sequence[str]) -> str | None:
        """Run suites; why that was not possible."""
        try:
            error = await self._testing.run(self._live, suites)
        except HiveError as refused:
            return str(refused.message)
        return error.message if error is not None else None

    def _seen(self, content: str) -> Situation:
        """How the agent stands, and what is known of this content."""
        green, red, reruns = set(), [], set()
        for suite in self._policy.suites:
            verdict = self._live.verdicts.get(suite)
            if verdict is None or verdict.content != content or verdict.at < self._since:
                continue
            if verdict.state == TestState.PASSED:
                green.add(suite)
            elif verdict.state in failures.RED:
                red.append(bases.failed(self._live, verdict))
                found = self._reds.setdefault((suite, content), set())
                found.add(verdict.at)
                if len(found) > 1:
                    reruns.add(suite)
        return replace(
            self._standing(),
            tree=content,
            green=frozenset(green),
            red=tuple(red),
            reruns=frozenset(reruns),
            base=frozenset(mark for mark in bases.known(self._live).values() if mark),
            now=self._live.world.clock.now(),
            cost_usd=self._cost(),
        )

    def _standing(self) -> Situation:
        agent = self._agent
        if agent is None:
            return Situation(working=False)
        held = bool(self._hold.pipe)
        seen = seeing.situation(agent.finding, agent.evidence(), held=held)
        if self._since:  # a person wants it, whatever ended the turn
            seen = replace(seen, interrupted=False, api_error=False)
        return replace(seen, interrupted=seen.interrupted or self._hold.broken)

    def _cost(self) -> float | None:
        """What the series has cost so far."""
        if self._agent is None:
            return None
        cost, before = self._agent.detail().cost_usd, self._record.cost_before
        return None if cost is None else cost - (before or 0.0)

    # --- following -------------------------------------------------------------------------

    async def _follow(self, decision: Decision, seen: Situation) -> Decision:
        own = [one for one in seen.red if one.mark not in seen.base]
        match decision.act:
            case Act.FEED:
                told = [one for one in own if one.suite in decision.suites]
                return await self._feed(decision, told, seen)
            case Act.VERIFIED:
                mended = bool(self._record.receipts)
                self._record = replace(self._record.close(""), verified=seen.tree)
                if mended:
                    self._event("heal.mended", "mended: all suites are green", "info")
                return self._end("healed" if mended else "idle", decision)
            case Act.GIVE_UP:
                self._record = self._record.close(failures.mark(own))
                return self._end("gave_up", decision)
            case Act.OBSERVED:
                return self._end("observed", decision)
        return self._end("paused", decision)

    async def _feed(self, decision: Decision, told: list[Failed], seen: Situation) -> Decision:
        """Tell the agent; what is kept before counts also where the daemon dies meanwhile."""
        assert self._agent is not None
        text = account(
            told, attempt=decision.attempt, attempts=self._policy.attempts, mask=self._mask
        )
        goes_on = self._agent.driver.goes_on(text) if self._hold.pipe else None
        mark = failures.mark(told)
        before = self._record.close(mark)
        receipt = Receipt(
            attempt=decision.attempt,
            at=seen.now,
            tree=seen.tree,
            before=mark,
            failing=decision.suites,
            sent=text,
            way=BY_HOOK if goes_on is not None else BY_PROMPT,
        )
        self._record = replace(before, receipts=(*before.receipts, receipt))
        self._put(state="feeding", reason=decision.reason)
        self._live.world.checkpoint("heal.feeding")
        if goes_on is not None:
            if not self._hold.release(goes_on):
                self._record = before
                why = "its turn was ended by hand while its suites ran"
                return self._end("paused", Decision(Act.PAUSE, why))
        else:
            self._hold.release()
            delivery = await self._teller.tell(self._live, text)
            if not delivery.delivered:
                self._record = before
                why = f"{decision.reason}; it could not be told: {delivery.reason}"
                return self._end("gave_up", Decision(Act.GIVE_UP, why))
        suites = ", ".join(decision.suites)
        words = f"told its agent what is red in {suites} ({decision.attempt})"
        self._event("heal.told", words, "info")
        self._put(state="told", reason=decision.reason)
        return decision

    def _end(self, state: str, decision: Decision) -> Decision:
        self._put(state=state, reason=decision.reason)
        if decision.act is Act.GIVE_UP:
            self._event("heal.gave_up", f"healing gave up: {decision.reason}", "warning")
        return decision

    def _put(self, *, state: str, reason: str | None = None) -> None:
        self._record = replace(self._record, state=state, reason=reason)
        self._keep(self._record)

    def _event(self, kind: str, words: str, level: str) -> None:
        self._live.event(kind, f"{self._live.record.name}: {words}", level=level)


def policy_of(live: LiveEnv, *, runs: bool) -> Policy:
    """What is wanted in an env.

    Args:
        live: The env.
        runs: Whether an agent runs that can be told anything; else nobody is.
    """
    heal = live.project.heal
    mode = Mode(live.record.heal or heal.mode)
    return Policy(
        mode=Mode.OBSERVE if mode is Mode.ON and not runs else mode,
        suites=heal.suites,
        attempts=heal.attempts,
        within_s=heal.within_s if heal.within_s is not None else float("inf"),
        cost_usd=heal.cost_usd,
    )
