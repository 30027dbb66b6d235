"""The steps of the tour as data, and when each is done. Pure: knows no screen and no widget."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

import msgspec

from hive_tui.app.actions import ENV, FLEET, LOGS
from hive_tui.app.triage.items import needs
from hive_tui.app.triage.trouble import trouble
from hive_tui.model.environment import EnvDetail, EnvState, TestState


class Anchor(StrEnum):
    """What a step speaks of, on its screen."""

    TILE = "tile"
    STATE = "state"
    THING = "thing"
    VERDICT = "verdict"
    DOTS = "dots"
    PORTS = "ports"
    NEEDS = "needs"
    KEYS = "keys"
    QUIT = "quit"
    WORDS = "words"
    HEAD = "head"
    LOG = "log"


OF_AN_ENV = frozenset(
    {Anchor.TILE, Anchor.STATE, Anchor.THING, Anchor.VERDICT, Anchor.DOTS, Anchor.PORTS}
)
"""In a tile: the step's env is selected, so that it is in sight and the keys are about it."""


class Seen(msgspec.Struct, frozen=True):
    """What there is to see at one moment."""

    area: str
    """The screen in front."""
    envs: Mapping[str, EnvDetail]
    """By id, as they stand."""
    env: str | None = None
    """The one that the keys are about: selected, or shown in full."""
    deeds: frozenset[str] = frozenset()
    """Ids of what the person did since the step began."""
    shells: int = 0
    """How many shells were come back from, ever."""
    terminal: bool = True
    """Whether there is a terminal to give to a shell."""


Subject = Callable[[Seen], str | None]
"""The env that a step is about; `None`: there is none, so the step is left out."""

Done = Callable[[Seen, Seen, str], bool]
"""Whether the effect is seen: what was there when the step began, what is now, the env."""


def first(now: Seen) -> str | None:
    """Any env: the first one."""
    return next(iter(now.envs), None)


def kept(now: Seen) -> str | None:
    """The env that the keys are about."""
    return now.env if now.env in now.envs else first(now)


def telling(now: Seen) -> str | None:
    """An env with something to know: broken, else on its way."""
    return broken(now) or _first(now, lambda env: env.view.progress is not None)


def broken(now: Seen) -> str | None:
    """An env in which something is broken."""
    return _first(now, lambda env: trouble(env) is not None)


def broken_here(now: Seen) -> str | None:
    """The env on the screen, if something is broken in it."""
    env = now.envs.get(now.env or "")
    return env.id if env is not None and trouble(env) is not None else None


def judged(now: Seen) -> str | None:
    """An env whose suites have run, a red one first."""
    red = _first(now, lambda env: any(t.state is TestState.FAILED for t in env.view.tests))
    return red or _first(
        now, lambda env: any(t.state is not TestState.NEVER for t in env.view.tests)
    )


def served(now: Seen) -> str | None:
    """An env with services, a warm one first."""
    return _warm(now) or _first(now, lambda env: bool(env.view.services))


def ported(now: Seen) -> str | None:
    """A warm env with named ports."""
    return _first(now, lambda env: env.view.state is EnvState.WARM and bool(env.view.ports.names))


def needy(now: Seen) -> str | None:
    """The env that needs a person most."""
    return next((need.env for need in needs(now.envs.values())), None)


def resting(now: Seen) -> str | None:
    """An env that can be warmed."""
    return _first(now, lambda env: env.view.state in (EnvState.COLD, EnvState.STOPPED))


def up(now: Seen) -> str | None:
    """An env that can be cooled: the one that was just warmed, else any."""
    own = now.envs.get(now.env or "")
    if own is not None and own.view.state in _UP:
        return own.id
    return _first(now, lambda env: env.view.state in _UP)


def at_hand(now: Seen) -> str | None:
    """The env that a shell can be opened in."""
    return kept(now) if now.terminal else None


_UP = (EnvState.WARM, EnvState.WARMING)


def _warm(now: Seen) -> str | None:
    return _first(now, lambda env: env.view.state is EnvState.WARM and bool(env.view.services))


def _first(now: Seen, fits: Callable[[EnvDetail], bool]) -> str | None:
    return next((at for at, env in now.envs.items() if fits(env)), None)


def _in(area: str) -> Done:
    return lambda before, now, env: now.area == area


def _state(*states: EnvState) -> Done:
    """The env has come into one of the states since the step began."""

    def reached(before: Seen, now: Seen, env: str) -> bool:
        old, new = before.envs.get(env), now.envs.get(env)
        if old is None or new is None:
            return False
        return new.view.state in states and old.view.state is not new.view.state

    return reached


def _found_need(before: Seen, now: Seen, env: str) -> bool:
    wanted = {need.env for need in needs(now.envs.values())}
    return "fleet.next_need" in now.deeds and now.env in wanted


def _came_back(before: Seen, now: Seen, env: str) -> bool:
    return now.shells > before.shells


class Step(msgspec.Struct, frozen=True):
    """One thing at a time."""

    id: str
    where: str
    """The screen on which it stands."""
    anchor: Anchor
    words: str
    """One or two sentences; `{env.warm}` stands for the key of that action."""
    subject: Subject = kept
    missing: str = "there is no env"
    """Why it is left out where it has no subject."""
    asks: str | None = None
    """Action whose key the person may press here."""
    done: Done | None = None
    """When that was seen to have worked."""


