"""`hive demo --containers`: PostgreSQL shared by template, a Redis per env, on a real engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hive_tui.demo.stack_scenes import SCENES
from tests import engines
from tests.hives import Yard
from tests.stack_demo import NAMES, home, listed, order, show, tickets
from tests.stacks import Stack


@pytest.fixture(scope="module")
def shown() -> Iterator[Stack]:
    """A home in which the demo has been shown; tests leave its envs as they are."""
    engines.need()
    with home() as stack:
        show(stack)
        yield stack


def test_every_env_is_warm_and_its_suite_has_passed_against_the_stack(shown: Stack) -> None:
    envs = listed(shown)
    assert [env["name"] for env in envs] == NAMES
    assert all(scene.reached(env) for scene, env in zip(SCENES, envs, strict=True))


def test_one_postgres_serves_all_and_each_has_a_redis_and_a_database_of_its_own(
    shown: Stack,
) -> None:
    assert len(shown.left()["containers"]) == len(NAMES) + 1
    one, other = NAMES[:2]
    pids = {service["pid"] for env in listed(shown) for service in env["services"]}
    assert len(pids) == len(NAMES) * 3 + 1
    ticket = order(shown, one)
    assert ticket in tickets(shown, one)
    assert ticket not in tickets(shown, other)


def test_envs_with_the_same_seeds_copy_one_template(shown: Stack) -> None:
    logs = [path.read_text() for path in (shown.yard.home / "logs").glob("*/pg-seed.log")]
    assert sum(text.count("seeded shop_seed_") for text in logs) == 2
    assert sum("migrated 003_stock.sql" in text for text in logs) == 1


def test_database_and_queue_come_back_from_a_snapshot_and_go_into_a_new_env(shown: Stack) -> None:
    env = NAMES[0]
    kept = order(shown, env)
    shown.yard.hive("snapshot", env, "good")
    lost = order(shown, env)
    shown.yard.hive("restore", env, "good")
    assert kept in tickets(shown, env)
    assert lost not in tickets(shown, env)
    shown.yard.hive("spawn", "copy", "--from", f"{env}:good", "--warm")
    try:
        assert kept in tickets(shown, "copy")
        steps = [step["name"] for step in shown.yard.hive("trace", "copy", "--json").json["steps"]]
        assert "migrate" not in steps
    finally:
        shown.yard.hive("destroy", "copy", "--force")


def test_reset_leaves_nothing_in_the_engine() -> None:
    engines.need()
    with home() as stack:
        show(stack)
        stack.yard.repo = stack.yard.folder
        stack.yard.hive("demo", "--containers", "--reset")
        assert not any(stack.left().values())
        assert listed(stack) == []
        assert stack.yard.runs() == {}
        assert not list(stack.yard.home.glob("demo*"))
        assert "no demo" in stack.yard.hive("demo", "--containers", "--reset").out


def test_without_an_engine_it_says_so_and_makes_nothing(yard: Yard) -> None:
    yard.repo.mkdir()
    yard.extra["DOCKER_HOST"] = f"unix://{yard.folder}/none.sock"
    told = yard.hive("demo", "--containers", "--no-dashboard", status=1).err
    assert "needs a container engine" in told
    assert "`hive demo` alone needs none" in told
    assert not list(yard.home.glob("demo*"))


def test_an_image_that_cannot_be_had_is_named_with_the_variable_that_replaces_it() -> None:
    engines.need()
    with home({"HIVE_DEMO_REDIS": "127.0.0.1:9/none:1"}) as stack:
        told = stack.yard.hive("demo", "--containers", "--no-dashboard", status=1).err
        assert "HIVE_DEMO_REDIS (now 127.0.0.1:9/none:1)" in told
        stack.yard.hive("demo", "--containers", "--reset")
        assert not any(stack.left().values())
