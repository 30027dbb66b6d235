"""Which steps each transition runs, by table and by property."""

from __future__ import annotations

from graphlib import TopologicalSorter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_tui.engine.plan import Observed, after, level, make_plan, restart_plan
from hive_tui.model.environment import ServiceState, Wanted
from hive_tui.model.errors import NotFoundError
from hive_tui.model.plan import Plan, Step, StepKind, Transition
from hive_tui.model.project import Link, Project, Service, Task, TestSuite, When

READY, STOPPED, FROZEN = ServiceState.READY, ServiceState.STOPPED, ServiceState.FROZEN


def shop() -> Project:
    services = (
        Service("db", run="db", when=When.MANUAL),
        Service("api", run="api", needs=("migrate",)),
        Service("web", run="web", needs=("api",)),
        Service("watch", run="watch", when=When.COLD),
        Service("mail", run="mail", when=When.MANUAL),
    )
    tasks = (
        Task("build", run="build", when=When.SPAWN, slots=2, retries=1, timeout_s=9.0),
        Task("types", run="types", when=When.COLD),
        Task("migrate", run="migrate", needs=("db",)),
    )
    return Project(
        name="shop",
        root="/shop",
        copies=(".env",),
        links=(Link("node_modules"),),
        services={service.name: service for service in services},
        tasks={task.name: task for task in tasks},
        tests={
            "unit": TestSuite("unit", run="unit", needs=("build",), slots=2, timeout_s=7.0),
            "e2e": TestSuite("e2e", run="e2e", needs=("web",)),
        },
    )


ALL_DONE = frozenset({"build", "types", "migrate"})
UP = dict.fromkeys(("db", "api", "web", "watch"), READY)
COLD = Observed(worktree=True, services={"watch": READY}, done=frozenset({"build", "types"}))
WARM = Observed(worktree=True, services=UP, done=ALL_DONE)


def needs(plan: Plan) -> dict[str, set[str]]:
    return {step.id: set(step.needs) for step in plan.steps}


def ids(plan: Plan) -> set[str]:
    return {step.id for step in plan.steps}


def find(plan: Plan, id: str) -> Step:
    return next(step for step in plan.steps if step.id == id)


def up(*names: str) -> set[str]:
    return {f"{kind}:{name}" for name in names for kind in ("prepare", "start", "ready")}


def test_spawn_makes_the_worktree_fills_it_and_brings_the_cold_part_up() -> None:
    folders = {"copy:.env", "link:node_modules"}
    assert needs(make_plan(shop(), Transition.SPAWN, Observed(worktree=False))) == {
        "worktree:worktree": set(),
        "copy:.env": {"worktree:worktree"},
        "link:node_modules": {"worktree:worktree"},
        "task:build": folders,
        "task:types": folders,
        "prepare:watch": folders,
        "start:watch": {"prepare:watch"},
        "ready:watch": {"start:watch"},
    }


def test_spawn_without_copies_and_links_needs_the_worktree_itself() -> None:
    project = Project("p", "/p", tasks={"build": Task("build", run="b", when=When.SPAWN)})
    plan = make_plan(project, Transition.SPAWN, Observed(worktree=False))
    assert needs(plan)["task:build"] == {"worktree:worktree"}


def test_a_spawn_that_was_cut_short_goes_on_where_it_was() -> None:
    there = Observed(worktree=True, prepared=frozenset({"copy:.env"}), done=frozenset({"types"}))
    plan = make_plan(shop(), Transition.SPAWN, there)
    assert ids(plan) == {"link:node_modules", "task:build"} | up("watch")
    assert needs(plan)["task:build"] == {"link:node_modules"}


def test_warm_runs_what_is_missing_of_cold_and_warm_and_pulls_needs_in() -> None:
    plan = make_plan(shop(), Transition.WARM, COLD)
    assert ids(plan) == up("db", "api", "web") | {"task:migrate"}
    assert needs(plan)["task:migrate"] == {"ready:db"}
    assert needs(plan)["prepare:api"] == set()
    assert needs(plan)["start:api"] == {"prepare:api", "task:migrate"}
    assert needs(plan)["start:web"] == {"prepare:web", "ready:api"}


def test_warm_runs_a_spawn_task_that_never_succeeded() -> None:
    there = Observed(worktree=True, services=UP, done=ALL_DONE - {"build"})
    plan = make_plan(shop(), Transition.WARM, there)
    step = find(plan, "task:build")
    assert ids(plan) == {"task:build"}
    assert (step.slots, step.retries, step.timeout_s) == (2, 1, 9.0)


