"""Envs that nobody touches come to rest by themselves, and those that somebody needs do not."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from tests.hives import Yard

PROJECT = """
[limits.idle]
freeze = "{freeze}"
cool = "{cool}"
stop = "{stop}"
[ports]
base = {base}
block = 10
names = {{ web = 0 }}
[services.watch]
run = "exec sleep 1000"
when = "cold"
[services.web]
run = "exec sleep 1000 # {{{{port.web}}}}"
[tests.unit]
run = "exit 0"
"""


def make(yard: Yard, *names: str, freeze: str = "1s", cool: str = "1d", stop: str = "2d") -> None:
    base = yard.port_base()
    yard.make_repo(PROJECT.format(freeze=freeze, cool=cool, stop=stop, base=base))
    for name in names:
        yard.hive("spawn", name)
    yard.hive("warm", *names)
    yard.until(lambda: all(yard.env(name)["git"] for name in names), "the worktrees are watched")


def freeze_soon(yard: Yard) -> None:
    """Nobody is given more than a second from now on."""
    path = yard.repo / "hive.toml"
    path.write_text(path.read_text().replace('freeze = "2h"', 'freeze = "1s"'))


def state(yard: Yard, env: str) -> str:
    return str(yard.env(env)["state"])


def row(yard: Yard, env: str) -> dict[str, Any]:
    rows = yard.hive("idle", "--dry-run", "--json").json["idle"]
    found: dict[str, Any] = next(one for one in rows if one["env"] == env)
    return found


def rested(yard: Yard) -> list[str]:
    return [e["message"].partition(",")[0] for e in yard.events() if e["kind"] == "env.rested"]


def test_an_env_is_frozen_then_cooled_then_stopped(yard: Yard) -> None:
    make(yard, "a", freeze="1s", cool="5s", stop="9s")
    yard.until(lambda: state(yard, "a") == "stopped", "a is stopped")
    assert rested(yard) == ["a: frozen", "a: cooled", "a: stopped"]
    assert yard.runs() == {}


def test_a_pinned_env_is_left_as_it_is_and_says_so(yard: Yard) -> None:
    make(yard, "a", "b", freeze="2h")
    yard.hive("pin", "a")
    freeze_soon(yard)
    yard.until(lambda: state(yard, "b") == "frozen", "b is frozen")
    assert state(yard, "a") == "warm"
    assert row(yard, "a")["blocked"] == "it is pinned"
    yard.hive("unpin", "a")
    yard.until(lambda: state(yard, "a") == "frozen", "a is frozen")


def test_a_command_that_runs_in_it_keeps_an_env_awake_also_over_a_new_daemon(yard: Yard) -> None:
    make(yard, "a", "b", freeze="2h")
    command = yard.start("run", "a", "--", "sleep", "1000")
    try:
        yard.until(lambda: "sleep" in str(row(yard, "a")["blocked"]), "it is seen")
        freeze_soon(yard)
        yard.kill_daemon()
        yard.until(lambda: state(yard, "b") == "frozen", "b is frozen")
        assert row(yard, "a")["blocked"] == f"hive run sleep (pid {command.pid}) runs"
        assert state(yard, "a") == "warm"
    finally:
        command.kill()
        command.communicate()
    yard.until(lambda: state(yard, "a") == "frozen", "a is frozen once the command has ended")


def test_who_follows_its_logs_keeps_an_env_awake(yard: Yard) -> None:
    make(yard, "a", "b", freeze="2h")
    follower = yard.start("logs", "a", "-f")
    try:
        yard.until(lambda: row(yard, "a")["blocked"] is not None, "it is seen")
        freeze_soon(yard)
        yard.until(lambda: state(yard, "b") == "frozen", "b is frozen")
        assert row(yard, "a")["blocked"] == "its logs are followed"
        assert state(yard, "a") == "warm"
    finally:
        follower.kill()
        follower.communicate()


def frozen(yard: Yard) -> None:
    make(yard, "a")
    yard.until(lambda: state(yard, "a") == "frozen", "a is frozen")


@pytest.mark.parametrize(
    "use",
    [("url", "a"), ("test", "a"), ("run", "a", "--", "true"), ("warm", "a")],
    ids=lambda use: use[0],
)
def test_a_frozen_env_that_is_used_goes_on_by_itself(yard: Yard, use: tuple[str, ...]) -> None:
    frozen(yard)
    yard.hive(*use)
    thawed = [
        event["data"]
        for event in yard.events()
        if event["kind"] == "transition.ended" and event["data"]["transition"] in ("thaw", "warm")
    ]
    assert len(thawed) == 2, "the first warm, and the thaw"
    yard.until(lambda: rested(yard) == ["a: frozen"] * 2, "it rests again")


@pytest.mark.parametrize("look", [("status", "a"), ("why", "a"), ("logs", "a"), ("plan", "a")])
def test_a_look_at_a_frozen_env_leaves_it_frozen(yard: Yard, look: tuple[str, ...]) -> None:
    frozen(yard)
    yard.hive(*look)
    assert state(yard, "a") == "frozen"


def test_a_changed_file_is_a_touch_unless_git_ignores_it(yard: Yard) -> None:
    make(yard, "a", "b", freeze="2h")
    (yard.tree("b") / ".data").mkdir()
    yard.until(lambda: row(yard, "a")["idle_s"] > 0, "it is quiet")
    (yard.tree("b") / ".data" / "store.db").write_text("x")
    (yard.tree("a") / "notes.py").write_text("x")
    yard.until(lambda: "changed" in row(yard, "a")["last"], "the change is seen")
    assert "changed" not in row(yard, "b")["last"]


def test_an_edit_of_a_file_that_was_changed_already_is_a_touch_too(yard: Yard) -> None:
    make(yard, "a", freeze="4s")
    yard.hive("pin", "a")
    (yard.tree("a") / "notes.py").write_text("x\n")
    yard.until(lambda: "changed" in row(yard, "a")["last"], "the new file is seen")
    (yard.tree("a") / "notes.py").write_text("y\n")  # for git's figures nothing has changed
    yard.until(lambda: row(yard, "a")["last"] == "a file changed: notes.py", "the edit is seen")


def test_idle_time_survives_the_daemon(yard: Yard) -> None:
    make(yard, "a", freeze="2h")
    yard.until(lambda: row(yard, "a")["idle_s"] >= 4, "it has been idle for a while")
    before = row(yard, "a")["idle_s"]
    yard.hive("daemon", "stop")
    assert row(yard, "a")["idle_s"] >= before
    assert "idle" in {reason["cell"] for reason in reasons(yard)}


def reasons(yard: Yard) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yard.hive("why", "a", "--json").json["reasons"]
    return found


def test_why_says_when_it_comes_to_rest(yard: Yard) -> None:
    make(yard, "a", freeze="2h")
    told = {reason["cell"]: reason for reason in reasons(yard)}
    assert any("it is frozen" in line for line in told["idle"]["evidence"])
    assert told["memory"]["source"].startswith("its processes")


def test_a_shell_of_the_dashboard_lets_go_when_it_ends(yard: Yard) -> None:
    make(yard, "a", freeze="2h")
    other = subprocess.Popen(["sleep", "1000"])
    try:
        from hive_tui.client.calls import connect
        from hive_tui.model.home import locate

        link = connect(locate(yard.environ, uid=0), start=False)
        found = link.call("environ", {"env": "shop/a", "pid": other.pid, "what": "a shell"})
        assert row(yard, "a")["blocked"] == f"a shell (pid {other.pid}) runs"
        link.call("release_hold", {"lease": found["lease"]})
        assert row(yard, "a")["blocked"] is None
        link.close()
    finally:
        other.kill()
        other.wait()
