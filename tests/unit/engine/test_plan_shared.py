"""Which steps a plan has for services that all envs share, and for the env's parts of them."""

from __future__ import annotations

import pytest

from hive_tui.engine.plan import Observed, make_plan, restart_plan
from hive_tui.model.environment import ServiceState
from hive_tui.model.plan import Plan, Transition
from hive_tui.model.project import PerEnv, Project, Scope, Service, Task

READY = ServiceState.READY
PART = PerEnv(create="make", drop="drop")
SEEDED = PerEnv(create="copy {{template}}", template="seed", seed="fill")
SHARED = frozenset({"db"})


def shop(per_env: PerEnv | None = PART) -> Project:
    services = (
        Service("db", run="db", scope=Scope.SHARED, per_env=per_env),
        Service("api", run="api", needs=("migrate",)),
    )
    return Project(
        name="shop",
        root="/shop",
        services={service.name: service for service in services},
        tasks={"migrate": Task("migrate", run="migrate", needs=("db",))},
    )


def needs(plan: Plan) -> dict[str, set[str]]:
    return {step.id: set(step.needs) for step in plan.steps}


def test_the_part_is_made_between_the_service_and_what_needs_it() -> None:
    found = needs(make_plan(shop(), Transition.WARM, Observed(worktree=True, shared=SHARED)))
    assert found["create:db-create"] == {"ready:db"}
    assert found["task:migrate"] == {"create:db-create"}


def test_a_template_is_made_before_the_part() -> None:
    found = needs(make_plan(shop(SEEDED), Transition.WARM, Observed(worktree=True, shared=SHARED)))
    assert found["create:db-create"] == {"seed:db-seed"}
    assert found["seed:db-seed"] == {"ready:db"}


def test_what_is_there_is_not_made_again() -> None:
    seen = Observed(
        worktree=True, services={"db": READY}, shared=SHARED, parted=SHARED, seeded=SHARED
    )
    found = needs(make_plan(shop(SEEDED), Transition.WARM, seen))
    assert found["task:migrate"] == set()
    assert not {"ready:db", "seed:db-seed", "create:db-create"} & found.keys()


def test_a_part_of_an_earlier_run_is_looked_after_again() -> None:
    seen = Observed(worktree=True, services={"db": ServiceState.STOPPED}, parted=SHARED)
    found = needs(make_plan(shop(), Transition.WARM, seen))
    assert found["create:db-create"] == {"ready:db"}


@pytest.mark.parametrize(
    "transition", [Transition.COOL, Transition.STOP, Transition.FREEZE, Transition.DESTROY]
)
def test_no_env_takes_a_shared_service_down(transition: Transition) -> None:
    up = {"db": READY, "api": READY}
    seen = Observed(worktree=True, services=up, shared=SHARED, parted=SHARED)
    assert "db" not in {step.target for step in make_plan(shop(), transition, seen).steps}


def test_a_restart_by_name_is_for_all() -> None:
    seen = Observed(worktree=True, services={"db": READY}, shared=SHARED, parted=SHARED)
    assert {"halt:db", "start:db"} <= needs(restart_plan(shop(), ("db",), seen)).keys()


def test_one_that_runs_for_the_env_alone_makes_room_for_the_shared_one() -> None:
    seen = Observed(worktree=True, services={"db": READY, "api": READY}, outgrown=SHARED)
    found = needs(make_plan(shop(), Transition.WARM, seen))
    assert found["prepare:db"] == {"halt:db"}
    assert "halt:api" not in found
