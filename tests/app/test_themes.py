from __future__ import annotations

from pathlib import Path

import pytest
from textual.color import Color

from hive_tui.app import themes
from hive_tui.model.errors import ConfigError
from tests.app.scripted import driven

FILES = sorted(themes.shipped().glob("*.toml"))


def test_there_are_a_dark_a_light_and_a_high_contrast_theme() -> None:
    found, broken = themes.load_all([themes.shipped()])
    assert broken == []
    assert {theme.name for theme in found} >= {"hive-dark", "hive-light", "hive-contrast"}
    assert {theme.dark for theme in found} == {True, False}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_every_theme_loads_and_draws(file: Path) -> None:
    async with driven(theme=file.stem) as it:
        assert it.app.theme == file.stem
        assert "● warm" in it.text()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_text_stands_out_from_the_background_and_from_the_selection(file: Path) -> None:
    theme = themes.load(file)
    assert theme.foreground is not None
    text = {"foreground": theme.foreground, "muted": theme.variables["hive-muted"]}
    for ground in (theme.background, theme.variables["hive-lift"]):
        for name, ink in text.items():
            assert contrast(ink, str(ground)) >= 4.5, (name, ground)


MEANT = ("success", "warning", "error", "accent", "primary")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_colours_that_mean_something_can_be_read_and_the_quiet_ones_be_seen(file: Path) -> None:
    theme = themes.load(file)
    grounds = (theme.background, theme.variables["hive-lift"], theme.panel)
    inks = {name: str(getattr(theme, name)) for name in MEANT}
    inks |= {"info": theme.variables["hive-info"]}
    weak = [
        (name, ground, round(contrast(ink, str(ground)), 2))
        for name, ink in inks.items()
        for ground in grounds
        if contrast(ink, str(ground)) < 4.5
    ]
    weak += [
        ("dim", ground, round(contrast(theme.variables["hive-dim"], str(ground)), 2))
        for ground in grounds
        if contrast(theme.variables["hive-dim"], str(ground)) < 3
    ]
    assert weak == []


def test_the_high_contrast_theme_has_seven_to_one_for_every_text() -> None:
    theme = themes.load(themes.shipped() / "hive-contrast.toml")
    inks = [theme.foreground, theme.success, theme.warning, theme.error, theme.accent]
    inks += [theme.variables["hive-muted"], theme.variables["hive-dim"], theme.primary]
    for ink in inks:
        assert contrast(str(ink), "#000000") >= 7


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("#14171c", "#14171"), "colors.background"),
        (("background", "backgroun"), "colors.backgroun is no key of a theme; did you mean"),
        (("muted", "quite-other"), "quite-other is no key of a theme: background, "),
        (('muted = "#949eac"', ""), "colors.muted is missing"),
        (("dark = true", "dark = 3"), "dark"),
        (("[colors]", "[colors"), "broken.toml"),
    ],
)
def test_a_broken_theme_is_an_error_that_names_the_place(
    tmp_path: Path, change: tuple[str, str], named: str
) -> None:
    text = (themes.shipped() / "hive-dark.toml").read_text("utf-8")
    file = tmp_path / "broken.toml"
    file.write_text(text.replace(*change, 1), "utf-8")
    with pytest.raises(ConfigError, match=named):
        themes.load(file)


async def test_a_broken_theme_of_the_user_is_told_and_the_others_work(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("name = 3", "utf-8")
    good = (themes.shipped() / "hive-dark.toml").read_text("utf-8")
    (tmp_path / "mine.toml").write_text(good.replace("hive-dark", "mine"), "utf-8")
    async with driven(themes=[tmp_path], theme="mine") as it:
        assert it.app.theme == "mine"
        await it.until_shown("theme bad.toml")


async def test_a_change_of_the_theme_repaints_the_tiles() -> None:
    async with driven() as it:
        before = it.app.export_screenshot()
        it.app.theme = "hive-light"
        await it.pilot.pause()
        assert it.app.export_screenshot() != before


def write_theme(folder: Path, name: str, success: str) -> Path:
    """A theme like the dark one, with another name and colour."""
    text = (themes.shipped() / "hive-dark.toml").read_text("utf-8")
    theme = themes.load(themes.shipped() / "hive-dark.toml")
    text = text.replace(theme.name, name).replace(str(theme.success), success)
    file = folder / f"{name}.toml"
    file.write_text(text, "utf-8")
    return file


async def test_a_theme_that_changes_while_it_is_worn_changes_the_screen(tmp_path: Path) -> None:
    write_theme(tmp_path, "mine", "#010203")
    async with driven(themes=[tmp_path], theme="mine") as it:
        assert it.app.theme == "mine"
        write_theme(tmp_path, "mine", "#00fe00")
        write_theme(tmp_path, "other", "#123456")
        it.app.own_files.reload()
        await it.pilot.pause()
        assert it.app.current_theme.success == "#00fe00"
        assert "other" in it.app.available_themes
        assert "#00fe00" in it.app.export_screenshot()


async def test_a_theme_that_breaks_or_goes_while_it_is_worn_stays_as_it_was(tmp_path: Path) -> None:
    file = write_theme(tmp_path, "mine", "#00fe00")
    write_theme(tmp_path, "other", "#123456")
    async with driven(themes=[tmp_path], theme="mine") as it:
        file.write_text(file.read_text("utf-8")[:100], "utf-8")
        it.app.own_files.reload()
        assert it.app.current_theme.success == "#00fe00"
        assert "mine.toml" in it.app.notices[-1].text
        file.unlink()
        (tmp_path / "other.toml").unlink()
        it.app.own_files.reload()
        assert it.app.theme == "mine"
        assert "other" not in it.app.available_themes


def contrast(first: str, second: str) -> float:
    """Ratio of luminances as WCAG 2.1 defines it, from 1 to 21."""
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in Color.parse(colour).normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
