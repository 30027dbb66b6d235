"""When a service that ended by itself is started again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_tui.engine.restarts import Again, GiveUp, Rest, account, decide, describe, remember
from hive_tui.model.project import Restart

NOW = 1000.0


def delay(failures: int, *, up_s: float = 0.5, jitter: float = 0.5) -> float:
    ends = tuple(NOW - back for back in reversed(range(failures)))
    choice = decide(Restart.ALWAYS, 1, ends, NOW, up_s=up_s, jitter=lambda: jitter)
    assert isinstance(choice, Again)
    return choice.delay_s


@pytest.mark.parametrize(
    ("policy", "code", "again"),
    [
        (Restart.NO, 0, False),
        (Restart.NO, 1, False),
        (Restart.NO, None, False),
        (Restart.ON_FAILURE, 0, False),
        (Restart.ON_FAILURE, 1, True),
        (Restart.ON_FAILURE, -9, True),
        (Restart.ON_FAILURE, None, True),
        (Restart.ALWAYS, 0, True),
        (Restart.ALWAYS, 1, True),
    ],
)
def test_the_policy_says_whether(policy: Restart, code: int | None, again: bool) -> None:
    choice = decide(policy, code, (NOW,), NOW, up_s=1.0)
    assert isinstance(choice, Again if again else Rest)


def test_the_delay_doubles_with_each_failure() -> None:
    assert [delay(count) for count in (1, 2, 3, 4)] == pytest.approx([0.1, 0.2, 0.4, 0.8])


def test_a_steady_run_sets_the_delay_back() -> None:
    assert delay(4, up_s=10.0) == pytest.approx(0.1)


def test_the_jitter_is_a_fifth_either_way() -> None:
    assert delay(1, jitter=0.0) == pytest.approx(0.08)
    assert delay(1, jitter=1.0) == pytest.approx(0.12)


def test_the_fifth_end_within_a_minute_is_a_crash_loop() -> None:
    ends = (NOW - 40, NOW - 30, NOW - 20, NOW - 10, NOW)
    choice = decide(Restart.ON_FAILURE, 1, ends, NOW, up_s=9.0)
    assert choice == GiveUp("exit 1, 5 times in 40 s")


def test_a_launch_that_fails_says_why_when_it_is_given_up() -> None:
    ends = (NOW - 4, NOW - 3, NOW - 2, NOW - 1, NOW)
    choice = decide(Restart.ALWAYS, None, ends, NOW, up_s=0.0, why="no process")
    assert choice == GiveUp("no process, 5 times in 4 s")


def test_ends_older_than_a_minute_are_forgotten() -> None:
    assert remember((NOW - 61, NOW - 60, NOW - 59), NOW) == (NOW - 59, NOW)


def test_ends_that_a_clock_set_back_puts_into_the_future_are_forgotten() -> None:
    assert remember((NOW + 3600,), NOW) == (NOW,)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "exit 0"),
        (7, "exit 7"),
        (-9, "killed by SIGKILL"),
        (-63, "killed by signal 63"),
        (None, "ended while nobody watched"),
    ],
)
def test_an_exit_status_is_said_in_words(code: int | None, words: str) -> None:
    assert describe(code) == words


def test_one_failure_is_not_counted_in_words() -> None:
    assert account("exit 1", (NOW,), NOW) == "exit 1"
    assert account("exit 1", (NOW - 12, NOW - 3, NOW), NOW) == "exit 1, 3 times in 12 s"


@given(
    gaps=st.lists(st.floats(0.0, 100.0), max_size=20),
    up_s=st.floats(0.0, 1e6),
    jitter=st.floats(0.0, 1.0),
)
def test_a_delay_is_never_long_and_never_nothing(
    gaps: list[float], up_s: float, jitter: float
) -> None:
    failures: tuple[float, ...] = ()
    now = NOW
    for gap in gaps:
        now += gap
        failures = remember(failures, now)
        choice = decide(Restart.ALWAYS, 1, failures, now, up_s=up_s, jitter=lambda: jitter)
        assert isinstance(choice, GiveUp) == (len(failures) >= 5)
        if isinstance(choice, Again):
            assert 0.08 <= choice.delay_s <= 36.0