STEPS: tuple[Step, ...] = (
    Step(
        "tile",
        FLEET,
        Anchor.TILE,
        "Every tile is an environment: a worktree with its branch, its own ports, services, data "
        "and test verdicts.",
        first,
    ),
    Step(
        "state",
        FLEET,
        Anchor.STATE,
        "Its state. Sign, word and colour always say the same: warm runs, cold rests, degraded "
        "and failed need you.",
        telling,
        "nothing is broken or on its way",
    ),
    Step(
        "thing",
        FLEET,
        Anchor.THING,
        "The one thing to know: what is broken, how far a transition is and how long it will "
        "take, or what an agent asks.",
        telling,
        "nothing is broken or on its way",
    ),
    Step(
        "verdict",
        FLEET,
        Anchor.VERDICT,
        "What its tests said, with counts. A ring before it: the code changed since, so it is "
        "stale. {env.test} runs them.",
        judged,
        "no suite has run yet",
    ),
    Step(
        "dots",
        FLEET,
        Anchor.DOTS,
        "One sign for each service: a full dot is ready, a cross has crashed, a small dot does "
        "not run.",
        served,
        "no env has services",
    ),
    Step(
        "ports",
        FLEET,
        Anchor.PORTS,
        "Its own ports: no env ever takes another's. {env.browse} opens its page, {env.copy_url} "
        "copies the address.",
        ported,
        "no warm env has named ports",
    ),
    Step(
        "needs",
        FLEET,
        Anchor.NEEDS,
        "Those that need you, the dearest first: an agent that waits, a failure, a crash, a red "
        "suite.",
        needy,
        "nobody needs you",
    ),
    Step(
        "keys",
        FLEET,
        Anchor.KEYS,
        "What you can do now. A dim one is not possible: press it and it says why. A click does "
        "the same.",
    ),
    Step(
        "need",
        FLEET,
        Anchor.NEEDS,
        "Press {fleet.next_need}: it selects the one that needs you most, then the next.",
        needy,
        "nobody needs you",
        "fleet.next_need",
        _found_need,
    ),
    Step(
        "open",
        FLEET,
        Anchor.TILE,
        "Press {env.open} to see all of it.",
        asks="env.open",
        done=_in(ENV),
    ),
    Step(
        "words",
        ENV,
        Anchor.WORDS,
        "What is broken, with its last words: often all that you have to know.",
        broken_here,
        "nothing is broken in this env",
    ),
    Step(
        "logs",
        ENV,
        Anchor.HEAD,
        "Press {env.logs} to follow the logs of the chosen service.",
        asks="env.logs",
        done=_in(LOGS),
    ),
    Step(
        "followed",
        LOGS,
        Anchor.LOG,
        "Lines as they are written. {logs.error} jumps to the error above, {logs.search} searches, "
        "{logs.hold} holds.",
    ),
    Step(
        "from_logs",
        LOGS,
        Anchor.HEAD,
        "Press {app.back}: it always goes back to where you came from.",
        asks="app.back",
        done=_in(ENV),
    ),
    Step(
        "from_env",
        ENV,
        Anchor.HEAD,
        "And {app.back} once more, to the fleet.",
        asks="app.back",
        done=_in(FLEET),
    ),
    Step(
        "warm",
        FLEET,
        Anchor.TILE,
        "This one rests. Press {env.warm}: it warms, and the tile says what runs, what waits for "
        "what, and for how long.",
        resting,
        "no env is cold",
        "env.warm",
        _state(EnvState.WARMING, EnvState.WARM),
    ),
    Step(
        "cool",
        FLEET,
        Anchor.TILE,
        "Press {env.cool}: it cools again. You need not wait; the newest wish counts.",
        up,
        "no env is warm",
        "env.cool",
        _state(EnvState.COOLING, EnvState.COLD),
    ),
    Step(
        "shell",
        FLEET,
        Anchor.TILE,
        "Press {env.shell} for a shell in its worktree, with its ports and variables; `exit` "
        "comes back here.",
        at_hand,
        "a browser has no terminal to give to a shell",
        "env.shell",
        _came_back,
    ),
    Step(
        "undo",
        FLEET,
        Anchor.TILE,
        "{env.destroy} removes an env, after it said what would be lost and asked for the name. "
        "{env.undo} takes it back.",
    ),
    Step(
        "quit",
        FLEET,
        Anchor.QUIT,
        "{app.quit} leaves. Services, tests and transitions go on; `hive` brings you back. "
        "{app.help} has all keys and marks.",
    ),
)


def onward(
    steps: Sequence[Step], at: int, by: int, now: Seen
) -> tuple[int | None, tuple[str, ...]]:
    """Place of the next step that has a subject, and why those between were left out.

    Args:
        steps: Of the tour.
        at: Where it is; -1 before the first.
        by: 1 onward, -1 back.
        now: What there is to see.

    Returns:
        The place, `None` past the end (back from the first one stays there), and the reasons.
    """
    left_out: list[str] = []
    to = at + by
    while 0 <= to < len(steps):
        # what is on a screen that is not in front yet is judged once that is reached
        elsewhere = steps[to].where != FLEET and now.area != steps[to].where
        if now.envs and (elsewhere or steps[to].subject(now) is not None):
            return to, tuple(dict.fromkeys(left_out))
        left_out.append(steps[to].missing)
        to += by
    return (at if by < 0 else None), tuple(dict.fromkeys(left_out))
