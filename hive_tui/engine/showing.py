"""Folds one live env into the value that commands print and screens draw. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hive_tui.config.sharing import service_ports
from hive_tui.engine import folding, verdicts
from hive_tui.engine.folding import Facts, stamp
from hive_tui.engine.node import SERVICE_NODES
from hive_tui.engine.trace import contract
from hive_tui.model.environment import (
    EnvDetail,
    EnvState,
    EnvView,
    Failure,
    PortsView,
    ProgressView,
    ServiceDetail,
    ServiceState,
    ServiceView,
    TaskView,
    TestView,
    TransitionSummary,
    Waiting,
)
from hive_tui.model.plan import Outcome, StepKind, StepTrace, Trace

if TYPE_CHECKING:
    from hive_tui.engine.live import LiveEnv
    from hive_tui.engine.operation import Operation
    from hive_tui.engine.supervision import Unit


def state(live: LiveEnv) -> tuple[EnvState, str | None]:
    """The state of an env, and the reason for it where one is needed."""
    return folding.derive(_facts(live))


def detail(live: LiveEnv) -> EnvDetail:
    """Everything that a screen shows of an env."""
    record, project = live.record, live.project
    found, reason = state(live)
    names = project.ports_at(record.port_base)
    operation = _operation(live)
    waiting = operation.waiting() if operation is not None else ()
    if live.waits_for_room is not None:
        waiting = (*waiting, Waiting("warm", f"memory: {live.waits_for_room}"))
    idle_since = live.world.clock.now() - live.activity.idle_s
    view = EnvView(
        name=record.name,
        project=record.project,
        branch=record.branch,
        worktree=record.worktree,
        index=record.index,
        state=found,
        wanted=record.wanted,
        reason=reason,
        ports=PortsView(record.port_base, record.port_size, names),
        services=tuple(service_view(live, name) for name in live.units),
        tests=tuple(test_view(live, name) for name in project.tests),
        agent=live.agent,
        git=live.git,
        memory_bytes=live.memory_bytes,
        cpu_percent=live.cpu_percent,
        progress=operation.progress() if operation is not None else None,
    )
    return EnvDetail(
        id=live.id,
        uid=record.uid,
        view=view,
        services=tuple(_service(live, unit) for unit in live.units.values()),
        tasks=tuple(_tasks(live, operation, view.progress, waiting)),
        waiting=waiting,
        failure=live.failure,
        last=_summary(live),
        failures={suite: v.failures for suite, v in live.verdicts.items() if v.failures},
        base=record.base,
        since=live.since(found),
        pinned=live.activity.pinned,
        idle_since=stamp(idle_since),
        agent=live.agent_detail,
        fixed_ports=live.fixed_ports,
        trespasses=live.trespasses,
    )


def test_view(live: LiveEnv, suite: str) -> TestView:
    """A suite's verdict, with its staleness."""
    verdict = live.verdicts.get(suite)
    stale = (
        verdict is not None
        and live.content is not None
        and verdicts.stale(verdict, *live.content, live.record.uid)
    )
    return verdicts.view(suite, verdict, running=suite in live.running_suites, stale=stale)


def failure(trace: Trace | None) -> Failure | None:
    """What went wrong in a transition, as far as its trace tells: the step that failed first."""
    failed = _failed(trace)
    if not failed:
        return None
    first = min(failed, key=lambda step: step.ended_s or 0.0)
    return Failure(first.target, first.error or "failed")


def failed_service(trace: Trace | None) -> str | None:
    """The service whose step failed first, where nothing but services failed."""
    failed = _failed(trace)
    if failed and all(step.kind in SERVICE_NODES for step in failed):
        return failed[0].target
    return None


def _failed(trace: Trace | None) -> list[StepTrace]:
    if trace is None or trace.outcome is not Outcome.FAILED:
        return []
    return [step for step in trace.steps if step.outcome is Outcome.FAILED]


def _facts(live: LiveEnv) -> Facts:
    running = live.operation.plan.transition if live.operation is not None else live.resuming
    expected = live.expected_services()
    return Facts(
        wanted=live.record.wanted,
        transition=running,
        services={
            name: (unit.state, unit.reason)
            for name, unit in live.units.items()
            if name in expected or not live.shares(name)
        },
        expected=expected,
        failure=live.failure,
        failed_service=live.failed_service,
        trouble=live.trouble or live.half_restored or live.unread,
    )


def _operation(live: LiveEnv) -> Operation | None:
    """The transition under way, else the oldest test run."""
    return live.operation or next(iter(live.suites), None)


def service_view(live: LiveEnv, name: str) -> ServiceView:
    """A service as this env has it: a shared one that it does not use is none of its business."""
    view = live.units[name].view()
    if live.shares(name) and name not in live.shared_needs():
        return ServiceView(name, view.kind, ServiceState.STOPPED, scope=view.scope)
    return view


def _service(live: LiveEnv, unit: Unit) -> ServiceDetail:
    service, numbers = unit.service, live.project.ports_at(live.record.port_base)
    names = service_ports(live.project, service)
    return ServiceDetail(
        name=service.name,
        when=service.when.value,
        needs=service.needs,
        reason=unit.reason,
        ports=tuple(numbers[name] for name in names),
        memory_bytes=live.home_of(service.name).service_memory.get(service.name),
        tail=unit.failure_tail,
    )


def _tasks(
    live: LiveEnv,
    operation: Operation | None,
    progress: ProgressView | None,
    waiting: tuple[Waiting, ...],
) -> Iterator[TaskView]:
    steps = operation.plan.steps if operation is not None else ()
    planned = {step.target for step in steps if step.kind is StepKind.TASK}
    running = frozenset(progress.running if progress is not None else ())
    reasons = {step.step: step.reason for step in waiting}
    for name, task in live.project.tasks.items():
        record = live.tasks.get(name)
        state, reason = record.outcome if record is not None else "never", None
        if name in planned and name in running:
            state = "running"
        elif name in planned and name in reasons:
            state, reason = "waiting", reasons[name]
        yield TaskView(
            name=name,
            when=task.when.value,
            state=state,
            duration_s=record.duration_s if record is not None else None,
            at=stamp(record.at) if record is not None else None,
            reason=reason,
        )


def _summary(live: LiveEnv) -> TransitionSummary | None:
    if live.last is None:
        return None
    return TransitionSummary(
        transition=live.last.transition.value,
        outcome=live.last.outcome.value,
        makespan_s=live.last.makespan_s,
        critical_path_s=contract(live.last)["critical_path_s"],
        previous_s=live.previous_s,
        at=stamp(live.last.started + live.last.makespan_s),
    )
