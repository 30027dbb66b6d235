"""Runs one test suite of an env and judges what it said, and about which content it said it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import msgspec

from hive_tui.engine.protocols import (
    Clock,
    Exit,
    Identity,
    Launch,
    Logs,
    Processes,
    Report,
    Worktrees,
)
from hive_tui.engine.state import RunRecord, Store, Verdict
from hive_tui.model.environment import EnvRecord, TestState, TestView
from hive_tui.model.errors import HiveError
from hive_tui.model.project import TestSuite

GRACE_S = 5.0
"""How long a cancelled suite may take to end before it is killed."""


def judge(
    code: int | None, report: Report | None, problem: str | None, why: str | None = None
) -> tuple[str, str | None]:
    """State and reason of a run.

    Args:
        code: Exit status; negative for a signal, `None` where nobody saw it.
        report: What its report says; `None` where there is none that can be read.
        problem: Why the report cannot be read; `None` where it can, or where there is none.
        why: What is known of its end beyond the status.
    """
    if why is not None:
        return TestState.ERROR, f"the run was {why}"
    if code is None or code < 0:
        return TestState.ERROR, "the run was killed"
    if problem is not None:
        return TestState.ERROR, problem
    if report is not None and report.failed:
        return TestState.FAILED, None
    if code == 0:
        return TestState.PASSED, None
    if report is not None:
        return TestState.FAILED, f"exit {code}, although no test in the report failed"
    return TestState.FAILED, f"exit {code}"


def stale(verdict: Verdict, commit: str, content: str, env_uid: str) -> bool:
    """Whether the verdict is about another commit, other files or another env than these."""
    return (verdict.commit, verdict.content, verdict.env_uid) != (commit, content, env_uid)


def view(suite: str, verdict: Verdict | None, *, running: bool, stale: bool) -> TestView:
    """The suite as the contract shows it; a running one keeps the figures of its last run."""
    if verdict is None:
        return TestView(suite, TestState.RUNNING if running else TestState.NEVER)
    return TestView(
        name=suite,
        state=TestState.RUNNING if running else TestState(verdict.state),
        passed=verdict.passed,
        failed=verdict.failed,
        skipped=verdict.skipped,
        duration_s=round(verdict.duration_s, 3),
        commit=verdict.commit,
        stale=stale,
    )


async def run_suite(
    *,
    env: EnvRecord,
    suite: TestSuite,
    launch: Callable[[], Launch],
    report: Path,
    processes: Processes,
    logs: Logs,
    store: Store,
    worktrees: Worktrees,
    read_report: Callable[[Path], Report],
    clock: Clock,
    spawned: Callable[[], None] = lambda: None,
    born: Callable[[Identity], None] = lambda identity: None,
    timed_out: Callable[[], bool] = lambda: False,
    kept: Callable[[Verdict], None] = lambda verdict: None,
) -> None:
    """Run a suite to its end and keep its verdict.

    The verdict is about the content of the worktree when the run began: what changed during the
    run makes it stale at once. A run that was ended early has a verdict too.

    Args:
        env: The env.
        suite: The suite.
        launch: Builds the launch of a new run.
        report: Where the suite may leave JUnit XML.
        processes: Runs it.
        logs: Takes its output.
        store: Keeps the run and the verdict.
        worktrees: Tells the content of the worktree.
        read_report: Reads a report; raises HiveError where it cannot be read.
        clock: Time.
        spawned: Called once its process exists.
        born: Told which process it is.
        timed_out: Tells, where the run is cancelled, whether its time was over.
        kept: Told the verdict once it is stored.

    Raises:
        HiveError: It could not be started.
    """
    commit, content = await worktrees.content(env.worktree)
    plan = launch()
    run = RunRecord(
        run_id=plan.run_id,
        env_uid=env.uid,
        name=suite.name,
        role="suite",
        started=clock.now(),
        log_offset=logs.end(env.uid, suite.name),
    )
    store.put_run(run)
    began = clock.monotonic()

    def verdict(state: str, found: Report | None, reason: str | None) -> Verdict:
        return Verdict(
            env_uid=env.uid,
            suite=suite.name,
            state=state,
            passed=found.passed if found is not None else None,
            failed=found.failed if found is not None else None,
            skipped=found.skipped if found is not None else None,
            duration_s=clock.monotonic() - began,
            commit=commit,
            content=content,
            at=clock.now(),
            failures=found.failures if found is not None else (),
            reason=reason,
        )

    def keep(result: Verdict) -> None:
        store.put_verdict(result)
        kept(result)

    end = Exit(None)
    try:
        identity = await processes.launch(plan)
        born(identity)
        run = msgspec.structs.replace(run, identity=identity)
        store.put_run(run)
        spawned()
        try:
            end = await processes.exited(identity, plan.exit_file)
        except asyncio.CancelledError:
            await processes.stop(identity, signal.SIGTERM, GRACE_S)
            if timed_out():
                keep(verdict(TestState.ERROR, None, f"timed out after {suite.timeout_s:g} s"))
            else:
                keep(verdict(TestState.CANCELLED, None, "the run was cancelled"))
            raise
    finally:
        store.put_run(msgspec.structs.replace(run, ended=clock.now(), exit_code=end.code))
        plan.exit_file.unlink(missing_ok=True)
    found, problem = _read(report, read_report)
    state, reason = judge(end.code, found, problem, end.why)
    keep(verdict(state, found, reason))


def _read(path: Path, read_report: Callable[[Path], Report]) -> tuple[Report | None, str | None]:
    if not path.exists():
        return None, None
    try:
        return read_report(path), None
    except HiveError as error:
        return None, error.message
