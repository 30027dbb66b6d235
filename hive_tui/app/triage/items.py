"""Everything in an env that needs a person, a value each, with its reason in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

import msgspec

from hive_tui.app import figures
from hive_tui.app.marks import OTHERWISE, SHORT, Mark, of_agent, of_env, of_test
from hive_tui.app.triage.trouble import trouble
from hive_tui.model.agent import AgentDetail, AgentState, Ask, AskKind
from hive_tui.model.claims import claim, differs
from hive_tui.model.environment import EnvDetail, EnvState, TestState, TestView
from hive_tui.model.wire import HiveView


class Kind(StrEnum):
    """What an item is about, dearest first; the value is the word for it."""

    PERMISSION = "permission"
    QUESTION = "question"
    PLAN = "plan"
    DIALOG = "dialog"
    WAITING = "waiting"
    """It waits, and for what is not known in detail."""
    PRESSURE = "memory"
    ERROR = "error"
    STUCK = "stuck"
    GAVE_UP = "healing gave up"
    FAILED = "failed"
    DEGRADED = "degraded"
    TRESPASS = "out of bounds"
    CLAIM = "says otherwise"
    RED = "red"
    DONE = "done"


TIERS = {kind: float(at) for at, kind in enumerate(Kind)}
"""Smaller is dearer: first who stands still for want of a word, then what is broken, then what
only has to be looked at."""

ASKS = frozenset({Kind.PERMISSION, Kind.QUESTION, Kind.PLAN, Kind.DIALOG, Kind.WAITING})
"""An agent stands still until it is answered."""

_RED = frozenset({TestState.FAILED, TestState.ERROR})
"""Verdicts that want a person while they are of the code as it is."""

_HEALING = frozenset({"settling", "checking", "feeding"})
"""States in which a red suite is already on its way back to the agent."""


class Item(msgspec.Struct, frozen=True):
    """One thing that needs a person."""

    key: str
    """The same as long as it is the same thing: what a person puts off is known by it."""
    env: str
    """`project/name`; "" where it is about the machine."""
    name: str
    kind: Kind
    mark: Mark
    text: str
    """Why, in words, in one line."""
    since: str | None
    """RFC 3339."""
    stamp: str = ""
    """Changes when there is something new to see in it."""
    ask: Ask | None = None
    agent: str = ""
    """Kind of the agent that asks."""
    blocks: tuple[str, ...] = ()
    """What stands still beside it meanwhile, in words."""


def items_of(detail: EnvDetail) -> tuple[Item, ...]:
    """All that needs a person in one env, dearest first."""
    found = [*_of_agent(detail), *_of_stack(detail), *_of_work(detail)]
    return tuple(sorted(found, key=lambda item: TIERS[item.kind]))


def pressure_of(hive: HiveView) -> tuple[Item, ...]:
    """The one item about the machine: memory is short."""
    if hive.pressure is None:
        return ()
    return (Item("memory", "", "memory", Kind.PRESSURE, SHORT, hive.pressure, None),)


def need_of(detail: EnvDetail, put_off: frozenset[str] = frozenset()) -> Item | None:
    """The dearest thing that the env wants of a person now; `None`: nothing."""
    return next((item for item in items_of(detail) if item.key not in put_off), None)


def needs(envs: Iterable[EnvDetail], put_off: frozenset[str] = frozenset()) -> tuple[Item, ...]:
    """All envs that need a person, each with the dearest reason, dearest first.

    Args:
        envs: To look at.
        put_off: Keys of what asks for nobody now.
    """
    found = [need for detail in envs if (need := need_of(detail, put_off)) is not None]
    return tuple(sorted(found, key=lambda need: (TIERS[need.kind], need.since or "", need.env)))


def _item(detail: EnvDetail, kind: Kind, mark: Mark, text: str, **more: object) -> Item:
    name = detail.view.name
    made = Item(f"{detail.id} {kind.value}", detail.id, name, kind, mark, text, None)
    return msgspec.structs.replace(made, **more)


def _of_agent(detail: EnvDetail) -> Iterator[Item]:
    agent, full = detail.view.agent, detail.agent
    yield from _asks(detail, full) if full else ()
    if agent is None:
        return
    mark, text = of_agent(agent.state), agent.reason or f"{agent.kind} is {agent.state}"
    kind = {
        AgentState.ERROR.value: Kind.ERROR,
        AgentState.STUCK.value: Kind.STUCK,
        AgentState.DONE.value: Kind.DONE,
    }.get(agent.state)
    if agent.state == AgentState.WAITING and not (full and full.asks):
        kind = Kind.WAITING
    elif full is not None and full.quiet_s is not None and agent.state == AgentState.WORKING:
        kind, mark = Kind.STUCK, of_agent(AgentState.STUCK)
        text = f"{agent.kind} has been quiet for {figures.age(full.quiet_s)}"
    if kind is not None:
        stamp = agent.since or ""
        blocks = _behind(full)
        yield _item(detail, kind, mark, text, since=agent.since, stamp=stamp, blocks=blocks)


def _asks(detail: EnvDetail, agent: AgentDetail) -> Iterator[Item]:
    mark, blocks = of_agent(AgentState.WAITING), _behind(agent)
    for ask in agent.asks:
        yield _item(
            detail,
            _KINDS[ask.kind],
            mark,
            ask.title or ask.kind.value,
            key=f"{detail.id} ask {ask.id}",
            since=ask.since or agent.since,
            stamp=ask.id,
            ask=ask,
            agent=agent.kind,
            blocks=blocks,
        )


_KINDS = {
    AskKind.PERMISSION: Kind.PERMISSION,
    AskKind.QUESTION: Kind.QUESTION,
    AskKind.PLAN: Kind.PLAN,
    AskKind.DIALOG: Kind.DIALOG,
}


def _behind(agent: AgentDetail | None) -> tuple[str, ...]:
    """What waits for the agent to go on."""
    queued = len(agent.queued) if agent else 0
    return (f"{figures.count(queued, 'prompt')} of yours",) if queued else ()


def _of_stack(detail: EnvDetail) -> Iterator[Item]:
    view = detail.view
    if view.state not in (EnvState.FAILED, EnvState.DEGRADED):
        return
    kind = Kind.FAILED if view.state is EnvState.FAILED else Kind.DEGRADED
    text = view.reason or (detail.failure.reason if detail.failure else view.state.value)
    wrong = trouble(detail)
    stamp = f"{wrong.name if wrong else ''} {detail.since}"
    works = view.agent is not None and view.agent.state == AgentState.WORKING
    blocks = (f"{view.agent.kind}, which works without it",) if view.agent and works else ()
    mark = of_env(view.state)
    yield _item(detail, kind, mark, text, since=detail.since, stamp=stamp, blocks=blocks)


def _of_work(detail: EnvDetail) -> Iterator[Item]:
    """What its agent has done: beyond its bounds, red, or not as it says."""
    if detail.trespasses:
        first, more = detail.trespasses[0], len(detail.trespasses) - 1
        text = f"out of bounds: {first.path}" + (f" and {more} more" if more else "")
        stamp = "\n".join(sorted(each.path for each in detail.trespasses))
        yield _item(detail, Kind.TRESPASS, of_env(EnvState.DEGRADED), text, stamp=stamp)
    red = [test for test in detail.view.tests if test.state in _RED and not test.stale]
    if not red:
        return
    text, mark = ", ".join(map(_verdict, red)), of_test(red[0].state)
    stamp = f"{text} {red[0].commit}"
    agent = detail.agent
    said = claim(agent.claim) if agent and agent.claim else None
    heal = agent.heal if agent else None
    otherwise = said is not None and differs(said, red=True)
    if said is not None and otherwise:
        words = f"says “{said.words}”, but {text}"
        since = agent.since if agent else None
        yield _item(detail, Kind.CLAIM, OTHERWISE, words, since=since, stamp=stamp)
    if heal is not None and heal.state == "gave_up":
        why = f"healing gave up: {heal.reason}" if heal.reason else "healing gave up"
        yield _item(detail, Kind.GAVE_UP, mark, f"{text}; {why}", stamp=stamp)
    elif (heal is None or heal.mode != "on" or heal.state not in _HEALING) and not otherwise:
        yield _item(detail, Kind.RED, mark, text, stamp=stamp)


def _verdict(test: TestView) -> str:
    if test.state is TestState.ERROR or test.failed is None:
        return f"{test.name} {test.state.value}"
    return f"{test.name} {test.failed}/{test.failed + (test.passed or 0)} failed"
