"""init, schema, doctor, and the daemon's own command."""

from __future__ import annotations

from pathlib import Path

from hive_tui.model.errors import HiveError
from tests.unit.cli.conftest import Daemon, Run


def test_init_shows_what_it_wrote(hive: Run, daemon: Daemon) -> None:
    daemon.answers["init"] = {"path": "/srv/hive.toml", "text": '[project]\nname = "shop"\n'}
    out = hive("init", "--force").out
    assert "wrote /srv/hive.toml" in out
    assert '  name = "shop"\n' in out
    assert daemon.asked("init") == [{"cwd": "/srv/tree", "force": True, "write": True}]
    assert hive("init", "--json").document == daemon.answers["init"]


def test_schema_is_a_document_with_or_without_json(hive: Run, daemon: Daemon) -> None:
    daemon.answers["schema"] = {"$defs": {}}
    assert hive("schema").document == hive("schema", "--json").document == {"$defs": {}}


def test_doctor_joins_its_own_checks_with_the_daemons(
    hive: Run, daemon: Daemon, tmp_path: Path
) -> None:
    check = {"name": "hive.toml", "ok": True, "message": "shop", "hint": None}
    daemon.answers["doctor"] = {"checks": [check]}
    ended = hive("doctor", environ={"HIVE_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    assert "✓ python: " in ended.out
    assert "✓ hive.toml: shop\n" in ended.out


def test_doctor_without_a_daemon_still_answers(hive: Run, daemon: Daemon, tmp_path: Path) -> None:
    daemon.answers["doctor"] = HiveError("it cannot start\nboom", hint="hive daemon logs")
    environ = {"HIVE_HOME": str(tmp_path), "PATH": "/nowhere"}
    ended = hive("doctor", environ=environ)
    assert ended.status == 1
    assert "✗ daemon: it cannot start\n    boom\n    hive daemon logs\n" in ended.out
    assert "✗ git: not on PATH\n    install git" in ended.out
    checks = hive("doctor", "--json", environ=environ).document["checks"]
    assert {"daemon", "git", "python", "socket"} <= {check["name"] for check in checks}
    assert all(set(check) == {"name", "ok", "message", "hint"} for check in checks)


def test_status_without_a_daemon_is_an_answer(hive: Run, daemon: Daemon) -> None:
    daemon.running = False
    ended = hive("daemon", "status", "--json")
    assert ended.status == 0
    assert ended.document["running"] is False
    assert ended.document["pid"] is None
    assert ended.document["socket"] == "/nowhere/home/hive.sock"
    assert "not running" in hive("daemon", "status").out


def test_status_of_a_daemon_is_its_own_word(hive: Run, daemon: Daemon) -> None:
    known = {"running": True, "pid": 4711, "version": "0.1.0", "socket": "/s", "home": "/h"}
    daemon.answers["daemon.status"] = known
    assert hive("daemon", "status", "--json").document == known
    assert hive("daemon", "start", "--json").document == known
    assert "pid 4711" in hive("daemon", "status").out


def test_stop_says_that_services_go_on(hive: Run, daemon: Daemon) -> None:
    daemon.answers["daemon.stop"] = {}
    assert "services go on" in hive("daemon", "stop").out
    assert hive("daemon", "stop", "--json").document == {"running": False, "stopped": True}
    daemon.running = False
    ended = hive("daemon", "stop")
    assert (ended.status, ended.out) == (0, "no daemon runs\n")


def test_another_failure_than_no_daemon_is_told(hive: Run, daemon: Daemon) -> None:
    daemon.answers["daemon.status"] = HiveError("it hangs", code="daemon_stuck")
    ended = hive("daemon", "status", "--json")
    assert ended.status == 1
    assert ended.document["error"]["code"] == "daemon_stuck"


def test_logs_of_the_daemon_are_the_end_of_its_file(hive: Run, tmp_path: Path) -> None:
    environ = {"HIVE_HOME": str(tmp_path)}
    assert hive("daemon", "logs", environ=environ).status == 0
    (tmp_path / "daemon.log").write_text("one\ntwo\x1b[2J\nthree\n")
    assert hive("daemon", "logs", "-n", "2", environ=environ).out == "two·\nthree\n"
    document = hive("daemon", "logs", "--json", environ=environ).document
    assert document["lines"] == ["one", "two\x1b[2J", "three"]


def test_doctor_names_what_is_wrong_in_the_keymap(
    hive: Run, daemon: Daemon, tmp_path: Path
) -> None:
    daemon.answers["doctor"] = {"checks": []}
    environ = {"HIVE_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    assert "keymap" not in hive("doctor", environ=environ).out
    (tmp_path / "keymap.toml").write_text('"env.warm" = "W"\n"env.wram" = "X"\n')
    ended = hive("doctor", environ=environ)
    assert ended.status == 1
    assert f"✗ keymap: {tmp_path}/keymap.toml" in ended.out
    assert "did you mean 'env.warm'?" in ended.out
    (tmp_path / "keymap.toml").write_text('"env.warm" = "W"\n')
    assert "✓ keymap" in hive("doctor", environ=environ).out


def test_the_tour_needs_a_terminal(hive: Run, daemon: Daemon) -> None:
    ended = hive("tour")
    assert ended.status == 2
    assert "the tour needs a terminal" in ended.err
    assert daemon.asked("projects") == []
