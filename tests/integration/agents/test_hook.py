"""The hook command, run as an agent runs it."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from hive_tui.drivers.agents import hook
from hive_tui.engine.agents.events import LONGEST, decode

STOP = b'{"session_id":"s","hook_event_name":"Stop","last_assistant_message":"done"}'


def run(
    events: Path | str | None, payload: bytes, **more: Any
) -> subprocess.CompletedProcess[bytes]:
    """Run it with a payload on standard input, in a clean environment."""
    env = {"HIVE_AGENT_RUN": "run-1", "LANG": "C"}
    if events is not None:
        env["HIVE_EVENTS"] = str(events)
    return subprocess.run(
        [sys.executable, "-I", "-S", hook.__file__, "claude"],
        input=payload,
        env=env,
        capture_output=True,
        check=False,
        timeout=60,
        **more,
    )


def lines(events: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in events.read_bytes().splitlines()]


def silent(done: subprocess.CompletedProcess[bytes]) -> bool:
    return (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.fixture
def events(tmp_path: Path) -> Path:
    return tmp_path / "agents" / "uid" / "events.jsonl"


def test_a_payload_becomes_one_line_with_who_said_it(events: Path) -> None:
    assert silent(run(events, STOP))
    event = decode(events.read_bytes().rstrip(b"\n"))
    assert event is not None
    assert (event.agent, event.run, event.pid) == ("claude", "run-1", os.getpid())
    assert event.payload["last_assistant_message"] == "done"
    assert event.at > 1e9
    assert not event.cut


def test_the_file_and_its_folder_are_the_users_alone(events: Path) -> None:
    run(events, STOP)
    assert events.stat().st_mode & 0o777 == 0o600
    assert events.parent.stat().st_mode & 0o777 == 0o700


def test_a_payload_over_several_lines_is_still_one_line(events: Path) -> None:
    assert silent(run(events, json.dumps(json.loads(STOP), indent=2).encode()))
    assert [line["payload"]["hook_event_name"] for line in lines(events)] == ["Stop"]


@pytest.mark.parametrize("size", [LONGEST, 200_000, 5_000_000])
def test_a_huge_payload_is_cut_and_keeps_its_names(events: Path, size: int) -> None:
    payload = {
        "hook_event_name": "PostToolUse",
        "session_id": "s",
        "tool_use_id": "t",
        "tool_input": {"command": "make", "many": ["x" * 1000] * (size // 2000)},
        "tool_response": {"stdout": "é\n" * (size // 4)},
    }
    assert silent(run(events, json.dumps(payload, ensure_ascii=False).encode()))
    raw = events.read_bytes()
    assert len(raw) <= LONGEST
    (line,) = lines(events)
    assert line["cut"]
    assert line["payload"]["tool_use_id"] == "t"
    assert line["payload"]["tool_input"]["command"] == "make"
    assert "left out" in line["payload"]["tool_response"]["stdout"]


@pytest.mark.parametrize(
    "payload",
    [b"not json", b'["list"]', b"\xff\xfe\x00", b'{"half":', b'{"n":NaN}', b"[" * 100_000],
)
def test_what_is_no_object_is_kept_as_text_in_a_valid_line(events: Path, payload: bytes) -> None:
    assert silent(run(events, payload))
    if events.exists():
        assert all(decode(line) is not None or b"NaN" in line for line in raw_lines(events))


def raw_lines(events: Path) -> list[bytes]:
    return events.read_bytes().splitlines()


def test_an_empty_payload_leaves_nothing(events: Path) -> None:
    assert silent(run(events, b""))
    assert not events.exists()


def test_it_says_nothing_without_a_file_to_write_to() -> None:
    assert silent(run(None, STOP))
    assert silent(run("/proc/no/such/events.jsonl", STOP))
    assert silent(run("/dev/full", STOP))


def test_it_does_not_wait_for_a_reader_or_follow_a_link(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert silent(run(tmp_path / "fifo", STOP))
    (tmp_path / "link").symlink_to(tmp_path / "target")
    assert silent(run(tmp_path / "link", STOP))
    assert not (tmp_path / "target").exists()


def test_a_file_that_may_not_grow_costs_the_agent_nothing(events: Path) -> None:
    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (60, 60))

    run(events, STOP, preexec_fn=no_room)
    run(events, STOP)
    whole = [decode(line) for line in raw_lines(events)]
    assert whole[-1] is not None
    assert whole[-1].payload["hook_event_name"] == "Stop"


def test_many_at_once_lose_no_line(events: Path) -> None:
    def one(number: int) -> None:
        run(events, json.dumps({"hook_event_name": "X", "n": number, "pad": "y" * 9000}).encode())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(64)))
    assert sorted(line["payload"]["n"] for line in lines(events)) == list(range(64))


def test_a_full_file_is_put_aside_once_and_nothing_is_lost(events: Path) -> None:
    events.parent.mkdir(parents=True)
    events.write_bytes(b"\n" * (hook.FULL - 10))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: run(events, STOP), range(16)))
    aside = events.with_name("events.1.jsonl")
    assert aside.stat().st_size >= hook.FULL
    kept = raw_lines(aside) + (raw_lines(events) if events.exists() else [])
    assert sum(1 for line in kept if line) == 16


def test_it_imports_nothing_of_its_own(events: Path) -> None:
    code = (
        "import sys, os; os._exit = lambda n: None; sys.argv = ['hook.py', 'claude'];"
        f"exec(compile(open({hook.__file__!r}).read(), 'hook.py', 'exec'));"
        "print(*sorted(m for m in sys.modules if m.split('.')[0] in "
        "('hive_tui', 'json', 're', 'msgspec', 'socket', 'fcntl', 'pathlib', 'tempfile')))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        input=STOP,
        env={"HIVE_EVENTS": str(events)},
        capture_output=True,
        check=True,
    )
    assert done.stdout.strip() == b""
    assert events.exists()
