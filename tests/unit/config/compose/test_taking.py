"""Which services are taken, what they wait for, and how their ports are named."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hive_tui.config.compose.keys import TAKEN
from hive_tui.config.compose.taking import Request, take
from tests.unit.config.compose.files import Texts, took

_CHAIN = """
services:
  web: {image: w, depends_on: [api]}
  api: {image: a, depends_on: {db: {condition: service_healthy}}}
  db: {image: d, healthcheck: {test: ok}}
  mail: {image: m}
"""


def test_chosen_services_come_with_what_they_need() -> None:
    assert list(took(_CHAIN, services=["api"]).services) == ["api", "db"]


def test_a_chosen_service_that_is_not_there_is_a_problem() -> None:
    (problem,) = took(_CHAIN, services=["apu"]).problems

    assert "services.apu: there is no such service" in str(problem)


def test_one_that_hive_runs_as_a_process_is_no_container() -> None:
    taken = took(_CHAIN, own={"api": {"run": "serve"}})

    assert list(taken.services) == ["web", "db", "mail"]
    assert taken.services["web"]["needs"] == ["api"]


def test_waiting_for_an_end_makes_a_service_that_runs_once() -> None:
    text = """
services:
  web: {image: w, depends_on: {job: {condition: service_completed_successfully}}}
  job: {image: j, restart: always, healthcheck: {test: ok}}
"""
    assert took(text).services["job"] == {"image": "j", "once": True}


def test_waiting_for_health_that_nothing_tells_is_a_problem_unless_hive_toml_tells() -> None:
    text = """
services:
  web: {image: w, depends_on: {db: {condition: service_healthy}}}
  db: {image: d}
"""
    (problem,) = took(text).problems
    assert (problem.line, problem.hint) == (
        3,
        "give it one: [services.db] ready = { … }",
    )
    assert took(text, own={"db": {"ready": {"log": "x"}}}).problems == ()


def test_waiting_for_health_without_a_check_looks_at_the_port() -> None:
    text = """
services:
  web: {image: w, depends_on: {db: {condition: service_healthy}}}
  db: {image: d, ports: ["9:5432"]}
"""
    assert took(text).services["db"]["ready"] == {"tcp": "db"}


@pytest.mark.parametrize(
    ("ports", "names", "numbers"),
    [
        ("['3000:80']", {"a": 80}, {"a": 3000}),
        ("['127.0.0.1:3000:80/tcp', '443']", {"a": 80, "a-443": 443}, {"a": 3000}),
        ("['3000-3001:80-81']", {"a": 80, "a-81": 81}, {"a": 3000, "a-81": 3001}),
        ("[80]", {"a": 80}, {}),
        ("['[::1]:3000:80']", {"a": 80}, {"a": 3000}),
        ("[{target: 80, published: '3000', name: http}]", {"a-http": 80}, {"a-http": 3000}),
        ("['3000:80', '3001:80']", {"a": 80}, {"a": 3000}),
        ("['{{port.web}}:80']", {}, {}),
    ],
)
def test_published_ports_get_names(
    ports: str, names: dict[str, int], numbers: dict[str, int]
) -> None:
    taken = took(f"services:\n  a: {{image: i, ports: {ports}}}\n")

    assert taken.services["a"].get("ports", {}) == names
    assert taken.numbers == numbers


def test_offsets_are_named_after_the_numbers_and_avoid_those_of_hive_toml() -> None:
    text = """
services:
  a: {image: i, ports: ["5432:1"]}
  b: {image: i, ports: ["6432:1"]}
  c: {image: i, ports: ["3000:1"]}
"""
    assert took(text, offsets={"web": 0, "c": 7}).ports == {"a": 432, "b": 433}


def test_a_port_that_hive_toml_names_keeps_that_name() -> None:
    own = {"a": {"ports": {"http": 80}}}
    taken = took("services:\n  a: {image: i, ports: ['3000:80', '9:9']}\n", own=own)

    assert taken.services["a"]["ports"] == {"http": 80, "a-9": 9}
    assert list(taken.ports) == ["a-9"]


def test_a_shared_service_takes_no_place_in_the_block() -> None:
    own = {"a": {"scope": "shared"}}

    assert took("services:\n  a: {image: i, ports: ['1:1']}\n", own=own).ports == {}


def test_services_that_use_an_image_that_another_one_builds_build_it_too() -> None:
    text = "services:\n  a: {image: own, build: .}\n  b: {image: own}\n  c: {image: else}\n"
    services = took(text).services

    assert services["a"]["build"] == services["b"]["build"] == {"context": "."}
    assert services["c"]["image"] == "else"


def test_names_are_written_small_and_odd_ones_are_refused() -> None:
    taken = took(
        "services:\n  DB: {image: i}\n  my.db: {image: i}\n  a: {image: i, depends_on: [DB]}\n"
    )

    assert taken.services["a"]["needs"] == ["db"]
    assert [problem.path for problem in taken.problems] == ["services.my.db"]


def test_a_network_from_outside_is_a_note() -> None:
    (note,) = took("services:\n  a: {image: i}\nnetworks:\n  n: {external: true}\n").notes

    assert note.path == "networks.n.external"


_SCALAR = st.sampled_from(["a", "b", "80:80", "./x:/y", "$A", "${", "service_healthy", "1m", ""])
_ANY = st.recursive(
    _SCALAR | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_SCALAR, inner, max_size=3),
    max_leaves=8,
)
_KEYS = st.sampled_from(
    [*sorted(TAKEN), "extends", "labels", "privileged", "odd", "target", "type", "source", "test"]
)
_SERVICE = st.dictionaries(_KEYS, _ANY, max_size=8) | _ANY
_FILE = st.fixed_dictionaries(
    {"services": st.dictionaries(st.sampled_from(["a", "b", "C", "1"]), _SERVICE) | _ANY},
    optional=dict.fromkeys(("volumes", "networks", "secrets", "include", "name", "odd"), _ANY),
)


@given(first=_FILE, second=_FILE)
@settings(max_examples=200)
def test_whatever_the_files_hold_nothing_but_problems_comes_of_it(
    first: object, second: object
) -> None:
    import json

    texts = {"a.yaml": json.dumps(first), "b.yaml": json.dumps(second)}

    taken = take(Request(("a.yaml", "b.yaml")), Texts(texts), known={"A": "b"})

    for problem in (*taken.problems, *taken.notes):
        assert str(problem).isprintable()
