"""What each key does that can be seen, by screen and action. Data only.

The fleet is the sample fleet of `tests.app.scenes`, told by `told_daemon`; the logs are those of
`real.TOML`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from hive_tui.app.actions import ENV, FLEET, HELP, LOGS, MESSAGES, TOUR, TRIAGE, WELCOME
from tests.app import scenes


class Effect(NamedTuple):
    """How it is seen that a key does what it is for."""

    shows: str = ""
    """Pattern of what stands on the screen afterwards, and not before."""
    gone: bool = False
    """True: it stands there before, and not afterwards."""
    tells: str = ""
    """Pattern of the beginning of a toast that ends with a number of the daemon's own."""
    first: tuple[str, ...] = ()
    """Keys that make the situation."""
    once: str = ""
    """Pattern by which the situation is known, where the next key has to wait for it."""
    then: tuple[str, ...] = ()
    """Keys that bring to light what the key has done: what is selected is opened."""
    after: tuple[str, ...] = ()
    """Keys that take it back."""


By = Mapping[str, Effect | Callable[[str], Effect]]
"""By action id; a function where every key of the action has an effect of its own."""

ESC = ("\x1b[27u",)
"""Escape as terminals send it that can tell it from the beginning of another key."""

SOURCES = ("api", "worker")
"""Services of the real env whose logs are read."""

NAMES = tuple(env.view.name for env in scenes.fleet())


def opens(env: str, *first: str) -> Effect:
    """Another env is selected: the one that opens."""
    return Effect(f"shop . {env}", first=first, then=("enter",), after=ESC)


def _digit(key: str) -> Effect:
    # from the last env, and for the last one from the first
    start = "home" if int(key) == len(NAMES) else "end"
    return opens(NAMES[int(key) - 1], start)


def _everywhere(leaves: str) -> dict[str, Effect | Callable[[str], Effect]]:
    """What every screen has.

    Args:
        leaves: Pattern of the dashboard's last words.
    """
    return {
        "app.theme": Effect("hive-light", after=ESC),
        "app.palette": Effect("Find an action", after=ESC),
        "app.suspend": Effect("Stopped", after=("fg", "enter")),
        "app.help": Effect("keys and marks", after=ESC),
        "app.messages": Effect("messages and events", after=ESC),
        "app.quit": Effect(leaves, after=("hive", "enter")),
    }


_GO_ON = r"envs? go(es)? on"


def _env_keys(*first: str) -> dict[str, Effect | Callable[[str], Effect]]:
    """Those about `auth-refactor`, after the keys that choose it."""
    return {
        "env.cool": Effect(tells="auth-refactor: cool", first=first),
        "env.stop": Effect(tells="auth-refactor: stop", first=first),
        "env.freeze": Effect(tells="auth-refactor: freeze", first=first),
        "env.logs": Effect("f hold", first=first, after=ESC),
        "env.test": Effect(tells="auth-refactor: unit", first=first),
        "env.destroy": Effect(r"Destroy auth-refactor\?", first=first, after=ESC),
        "env.browse": Effect(tells="opened", first=first),
        "env.forward": Effect(tells="auth-refactor: fixed ports", first=first),
        "env.copy_url": Effect(tells="copied", first=first),
        "env.enter": Effect("agent of auth-refactor", first=first, after=("enter",)),
        "env.shell": Effect("a shell in auth-refactor", first=first, after=("exit", "enter")),
        "env.pin": Effect("auth-refactor: pinned", first=first),
        "triage.open": Effect("1-9 choose", first=first, after=ESC),
    }


_TO_DB = ("k",) * 4
"""On the env's page: up to the first of its services."""

_PAGE_TOP = "~/hive/shop/auth-refactor"


def _source(key: str) -> Effect:
    if int(key) <= len(SOURCES):
        return Effect(f"{key} ({'|'.join(SOURCES)}) off", after=(key,))
    return Effect(f"there is no source {key}")


_FIRST = ("end", "home")
"""On the triage desk: the permission that `payments` asks for, with nothing held in its row."""

_QUESTION = (*_FIRST, "j")
"""The question of the same agent."""