@pytest.mark.parametrize("state", [ServiceState.STARTING, ServiceState.UNHEALTHY])
def test_a_service_that_was_launched_already_is_only_waited_for(state: ServiceState) -> None:
    there = Observed(worktree=True, services=UP | {"api": state, "web": STOPPED}, done=ALL_DONE)
    plan = make_plan(shop(), Transition.WARM, there)
    assert ids(plan) == {"ready:api"} | up("web")
    assert needs(plan)["ready:api"] == set()
    assert needs(plan)["start:web"] == {"prepare:web", "ready:api"}


@pytest.mark.parametrize("state", [ServiceState.CRASHED, ServiceState.BACKOFF, STOPPED])
def test_a_service_that_is_down_goes_through_all_three_nodes(state: ServiceState) -> None:
    there = Observed(worktree=True, services=UP | {"api": state}, done=ALL_DONE)
    assert ids(make_plan(shop(), Transition.WARM, there)) == up("api")


def test_a_need_of_a_need_is_watched_over_even_where_the_task_between_is_done() -> None:
    there = Observed(worktree=True, services=UP | {"db": ServiceState.CRASHED}, done=ALL_DONE)
    assert ids(make_plan(shop(), Transition.WARM, there)) == up("db")


def test_a_task_that_is_done_passes_its_needs_on_to_those_who_need_it() -> None:
    plan = make_plan(shop(), Transition.WARM, Observed(worktree=True, done=ALL_DONE))
    assert needs(plan)["start:api"] == {"prepare:api", "ready:db"}


def test_start_brings_only_the_cold_part_up() -> None:
    there = Observed(worktree=True, done=frozenset({"build", "types"}))
    assert ids(make_plan(shop(), Transition.START, there)) == up("watch")


def test_start_of_one_service_brings_its_missing_needs_and_nothing_else() -> None:
    there = Observed(worktree=True)
    plan = make_plan(shop(), Transition.START, there, services=frozenset({"api"}))
    assert ids(plan) == up("db", "api") | {"task:migrate"}


def test_cool_halts_what_is_not_cold_users_first() -> None:
    there = Observed(worktree=True, services=UP | {"mail": READY}, done=ALL_DONE)
    assert needs(make_plan(shop(), Transition.COOL, there)) == {
        "halt:web": set(),
        "halt:api": {"halt:web"},
        "halt:db": {"halt:api"},
        "halt:mail": set(),
    }


def test_cool_starts_a_cold_service_that_is_down_and_runs_no_task() -> None:
    there = Observed(worktree=True, services={"db": READY})
    assert ids(make_plan(shop(), Transition.COOL, there)) == {"halt:db"} | up("watch")


def test_stop_halts_everything_even_what_has_crashed() -> None:
    there = Observed(worktree=True, services=UP | {"db": ServiceState.CRASHED}, done=ALL_DONE)
    plan = make_plan(shop(), Transition.STOP, there)
    assert ids(plan) == {"halt:web", "halt:api", "halt:db", "halt:watch"}
    assert needs(plan)["halt:db"] == {"halt:api"}


def test_a_halt_order_holds_through_services_that_are_down() -> None:
    there = Observed(worktree=True, services={"db": READY, "web": READY})
    assert needs(make_plan(shop(), Transition.STOP, there)) == {
        "halt:web": set(),
        "halt:db": {"halt:web"},
    }


def test_stop_of_one_service_halts_nothing_else() -> None:
    plan = make_plan(shop(), Transition.STOP, WARM, services=frozenset({"db"}))
    assert needs(plan) == {"halt:db": set()}


def test_freeze_takes_what_runs_and_thaw_what_is_frozen() -> None:
    there = Observed(
        worktree=True,
        services={"db": FROZEN, "api": READY, "web": ServiceState.STARTING, "watch": STOPPED},
    )
    assert ids(make_plan(shop(), Transition.FREEZE, there)) == {"freeze:api", "freeze:web"}
    assert ids(make_plan(shop(), Transition.THAW, there)) == {"thaw:db"}


