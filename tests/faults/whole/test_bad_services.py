"""Services that do not behave: each is told of, stopped whole, and harms nobody else."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.hives import Yard, alive

MB = 1024 * 1024


def warm_fails(yard: Yard, toml: str) -> str:
    """Spawn `auth`, see its warm fail, and return what it told."""
    yard.make_repo(toml)
    yard.hive("spawn", "auth")
    return yard.hive("warm", "auth", status=1).err


def pids(path: Path) -> list[int]:
    """Process numbers that a service wrote, one a line."""
    return [int(line) for line in path.read_text().split()]


def disk_bytes(folder: Path) -> int:
    """What the files below a folder take on the disk."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def memory_bytes(pid: int) -> int:
    """The most memory that a process has had so far."""
    status = Path(f"/proc/{pid}/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) * 1024


# --- never ready ---------------------------------------------------------------------------------


def test_a_service_that_exits_at_once_fails_its_step_with_the_last_lines(yard: Yard) -> None:
    told = warm_fails(
        yard,
        """
[services.api]
run = "echo no such table: users >&2; exit 7"
restart = "no"
ready = { log = "listening", timeout = 600 }
[services.other]
run = "exec sleep 1000"
[services.web]
run = "exec sleep 1000"
needs = ["api"]
""",
    )
    assert "api" in told
    assert "exit 7" in told
    assert "no such table: users" in told
    states = {s["name"]: (s["state"], s["exit_code"]) for s in yard.env("auth")["services"]}
    assert states["api"] == ("crashed", 7)
    assert states["other"][0] == "ready"
    assert states["web"][0] == "stopped"
    assert yard.env("auth")["state"] in {"failed", "degraded"}
    assert "exit 7" in yard.hive("why", "auth", "api").out


def test_a_service_that_crashes_again_and_again_is_given_up_with_the_reason(yard: Yard) -> None:
    yard.make_repo('[services.api]\nrun = "echo dying; exit 7"\nready = { log = "never" }\n')
    yard.hive("spawn", "auth")
    yard.hive("warm", "auth", status=1)
    env = yard.env("auth")
    assert env["state"] in {"failed", "degraded"}
    assert "api" in env["reason"]
    assert yard.runs() == {}


def test_a_service_that_never_gets_ready_times_out_and_says_what_was_tried(yard: Yard) -> None:
    told = warm_fails(
        yard,
        """
[services.api]
run = "echo still loading; exec sleep 1000"
ready = { log = "listening", timeout = 1 }
""",
    )
    assert "not ready within 1 s" in told
    assert "still loading" in told
    assert yard.env("auth")["state"] in {"failed", "degraded"}


# --- hard to stop --------------------------------------------------------------------------------


def test_a_service_that_ignores_term_is_killed_after_its_grace(yard: Yard) -> None:
    yard.make_repo(
        """
[services.deaf]
run = "trap '' TERM INT; echo $$ > ../deaf; while :; do sleep 0.1; done"
stop = { signal = "TERM", grace = 0.3 }
ready = { file = "../deaf" }
"""
    )
    yard.hive("spawn", "auth", "--warm")
    (pid,) = pids(yard.trees / "deaf")
    assert alive(pid)
    yard.hive("stop", "auth")
    assert not alive(pid)
    assert yard.service("auth", "deaf")["state"] == "stopped"


def test_what_a_service_forked_off_ends_with_it(yard: Yard) -> None:
    yard.make_repo(
        """
[services.parent]
run = "(sleep 1000 & echo $! > ../child; setsid sleep 1000 & echo $! >> ../child); exec sleep 1000"
ready = { file = "../child" }
"""
    )
    yard.hive("spawn", "auth", "--warm")
    yard.until(lambda: len(pids(yard.trees / "child")) == 2, "both children run")
    children = pids(yard.trees / "child")
    assert all(alive(pid) for pid in children)
    yard.hive("stop", "auth")
    assert not any(alive(pid) for pid in children)
    assert yard.runs() == {}


def test_a_service_whose_parent_leaves_has_ended_and_leaves_nothing(yard: Yard) -> None:
    yard.make_repo(
        """
[services.daemonised]
run = "sleep 1000 & echo $! > ../child; exit 0"
restart = "no"
"""
    )
    yard.hive("spawn", "auth")
    yard.hive("warm", "auth", status=None)
    yard.until(
        lambda: yard.service("auth", "daemonised")["state"] in {"stopped", "crashed"}, "it is told"
    )
    (child,) = pids(yard.trees / "child")
    yard.until(lambda: not alive(child), "what it left is gone")
    assert yard.runs() == {}


# --- what they write -----------------------------------------------------------------------------


def test_a_flood_of_log_is_bounded_on_disk_and_in_memory(yard: Yard) -> None:
    flood = "yes flood | head -c 200000000; echo the end; exec sleep 1000"
    yard.make_repo(
        f"""
[logs]
max_mb = 1
[services.loud]
run = "{flood}"
ready = {{ log = "the end", timeout = 600 }}
[services.calm]
run = "echo calm; exec sleep 1000"
"""
    )
    yard.hive("spawn", "auth", "--warm")
    yard.until(lambda: disk_bytes(yard.home / "logs") < 3 * MB, "the old part is gone")
    assert yard.hive("logs", "auth", "loud", "-n", "1").out.strip().endswith("the end")
    assert "calm" in yard.hive("logs", "auth", "calm").out
    pid = yard.daemon_pid()
    assert pid is not None
    assert memory_bytes(pid) < 200 * MB


def test_control_codes_and_foreign_bytes_of_a_log_never_reach_the_terminal(yard: Yard) -> None:
    program = (
        "import sys; w = sys.stdout.buffer.write; "
        r"w(b'\x1b]0;owned\x07\x1b[2J\x1b[31mred\x9b2J \xff\xfe end\rover\x00\n'); "
        r"w(b'\x1b[?1049h not ended')"
    )
    yard.make_repo(
        "[services.rude]\nrun = '''" + f'{sys.executable} -c "{program}"; exec sleep 1000' + "'''\n"
        "[tasks.rude-task]\nrun = '''" + f'{sys.executable} -c "{program}"; exit 1' + "'''\n"
    )
    yard.hive("spawn", "auth")
    yard.hive("warm", "auth", status=1)
    yard.until(lambda: "end" in yard.hive("logs", "auth", "rude").out, "it has written")
    for words in (
        ("logs", "auth"),
        ("logs", "auth", "rude"),
        ("status", "auth"),
        ("why", "auth"),
        ("why", "auth", "rude"),
        ("list",),
        ("warm", "auth"),
        ("events",),
    ):
        done = yard.hive(*words, status=None)
        shown = done.out + done.err
        bad = [c for c in shown if (ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160]
        assert bad == [], done
    assert "red" in yard.hive("logs", "auth", "rude").out


@pytest.mark.parametrize("flag", ["--json", "-f"])
def test_a_reader_that_leaves_early_is_no_error(yard: Yard, flag: str) -> None:
    yard.make_repo('[services.s]\nrun = "yes line | head -n 50000; exec sleep 1000"\n')
    yard.hive("spawn", "auth", "--warm")
    following = yard.start("logs", "auth", "-n", "100000", flag)
    assert following.stdout is not None
    assert following.stderr is not None
    os.read(following.stdout.fileno(), 10)
    following.stdout.close()
    said = following.stderr.read() if flag == "--json" else ""
    if flag == "-f":
        following.terminate()
        said = following.stderr.read()
    following.wait(60)
    following.stderr.close()
    assert "Traceback" not in said
