from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import msgspec

from hive_tui.app import pictures
from tests.app import scenes


async def test_every_picture_is_drawn_and_is_a_small_svg(tmp_path: Path) -> None:
    answers = {"trace": scenes.trace(), "focus": {}}
    files = await pictures.draw_all(scenes.snapshot(), tmp_path, answers=answers)
    assert {file.name for file in files} >= {
        "fleet-80x24.svg",
        "fleet-120x36.svg",
        "fleet-200x60.svg",
        "fleet-hive-light.svg",
        "env-120x36.svg",
    }
    for file in files:
        assert ElementTree.fromstring(file.read_text("utf-8")).tag.endswith("svg")
        assert file.stat().st_size < 200_000


def test_a_snapshot_file_becomes_pictures_from_the_shell(tmp_path: Path) -> None:
    snapshot = tmp_path / "hive.json"
    snapshot.write_bytes(msgspec.json.encode(scenes.snapshot([scenes.auth()])))
    assert pictures.main([str(snapshot), str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "fleet-120x36.svg").exists()


def test_without_its_two_arguments_it_says_how_it_is_used() -> None:
    assert pictures.main([]) == 2
