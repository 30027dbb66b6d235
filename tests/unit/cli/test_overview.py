"""list, status, ports and url: their text and their JSON."""

from __future__ import annotations

import pytest

from hive_tui.cli.context import Context
from hive_tui.model.errors import NotFoundError
from tests.unit.cli.conftest import Daemon, Run, env_view, service, suite


def test_list_prints_the_daemons_document(hive: Run, daemon: Daemon) -> None:
    daemon.answers["list"] = {"environments": [env_view()]}
    ended = hive("list", "--json")
    assert ended.status == 0
    assert ended.document == {"environments": [env_view()]}
    assert ended.out.endswith("}\n")


def test_list_shows_one_aligned_row_per_env(hive: Run, daemon: Daemon) -> None:
    cold = env_view(name="billing-v2", state="cold", tests=[], git=None, services=[])
    daemon.answers["list"] = {"environments": [env_view(), cold]}
    header, auth, billing = hive("list").out.splitlines()
    assert header.split() == ["NAME", "STATE", "SERVICES", "TESTS", "GIT", "PORTS", "MEMORY"]
    assert auth.split("  ")[0] == "auth"
    for part in ("● warm", "2/2", "unit ✓ 41", "↑2 ~3 +120 -8", "10000-10999", "412 MB"):
        assert part in auth
    assert auth.index("●") == billing.index("○") == header.index("STATE")


def test_list_names_the_broken_service_and_the_reason(hive: Run, daemon: Daemon) -> None:
    broken = env_view(
        state="degraded",
        reason="api crashed 5 times",
        services=[service("web"), service("api", "backoff")],
        tests=[suite("unit", "failed", failed=2, stale=True)],
    )
    daemon.answers["list"] = {"environments": [broken]}
    out = hive("list").out
    assert "▲ degraded" in out
    assert "1/2 api backoff" in out
    assert "unit ✗ 2/43 ◌ stale" in out
    assert "  └ api crashed 5 times\n" in out


def test_list_shows_how_far_a_transition_is(hive: Run, daemon: Daemon) -> None:
    progress = {"transition": "warm", "done": 3, "all": 9, "eta_s": 12.5, "running": ["build"]}
    daemon.answers["list"] = {"environments": [env_view(state="warming", progress=progress)]}
    assert "◐ warming 3/9 ~12.5 s" in hive("list").out


def test_list_writes_the_project_only_where_there_are_several(hive: Run, daemon: Daemon) -> None:
    daemon.answers["list"] = {"environments": [env_view(), env_view(project="site")]}
    assert "site/auth" in hive("list").out


@pytest.mark.parametrize(
    ("width", "last"), [("200", "MEMORY"), ("60", "GIT"), ("30", "SERVICES"), ("10", "STATE")]
)
def test_list_drops_columns_that_do_not_fit(
    hive: Run, daemon: Daemon, monkeypatch: pytest.MonkeyPatch, width: str, last: str
) -> None:
    monkeypatch.setattr(Context, "width", lambda *_: int(width))
    daemon.answers["list"] = {"environments": [env_view()]}
    assert hive("list").out.splitlines()[0].split()[-1] == last


def test_list_of_nothing_says_what_to_do(hive: Run, daemon: Daemon) -> None:
    daemon.answers["list"] = {"environments": []}
    assert "hive spawn NAME" in hive("list").out


def test_list_is_coloured_only_on_a_terminal_that_wants_it(hive: Run, daemon: Daemon) -> None:
    daemon.answers["list"] = {"environments": [env_view()]}
    assert "\x1b[32m● warm" in hive("list", terminal=True).out
    for environ in ({"TERM": "dumb"}, {"TERM": "xterm", "NO_COLOR": "1"}, {}):
        plain = {"HIVE_HOME": "/nowhere", **environ}
        assert "\x1b" not in hive("list", terminal=True, environ=plain).out


def test_a_name_from_outside_cannot_steer_the_terminal(hive: Run, daemon: Daemon) -> None:
    nasty = env_view(reason="\x1b]0;owned\x07", branch="\x1b[2J", worktree="/\x1b[H")
    daemon.answers["list"] = {"environments": [nasty]}
    daemon.answers["status"] = {"environment": nasty, "detail": {}}
    assert "\x1b" not in hive("list").out + hive("status", "auth").out


