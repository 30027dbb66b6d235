"""Which envs the fleet shows and in which order. Pure."""

from __future__ import annotations

from enum import StrEnum

from hive_tui.app.state import HiveState
from hive_tui.app.triage.items import needs
from hive_tui.app.triage.trouble import broken
from hive_tui.model.environment import EnvDetail, TestState


class Sort(StrEnum):
    """Orders of the fleet; the value is what the head line says."""

    MADE = "as made"
    NEED = "needs you first"
    NAME = "by name"
    MEMORY = "by memory"
    RECENT = "newest change first"

    @property
    def next(self) -> Sort:
        """The one after it; after the last the first."""
        every = list(Sort)
        return every[(every.index(self) + 1) % len(every)]


def arranged(state: HiveState, sort: Sort, words: str = "") -> dict[str, EnvDetail]:
    """The envs that hold every one of the words, in the order.

    Args:
        state: Its envs come by project and age: the order of `Sort.MADE` and of all ties.
        sort: The order.
        words: Parts of a name, branch, project, state, broken service or red suite, in any case.
    """
    wanted = words.casefold().split()
    kept = [env for env in state.envs.values() if all(word in _text(env) for word in wanted)]
    if sort is Sort.NEED:
        ranks = {need.env: at for at, need in enumerate(needs(kept, state.put_off))}
        kept.sort(key=lambda env: ranks.get(env.id, len(ranks)))
    elif sort is Sort.NAME:
        kept.sort(key=lambda env: (env.view.name, env.view.project))
    elif sort is Sort.MEMORY:
        kept.sort(key=lambda env: -(env.view.memory_bytes or 0))
    elif sort is Sort.RECENT:
        kept.sort(key=lambda env: env.since or "", reverse=True)
    return {env.id: env for env in kept}


def _text(env: EnvDetail) -> str:
    view = env.view
    red = (test.name for test in view.tests if test.state in (TestState.FAILED, TestState.ERROR))
    down = (service.name for service in broken(view))
    words = (env.id, view.branch, view.state.value, *down, *red)
    return "\n".join(words).casefold()