def test_warm_thaws_what_is_frozen_before_what_needs_it_starts() -> None:
    there = Observed(
        worktree=True,
        services=UP | {"db": FROZEN, "mail": FROZEN, "api": STOPPED},
        done=ALL_DONE - {"migrate"},
    )
    plan = make_plan(shop(), Transition.WARM, there)
    assert ids(plan) == {"thaw:db", "thaw:mail", "task:migrate"} | up("api")
    assert needs(plan)["task:migrate"] == {"thaw:db"}


def test_cool_of_a_frozen_env_thaws_what_stays_and_halts_the_rest_as_it_is() -> None:
    there = Observed(worktree=True, services=dict.fromkeys(UP, FROZEN), done=ALL_DONE)
    plan = make_plan(shop(), Transition.COOL, there)
    assert ids(plan) == {"thaw:watch", "halt:web", "halt:api", "halt:db"}


def test_destroy_removes_after_the_last_halt() -> None:
    plan = make_plan(shop(), Transition.DESTROY, WARM)
    halts = {"halt:web", "halt:api", "halt:db", "halt:watch"}
    assert needs(plan)["remove:worktree"] == halts


def test_a_test_run_brings_up_what_the_suite_needs_first() -> None:
    plan = make_plan(shop(), Transition.TEST, COLD, suites=("e2e", "unit"))
    assert ids(plan) == up("db", "api", "web") | {"task:migrate", "suite:e2e", "suite:unit"}
    assert needs(plan)["suite:e2e"] == {"ready:web"}
    assert needs(plan)["suite:unit"] == set()
    unit = find(plan, "suite:unit")
    assert (unit.lane, unit.slots, unit.timeout_s) == ("suite:unit", 2, 7.0)


def test_a_test_run_without_names_is_of_all_suites() -> None:
    assert ids(make_plan(shop(), Transition.TEST, WARM)) == {"suite:e2e", "suite:unit"}


def test_restart_halts_users_first_and_starts_again_in_the_order_of_needs() -> None:
    plan = restart_plan(shop(), ("db", "api"), WARM)
    assert needs(plan) == {
        "halt:api": set(),
        "halt:db": {"halt:api"},
        "prepare:db": {"halt:db"},
        "start:db": {"prepare:db"},
        "ready:db": {"start:db"},
        "prepare:api": {"halt:api"},
        "start:api": {"prepare:api", "ready:db"},
        "ready:api": {"start:api"},
    }


def test_restart_of_a_service_and_one_that_needs_it_waits_for_the_need() -> None:
    plan = restart_plan(shop(), ("web", "api"), WARM)
    assert needs(plan)["start:web"] == {"prepare:web", "ready:api"}


def test_restart_of_a_stopped_service_only_starts_it() -> None:
    there = Observed(worktree=True, services={"db": READY}, done=ALL_DONE)
    assert ids(restart_plan(shop(), ("api",), there)) == up("api")


def test_an_unknown_service_or_suite_is_named_with_the_nearest_one() -> None:
    with pytest.raises(NotFoundError, match="'wep'") as service:
        make_plan(shop(), Transition.START, WARM, services=frozenset({"wep"}))
    assert service.value.hint == "did you mean 'web'?"
    with pytest.raises(NotFoundError) as suite:
        make_plan(shop(), Transition.TEST, WARM, suites=("x",))
    assert suite.value.hint == "known: unit, e2e"


def test_a_container_starts_in_the_lane_of_containers() -> None:
    project = Project("p", "/p", services={"db": Service("db", image="postgres:16")})
    plan = make_plan(project, Transition.WARM, Observed(worktree=True))
    assert find(plan, "start:db").lane == "container"


def test_a_level_holds_what_its_services_need_through_tasks() -> None:
    assert level(shop(), Wanted.STOPPED) == frozenset()
    assert level(shop(), Wanted.COLD) == {"watch"}
    assert level(shop(), Wanted.WARM) == {"db", "api", "web", "watch"}


def test_what_is_wanted_after_a_transition_is_its_state() -> None:
    assert after(Transition.SPAWN) is Wanted.COLD
    assert after(Transition.FREEZE) is Wanted.FROZEN
    with pytest.raises(ValueError, match="test"):
        after(Transition.TEST)


WHENS = [When.SPAWN, When.COLD, When.WARM, When.MANUAL]


