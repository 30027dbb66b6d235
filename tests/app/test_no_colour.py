"""Without any colour every state can still be told from the others, by sign or word."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest

from hive_tui.app import marks
from hive_tui.app.lines import Line
from hive_tui.app.views.environment import environment_page
from hive_tui.app.views.head import env_head
from hive_tui.app.views.look import Look
from hive_tui.app.views.messages import messages_page
from hive_tui.app.views.port_map import PortRow, port_map
from hive_tui.app.views.tile import FULL, marked, pointed, row, tile, verdict_of
from hive_tui.app.views.waterfall import TraceStep, TraceView, waterfall
from hive_tui.model.environment import (
    AgentView,
    EnvState,
    PortsView,
    ServiceState,
    ServiceView,
    TaskView,
    TestState,
    TestView,
)
from hive_tui.model.events import LogEvent
from tests.app import scenes

TASKS = ("never", "waiting", "running", "succeeded", "failed", "skipped", "cancelled")
AGENTS = ("starting", "working", "waiting", "done", "idle", "stuck", "error", "gone")

BOTH = pytest.mark.parametrize(
    "look", [Look(scenes.NOW), Look(scenes.NOW, True)], ids=["utf", "ascii"]
)


def text(lines: Iterable[Line]) -> str:
    """The lines without colours."""
    return "\n".join("".join(span.text for span in line).rstrip() for line in lines)


def all_differ(shown: list[str]) -> None:
    assert len(set(shown)) == len(shown), shown


@BOTH
def test_states_of_an_env_on_a_tile_in_the_table_and_in_the_head(look: Look) -> None:
    envs = [scenes.env("a", 0, state) for state in EnvState]
    all_differ([text(tile(env, 40, FULL, look)) for env in envs])
    all_differ([text([row(env, 40, look)]) for env in envs])
    all_differ([text([env_head(env, 100, look)]) for env in envs])


@BOTH
def test_states_of_a_service_on_the_page_of_its_env(look: Look) -> None:
    shown = []
    for state in ServiceState:
        env = scenes.env("a", 0, EnvState.WARM, has=(ServiceView("api", "process", state),))
        shown.append(text(environment_page(env, (), None, 100, look).lines))
    all_differ(shown)


@BOTH
def test_verdicts_fresh_and_stale(look: Look) -> None:
    tests = [TestView("unit", state, passed=3, failed=1) for state in TestState]
    stale = [msgspec.structs.replace(test, stale=True) for test in tests]
    ended = [test for test in stale if test.state in (TestState.PASSED, TestState.FAILED)]
    run = [test for test in tests if test.state is not TestState.NEVER]
    all_differ([text([verdict_of(test, look)]) for test in (*run, *ended)])
    pages = [scenes.env("a", 0, EnvState.WARM, tests=(test,)) for test in (*tests, *ended)]
    for env in pages:
        assert env.view.tests
    bare = [
        msgspec.structs.replace(
            env,
            view=msgspec.structs.replace(
                env.view,
                tests=(msgspec.structs.replace(env.view.tests[0], passed=None, failed=None),),
            ),
        )
        for env in pages
    ]
    all_differ([text(environment_page(env, (), None, 100, look).lines) for env in bare])


@BOTH
def test_states_of_tasks_and_agents(look: Look) -> None:
    tasks = [scenes.env("a", 0, EnvState.WARM, tasks=(TaskView("t", "warm", s),)) for s in TASKS]
    all_differ([text(environment_page(env, (), None, 100, look).lines) for env in tasks])
    agents = [
        scenes.env("a", 0, EnvState.WARM, agent=AgentView("claude", state, scenes.ago(60), None))
        for state in AGENTS
    ]
    all_differ([text(tile(env, 40, FULL, look)) for env in agents])


@BOTH
def test_steps_of_a_waterfall(look: Look) -> None:
    shown = []
    for outcome in ("succeeded", "failed", "running", "cancelled", None):
        for critical in (False, True):
            step = TraceStep("s", "task", 0.0, 0.0, 1.0, 1.0, outcome, critical)
            lines = waterfall(TraceView("warm", "succeeded", 1.0, 1.0, (step,)), 60, look)
            shown.append(text(lines[1:2]))
    assert len(set(shown)) == len(shown) - 2  # what has no outcome yet runs


@BOTH
def test_ports_that_listen_are_free_or_are_taken(look: Look) -> None:
    ports = PortsView(10_000, 10, {"web": 10_000})
    rows = [
        PortRow("web", 10_000, listening=True, pid=3, process="node", service="web"),
        PortRow("web", 10_000, listening=False),
        PortRow("web", 10_000, listening=True, pid=3, process="node", foreign=True),
    ]
    all_differ([text(port_map(ports, (each,), 60, look)) for each in rows])


@BOTH
def test_gravity_of_messages_and_of_events(look: Look) -> None:
    events = [
        LogEvent(1, scenes.ago(9), "a.b", "words", "shop/a", level=level)
        for level in ("info", "warning", "error")
    ]
    env = scenes.env("a", 0, EnvState.WARM)
    all_differ([text(messages_page((), (event,), 80, look)) for event in events])
    all_differ([text(environment_page(env, (event,), None, 100, look).lines) for event in events])


@BOTH
def test_what_is_selected_and_what_is_marked(look: Look) -> None:
    env = scenes.env("a", 0, EnvState.WARM, has=scenes.services(*[ServiceState.READY] * 2))
    for line in (tile(env, 40, FULL, look)[0], row(env, 40, look)):
        kinds = (
            line,
            pointed(line, look),
            marked(line, look),
            pointed(marked(line, look), look),
        )
        all_differ([text([each]) for each in kinds])
    chosen = [environment_page(env, (), None, 100, look, chosen=name) for name in ("db", "api")]
    all_differ([text(page.lines) for page in chosen])


def test_what_differs_by_its_sign_in_unicode_does_so_in_ascii() -> None:
    every = [
        *(marks.of_env(state, done) for state in EnvState for done in range(4)),
        *(marks.of_service(state) for state in ServiceState),
        *(marks.of_test(state) for state in TestState),
        *(marks.of_task(state) for state in TASKS),
        *(marks.of_agent(state) for state in AGENTS),
        marks.STALE,
    ]
    signs: dict[str, set[str]] = {}
    for mark in every:
        half_moon = mark.glyph in "◐◓◑◒"
        signs.setdefault(mark.plain, set()).add("moon" if half_moon else mark.glyph)
    assert {plain: glyphs for plain, glyphs in signs.items() if len(glyphs) > 1} == {}
