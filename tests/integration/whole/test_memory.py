"""The memory as a budget: forecasts, refusals, queues and room that is made. Real processes."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.cgroups import memory_cgroup
from tests.hives import Yard

MB = 1 << 20

PROJECT = """
[limits]
memory = "200MB"
[limits.idle]
freeze = "never"
cool = "never"
stop = "never"
[services.watch]
run = "exec sleep 1000"
when = "cold"
[services.big]
run = '''exec python3 -c "
import time
x = b'x' * (80 << 20)
print('up', flush=True)
time.sleep(1000)
"'''
ready = { log = "up" }
[tests.slow]
run = "exec sleep 1000"
"""
"""Two warm envs fit, a third does not."""


@pytest.fixture
def full(yard: Yard) -> Yard:
    """Two warm and measured envs `a` and `b`, and a cold one `c` for which there is no room."""
    yard.make_repo(PROJECT)
    for name in ("a", "b", "c"):
        yard.hive("spawn", name)
    yard.hive("warm", "a", "b")
    yard.until(lambda: all(size_of(yard, name) > 80 * MB for name in "ab"), "both are measured")
    yard.until(lambda: room(yard, "c")["need_bytes"] > 80 * MB, "and learned from")
    return yard


def size_of(yard: Yard, env: str) -> int:
    return int(yard.env(env)["memory_bytes"] or 0)


def states(yard: Yard) -> dict[str, str]:
    envs = yard.hive("list", "--json").json["environments"]
    return {env["name"]: env["state"] for env in envs}


def room(yard: Yard, env: str) -> dict[str, Any]:
    found: dict[str, Any] = yard.hive("plan", env, "--json").json["memory"]
    return found


def idle(yard: Yard, env: str) -> dict[str, Any]:
    rows = yard.hive("idle", "--dry-run", "--json").json["idle"]
    found: dict[str, Any] = next(row for row in rows if row["env"] == env)
    return found


def waits(yard: Yard, env: str) -> bool:
    reasons = yard.hive("why", env, "--json").json["reasons"]
    return any("waits for memory" in line for line in reasons[0]["evidence"])


def test_the_first_warm_is_said_to_be_unknown_and_the_next_is_forecast(yard: Yard) -> None:
    yard.make_repo(PROJECT)
    yard.hive("spawn", "a")
    yard.hive("spawn", "b")
    first = yard.hive("warm", "a")
    assert "needs an unknown amount (never measured)" in first.err
    yard.until(lambda: room(yard, "b")["need_bytes"] > 80 * MB, "a was measured")
    found = room(yard, "b")
    assert found["need_bytes"] < 100 * MB
    assert found["unknown"] == []
    assert found["fits"]
    assert "memory: needs ~" in yard.hive("plan", "b").out
    assert "needs ~" in yard.hive("warm", "b").err


def test_what_does_not_fit_is_refused_with_who_would_make_room_and_the_flags(full: Yard) -> None:
    done = full.hive("warm", "c", "--json", status=4)
    result = done.json["results"][0]
    assert (result["outcome"], result["error"]["code"]) == ("refused", "no_room")
    assert "needs ~" in result["error"]["message"]
    for word in ("cool a (idle", "--make-room", "--wait", "--over-limit"):
        assert word in result["error"]["hint"]
    assert states(full) == {"a": "warm", "b": "warm", "c": "cold"}


def test_room_is_made_by_the_one_that_is_idle_longest(full: Yard) -> None:
    full.hive("env", "a")  # so b is idle longer
    full.hive("warm", "c", "--make-room")
    assert states(full) == {"a": "warm", "b": "cold", "c": "warm"}
    told = [event["message"] for event in full.events() if event["kind"] == "env.rested"]
    assert len(told) == 1
    assert told[0].startswith("b: cooled to make room for c")


def test_a_pinned_env_and_one_whose_tests_run_make_no_room(full: Yard) -> None:
    full.hive("pin", "a")
    full.hive("test", "b", "--no-wait")
    full.until(lambda: idle(full, "b")["blocked"] == "slow runs", "the suite runs")
    done = full.hive("warm", "c", "--make-room", status=4)
    assert "a (pinned)" in done.err
    assert "b (slow runs)" in done.err
    assert states(full) == {"a": "warm", "b": "warm", "c": "cold"}


def test_one_that_waits_comes_in_once_there_is_room(full: Yard) -> None:
    waiting = full.start("warm", "c", "--wait")
    full.until(lambda: waits(full, "c"), "c waits")
    assert states(full)["c"] == "cold"
    full.hive("cool", "a")
    _, err = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, err
    assert "waits for room, number 1 in the queue" in err
    assert states(full) == {"a": "cold", "b": "warm", "c": "warm"}


def test_one_that_waits_leaves_the_queue_when_it_is_asked_to_go_down(full: Yard) -> None:
    waiting = full.start("warm", "c", "--wait", "--json")
    full.until(lambda: waits(full, "c"), "c waits")
    full.hive("cool", "c")
    out, _ = waiting.communicate(timeout=60)
    assert '"outcome":"cancelled"' in out
    full.hive("cool", "a")
    full.until(lambda: size_of(full, "a") < 10 * MB, "there is room")
    assert not waits(full, "c")
    assert states(full)["c"] == "cold"


def test_over_the_limit_goes_what_is_told_to(full: Yard) -> None:
    full.hive("warm", "c", "--over-limit")
    assert states(full) == {"a": "warm", "b": "warm", "c": "warm"}


def test_two_that_are_let_in_at_once_are_both_counted(full: Yard) -> None:
    full.hive("cool", "a")
    full.hive("spawn", "d")
    both = full.hive("warm", "c", "d", "--json", status=4)
    outcomes = sorted(result["outcome"] for result in both.json["results"])
    assert outcomes == ["refused", "succeeded"]


def test_a_spawn_that_is_to_be_warm_leaves_a_cold_env_where_there_is_no_room(full: Yard) -> None:
    done = full.hive("spawn", "d", "--warm", status=4)
    assert "d is made and cold; a warm needs ~" in done.err
    assert states(full)["d"] == "cold"


def test_what_runs_already_may_always_stay(full: Yard) -> None:
    toml = (full.repo / "hive.toml").read_text()
    (full.repo / "hive.toml").write_text(toml.replace("200MB", "20MB"))
    full.hive("freeze", "a")
    full.hive("warm", "a")
    assert states(full)["a"] == "warm"


FORKS = """
[services.forks]
run = '''exec python3 -c "
import os, time
x = b'x' * (60 << 20)
for _ in range(4):
    if os.fork() == 0:
        time.sleep(1000)
print('up', flush=True)
time.sleep(1000)
"'''
ready = { log = "up" }
"""


def kernel_says(pids: list[int]) -> int:
    """Sum of the proportional shares, as the kernel has them now."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def session_of(leader: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == leader:
            found.append(int(stat.parent.name))
    return found