def test_status_infers_the_env_from_the_folder(hive: Run, daemon: Daemon) -> None:
    daemon.inside = "shop/billing"
    daemon.answers["status"] = {"environment": env_view(name="billing"), "detail": {}}
    ended = hive("status", "--json")
    assert ended.document == {"environment": env_view(name="billing")}
    assert daemon.asked("resolve") == [{"words": [], "cwd": "/srv/tree", "inside": None}]
    assert daemon.asked("status") == [{"env": "shop/billing"}]


def test_status_of_no_env_is_not_found(hive: Run, daemon: Daemon) -> None:
    ended = hive("status", "nosuch", "--json")
    assert ended.status == 3
    assert ended.document["error"]["code"] == "not_found"


def test_inside_an_env_a_wrong_name_is_not_taken_for_that_env(hive: Run, daemon: Daemon) -> None:
    daemon.inside = "shop/billing"
    assert hive("status", "nosuch").status == 3
    assert not daemon.asked("status")


def test_status_shows_services_tasks_tests_waits_and_the_failure(hive: Run, daemon: Daemon) -> None:
    detail = {
        "base": "main",
        "services": [{"name": "api", "reason": "exit 1, next try in 2 s", "ports": [10001]}],
        "tasks": [{"name": "build", "state": "succeeded", "duration_s": 4.0, "reason": None}],
        "waiting": [{"step": "start:web", "reason": "need api"}],
        "failure": {"step": "start:api", "reason": "exit 1", "tail": ["Traceback", "boom"]},
        "last": {"transition": "warm", "outcome": "failed", "makespan_s": 2.0},
    }
    view = env_view(state="degraded", services=[service("api", "backoff", restarts=2, exit_code=1)])
    daemon.answers["status"] = {"environment": view, "detail": detail}
    out = hive("status", "auth").out
    for part in (
        "shop/auth  ▲ degraded  (wanted warm)",
        "branch    auth from main",
        "▲ backoff",
        ":10001",
        "2 restarts",
        "exit 1, next try in 2 s",
        "build  succeeded  4.0 s",
        "start:web  need api",
        "failed: start:api: exit 1",
        "  │ boom",
        "warm failed in 2.0 s",
    ):
        assert part in out


def test_ports_says_who_listens(hive: Run, daemon: Daemon) -> None:
    row = {
        "env": "auth",
        "name": "web",
        "port": 10000,
        "listening": True,
        "pid": 4242,
        "process": "python",
        "service": "web",
        "foreign": False,
    }
    daemon.answers["ports"] = {"ports": [row, row | {"name": "api", "foreign": True}]}
    out = hive("ports").out
    assert "listening" in out
    assert "python (4242)" in out
    assert "taken by a stranger" in out
    assert daemon.asked("ports") == [{"env": None, "cwd": "/srv/tree"}]
    assert hive("ports", "auth", "--json").document == {
        "ports": [row, row | {"name": "api", "foreign": True}]
    }


def test_url_prints_only_the_address(hive: Run, daemon: Daemon) -> None:
    daemon.answers["url"] = {"url": "http://127.0.0.1:10000"}
    assert hive("url", "auth", "web").out == "http://127.0.0.1:10000\n"
    assert daemon.asked("url") == [{"env": "shop/auth", "service": "web"}]
    assert hive("url", "auth", "web", "api").status == 2


def test_an_unknown_service_ends_with_three(hive: Run, daemon: Daemon) -> None:
    daemon.answers["url"] = NotFoundError("no service 'wbe'", hint="did you mean `web`?")
    ended = hive("url", "auth", "wbe")
    assert (ended.status, ended.err) == (3, "hive: no service 'wbe'\n      did you mean `web`?\n")


def test_the_list_shows_agents_and_what_they_want(hive: Run, daemon: Daemon) -> None:
    asks = {"kind": "claude", "state": "waiting", "since": None, "reason": "permission: Bash(ls)"}
    works = {**asks, "state": "working", "reason": "runs Bash(make)"}
    daemon.answers["list"] = {
        "environments": [
            env_view(name="auth", agent=asks),
            env_view(name="billing", agent=works),
            env_view(name="cart", agent=None),
        ]
    }
    header, auth, billing, cart = hive("list").out.splitlines()
    assert "AGENT" in header
    assert "◆ claude waiting permission: Bash(ls)" in auth
    assert "◐ claude working" in billing
    assert "make" not in billing
    assert "claude" not in cart
