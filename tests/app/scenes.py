"""A small hive with one env of every kind, for tests and for looking at."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from hive_tui.model.agent import AgentDetail, AgentState, Ask, AskKind
from hive_tui.model.environment import (
    AgentView,
    EnvDetail,
    EnvState,
    EnvView,
    Failure,
    GitView,
    PortsView,
    ProgressView,
    ServiceDetail,
    ServiceState,
    ServiceView,
    TaskView,
    TestFailure,
    TestState,
    TestView,
    TransitionSummary,
    Waiting,
    Wanted,
)
from hive_tui.model.events import LogEvent
from hive_tui.model.wire import HiveView, ProjectView, Snapshot

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC).timestamp()

SERVICES = ("db", "api", "web", "worker")


def ago(seconds: float) -> str:
    """RFC 3339 of a moment before `NOW`."""
    return datetime.fromtimestamp(NOW - seconds, UTC).isoformat(timespec="milliseconds")


def services(*states: ServiceState) -> tuple[ServiceView, ...]:
    return tuple(
        ServiceView(
            name,
            "process",
            state,
            pid=4200 + at if state is ServiceState.READY else None,
            restarts=5 if state is ServiceState.BACKOFF else 0,
        )
        for at, (name, state) in enumerate(zip(SERVICES, states, strict=False))
    )


def env(
    name: str,
    index: int,
    state: EnvState,
    *,
    project: str = "shop",
    branch: str | None = None,
    wanted: Wanted = Wanted.WARM,
    reason: str | None = None,
    has: tuple[ServiceView, ...] = (),
    tests: tuple[TestView, ...] = (),
    agent: AgentView | None = None,
    git: GitView | None = None,
    memory: int | None = None,
    cpu: float | None = None,
    progress: ProgressView | None = None,
    agent_detail: AgentDetail | None = None,
    **more: Any,
) -> EnvDetail:
    base = 10_000 + 1000 * index
    view = EnvView(
        name=name,
        project=project,
        branch=branch or name,
        worktree=f"~/hive/{project}/{name}",
        index=index,
        state=state,
        wanted=wanted,
        reason=reason,
        ports=PortsView(base, 1000, {"web": base, "api": base + 1, "db": base + 432}),
        services=has,
        tests=tests,
        agent=agent,
        git=git,
        memory_bytes=memory,
        cpu_percent=cpu,
        progress=progress,
    )
    details = tuple(
        ServiceDetail(s.name, "warm", (), ports=(base + at,), memory_bytes=90_000_000 * (at + 1))
        for at, s in enumerate(has)
        if s.state is ServiceState.READY
    )
    more.setdefault("services", details)
    more.setdefault("since", ago(7440))
    more["agent"] = agent_detail
    return EnvDetail(f"{project}/{name}", f"{index:012x}", view, base="main", **more)


R, S, D, B = (
    ServiceState.READY,
    ServiceState.STARTING,
    ServiceState.STOPPED,
    ServiceState.BACKOFF,
)


def auth() -> EnvDetail:
    return env(
        "auth-refactor",
        0,
        EnvState.WARM,
        branch="feature/auth",
        has=services(R, R, R, R),
        tests=(
            TestView("unit", TestState.PASSED, 212, 0, 1, 3.1, "4f2c11a9"),
            TestView("e2e", TestState.FAILED, 38, 2, 0, 41.0, "4f2c11a9"),
        ),
        git=GitView(3, 0, 12, 120, 8),
        memory=1_210_000_000,
        cpu=4.2,
        last=TransitionSummary("warm", "succeeded", 8.1, 7.9, 8.4, ago(300)),
        failures={
            "e2e": (
                TestFailure("test_login", "assert 500 == 200", "e2e/test_login.py", 41),
                TestFailure("test_logout", "timeout after 30 s", "e2e/test_login.py", 77),
            )
        },
    )


def billing() -> EnvDetail:
    return env(
        "billing-v2",
        1,
        EnvState.WARMING,
        branch="billing",
        has=services(R, S, D, D),
        tests=(TestView("unit", TestState.RUNNING),),
        git=GitView(1, 0, 0, 12, 0),
        memory=830_000_000,
        cpu=61,
        progress=ProgressView("warm", 5, 9, 4.1, ("migrate", "build")),
        waiting=(Waiting("api", "need migrate"), Waiting("worker", "need api")),
        tasks=(
            TaskView("build", "warm", "running"),
            TaskView("migrate", "warm", "running"),
            TaskView("seed", "warm", "waiting", reason="need migrate"),
        ),
        since=ago(4),
    )


def search() -> EnvDetail:
    detail = env(
        "search-index",
        2,
        EnvState.DEGRADED,
        branch="search",
        reason="worker crash-loops (exit 1, 5 times in 40 s; next try in 16 s)",
        has=services(R, R, R, B),
        tests=(
            TestView("unit", TestState.PASSED, 198, 0, 0, 3.1, "4f2c11a9", stale=True),
            TestView("e2e", TestState.NEVER),
        ),
        git=GitView(7, 2, 4, 310, 44),
        memory=1_900_000_000,
        cpu=12,
        failure=Failure(
            "worker",
            "exit 1",
            (
                "Traceback (most recent call last):",
                '  File "worker.py", line 12, in main',
                "redis.exceptions.ConnectionError: Error 111 connecting to 127.0.0.1:12379",
            ),
        ),
        tasks=(
            TaskView("build", "warm", "succeeded", 4.0),
            TaskView("migrate", "warm", "skipped", reason="inputs unchanged"),
            TaskView("seed", "warm", "succeeded", 1.1),
        ),
        last=TransitionSummary("warm", "succeeded", 8.2, 8.0, 8.4, ago(7440)),
        since=ago(40),
    )
    reason = "exit 1, 5 times in 40 s; next try in 16 s"
    worker = ServiceDetail("worker", "warm", ("db",), reason=reason)
    return msgspec.structs.replace(detail, services=(*detail.services, worker))


def asks() -> AgentDetail:
    """An agent that wants to know two things."""
    script = "npm test\n" + "\n".join(f"# line {at:02d} of the script" for at in range(60))
    return AgentDetail(
        "claude",
        "claude",
        AgentState.WAITING,
        "may I run npm test?",
        ago(180),
        asks=(
            Ask("p1", AskKind.PERMISSION, "may I run npm test?", script, since=ago(180)),
            Ask("q1", AskKind.QUESTION, "Which currency?", "In all invoices.", ("EUR", "USD")),
        ),
    )


def fleet() -> tuple[EnvDetail, ...]:
    """One env of every kind."""
    return (
        auth(),
        billing(),
        search(),
        env(
            "checkout-flow",
            3,
            EnvState.COLD,
            wanted=Wanted.COLD,
            has=services(D, D, D, D),
            tests=(TestView("unit", TestState.PASSED, 205, 0, 0, 2.9, "77aa01bc"),),
            git=GitView(0, 3, 0, 0, 0),
            memory=61_000_000,
            cpu=0.0,
        ),
        env(
            "docs-site",
            4,
            EnvState.FROZEN,
            wanted=Wanted.FROZEN,
            has=services(*[ServiceState.FROZEN] * 4),
            git=GitView(1, 0, 1, 4, 2),
            memory=700_000_000,
            cpu=0.0,
        ),
        env(
            "upgrade-django",
            5,
            EnvState.FAILED,
            branch="chore/django-6",
            reason="migrate failed: exit 1 after 2.3 s",
            has=services(R, D, D, D),
            tests=(TestView("unit", TestState.NEVER),),
            git=GitView(2, 0, 31, 402, 377),
            memory=240_000_000,
            cpu=1.0,
            failure=Failure("migrate", "exit 1 after 2.3 s", ("django.db.utils.OperationalError",)),
            since=ago(190),
        ),
        env("old-idea", 6, EnvState.STOPPED, wanted=Wanted.STOPPED, git=GitView(0, 41, 0, 0, 0)),
        env(
            "payments",
            7,
            EnvState.WARM,
            has=services(R, R, R, R),
            agent=AgentView("claude", "waiting", ago(180), "may I run npm test?"),
            agent_detail=asks(),
            tests=(TestView("unit", TestState.PASSED, 219, 0, 0, 3.3, "0d9f2e11"),),
            git=GitView(4, 0, 2, 55, 3),
            memory=1_400_000_000,
            cpu=2.5,
        ),
        env(
            "perf-cache",
            8,
            EnvState.SPAWNING,
            has=services(D, D, D, D),
            progress=ProgressView("spawn", 1, 4, 1.4, ("checkout",)),
            since=ago(1),
        ),
    )


def events() -> tuple[LogEvent, ...]:
    return (
        LogEvent(1, ago(80), "service.started", "worker started, pid 5120", "shop/search-index"),
        LogEvent(
            2,
            ago(60),
            "service.crashed",
            "worker exited 1 (5th)",
            "shop/search-index",
            level="error",
        ),
    )


def snapshot(envs: Iterable[EnvDetail] | None = None, *, project: bool = True) -> Snapshot:
    """The whole hive; `project=False` for one that nobody has used yet."""
    projects = (ProjectView("shop", "/src/shop", None, SERVICES, ("unit", "e2e")),)
    hive = HiveView(
        projects if project else (),
        memory_used_bytes=9_100_000_000,
        memory_limit_bytes=12_000_000_000,
        cpu_percent=38,
        slots=2,
        slots_taken=2,
    )
    return Snapshot(hive, fleet() if envs is None else tuple(envs), events())


def trace() -> dict[str, Any]:
    """The daemon's answer to `trace`."""
    rows = [
        ("db", "service", 0.0, 1.1, True),
        ("build", "task", 0.0, 4.0, False),
        ("migrate", "task", 1.1, 3.4, True),
        ("seed", "task", 3.4, 4.5, True),
        ("api", "service", 4.5, 6.2, True),
        ("web", "service", 6.2, 8.1, True),
        ("worker", "service", 4.5, 4.9, False),
    ]
    return {
        "transition": "warm",
        "outcome": "succeeded",
        "started": ago(7440),
        "makespan_s": 8.2,
        "critical_path_s": 8.0,
        "steps": [
            {
                "name": name,
                "kind": kind,
                "needs": [],
                "queued_s": start,
                "started_s": start,
                "ended_s": end,
                "expected_s": end - start,
                "outcome": "succeeded",
                "critical": critical,
            }
            for name, kind, start, end, critical in rows
        ],
    }
