"""The pictures in docs/ are what the dashboard shows of the moment that was kept for them."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from hive_tui.app import pictures
from hive_tui.app.moment import keep, taken
from hive_tui.app.pictures import SCREENS, SIZES, THEMES, file_name

MOMENT = Path(__file__).with_name("moment.json")
FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
REMEDY = "`make pictures-redraw` draws them anew, if the change is meant"

REDRAWN = [
    *((name, SIZES[1], THEMES[0]) for name in SCREENS),
    ("fleet", SIZES[0], THEMES[1]),
    ("env", SIZES[2], THEMES[2]),
]
"""Every screen once, every size and every theme once: all of them would take a minute."""


def rows(document: str) -> list[str]:
    """The words of a picture with their place and colours, a string a row of the screen."""
    root = ElementTree.fromstring(document)
    rules = dict(re.findall(r"\.(c\d+)\{([^}]*)\}", document))
    found: dict[float, list[str]] = {}
    for node in root.iter():
        if node.tag.endswith("text"):
            rule = rules.get(node.get("class", ""), "")
            found.setdefault(float(node.get("y", "0")), []).append(f"{node.text} [{rule}]")
    return ["  ".join(found[y]) for y in sorted(found)]


def words(document: str) -> list[str]:
    """The words of a picture without their colours, a string a row of the screen."""
    found: dict[float, str] = {}
    for node in ElementTree.fromstring(document).iter():
        if node.tag.endswith("text"):
            row = float(node.get("y", "0"))
            found[row] = found.get(row, "") + (node.text or "").replace(" ", "")
    return [found[row] for row in sorted(found)]


@pytest.mark.parametrize(
    ("name", "size", "theme"), REDRAWN, ids=[file_name(*each) for each in REDRAWN]
)
async def test_a_picture_is_what_the_dashboard_shows(
    name: str, size: tuple[int, int], theme: str
) -> None:
    kept = (FOLDER / file_name(name, size, theme)).read_text("utf-8")
    (drawn,) = await pictures.pictures(taken(MOMENT), name, size, [theme])
    if drawn != kept:
        changes = difflib.unified_diff(
            rows(kept), rows(drawn), "docs", "drawn now", lineterm="", n=0
        )
        pytest.fail("\n".join([f"{file_name(name, size, theme)}: {REMEDY}", *changes]))


def test_there_is_a_picture_of_every_screen_in_every_size_and_theme_and_no_other() -> None:
    wanted = {
        file_name(name, size, theme) for name in SCREENS for size in SIZES for theme in THEMES
    }
    assert {file.name for file in FOLDER.iterdir()} == wanted, REMEDY


@pytest.mark.parametrize("name", SCREENS)
def test_themes_differ_in_colours_alone(name: str) -> None:
    for size in SIZES:
        shown = [
            words((FOLDER / file_name(name, size, theme)).read_text("utf-8")) for theme in THEMES
        ]
        assert shown[0] == shown[1] == shown[2], (size, REMEDY)


def test_neither_the_moment_nor_a_picture_names_the_machine_that_it_was_taken_on() -> None:
    for file in (MOMENT, *FOLDER.iterdir()):
        text = file.read_text("utf-8")
        assert re.search(r"/(?:tmp|home|root|Users|private|var)/", text) is None, file


def test_a_moment_that_was_kept_is_the_same_when_it_is_read(tmp_path: Path) -> None:
    keep(taken(MOMENT), tmp_path / "again.json")
    assert taken(tmp_path / "again.json") == taken(MOMENT)


def test_what_is_asked_wrongly_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert pictures.main(["draw"]) == 2
    assert "take FILE" in capsys.readouterr().err
