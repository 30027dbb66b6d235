"""One service of an env at a time; and what this version cannot run yet."""

from __future__ import annotations

import pytest

from tests.hives import Yard, alive

THREE = """
[services.db]
run = "exec sleep 1000"
[services.api]
run = "exec sleep 1000"
needs = ["db"]
[services.web]
run = "exec sleep 1000"
needs = ["api"]
"""


@pytest.fixture
def chain(yard: Yard) -> Yard:
    """The env `auth`: web needs api, api needs db."""
    yard.make_repo(THREE)
    yard.hive("spawn", "auth")
    return yard


def states(yard: Yard) -> dict[str, str]:
    """State of each service."""
    return {s["name"]: s["state"] for s in yard.env("auth")["services"]}


def pids(yard: Yard) -> dict[str, int]:
    """Process of each service."""
    return {s["name"]: s["pid"] for s in yard.env("auth")["services"]}


def test_a_start_brings_up_what_the_service_needs_and_no_more(chain: Yard) -> None:
    chain.hive("start", "auth", "--service", "api")
    assert states(chain) == {"db": "ready", "api": "ready", "web": "stopped"}


def test_a_stop_takes_only_that_service_down(chain: Yard) -> None:
    chain.hive("warm", "auth")
    before = pids(chain)
    chain.hive("stop", "auth", "--service", "web")
    assert states(chain) == {"db": "ready", "api": "ready", "web": "stopped"}
    assert not alive(before["web"])
    assert chain.env("auth")["state"] != "failed"
    chain.hive("warm", "auth")
    assert pids(chain)["api"] == before["api"]


def test_a_restart_gives_a_service_a_new_process_and_leaves_the_others(chain: Yard) -> None:
    chain.hive("warm", "auth")
    before = pids(chain)
    result = chain.hive("restart", "auth", "web", "--json").json["results"][0]
    assert (result["env"], result["outcome"]) == ("auth", "succeeded")
    after = pids(chain)
    assert after["web"] != before["web"]
    assert (after["db"], after["api"]) == (before["db"], before["api"])
    assert chain.env("auth")["state"] == "warm"
    assert len(chain.runs()) == 3


def test_a_service_that_is_not_there_is_named_with_what_is_near(chain: Yard) -> None:
    for words in (
        ("restart", "auth", "appi"),
        ("start", "auth", "--service", "appi"),
        ("stop", "auth", "--service", "appi"),
    ):
        assert "api" in chain.hive(*words, status=3).err
    chain.hive("restart", "auth", status=2)
