"""Learns which suites are red on the commits that envs start from: no agent broke those.

Known is only what was measured: a suite that ran in some env whose files were still those of the
commit. Nothing is run for it. A commit that no suite ever ran on counts as green, and what an env
merged later from its base counts as its own work.
"""

from __future__ import annotations

import logging

from hive_tui.engine.healing import failures
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.state import Verdict
from hive_tui.model.environment import TestState

log = logging.getLogger(__name__)

TAIL = 15
"""Lines of a log that are told."""


def failed(live: LiveEnv, verdict: Verdict) -> failures.Failed:
    """A red verdict with the end of its log."""
    tail = live.world.logs.tail(live.record.uid, verdict.suite, TAIL)
    return failures.of(verdict, tail)


async def learn(live: LiveEnv, suite: str) -> None:
    """Keep how a suite went, where the env's files are those that it was made from."""
    verdict, record = live.verdicts.get(suite), live.record
    if verdict is None or verdict.state == TestState.CANCELLED:
        return
    if not record.base_commit or verdict.commit != record.base_commit:
        return
    world = live.world
    if await world.worktrees.changed(record.worktree, record.base_commit):
        return
    if (await world.worktrees.content(record.worktree))[1] != verdict.content:
        return
    mark = failed(live, verdict).mark if verdict.state in failures.RED else ""
    known = world.store.bases(record.project, record.base_commit).get(suite)
    if known == mark:
        return
    world.store.put_base(record.project, record.base_commit, suite, mark)
    if mark:
        live.event(
            "heal.base_red",
            f"{suite} is red on {record.base} ({record.base_commit[:12]}) without any change: "
            "no agent is told of it",
            level="warning",
            data={"suite": suite, "commit": record.base_commit},
        )


def known(live: LiveEnv) -> dict[str, str]:
    """Suite -> mark on the env's base; "" for green; none where it was never measured."""
    return live.world.store.bases(live.record.project, live.record.base_commit)
