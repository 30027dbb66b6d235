from __future__ import annotations

from hive_tui.engine.showing import failed_service, failure
from hive_tui.model.environment import Failure
from hive_tui.model.plan import Outcome, StepKind, StepTrace, Trace, Transition


def trace(outcome: Outcome, *steps: StepTrace) -> Trace:
    return Trace("shop/a", Transition.WARM, outcome, 0.0, 3.0, steps, slots=2)


def step(kind: StepKind, target: str, outcome: Outcome, ended_s: float | None = 1.0) -> StepTrace:
    error = "exit 1" if outcome is Outcome.FAILED else None
    return StepTrace(
        f"{kind}:{target}", kind, target, (), outcome, ended_s=ended_s, error=error, started_s=0.0
    )


def test_what_failed_is_known_again_from_the_trace() -> None:
    late = step(StepKind.TASK, "seed", Outcome.FAILED, ended_s=2.0)
    early = step(StepKind.TASK, "migrate", Outcome.FAILED)
    last = trace(Outcome.FAILED, late, early, step(StepKind.READY, "db", Outcome.SUCCEEDED))
    assert failure(last) == Failure("migrate", "exit 1")
    assert failed_service(last) is None


def test_a_trace_that_went_well_holds_no_failure() -> None:
    last = trace(Outcome.SUCCEEDED, step(StepKind.TASK, "migrate", Outcome.SUCCEEDED))
    assert failure(last) is None
    assert failed_service(last) is None
    assert failure(None) is None


def test_a_failed_service_is_named_where_nothing_else_failed() -> None:
    api = step(StepKind.READY, "api", Outcome.FAILED)
    assert failed_service(trace(Outcome.FAILED, api)) == "api"
    build = step(StepKind.TASK, "build", Outcome.FAILED)
    assert failed_service(trace(Outcome.FAILED, api, build)) is None
