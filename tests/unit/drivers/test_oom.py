from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hive_tui.drivers.oom import LIKELY, SURE, WINDOW_S, OomWatch
from hive_tui.drivers.pressure import parse_psi


class Kernel:
    """A counter and a log that a test writes; the log is a pipe, which also has records."""

    def __init__(self, folder: Path) -> None:
        self.at = 0.0
        self.counter = folder / "vmstat"
        self.log = folder / "kmsg"
        os.mkfifo(self.log)
        self._writer = os.open(self.log, os.O_RDWR | os.O_NONBLOCK)
        self.count(3)
        self.watch = OomWatch(log=str(self.log), counters=[self.counter], clock=lambda: self.at)

    def count(self, kills: int) -> None:
        self.counter.write_text(f"nr_free_pages 12\noom_kill {kills}\n")

    def say(self, text: str) -> None:
        os.write(self._writer, text.encode())

    def close(self) -> None:
        self.watch.close()
        os.close(self._writer)


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    made = Kernel(tmp_path)
    yield made
    made.close()


KILLED = "3,1234,5678,-;Memory cgroup out of memory: Killed process 77 (node) total-vm:1kB\n"


def test_a_process_that_the_log_names_was_killed_by_the_kernel(kernel: Kernel) -> None:
    kernel.say("6,1,2,-;eth0: link is up\n" + KILLED)
    assert kernel.watch.why((70, 77), by_kill=False) == SURE
    assert kernel.watch.why((70, 77), by_kill=True) is None, "it is said once"


def test_a_counter_that_went_up_explains_one_kill(kernel: Kernel) -> None:
    kernel.count(4)
    assert kernel.watch.why((70,), by_kill=True) == LIKELY
    assert kernel.watch.why((71,), by_kill=True) is None


def test_a_step_that_a_pass_saw_first_still_counts_for_some_seconds(kernel: Kernel) -> None:
    kernel.count(4)
    kernel.watch.look()
    kernel.at += WINDOW_S - 1
    assert kernel.watch.why((70,), by_kill=True) == LIKELY


def test_an_old_step_explains_nothing(kernel: Kernel) -> None:
    kernel.count(4)
    kernel.watch.look()
    kernel.at += WINDOW_S + 1
    assert kernel.watch.why((70,), by_kill=True) is None


def test_another_end_than_a_kill_is_not_the_kernels(kernel: Kernel) -> None:
    kernel.count(4)
    assert kernel.watch.why((70,), by_kill=False) is None


def test_without_log_and_counters_nothing_is_told(tmp_path: Path) -> None:
    watch = OomWatch(log=str(tmp_path / "none"), counters=[tmp_path / "neither"])
    assert watch.why((1,), by_kill=True) is None
    watch.close()


PSI = """\
some avg10=12.34 avg60=1.00 avg300=0.10 total=99
full avg10=4.50 avg60=0.00 avg300=0.00 total=9
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [(PSI, (12.34, 4.5)), (PSI.splitlines()[0], (12.34, None)), ("", (None, None))],
)
def test_pressure_is_read_from_the_first_average(
    text: str, found: tuple[float | None, float | None]
) -> None:
    assert parse_psi(text) == found
