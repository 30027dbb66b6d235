"""When an action is possible, and why not: what it would be about, judged by pure functions."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from hive_tui.app.marks import TRANSITIONS
from hive_tui.app.state import HiveState, Link
from hive_tui.app.triage.items import needs
from hive_tui.app.triage.queue import Card
from hive_tui.model.environment import EnvDetail, EnvState


class Situation(msgspec.Struct, frozen=True):
    """What an action would be about, right now."""

    state: HiveState
    env: EnvDetail | None = None
    service: str | None = None
    """Chosen service, on the env screen."""
    chosen: tuple[EnvDetail, ...] = ()
    """Envs that are marked, on the fleet: actions for many are about these."""
    repository: str | None = None
    """Where a hive.toml could be written: the repository around the dashboard's folder."""
    making: bool = False
    """Whether the demo is being made."""
    card: Card | None = None
    """What is selected of the things that need a person, on their screen."""


Reason = Callable[[Situation], str | None]
"""Why an action is not possible now; `None`: it is."""


def alone(now: Situation, env: EnvDetail) -> Situation:
    """The situation as if only this env were meant."""
    return msgspec.structs.replace(now, env=env, chosen=())


def always(_: Situation) -> str | None:
    """Possible in every situation."""
    return None


def reachable(now: Situation) -> str | None:
    """The daemon answers."""
    if now.state.link is Link.SILENT:
        return "the daemon does not answer"
    return None if now.state.link is Link.LIVE else "the daemon is out of reach; reconnecting"


def env(now: Situation) -> str | None:
    """There is an env to act on, and the daemon answers."""
    if now.env is None:
        return "no env is selected"
    if now.env.view.state is EnvState.DESTROYING:
        return f"{now.env.view.name} is being destroyed"
    return reachable(now)


def selected(now: Situation) -> str | None:
    """There is an env to look at."""
    return "no env is selected" if now.env is None else None


def not_in(state: EnvState) -> Reason:
    """There is an env that is not in this state already."""

    def reason(now: Situation) -> str | None:
        if why := env(now):
            return why
        already = now.env is not None and now.env.view.state is state
        return f"it is {state.value} already" if already else None

    return reason


def freeze(now: Situation) -> str | None:
    """The env can be frozen, or thawed."""
    if why := env(now):
        return why
    up = (EnvState.WARM, EnvState.FROZEN, EnvState.DEGRADED)
    fits = now.env is not None and now.env.view.state in up
    return None if fits else "only a warm env can be frozen"


def test(now: Situation) -> str | None:
    """The env has suites."""
    if why := env(now):
        return why
    has = now.env is not None and now.env.view.tests
    return None if has else "hive.toml has no [tests] for it"


def restart(now: Situation) -> str | None:
    """A service is chosen."""
    if why := env(now):
        return why
    return None if now.service else "no service is chosen"


def chosen(now: Situation) -> str | None:
    """The log was opened for one service."""
    return None if now.service else "it shows all services; {logs.source} hide and show them"


def url(now: Situation) -> str | None:
    """The env has a named port."""
    if why := env(now):
        return why
    has = now.env is not None and now.env.view.ports.names
    return None if has else "hive.toml names no ports"


def new(now: Situation) -> str | None:
    """There is a project to make an env of."""
    return reachable(now) or (None if now.state.hive.projects else "there is no project yet")


def needed(now: Situation) -> str | None:
    """An env needs a person."""
    return None if needs(now.state.envs.values(), now.state.put_off) else "nobody needs you"


def some(now: Situation) -> str | None:
    """There is an env at all."""
    return None if now.state.envs else "there is no env yet"


def settled(now: Situation) -> str | None:
    """The env is not in motion."""
    if why := env(now):
        return why
    moving = now.env is not None and now.env.view.state in TRANSITIONS
    return "a transition is under way" if moving else None


def demo(now: Situation) -> str | None:
    """The demo is not being made already."""
    return "the demo is being made" if now.making else reachable(now)


def init(now: Situation) -> str | None:
    """The dashboard was started in a repository that has no hive.toml."""
    without = "it was not started in a git repository without hive.toml; cd there, then `hive`"
    return reachable(now) or (None if now.repository else without)
