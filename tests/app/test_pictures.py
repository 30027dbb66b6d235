from __future__ import annotations

import base64
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from hive_tui.app import moment as moments
from hive_tui.app import pictures, svg
from hive_tui.app.moment import Moment
from hive_tui.app.pictures import SCREENS, draw
from hive_tui.app.ring import parse_lines
from tests.app import scenes
from tests.app.scripted import ScriptedClient

NEED = "shop/payments"


def moment() -> Moment:
    answers = {
        "focus": {},
        f"trace {NEED}": scenes.trace(),
        "losses shop/auth-refactor": {"lines": ["2 commits"], "nothing": False},
    }
    events = {f"logs {NEED}": [{"lines": [[scenes.NOW, "api", "aGVsbG8="]]}]}
    return Moment(scenes.snapshot(), scenes.NOW, answers, events)


def words(document: str) -> str:
    root = ElementTree.fromstring(document)
    return "\n".join(text for node in root.iter() for text in [node.text or ""])


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("fleet", "auth-refactor"),
        ("env", "longest path"),
        ("logs", "hello"),
        ("destroy", "2 commits"),
        ("new", "New env"),
        ("messages", "worker exited 1 (5th)"),
        ("help", "keys and marks"),
    ],
)
async def test_every_screen_becomes_a_small_picture(name: str, shown: str) -> None:
    (document,) = await draw(moment(), size=(120, 36), keys=SCREENS[name])
    assert shown in words(document)
    assert len(document) < 80_000
    assert "http" not in document.replace("http://www.w3.org/2000/svg", "").replace("http://", "")


async def test_pictures_go_by_screen_size_and_theme(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "SIZES", ((120, 36),))
    monkeypatch.setattr(pictures, "SCREENS", {"fleet": ()})
    (tmp_path / "long-gone-80x24-hive-dark.svg").touch()
    files = await pictures.draw_all(moment(), tmp_path)
    assert {file.name for file in files} == {file.name for file in tmp_path.iterdir()}
    assert {file.name for file in files} == {
        "fleet-120x36-hive-dark.svg",
        "fleet-120x36-hive-light.svg",
        "fleet-120x36-hive-contrast.svg",
    }


async def test_a_hive_is_looked_at_without_changing_it() -> None:
    client = ScriptedClient({"trace": scenes.trace(), "losses": {"lines": [], "nothing": True}})
    for _ in range(9):
        client.say(scenes.snapshot([scenes.auth()]))
    seen = await moments.look_at(client, pause_s=0)
    assert seen.before[0] == {"shop/auth-refactor": (1_210_000_000, 4.2)}
    assert seen.snapshot.envs == (scenes.auth(),)
    assert seen.answers["trace shop/auth-refactor"] == scenes.trace()
    assert {name for name, _ in client.calls} == {"trace", "ports", "losses", "logs"}


def test_folders_of_the_machine_are_named_otherwise_in_logs_too() -> None:
    text = base64.b64encode(b"File /home/me/x.py").decode()
    seen = Moment(
        scenes.snapshot([scenes.auth()]),
        scenes.NOW,
        {"environ": {"worktree": "/home/me/hive"}},
        {"logs shop/auth": [{"lines": [[1.0, "api", text]]}]},
    )
    told = moments.without_paths(seen, {"/home/me": "~", "/home/me/hive": "~/h"})
    assert told.answers == {"environ": {"worktree": "~/h"}}
    assert parse_lines(told.events["logs shop/auth"][0])[0].text == b"File ~/x.py"
    assert told.snapshot == seen.snapshot


def test_blocks_are_shapes_and_columns_keep_their_place() -> None:
    row = Strip([Segment("▌ a   b", Style.parse("#ffffff on #000000"))])
    document = svg.document([[row]], 8, "#000000")
    assert document.count("<rect") == 2
    assert document.count("<text") == 2


def test_an_svg_draws_text_once_a_run_and_only_grounds_that_differ() -> None:
    row = Strip([Segment("  a<b ", Style.parse("#ffffff on #000000")), Segment("  ", None)])
    lifted = Strip([Segment("x", Style.parse("bold #ffffff on #112233"))])
    document = svg.document([[row], [lifted]], 8, "#000000")
    root = ElementTree.fromstring(document)
    texts = [node.text for node in root.iter() if node.tag.endswith("text")]
    assert texts == ["a<b", "x"]
    assert document.count("<rect") == 2
    assert 'fill="#112233"' in document


def test_without_its_argument_it_says_how_it_is_used() -> None:
    assert pictures.main([]) == 2
