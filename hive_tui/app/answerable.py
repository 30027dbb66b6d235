"""When something that needs a person can be answered, and why not. Pure, as `possible`."""

from __future__ import annotations

from hive_tui.app.possible import Situation, env, reachable
from hive_tui.app.triage.items import ASKS, Kind
from hive_tui.model.agent import AgentState

_NOBODY = frozenset({AgentState.NONE.value, AgentState.GONE.value})


def card(now: Situation) -> str | None:
    """Something is selected."""
    return None if now.card is not None else "nothing needs you"


def question(now: Situation) -> str | None:
    """An agent asks, and takes the answer from here."""
    if why := card(now) or reachable(now):
        return why
    assert now.card is not None, "said above"
    if now.card.answerable:
        return None
    if now.card.first.kind in ASKS:
        return "only its own screen takes the answer; {env.enter} goes there"
    return "nobody asks that; {env.open} shows the env, {agent.prompt} tells its agent"


def verdict(now: Situation) -> str | None:
    """It is a permission or a plan: yes or no."""
    if why := question(now):
        return why
    fits = now.card is not None and now.card.first.kind in (Kind.PERMISSION, Kind.PLAN)
    return None if fits else "it is a question: {triage.option} or {triage.reply} answer it"


def always(now: Situation) -> str | None:
    """It is a permission."""
    if why := question(now):
        return why
    fits = now.card is not None and now.card.first.kind is Kind.PERMISSION
    return None if fits else "only a permission can be given for good"


def option(now: Situation) -> str | None:
    """It has options."""
    if why := question(now):
        return why
    ask = now.card.first.ask if now.card is not None else None
    return None if ask is not None and ask.options else "it has no options"


def reply(now: Situation) -> str | None:
    """It is a question, and takes words."""
    if why := question(now):
        return why
    fits = now.card is not None and now.card.first.kind in (Kind.QUESTION, Kind.PLAN)
    return None if fits else "yes or no: {triage.once}, {triage.always} or {triage.deny}"


def seen(now: Situation) -> str | None:
    """It is nothing that stands still until it is answered."""
    if why := card(now):
        return why
    asks = now.card is not None and now.card.first.kind in ASKS
    return "it waits for an answer; {triage.snooze} puts it off" if asks else None


def about_an_env(now: Situation) -> str | None:
    """The selected thing is about an env, which is there."""
    if why := card(now):
        return why
    return None if now.env is not None else "that is about the machine, not about an env"


def agent(now: Situation) -> str | None:
    """An agent runs in the env."""
    if why := env(now):
        return why
    shown = now.env.view.agent if now.env is not None else None
    return "no agent runs in it" if shown is None or shown.state in _NOBODY else None


def heal(now: Situation) -> str | None:
    """The env has suites and an agent."""
    if why := agent(now):
        return why
    has = now.env is not None and now.env.view.tests
    return None if has else "hive.toml has no [tests] for it"