def _option(key: str) -> Effect:
    if int(key) <= 2:
        return Effect(tells="payments: option", first=_QUESTION)
    return Effect(f"there is no option {key}", first=_QUESTION)


def _card(step: int) -> str:
    """A card of the tour."""
    return rf"leave +{step}/\d+"


_MARKED = ("/", "number 150", "enter")
_UNMARKED = (*ESC, "end")

EFFECTS: Mapping[str, By] = {
    FLEET: {
        **_everywhere(_GO_ON),
        **_env_keys("home"),
        "env.open": opens(NAMES[0], "home")._replace(then=()),
        "env.warm": Effect(tells="checkout-flow: warm", first=("4",)),
        "env.new": Effect("New env", after=ESC),
        "env.undo": Effect(tells="shop/long-gone"),
        "fleet.next_need": opens("payments", "home"),
        "fleet.previous_need": opens("search-index", "home"),
        "agent.prompt": Effect("Prompt for payments", first=("8",), after=ESC),
        "fleet.filter": Effect("name, branch, state", after=ESC),
        "fleet.mark": Effect("1 env marked", after=ESC),
        "fleet.clear": Effect("1 env marked", gone=True, first=("space",)),
        "fleet.sort": Effect("needs you first", after=("S",) * 4),
        "fleet.preview": Effect("services +state", gone=True, after=("v",)),
        "fleet.jump": _digit,
        "fleet.left": opens(NAMES[-2], "end"),
        "fleet.right": opens(NAMES[1], "home"),
        "fleet.up": opens(f"(?!{NAMES[-1]})[a-z]", "end"),
        "fleet.down": opens(f"(?!{NAMES[0]})[a-z]", "home"),
        "fleet.page_up": opens(f"(?!{NAMES[-1]})[a-z]", "end"),
        "fleet.page_down": opens(f"(?!{NAMES[0]})[a-z]", "home"),
        "fleet.first": opens(NAMES[0], "end"),
        "fleet.last": opens(NAMES[-1], "home"),
    },
    ENV: {
        **_everywhere(_GO_ON),
        **_env_keys(),
        "env.warm": Effect("it is warm already"),
        "agent.prompt": Effect("no agent runs in it"),
        "agent.interrupt": Effect("no agent runs in it"),
        "agent.heal": Effect("no agent runs in it"),
        "service.restart": Effect(tells="auth-refactor: restart db", first=_TO_DB),
        "view.down": Effect(tells="auth-refactor: restart api", first=_TO_DB, then=("r",)),
        "view.up": Effect(
            tells="auth-refactor: restart api", first=(*_TO_DB, "j", "j"), then=("r",)
        ),
        "view.page_down": Effect(_PAGE_TOP, gone=True, first=("home",)),
        "view.page_up": Effect("db +ready", first=("end",)),
        "view.start": Effect(_PAGE_TOP, first=("end",)),
        "view.end": Effect(_PAGE_TOP, gone=True, first=("home",)),
        "app.back": Effect("enter open"),
    },
    TRIAGE: {
        **_everywhere(_GO_ON),
        "env.open": Effect("shop . payments", first=_FIRST, after=ESC),
        "env.logs": Effect("f hold", first=_FIRST, after=ESC),
        "env.test": Effect(tells="payments: unit", first=_FIRST),
        "env.enter": Effect("agent of payments", first=_FIRST, after=("enter",)),
        "env.pin": Effect("payments: pinned", first=_FIRST),
        "agent.prompt": Effect("Prompt for payments", first=_FIRST, after=ESC),
        "agent.interrupt": Effect("payments: interrupted", first=_FIRST),
        "agent.heal": Effect("payments: its suites run", first=_FIRST),
        "triage.once": Effect(tells="payments: once", first=_FIRST),
        "triage.always": Effect(tells="payments: always", first=_FIRST),
        "triage.deny": Effect("No to payments", first=_FIRST, after=ESC),
        "triage.option": _option,
        "triage.reply": Effect("Answer to payments", first=_QUESTION, after=ESC),
        "triage.snooze": Effect("until it changes", first=_FIRST, after=ESC),
        "triage.seen": Effect(
            "e2e 2/40 failed", gone=True, first=("end",), after=("U", "end", "u", "U")
        ),
        "triage.put_off": Effect("put-off ones shown", after=("U",)),
        "triage.next": Effect("In all invoices", first=_FIRST, after=_FIRST),
        "triage.previous": Effect("In all invoices", first=(*_QUESTION, "j"), after=_FIRST),
        "view.page_down": Effect("# line 01", gone=True, first=_FIRST),
        "view.page_up": Effect("# line 01", first=(*_FIRST, "pagedown")),
        "view.start": Effect("# line 01", first=("end",)),
        "view.end": Effect("# line 01", gone=True, first=_FIRST),
        "app.back": Effect("w warm"),
    },
    LOGS: {
        **_everywhere(_GO_ON),
        "logs.hold": Effect("held", after=("f",)),
        "logs.search": Effect("text to mark", after=ESC),
        "logs.filter": Effect("show only li", after=ESC),
        "logs.previous": Effect(
            "no match above", first=_MARKED, once="1 line with", after=_UNMARKED
        ),
        "logs.next": Effect("no match below", first=_MARKED, once="1 line with", after=_UNMARKED),
        "logs.error": Effect("held", first=("end",), after=("end",)),
        "logs.error_below": Effect("no error below"),
        "logs.level": Effect("warnings", after=("v", "v")),
        "logs.source": _source,
        "logs.left": Effect("from column", gone=True, first=("right",)),
        "logs.right": Effect("from column", after=("left",)),
        "logs.all": Effect("it shows all services"),
        "view.down": Effect("number 000", gone=True, first=("home",), after=("end",)),
        "view.up": Effect("held", first=("end",), after=("end",)),
        "view.page_down": Effect("number 000", gone=True, first=("home",), after=("end",)),
        "view.page_up": Effect("held", first=("end",), after=("end",)),
        "view.start": Effect("number 000", first=("end",), after=("end",)),
        "view.end": Effect("number 000", gone=True, first=("home",)),
        "app.back": Effect("enter open"),
    },
    HELP: {
        **_everywhere(_GO_ON),
        "view.down": Effect("(?m)^  the fleet$", gone=True, first=("home",)),
        "view.up": Effect("lines changed on its branch", gone=True, first=("end",)),
        "view.page_down": Effect("(?m)^  the fleet$", gone=True, first=("home",)),
        "view.page_up": Effect("lines changed on its branch", gone=True, first=("end",)),
        "view.start": Effect("(?m)^  the fleet$", first=("end",)),
        "view.end": Effect("lines changed on its branch", first=("home",)),
        "app.back": Effect("enter open"),
        "app.help": Effect("enter open"),
        "app.tour": Effect(_card(1), after=ESC),
    },
    WELCOME: {
        **_everywhere("Nothing runs"),
        "welcome.demo": Effect("making it|the demo could not be made"),
        "welcome.init": Effect("it was not started in a git repository"),
    },
    TOUR: {
        "tour.next": Effect(_card(2), after=("left",)),
        "tour.back": Effect(_card(1), first=("right",), once=_card(2)),
        "tour.leave": Effect(_card(1), gone=True),
    },
    MESSAGES: {
        **_everywhere(_GO_ON),
        "view.down": Effect("event number 60", gone=True, first=("home",)),
        "view.up": Effect("event number 01", gone=True, first=("end",)),
        "view.page_down": Effect("event number 60", gone=True, first=("home",)),
        "view.page_up": Effect("event number 01", gone=True, first=("end",)),
        "view.start": Effect("event number 60", first=("end",)),
        "view.end": Effect("event number 01", first=("home",)),
        "app.back": Effect("enter open"),
        "app.messages": Effect("enter open"),
    },
}


def effect_of(area: str, action: str, key: str) -> Effect:
    """What a key has to do.

    Raises:
        AssertionError: Nobody has said so; a new action has to be written down here.
    """
    found = EFFECTS[area].get(action)
    assert found is not None, f"what {key} ({action}) does on {area} is not in {__name__}"
    return found(key) if callable(found) and not isinstance(found, Effect) else found