@st.composite
def projects(draw: st.DrawFn) -> Project:
    services: dict[str, Service] = {}
    tasks: dict[str, Task] = {}
    names: list[str] = []
    for index in range(draw(st.integers(0, 9))):
        wants = tuple(draw(st.sets(st.sampled_from(names), max_size=3))) if names else ()
        if draw(st.booleans()):
            when = draw(st.sampled_from(WHENS[1:]))
            services[f"s{index}"] = Service(f"s{index}", run="x", needs=wants, when=when)
        else:
            when = draw(st.sampled_from(WHENS[:3]))
            tasks[f"t{index}"] = Task(f"t{index}", run="x", needs=wants, when=when)
        names.append(f"s{index}" if f"s{index}" in services else f"t{index}")
    suite = TestSuite("suite", run="x", needs=tuple(names[-2:]))
    copies = tuple(draw(st.sets(st.sampled_from(["a", "b"]))))
    return Project("p", "/p", copies=copies, services=services, tasks=tasks, tests={"suite": suite})


@st.composite
def situations(draw: st.DrawFn) -> tuple[Project, Observed]:
    project = draw(projects())
    states = st.sampled_from(list(ServiceState))
    done = draw(st.sets(st.sampled_from(sorted(project.tasks)))) if project.tasks else set()
    return project, Observed(
        worktree=draw(st.booleans()),
        services={name: draw(states) for name in project.services},
        done=frozenset(done),
    )


def achieved(observed: Observed, plan: Plan) -> Observed:
    """What is there once every step of the plan has succeeded."""
    services, done, prepared = dict(observed.services), set(observed.done), set(observed.prepared)
    worktree = observed.worktree
    for name in TopologicalSorter(needs(plan)).static_order():
        step = find(plan, name)
        match step.kind:
            case StepKind.READY | StepKind.THAW:
                services[step.target] = READY
            case StepKind.HALT:
                services[step.target] = STOPPED
            case StepKind.FREEZE:
                services[step.target] = FROZEN
            case StepKind.TASK:
                done.add(step.target)
            case StepKind.COPY | StepKind.LINK:
                prepared.add(step.id)
            case StepKind.WORKTREE:
                worktree = True
    return Observed(worktree, services, frozenset(done), frozenset(prepared))


@given(situations(), st.sampled_from(list(Transition)))
def test_a_plan_is_acyclic_and_closed_and_its_ids_are_unique(
    situation: tuple[Project, Observed], transition: Transition
) -> None:
    plan = make_plan(situation[0], transition, situation[1])
    graph = needs(plan)
    assert len(graph) == len(plan.steps)
    assert set().union(*graph.values()) <= graph.keys()
    TopologicalSorter(graph).prepare()


@given(situations(), st.sampled_from(list(Transition)))
def test_a_plan_touches_only_what_is_missing(
    situation: tuple[Project, Observed], transition: Transition
) -> None:
    project, there = situation
    for step in make_plan(project, transition, there).steps:
        match step.kind:
            case StepKind.TASK:
                assert step.target not in there.done
            case StepKind.PREPARE | StepKind.START | StepKind.READY:
                assert there.state(step.target) not in (READY, FROZEN)
            case StepKind.THAW:
                assert there.state(step.target) is FROZEN
            case StepKind.HALT:
                assert there.state(step.target) is not STOPPED


@given(
    situations(),
    st.sampled_from(sorted(set(Transition) - {Transition.TEST, Transition.DESTROY})),
)
def test_the_plan_of_what_is_achieved_is_empty(
    situation: tuple[Project, Observed], transition: Transition
) -> None:
    project, there = situation
    there = achieved(there, make_plan(project, transition, there))
    assert make_plan(project, transition, there).empty


@given(situations(), st.sampled_from([Transition.SPAWN, Transition.WARM, Transition.START]))
def test_after_going_up_every_service_of_the_level_and_its_needs_are_there(
    situation: tuple[Project, Observed], transition: Transition
) -> None:
    project, there = situation
    there = achieved(there, make_plan(project, transition, there))
    for name in level(project, after(transition)):
        assert there.state(name) is READY
        for need in project.needs_of(name):
            assert need in there.done or there.state(need) is READY


@given(situations())
def test_no_service_halts_before_a_running_one_that_needs_it_directly(
    situation: tuple[Project, Observed],
) -> None:
    project, there = situation
    graph = needs(make_plan(project, Transition.STOP, there))
    for name in project.services:
        for need in project.needs_of(name):
            if f"halt:{name}" in graph and f"halt:{need}" in graph:
                assert f"halt:{name}" in graph[f"halt:{need}"]
