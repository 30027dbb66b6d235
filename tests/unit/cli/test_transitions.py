"""Commands that change envs: what they ask for, print, and end with."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from hive_tui.model.errors import ConfigError, HiveError, NotFoundError, RefusedError
from tests.unit.cli.conftest import Daemon, Run, result


def test_spawn_asks_for_what_the_options_say(hive: Run, daemon: Daemon) -> None:
    daemon.answers["spawn"] = result(transition="spawn")
    words = ["--base", "main", "--branch", "b", "--reuse-branch", "--warm", "--no-wait"]
    words += ["--allow", "src/**", "--allow", "*.md", "--deny", "*.lock"]
    assert hive("spawn", "auth", *words).status == 0
    assert daemon.asked("spawn") == [
        {
            "cwd": "/srv/tree",
            "name": "auth",
            "base": "main",
            "branch": "b",
            "reuse_branch": True,
            "warm": True,
            "wait": False,
            "allow": ["src/**", "*.md"],
            "deny": ["*.lock"],
            "agent": None,
            "prompt": None,
        }
    ]


def test_spawn_passes_an_agent_and_its_prompt_on(hive: Run, daemon: Daemon) -> None:
    daemon.answers["spawn"] = result(transition="spawn")
    hive("spawn", "auth", "--agent", "claude", "--prompt", "fix it", "--json")
    (params,) = daemon.asked("spawn")
    assert (params["agent"], params["prompt"]) == ("claude", "fix it")


@pytest.mark.parametrize("transition", ["warm", "cool", "start", "stop", "freeze", "thaw"])
def test_each_transition_is_asked_for_by_its_name(
    hive: Run, daemon: Daemon, transition: str
) -> None:
    daemon.answers["transition"] = result(transition=transition)
    ended = hive(transition, "auth", "--json")
    assert ended.document == {"results": [result(transition=transition)]}
    assert daemon.asked("transition") == [
        {"env": "shop/auth", "transition": transition, "wait": True}
    ]


def test_success_is_said_in_one_line(hive: Run, daemon: Daemon) -> None:
    daemon.answers["transition"] = result()
    assert hive("warm", "auth").out == "auth: warm succeeded in 8.1 s\n"
    daemon.answers["transition"] = result(outcome="unchanged", makespan_s=0.0)
    assert hive("warm", "auth").out == "auth: warm: nothing to do\n"


def test_nobody_waits_for_the_end_of_a_transition_without_wait(hive: Run, daemon: Daemon) -> None:
    daemon.answers["transition"] = result(outcome=None, makespan_s=None)
    ended = hive("warm", "auth", "--no-wait")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith("auth: warm is under way")
    assert daemon.asked("transition")[0]["wait"] is False


def test_a_failed_step_ends_with_one_and_its_reason(hive: Run, daemon: Daemon) -> None:
    error = {
        "code": "step_failed",
        "message": "auth: build failed\nboom",
        "hint": "look",
        "env": "auth",
    }
    daemon.answers["transition"] = result(outcome="failed", error=error | {"status": 1})
    ended = hive("warm", "auth")
    assert (ended.status, ended.out) == (1, "")
    assert "hive: auth: warm failed: build failed\n      boom\n      look\n" in ended.err
    assert hive("warm", "auth", "--json").document["results"][0]["error"] == error


def test_several_envs_run_side_by_side(hive: Run, daemon: Daemon) -> None:
    together = threading.Barrier(2)

    def answer(params: dict[str, Any]) -> Any:
        together.wait(timeout=30)
        return result(env=params["env"].partition("/")[2])

    daemon.answers["transition"] = answer
    ended = hive("warm", "billing", "auth", "--json")
    assert ended.status == 0
    assert [one["env"] for one in ended.document["results"]] == ["billing", "auth"]


def test_the_worst_status_wins_and_each_env_is_reported(hive: Run, daemon: Daemon) -> None:
    def answer(params: dict[str, Any]) -> Any:
        if params["env"] == "shop/auth":
            return RefusedError("3 files would be lost", hint="--force", code="dirty_worktree")
        return result(env="billing", transition="destroy")

    daemon.answers["destroy"] = answer
    ended = hive("destroy", "auth", "nosuch", "billing", "--json")
    assert ended.status == 4
    outcomes = {one["env"]: one["outcome"] for one in ended.document["results"]}
    assert outcomes == {"auth": "refused", "nosuch": "failed", "billing": "succeeded"}
    errors = {one["env"]: one["error"] for one in ended.document["results"]}
    assert errors["auth"]["code"] == "dirty_worktree"
    assert errors["auth"]["env"] == "auth"
    assert errors["nosuch"]["code"] == "not_found"


def test_an_env_named_twice_is_asked_once(hive: Run, daemon: Daemon) -> None:
    daemon.answers["transition"] = result()
    hive("warm", "auth", "shop/auth")
    assert len(daemon.asked("transition")) == 1


@pytest.mark.parametrize(
    "refusal",
    [
        RefusedError("3 files", hint="--force", code="dirty_worktree"),
        result(
            transition="destroy",
            outcome="refused",
            error={"code": "dirty_worktree", "message": "3 files", "hint": "--force"},
        ),
    ],
)
def test_a_refused_destroy_ends_with_four(hive: Run, daemon: Daemon, refusal: Any) -> None:
    daemon.answers["destroy"] = refusal
    ended = hive("destroy", "auth", "--json")
    assert ended.status == 4
    (one,) = ended.document["results"]
    assert one["outcome"] == "refused"
    assert one["error"]["code"] == "dirty_worktree"
    assert "--force" in hive("destroy", "auth").err


def test_destroy_prints_where_the_lost_work_is(hive: Run, daemon: Daemon) -> None:
    recovery = "refs/hive/recovery/auth"
    daemon.answers["destroy"] = result(transition="destroy", recovery=recovery)
    assert recovery in hive("destroy", "auth", "--force").out
    assert daemon.asked("destroy")[0]["force"]


@pytest.mark.parametrize(
    ("error", "status"),
    [(NotFoundError("no env"), 3), (ConfigError("hive.toml:3: cycle"), 2)],
)
def test_what_was_wrong_from_the_start_is_an_error_document(
    hive: Run, daemon: Daemon, error: HiveError, status: int
) -> None:
    daemon.answers["spawn"] = error
    ended = hive("spawn", "auth", "--json")
    assert ended.status == status
    assert ended.document == {"error": error.as_json()}


def test_single_services_are_started_and_stopped(hive: Run, daemon: Daemon) -> None:
    daemon.answers["service"] = result(transition="stop")
    assert hive("stop", "auth", "--service", "api", "--service", "web").status == 0
    assert daemon.asked("service") == [
        {"env": "shop/auth", "action": "stop", "services": ["api", "web"], "wait": True}
    ]


def test_restart_infers_the_env_and_needs_a_service(hive: Run, daemon: Daemon) -> None:
    daemon.inside = "shop/auth"
    daemon.answers["service"] = result(transition="restart")
    assert hive("restart", "api").status == 0
    assert daemon.asked("service")[0]["services"] == ["api"]
    assert hive("restart").status == 2


def test_ctrl_c_stops_watching_and_says_so(hive: Run, daemon: Daemon) -> None:
    daemon.answers["transition"] = KeyboardInterrupt()
    ended = hive("warm", "auth")
    assert ended.status == 130
    assert "warm of auth goes on" in ended.err
    assert "`hive list`" in ended.err
    assert hive("warm", "auth", "--json").document["error"]["code"] == "interrupted"


def test_a_bug_in_a_thread_is_not_swallowed(hive: Run, daemon: Daemon) -> None:
    daemon.answers["transition"] = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        hive("warm", "auth", "billing")


def test_progress_names_its_env_where_there_are_several(hive: Run, daemon: Daemon) -> None:
    daemon.answers["transition"] = lambda params: result(env=params["env"].partition("/")[2])
    daemon.events["transition"] = [
        {"kind": "step", "step": "build", "state": "succeeded", "elapsed_s": 4.0}
    ]
    assert hive("warm", "auth").err == "step build … done in 4.0 s\n"
    assert "auth: step build … done in 4.0 s\n" in hive("warm", "auth", "billing").err


def test_undo_adopt_and_release_say_what_they_did(hive: Run, daemon: Daemon) -> None:
    daemon.answers["undo"] = {"env": "shop/auth", "notes": ["ports have changed"]}
    daemon.answers["adopt"] = {"env": "shop/hotfix"}
    daemon.answers["release"] = {"env": "shop/auth"}
    assert hive("undo").out == "shop/auth is back\nports have changed\n"
    assert hive("undo", "--json").document == daemon.answers["undo"]
    assert "shop/hotfix" in hive("adopt", "../x", "--name", "hotfix").out
    assert daemon.asked("adopt") == [{"path": "/srv/x", "name": "hotfix", "cwd": "/srv/tree"}]
    assert "are left" in hive("release", "auth").out
    assert hive("release", "auth", "--json").document == {"env": "shop/auth"}


def test_adopt_all_says_which_it_took_and_which_it_left(hive: Run, daemon: Daemon) -> None:
    daemon.answers["adopt_all"] = {
        "adopted": [{"env": "shop/fix", "worktree": "/srv/fix", "branch": "fix"}],
        "skipped": [{"worktree": "/srv/shop", "branch": "main", "reason": "it is the main one"}],
    }
    out = hive("adopt", "--all").out
    assert out == "adopted /srv/fix as shop/fix\nleft /srv/shop: it is the main one\n"
    assert daemon.asked("adopt_all") == [{"cwd": "/srv/tree"}]
    assert hive("adopt", "--all", "--json").document == daemon.answers["adopt_all"]


@pytest.mark.parametrize("words", [(), ("../x", "--all"), ("--all", "--name", "x")])
def test_adopt_takes_a_path_or_all(hive: Run, words: tuple[str, ...]) -> None:
    assert hive("adopt", *words).status == 2
