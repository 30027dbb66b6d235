"""Everything a key can do: one registry for bindings, footer, help, palette and the README.

It says what an action is called, where it is offered and when it is not possible; what it does is
the screens' business.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from textual.binding import Binding, BindingType

from hive_tui.app.marks import TRANSITIONS
from hive_tui.app.state import HiveState, Link
from hive_tui.app.triage import needs
from hive_tui.model.environment import EnvDetail, EnvState

FLEET, ENV, LOGS, HELP, WELCOME = "fleet", "env", "logs", "help", "welcome"
AREAS = (FLEET, ENV, LOGS, HELP, WELCOME)
"""Screens that have keys."""


class Situation(msgspec.Struct, frozen=True):
    """What an action would be about, right now."""

    state: HiveState
    env: EnvDetail | None = None
    service: str | None = None
    """Chosen service, on the env screen."""
    chosen: tuple[EnvDetail, ...] = ()
    """Envs that are marked, on the fleet: actions for many are about these."""


Reason = Callable[[Situation], str | None]
"""Why an action is not possible now; `None`: it is."""


class Action(msgspec.Struct, frozen=True):
    """One thing that a person can do."""

    id: str
    """`area.verb`."""
    keys: tuple[str, ...]
    """Textual's key names; the first one is shown."""
    label: str
    """One or two words, for the footer."""
    help: str
    """One sentence."""
    where: tuple[str, ...]
    """Screens that offer it."""
    reason: Reason
    footer: int = 0
    """Place in the footer, from 1; 0: not there."""
    many: bool = False
    """Whether it is done to all marked envs."""

    def refusal(self, now: Situation) -> str | None:
        """Why it is not possible now; `None`: it is, for one of the envs at least."""
        if not (self.many and now.chosen):
            return self.reason(now)
        reasons = [self.reason(alone(now, env)) for env in now.chosen]
        return None if None in reasons else reasons[0]

    def targets(self, now: Situation) -> tuple[EnvDetail, ...]:
        """The envs that it would be done to: of the marked ones those for which it is possible."""
        if self.many and now.chosen:
            return tuple(env for env in now.chosen if self.reason(alone(now, env)) is None)
        return (now.env,) if now.env is not None else ()

    @property
    def palette(self) -> str:
        """Its entry in the command palette."""
        area = self.id.partition(".")[0]
        return f"{area}: {self.label}"

    @property
    def shown_key(self) -> str:
        """The first key as people write it; `1-9` where every digit has its own meaning."""
        if len(self.keys) == 9:
            return "1-9"
        return _SHOWN.get(self.keys[0], self.keys[0])


def alone(now: Situation, env: EnvDetail) -> Situation:
    """The situation as if only this env were meant."""
    return msgspec.structs.replace(now, env=env, chosen=())


_SHOWN = {
    "question_mark": "?",
    "slash": "/",
    "escape": "esc",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "pgup",
    "pagedown": "pgdn",
}


def always(_: Situation) -> str | None:
    """Possible in every situation."""
    return None


def _reachable(now: Situation) -> str | None:
    return None if now.state.link is Link.LIVE else "the daemon is out of reach; reconnecting"


def _env(now: Situation) -> str | None:
    if now.env is None:
        return "no env is selected"
    if now.env.view.state is EnvState.DESTROYING:
        return f"{now.env.view.name} is being destroyed"
    return _reachable(now)


def _selected(now: Situation) -> str | None:
    return "no env is selected" if now.env is None else None


def _not_in(state: EnvState) -> Reason:
    def reason(now: Situation) -> str | None:
        if why := _env(now):
            return why
        already = now.env is not None and now.env.view.state is state
        return f"it is {state.value} already" if already else None

    return reason


def _freeze(now: Situation) -> str | None:
    if why := _env(now):
        return why
    possible = (EnvState.WARM, EnvState.FROZEN, EnvState.DEGRADED)
    fits = now.env is not None and now.env.view.state in possible
    return None if fits else "only a warm env can be frozen"


def _test(now: Situation) -> str | None:
    if why := _env(now):
        return why
    has = now.env is not None and now.env.view.tests
    return None if has else "hive.toml has no [tests] for it"


def _restart(now: Situation) -> str | None:
    if why := _env(now):
        return why
    return None if now.service else "no service is chosen"


