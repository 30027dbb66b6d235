from __future__ import annotations

import msgspec
import pytest

from hive_tui.app.triage.items import need_of, needs
from hive_tui.model.environment import (
    EnvDetail,
    EnvState,
    ServiceState,
    TestState,
    TestView,
    Trespass,
)
from tests.app import scenes
from tests.app.scripted import driven

RED = TestView("unit", TestState.FAILED, 7, 1)


def env_with(name: str, *tests: TestView, state: EnvState = EnvState.WARM) -> EnvDetail:
    return scenes.env(name, 0, state, tests=tests)


@pytest.mark.parametrize(
    ("test", "text"),
    [
        (RED, "unit 1/8 failed"),
        (TestView("unit", TestState.ERROR), "unit error"),
        (TestView("unit", TestState.FAILED), "unit failed"),
    ],
)
def test_a_suite_that_is_red_for_the_code_as_it_is_needs_a_person(
    test: TestView, text: str
) -> None:
    need = need_of(env_with("a", test))
    assert need is not None
    assert need.text == text
    assert need.mark.glyph == "✗"


@pytest.mark.parametrize(
    "test",
    [
        msgspec.structs.replace(RED, stale=True),
        TestView("unit", TestState.PASSED, 8, 0),
        TestView("unit", TestState.RUNNING, 7, 1),
        TestView("unit", TestState.CANCELLED),
        TestView("unit", TestState.NEVER),
    ],
)
def test_no_other_verdict_needs_a_person(test: TestView) -> None:
    assert need_of(env_with("a", test)) is None


def test_a_red_suite_comes_after_failures_and_crashes() -> None:
    crashed = scenes.env(
        "c", 2, EnvState.DEGRADED, tests=(RED,), has=scenes.services(ServiceState.CRASHED)
    )
    envs = (env_with("a", RED), env_with("b", state=EnvState.FAILED), crashed)
    assert [need.name for need in needs(envs)] == ["b", "c", "a"]


async def test_the_fleet_says_which_suite_is_red_and_forgets_it_once_it_is_stale() -> None:
    async with driven(scenes.snapshot([env_with("a", RED)])) as it:
        await it.until_shown("needs you (1)")
        assert "1 needs you" in it.rows()[0]
        assert "a unit 1/8 failed" in it.text()
        stale = msgspec.structs.replace(RED, stale=True)
        it.client.say(scenes.snapshot([env_with("a", stale)]))
        await it.until(lambda: "needs you (1)" not in it.text())


def test_work_beyond_its_boundaries_needs_a_person() -> None:
    paths = [Trespass(f"src/{name}.py", "denied by 'src/'") for name in "abc"]
    one = scenes.env("a", 0, EnvState.WARM, trespasses=tuple(paths[:1]))
    all_of_them = scenes.env("b", 1, EnvState.WARM, trespasses=tuple(paths))
    assert [need.text for need in needs([one, all_of_them])] == [
        "out of bounds: src/a.py",
        "out of bounds: src/a.py and 2 more",
    ]
