"""What all methods share: reading parameters, finding the env, printing a result."""

from __future__ import annotations

from typing import Any

from hive_tui.engine.admission import Mode
from hive_tui.engine.hive import Hive
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.transitions import Ended, Result
from hive_tui.model.errors import NotFoundError, UsageError
from hive_tui.model.plan import Transition

Params = dict[str, Any]

ASKABLE = (
    Transition.WARM,
    Transition.COOL,
    Transition.START,
    Transition.STOP,
    Transition.FREEZE,
    Transition.THAW,
)
"""Transitions that are asked for by name."""


def text(params: Params, name: str) -> str:
    """A text that has to be there.

    Raises:
        UsageError: It is missing, empty or no text.
    """
    value = params.get(name)
    if not isinstance(value, str) or not value:
        raise UsageError(f"the parameter {name!r} is missing", code="bad_params")
    return value


def patterns(params: Params, name: str) -> tuple[str, ...]:
    """Texts, none of them empty; an empty tuple where the parameter is missing.

    Raises:
        UsageError: It is something else.
    """
    value = params.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise UsageError(f"{name!r} has to be a list of patterns", code="bad_params")
    return tuple(value)


def waits(params: Params) -> bool:
    """Whether the caller waits for the end."""
    return bool(params.get("wait", True))


def room_mode(params: Params) -> Mode:
    """What happens where a warm does not fit into the memory.

    Raises:
        UsageError: There is no such way.
    """
    word = params.get("room") or Mode.REFUSE.value
    try:
        return Mode(word)
    except ValueError:
        raise UsageError(
            f"unknown way to room {word!r}", hint=f"one of {', '.join(Mode)}", code="bad_params"
        ) from None


def env_of(hive: Hive, params: Params) -> LiveEnv:
    """The env that the parameters name.

    Raises:
        NotFoundError: There is none of that name.
    """
    return hive.env(text(params, "env"))


def fresh_env_of(hive: Hive, params: Params) -> LiveEnv:
    """The same, with its project's newest hive.toml.

    Raises:
        ConfigError: That cannot be used.
    """
    live = env_of(hive, params)
    hive.refresh(live)
    return live


def sorted_envs(hive: Hive) -> list[LiveEnv]:
    """All envs in the order of lists: by project, then as they were made."""
    return sorted(hive.envs.values(), key=lambda e: (e.record.project, e.record.index))


def known_service(live: LiveEnv, name: str) -> None:
    """Refuse a name that is no service of the env.

    Raises:
        NotFoundError: With the names that there are.
    """
    if name not in live.project.services:
        raise NotFoundError(
            f"{live.record.name} has no service {name!r}",
            hint=f"services: {', '.join(live.project.services) or 'none'}",
            code="no_service",
            env=live.record.name,
        )


def result(ended: Ended) -> dict[str, Any]:
    """The result object of the contract."""
    found: Result = ended.result
    return {
        "env": found.env,
        "transition": found.transition,
        "outcome": found.outcome,
        "makespan_s": found.makespan_s,
        "error": found.error,
    }
