from __future__ import annotations

from typing import Any

from hive_tui.app.lines import width_of
from hive_tui.app.views.look import Look
from hive_tui.app.views.port_map import parse, port_map
from hive_tui.model.environment import PortsView
from tests.app.scripted import driven

BLOCK = PortsView(10_000, 1000, {"web": 10_000, "api": 10_001})


def row(port: int, name: str | None, **more: Any) -> dict[str, Any]:
    empty = {"listening": False, "pid": None, "process": None, "service": None, "foreign": False}
    return {"env": "a", "name": name, "port": port, **empty, **more}


ANSWER = {
    "ports": [
        row(10_000, "web", listening=True, pid=7, process="node", service="web"),
        row(10_001, "api"),
        row(10_040, None, listening=True, pid=9, process="nc", foreign=True),
    ]
}


def text(answer: Any, width: int = 60) -> list[str]:
    lines = port_map(BLOCK, parse(answer), width, Look())
    assert all(width_of(line) <= width for line in lines)
    return ["".join(span.text for span in line).rstrip() for line in lines]


def test_each_port_says_whether_and_for_whom_it_listens_strangers_first() -> None:
    assert text(ANSWER) == [
        "  ports  10000-10999",
        "  \N{EN DASH}    10040  ▲ taken by nc 9, not of this env",
        "  web  10000  ● listening  node 7",
        "  api  10001  · free",
    ]


def test_a_port_has_its_name_where_that_has_room() -> None:
    known = row(10_000, "web", listening=True, url="http://web.auth.localhost:7300/")
    assert text({"ports": [known]})[1] == "  web  10000  ● web.auth.localhost:7300"
    assert text({"ports": [known]}, 30)[1] == "  web  10000  ● listening"


def test_before_the_daemon_answered_ports_are_numbers_alone() -> None:
    assert text(None) == ["  ports  10000-10999", "  web  10000", "  api  10001"]


def test_what_is_no_port_map_is_none() -> None:
    assert parse({"ports": [{"port": "x"}]}) == ()
    assert parse([]) == ()


def test_narrow_columns_cut_and_many_ports_are_counted() -> None:
    many = {"ports": [row(10_000 + at, f"p{at}") for at in range(30)]}
    lines = port_map(BLOCK, parse(many), 12, Look())
    assert len(lines) == 12
    assert "and 20 more" in text(many, 20)[-1]


async def test_the_env_screen_asks_who_listens() -> None:
    async with driven(answers={"ports": ANSWER}) as it:
        await it.press("enter")
        await it.until_shown("▲ taken by nc 9")
        assert it.client.asked("ports")[0]["env"] == "shop/auth-refactor"