def test_memory_that_processes_share_counts_once(yard: Yard) -> None:
    if not Path("/proc/self/smaps_rollup").exists():
        pytest.skip("this kernel has no smaps_rollup")
    yard.make_repo(FORKS)
    yard.hive("spawn", "a", "--warm")
    leader = int(yard.service("a", "forks")["pid"])

    def true() -> bool:
        kernel, members = kernel_says(session_of(leader)), len(session_of(leader))
        return members == 6 and abs(size_of(yard, "a") - kernel) < 0.1 * kernel < 12 * MB

    yard.until(true, "the bar is within 10 % of what the kernel says")
    yard.hive("spawn", "b")
    yard.until(lambda: room(yard, "b")["need_bytes"] > 60 * MB, "a's cost is known")
    assert room(yard, "b")["need_bytes"] < 120 * MB, "a fork that was just made was not believed"


def test_a_kill_for_want_of_memory_is_recognised_and_named(yard: Yard) -> None:
    with memory_cgroup(40 * MB) as group:
        yard.make_repo(f"""
        [services.greedy]
        run = '''echo $$ > {group}/cgroup.procs && exec python3 -c "b'x' * (200 << 20)"'''
        restart = "no"
        [services.killed]
        run = "exec sleep 1000"
        restart = "no"
        """)
        yard.hive("spawn", "a")
        yard.hive("warm", "a", status=None)
        yard.until(lambda: yard.service("a", "greedy")["state"] == "crashed", "it is killed")
        assert "because memory ran out" in why(yard, "greedy")
        os.kill(child_of(int(yard.service("a", "killed")["pid"])), signal.SIGKILL)
        yard.until(lambda: yard.service("a", "killed")["state"] == "crashed", "so is the other")
        assert why(yard, "killed") == "killed by SIGKILL"
        yard.hive("stop", "a")


def why(yard: Yard, service: str) -> str:
    reasons = yard.hive("why", "a", service, "--json").json["reasons"]
    return str(reasons[0]["evidence"][0])


def child_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
