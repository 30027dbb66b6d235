"""logs and events."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime

import pytest

from hive_tui.cli.records import since, stamp
from hive_tui.model.errors import UsageError
from tests.unit.cli.conftest import Daemon, Run

NOW = 1_767_261_600.25  # 2026-01-01T10:00:00.250Z


def line(text: bytes, source: str = "api", at: float = NOW) -> list[object]:
    return [at, source, b64encode(text).decode()]


def test_logs_ask_for_what_the_options_say(hive: Run, daemon: Daemon) -> None:
    daemon.answers["logs"] = {}
    hive("logs", "auth", "api", "-n", "5", "--grep", "err|warn", "--since", "1970-01-01T00:01:00Z")
    assert daemon.asked("logs") == [
        {
            "env": "shop/auth",
            "sources": ["api"],
            "lines": 5,
            "since": 60.0,
            "grep": "err|warn",
            "follow": False,
        }
    ]


def test_logs_print_time_source_and_text(hive: Run, daemon: Daemon) -> None:
    daemon.answers["logs"] = {}
    daemon.events["logs"] = [{"lines": [line(b"hello"), line(b"x", "web-frontend")]}]
    first, second = hive("logs", "auth").out.splitlines()
    assert first.endswith(".250 api          │ hello")
    assert second.endswith(" web-frontend │ x")


def test_log_bytes_never_steer_the_terminal(hive: Run, daemon: Daemon) -> None:
    daemon.answers["logs"] = {}
    daemon.events["logs"] = [{"lines": [line(b"\x1b[31mred\x1b]0;x\x07 \xff\x00")]}]
    assert hive("logs", "auth").out.endswith("api │ red· �·\n")
    assert "│ \x1b[31mred· �·\x1b[0m\n" in hive("logs", "auth", terminal=True).out


def test_logs_with_json_are_one_document(hive: Run, daemon: Daemon) -> None:
    daemon.answers["logs"] = {}
    daemon.events["logs"] = [{"lines": [line(b"a\x1b[2J")]}, {"lines": [line(b"b")]}]
    first, second = hive("logs", "auth", "--json").document["lines"]
    assert first == {"at": "2026-01-01T10:00:00.250Z", "source": "api", "text": "a\x1b[2J"}
    assert second["text"] == "b"


def test_followed_logs_with_json_are_one_object_a_line(hive: Run, daemon: Daemon) -> None:
    daemon.answers["logs"] = KeyboardInterrupt()
    daemon.events["logs"] = [{"lines": [line(b"a"), line(b"b")]}]
    ended = hive("logs", "auth", "-f", "--json")
    assert [json.loads(text)["text"] for text in ended.out.splitlines()] == ["a", "b"]
    assert ended.status == 130


def test_events_are_one_object_a_line(hive: Run, daemon: Daemon) -> None:
    daemon.answers["events"] = {}
    daemon.events["events"] = [{"events": [{"seq": 1}, {"seq": 2}]}]
    assert hive("events").out == '{"seq":1}\n{"seq":2}\n'
    hive("events", "auth", "-f", "-n", "3")
    assert daemon.asked("events") == [
        {"limit": 100, "follow": False, "env": None},
        {"limit": 3, "follow": True, "env": "shop/auth"},
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", NOW - 90),
        ("10m", NOW - 600),
        ("1.5h", NOW - 5400),
        ("1d", NOW - 86400),
        ("2026-01-01T09:00:00Z", NOW - 3600.25),
        ("2026-01-01T10:00:00.250+01:00", NOW - 3600),
    ],
)
def test_a_point_in_time_is_read(text: str, expected: float) -> None:
    assert since(text, now=NOW) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "yesterday", "10", "-5m", "10 parsecs"])
def test_what_is_no_point_in_time_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        since(text, now=NOW)


def test_a_bad_pattern_is_a_usage_error_before_the_daemon_is_asked(
    hive: Run, daemon: Daemon
) -> None:
    assert hive("logs", "auth", "--grep", "(").status == 2
    assert not daemon.asked("logs")


@pytest.mark.parametrize("at", [NOW, 0.0, 1.9996])
def test_a_stamp_reads_back(at: float) -> None:
    read = datetime.fromisoformat(stamp(at))
    assert read.tzinfo == UTC
    assert read.timestamp() == pytest.approx(at, abs=0.0006)
