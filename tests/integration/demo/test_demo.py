"""`hive demo` as a newcomer runs it: what it shows, what a second run does, what a reset leaves."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hive_tui.demo.scenes import SCENES
from tests.hives import Yard

NAMES = [scene.name for scene in SCENES]


@pytest.fixture(scope="module")
def shown() -> Iterator[Yard]:
    """A home in which the demo has been shown; tests only look at it."""
    made = a_yard()
    try:
        done = made.hive("demo", "--no-dashboard")
        assert all(name in done.out for name in NAMES), done
        yield made
    finally:
        made.close()


@pytest.fixture
def empty() -> Iterator[Yard]:
    """A home of the test's own, beside an empty folder."""
    made = a_yard()
    try:
        yield made
    finally:
        made.close()


def a_yard() -> Yard:
    made = Yard(Path(tempfile.mkdtemp(prefix="hv-")))
    made.repo.mkdir()
    return made


def listed(yard: Yard) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yard.hive("list", "--json").json["environments"]
    return found


def ports(yard: Yard) -> list[int]:
    """Every port that the demo's envs have."""
    return [port for env in listed(yard) for port in env["ports"]["names"].values()]


def unit(yard: Yard, env: str) -> str:
    """State of an env's suite."""
    return str(yard.env(env)["tests"][0]["state"])


def refuses(port: int) -> bool:
    """Whether nobody listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def assert_nothing_is_left(yard: Yard, given: list[int]) -> None:
    assert listed(yard) == []
    assert yard.runs() == {}
    assert [path.name for path in yard.home.glob("demo*")] == []
    assert list((yard.home / "logs").iterdir()) == []
    assert all(refuses(port) for port in given)
    assert yard.hive("undo", status=3).out == ""


def test_five_envs_show_five_states(shown: Yard) -> None:
    envs = listed(shown)
    assert [env["name"] for env in envs] == NAMES
    assert all(scene.reached(env) for scene, env in zip(SCENES, envs, strict=True))
    git = {env["name"]: env["git"] for env in envs}
    assert all(one["ahead"] for one in git.values())
    assert git["auth-refactor"]["dirty"] == 1
    assert git["cart-cleanup"]["behind"] == 1
    assert unit(shown, "new-checkout") == "never"


def test_the_env_that_is_warming_builds_for_a_while_and_gets_warm(shown: Yard) -> None:
    shown.until(lambda: listed(shown)[-1]["state"] == "warm", "new-checkout is warm")
    trace = shown.hive("trace", "new-checkout", "--json").json
    build = next(step for step in trace["steps"] if step["name"] == "build")
    assert build["critical"]


@pytest.mark.parametrize("name", ["auth-refactor", "billing-v2", "search-index"])
def test_each_warm_env_has_a_page_and_a_database_of_its_own(shown: Yard, name: str) -> None:
    url = shown.hive("url", name, "web").out.strip()
    page = urllib.request.urlopen(url, timeout=10).read().decode()
    assert f"<h1>{name}</h1>" in page
    assert f"{name.replace('-', '_')}.db" in page
    assert "Queen marker" in page


def test_hive_says_why_the_worker_does_not_stay_up(shown: Yard) -> None:
    said = shown.hive("why", "search-index", "worker").out
    assert "crash-loops" in said
    assert "No such file or directory: '.data/search.index'" in said


def test_a_file_that_is_saved_reruns_the_suite_of_its_env(shown: Yard) -> None:
    worktree = Path(shown.env("cart-cleanup")["worktree"])
    with (worktree / "shop" / "prices.py").open("a") as file:
        file.write("# fair\n")
    shown.until(lambda: unit(shown, "cart-cleanup") == "passed", "the suite has run by itself")


def test_a_second_demo_changes_nothing(shown: Yard) -> None:
    shown.until(lambda: listed(shown)[-1]["state"] == "warm", "new-checkout is warm")

    def told() -> tuple[list[Any], list[Any]]:
        runs = [[service["pid"] for service in env["services"]] for env in listed(shown)]
        return runs, shown.hive("events").out.splitlines()

    before = told()
    again = shown.hive("demo", "--json")
    assert [env["name"] for env in again.json["environments"]] == NAMES
    assert again.err == ""
    assert told() == before


def test_reset_leaves_nothing_behind(empty: Yard) -> None:
    assert "no demo" in empty.hive("demo", "--reset").out
    done = empty.hive("demo")  # no terminal: as with --no-dashboard
    assert "needs a terminal" in done.err
    given = ports(empty)
    empty.hive("demo", "--reset")
    assert_nothing_is_left(empty, given)
    assert "no demo" in empty.hive("demo", "--reset").out


def interrupted(empty: Yard, line: str) -> subprocess.Popen[str]:
    """A demo that got Ctrl-C as soon as it had said something."""
    process = empty.start("demo", "--no-dashboard")
    assert process.stderr is not None
    for said in process.stderr:
        if line in said:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, (out, err)
    assert "goes on from here" in err
    return process


def test_a_demo_that_was_interrupted_goes_on_where_it_stopped(empty: Yard) -> None:
    interrupted(empty, "making the sample project")
    interrupted(empty, "search-index: step worktree")
    interrupted(empty, "step migrate")
    empty.hive("demo", "--no-dashboard")
    envs = {env["name"]: env for env in listed(empty)}
    assert all(scene.reached(envs[scene.name]) for scene in SCENES)


@pytest.mark.parametrize("line", ["making", "billing-v2: step worktree", "step migrate"])
def test_a_half_made_demo_can_be_reset(empty: Yard, line: str) -> None:
    interrupted(empty, line)
    given = ports(empty)
    empty.hive("demo", "--reset")
    assert_nothing_is_left(empty, given)


def test_a_demo_whose_folder_was_deleted_is_made_anew_and_reset(empty: Yard) -> None:
    empty.hive("demo", "--no-dashboard")
    shutil.rmtree(empty.home / "demo")
    empty.hive("demo", "--no-dashboard")
    assert all(scene.reached(env) for scene, env in zip(SCENES, listed(empty), strict=True))
    given = ports(empty)
    shutil.rmtree(empty.home / "demo")
    empty.hive("demo", "--reset")
    assert_nothing_is_left(empty, given)


def test_two_homes_show_the_demo_at_once_on_ports_of_their_own(empty: Yard) -> None:
    other = a_yard()
    try:
        demos = [one.start("demo", "--no-dashboard") for one in (empty, other)]
        for demo in demos:
            out, err = demo.communicate(timeout=100)
            assert demo.returncode == 0, (out, err)
        for one in (empty, other):
            assert all(scene.reached(e) for scene, e in zip(SCENES, listed(one), strict=True))
        assert not set(ports(empty)) & set(ports(other))
    finally:
        other.close()


def test_the_demo_does_not_take_the_name_of_a_users_project(yard: Yard) -> None:
    yard.make_repo("")
    toml = (yard.repo / "hive.toml").read_text()
    (yard.repo / "hive.toml").write_text(toml.replace('"shop"', '"demo-shop"'))
    yard.hive("spawn", "mine")
    refused = yard.hive("demo", "--no-dashboard", status=1)
    assert "of your own" in refused.err
    yard.hive("demo", "--reset")
    assert yard.names() == ["mine"]