def _chosen(now: Situation) -> str | None:
    return None if now.service else "it shows all services; 1-9 hide and show them"


def _url(now: Situation) -> str | None:
    if why := _env(now):
        return why
    has = now.env is not None and now.env.view.ports.names
    return None if has else "hive.toml names no ports"


def _new(now: Situation) -> str | None:
    return _reachable(now) or (None if now.state.hive.projects else "there is no project yet")


def _needed(now: Situation) -> str | None:
    return None if needs(now.state.envs.values()) else "nobody needs you"


def _some(now: Situation) -> str | None:
    return None if now.state.envs else "there is no env yet"


def _settled(now: Situation) -> str | None:
    if why := _env(now):
        return why
    moving = now.env is not None and now.env.view.state in TRANSITIONS
    return "a transition is under way" if moving else None


_BOTH = (FLEET, ENV)
_ALL = AREAS
_SCROLLED = (ENV, LOGS, HELP)

ACTIONS: tuple[Action, ...] = (
    Action(
        "env.open", ("enter",), "open", "Show everything about the env.", (FLEET,), _selected, 1
    ),
    Action(
        "env.warm", ("w",), "warm", "Bring everything up.", _BOTH, _not_in(EnvState.WARM), 2, True
    ),
    Action(
        "env.cool",
        ("c",),
        "cool",
        "Keep only what watches and tests need; brings a stopped env to cold.",
        _BOTH,
        _not_in(EnvState.COLD),
        3,
        True,
    ),
    Action(
        "env.stop", ("s",), "stop", "Stop all of it.", _BOTH, _not_in(EnvState.STOPPED), 4, True
    ),
    Action(
        "env.freeze",
        ("f",),
        "freeze",
        "Pause a warm env so that it takes no CPU; on a frozen one, go on.",
        _BOTH,
        _freeze,
        9,
        True,
    ),
    Action("env.logs", ("l",), "logs", "Follow its logs.", _BOTH, _selected, 5),
    Action("env.test", ("t",), "test", "Run its test suites.", _BOTH, _test, 6, True),
    Action(
        "service.restart", ("r",), "restart", "Restart the chosen service.", (ENV,), _restart, 7
    ),
    Action("env.new", ("n",), "new", "Make a new env.", (FLEET,), _new, 7),
    Action(
        "env.destroy",
        ("D",),
        "destroy",
        "Remove worktree, branch, ports and data, after showing what would be lost.",
        _BOTH,
        _settled,
        8,
    ),
    Action("env.undo", ("u",), "undo", "Take the env destroyed last back.", (FLEET,), _reachable),
    Action("env.browse", ("o",), "browse", "Open its URL in the browser.", _BOTH, _url, 10),
    Action(
        "env.shell",
        ("x",),
        "shell",
        "Open a shell in its worktree with its variables; exit comes back.",
        _BOTH,
        _env,
        9,
    ),
    Action("env.copy_url", ("y",), "copy url", "Copy its URL to the clipboard.", _BOTH, _url),
    Action(
        "fleet.next_need",
        ("tab",),
        "needs you",
        "Select the next env that needs you.",
        (FLEET,),
        _needed,
        11,
    ),
    Action(
        "fleet.filter",
        ("slash",),
        "filter",
        "Show only envs that hold what is typed: name, branch, state, broken service.",
        (FLEET,),
        _some,
        9,
    ),
    Action(
        "fleet.mark",
        ("space",),
        "mark",
        "Mark the env and go on; w, c, s, f and t are then done to all marked ones.",
        (FLEET,),
        _selected,
        10,
    ),
    Action(
        "fleet.sort",
        ("S",),
        "sort",
        "Sort: as made, needs you first, by name, by memory, newest change first.",
        (FLEET,),
        _some,
        12,
    ),
    Action(
        "fleet.jump",
        tuple("123456789"),
        "jump",
        "Select the env of that number, as the tiles stand.",
        (FLEET,),
        _some,
    ),
    Action(
        "fleet.clear",
        ("escape",),
        "clear",
        "Take marks away, then the filter.",
        (FLEET,),
        always,
    ),
    Action("fleet.left", ("left", "h"), "left", "Select the env to the left.", (FLEET,), always),
    Action("fleet.down", ("down", "j"), "down", "Select the env below.", (FLEET,), always),
    Action("fleet.up", ("up", "k"), "up", "Select the env above.", (FLEET,), always),
    Action(
        "fleet.right", ("right", "L"), "right", "Select the env to the right.", (FLEET,), always
    ),
    Action("fleet.page_up", ("pageup",), "page up", "One screenful up.", (FLEET,), always),
    Action("fleet.page_down", ("pagedown",), "page down", "One screenful down.", (FLEET,), always),
    Action("fleet.first", ("home", "g"), "first", "Select the first env.", (FLEET,), always),
    Action("fleet.last", ("end", "G"), "last", "Select the last env.", (FLEET,), always),
    Action("logs.hold", ("f",), "hold", "Stop following, or follow again.", (LOGS,), always, 1),
    Action("logs.search", ("slash",), "search", "Mark a text and count it.", (LOGS,), always, 2),
    Action("logs.previous", ("n",), "match above", "Go to the match above.", (LOGS,), always, 3),
    Action("logs.next", ("N",), "match below", "Go to the match below.", (LOGS,), always),
    Action("logs.error", ("e",), "error", "Go to the error above.", (LOGS,), always, 4),
    Action("logs.error_below", ("E",), "error below", "Go to the error below.", (LOGS,), always),
    Action(
        "logs.level",
        ("v",),
        "level",
        "Show all lines, warnings and errors, or errors only.",
        (LOGS,),
        always,
        5,
    ),
    Action(
        "logs.source",
        tuple("123456789"),
        "source",
        "Hide or show the service of that number.",
        (LOGS,),
        always,
        6,
    ),
    Action(
        "logs.all", ("a",), "all", "All services, or the chosen one alone.", (LOGS,), _chosen, 7
    ),
    Action("logs.left", ("left", "h"), "left", "Show long lines from the left.", (LOGS,), always),
    Action("logs.right", ("right",), "right", "Show more of long lines.", (LOGS,), always),
    Action("view.down", ("down", "j"), "down", "One line down.", _SCROLLED, always),
    Action("view.up", ("up", "k"), "up", "One line up.", _SCROLLED, always),
    Action("view.page_down", ("pagedown", "space"), "page down", "A page down.", _SCROLLED, always),
    Action("view.page_up", ("pageup", "b"), "page up", "A page up.", _SCROLLED, always),
    Action("view.start", ("home", "g"), "start", "To the start.", _SCROLLED, always),
    Action("view.end", ("end", "G"), "end", "To the end.", _SCROLLED, always),
    Action("app.back", ("escape",), "back", "Back to where you came from.", _SCROLLED, always, 12),
    Action("app.theme", ("T",), "theme", "Choose the colours.", _ALL, always),
    Action(
        "app.palette",
        ("ctrl+p",),
        "palette",
        "Find an action by name.",
        (FLEET, ENV, LOGS, WELCOME),
        always,
    ),
    Action(
        "app.suspend",
        ("ctrl+z",),
        "suspend",
        "Put the dashboard aside for the shell that started it; fg brings it back.",
        _ALL,
        always,
    ),
    Action("app.help", ("question_mark",), "help", "Show all keys and marks.", _ALL, always, 90),
    Action(
        "app.quit",
        ("q",),
        "quit",
        "Leave the dashboard; services, tests and transitions go on.",
        _ALL,
        always,
        91,
    ),
)

BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}


def offered(area: str) -> tuple[Action, ...]:
    """Actions of a screen."""
    return tuple(action for action in ACTIONS if area in action.where)


def bindings(area: str) -> list[BindingType]:
    """Textual bindings of a screen: every key calls its action `act`."""
    return [
        Binding(
            key,
            f"act('{action.id}', '{key}')",
            action.label,
            show=False,
            id=action.id if at == 0 else f"{action.id}.{at}",
            tooltip=action.help,
        )
        for action in offered(area)
        for at, key in enumerate(action.keys)
    ]


def key_table() -> str:
    """The keys as a Markdown table, for the README."""
    rows = [
        f"| `{action.shown_key}` | {action.label} | {action.help} |"
        for action in ACTIONS
        if action.footer or action.id in ("env.undo", "env.copy_url", "app.theme", "app.palette")
    ]
    return "\n".join(["| key | action | what it does |", "|---|---|---|", *rows])
