"""Blocks of ports are chosen, and what listens in them is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_tui.engine.ports import choose, port_map
from hive_tui.engine.protocols import Listener
from hive_tui.model.errors import HiveError

EPHEMERAL = range(32768, 61000)


def always(base: int) -> bool:
    return True


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ((), 10000),
        ((10000,), 11000),
        ((11000,), 10000),
        ((10000, 11000, 13000), 12000),
        ((10500,), 12000),  # meets both 10000-10999 and 11000-11999
        ({10000: 100}, 11000),
        ({9000: 1500}, 11000),
        ({9000: 1000}, 10000),
    ],
)
def test_the_lowest_block_that_meets_no_other_is_chosen(
    taken: Sequence[int] | Mapping[int, int], expected: int
) -> None:
    assert choose(10000, 1000, taken, EPHEMERAL, always) == expected


def test_blocks_that_meet_the_ephemeral_range_come_last() -> None:
    taken = set(range(10000, 32000, 1000))

    order = []
    for _ in range(6):
        base = choose(10000, 1000, taken, EPHEMERAL, always)
        order.append(base)
        taken.add(base)

    assert order == [61000, 62000, 63000, 64000, 32000, 33000]


def test_a_block_whose_named_ports_are_held_is_passed_over() -> None:
    assert choose(10000, 1000, (), EPHEMERAL, lambda base: base >= 12000) == 12000


@pytest.mark.parametrize(
    ("taken", "why"), [((60000,), "envs have them all"), ((), "other programs")]
)
def test_without_a_block_left_the_error_says_what_helps(taken: tuple[int, ...], why: str) -> None:
    with pytest.raises(HiveError, match=why) as raised:
        choose(60000, 4000, taken, EPHEMERAL, lambda base: False)

    assert raised.value.code == "no_ports"
    assert raised.value.hint


@given(
    base=st.integers(1024, 60000),
    block=st.integers(1, 5000),
    count=st.integers(1, 30),
)
def test_blocks_never_meet_and_never_leave_the_range_of_ports(
    base: int, block: int, count: int
) -> None:
    taken: dict[int, int] = {}
    for _ in range(count):
        try:
            chosen = choose(base, block, taken, EPHEMERAL, always)
        except HiveError:
            break
        assert base <= chosen
        assert chosen + block <= 65536
        assert not any(
            chosen < other + size and other < chosen + block for other, size in taken.items()
        )
        taken[chosen] = block


def rows(
    listeners: Mapping[int, tuple[Listener, ...]], owners: dict[int, int], members: dict[int, str]
) -> list[dict[str, Any]]:
    """The map of an env `auth` with ports web 10000 and api 10001; `owners`: inode -> pid."""

    def owner(listener: Listener, among: Sequence[int] | None) -> int | None:
        pid = owners.get(listener.inode)
        return pid if among is None or pid in among else None

    return port_map(
        env="auth",
        base=10000,
        size=1000,
        names={10000: "web", 10001: "api"},
        scan=listeners,
        members=members,
        owner=owner,
        program=lambda pid: f"program{pid}",
    )


def test_a_row_has_every_field_of_the_contract() -> None:
    (web, _) = rows({10000: (Listener(10000, "127.0.0.1", 7),)}, {7: 42}, {42: "web"})

    assert web == {
        "env": "auth",
        "name": "web",
        "port": 10000,
        "listening": True,
        "pid": 42,
        "process": "program42",
        "service": "web",
        "foreign": False,
    }


def test_a_port_on_which_nothing_listens_is_shown_as_such() -> None:
    (_, api) = rows({}, {}, {})

    assert (api["listening"], api["pid"], api["foreign"]) == (False, None, False)


def test_a_stranger_on_the_port_is_foreign_and_named() -> None:
    (web, _) = rows({10000: (Listener(10000, "::", 7),)}, {7: 99}, {42: "web"})

    assert (web["pid"], web["process"], web["service"]) == (99, "program99", None)
    assert web["foreign"]


def test_a_listener_that_the_system_does_not_explain_is_foreign() -> None:
    (web, _) = rows({10000: (Listener(10000, "::", 7),)}, {}, {42: "web"})

    assert web["listening"]
    assert web["foreign"]
    assert web["pid"] is None


def test_beside_the_service_the_stranger_is_shown() -> None:
    both = (Listener(10000, "127.0.0.1", 7), Listener(10000, "127.0.0.2", 8))

    (web, _) = rows({10000: both}, {7: 42, 8: 99}, {42: "web"})

    assert web["foreign"]
    assert web["pid"] == 99


def test_what_listens_in_the_block_without_a_name_is_shown_after_the_named() -> None:
    listeners = {port: (Listener(port, "127.0.0.1", port),) for port in (10500, 10400, 9999, 11000)}

    everything = rows(listeners, {10500: 42, 10400: 99}, {42: "web"})

    assert [(row["name"], row["port"], row["foreign"]) for row in everything] == [
        ("web", 10000, False),
        ("api", 10001, False),
        (None, 10400, True),
        (None, 10500, False),
    ]
