"""Pictures of the dashboard as SVG, drawn without a terminal from a hive as it was at one moment.

`python -m hive_tui.app.pictures take FILE` keeps the hive of `HIVE_HOME` as it is, and changes
nothing in it; `draw FILE FOLDER` draws every screen from that, at three sizes in three themes, the
same on every machine.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.strip import Strip

from hive_tui.app import svg
from hive_tui.app.app import HiveApp
from hive_tui.app.moment import Moment, StillClient, keep, look_at, taken, without_paths
from hive_tui.app.state import Link
from hive_tui.app.themes import DEFAULT
from hive_tui.client.stream import Client
from hive_tui.model.home import locate

SIZES = ((80, 24), (120, 36), (200, 60))

_USAGE = "usage: python -m hive_tui.app.pictures take FILE | draw FILE FOLDER\n"

THEMES = ("hive-dark", "hive-light", "hive-contrast")

WELCOME = "welcome"
"""The picture of a hive without a project."""

SCREENS: dict[str, tuple[str, ...]] = {
    "fleet": (),
    "marks": ("space", "space"),
    "filter": ("slash", *"degraded"),
    "env": ("tab", "enter"),
    "warm": ("end", "enter"),
    "logs": ("tab", "l"),
    "destroy": ("D",),
    "new": ("n",),
    "palette": ("ctrl+p", *"war"),
    "messages": ("m",),
    "help": ("question_mark",),
    "tour": ("question_mark", "t"),
    WELCOME: (),
}
"""Name of a picture -> keys that lead to what it shows, from the fleet."""

_SETTLED = 4
"""Looks in a row that show the same before a picture is taken."""

_SEARCHED = 25
"""The same over the palette, which brings what it found in batches."""

_LOOKS = 200
"""Looks until it is taken at the latest."""


@contextmanager
def _same_everywhere() -> Iterator[None]:
    """Local time is UTC and colours are colours, whatever this machine says."""
    before = dict(os.environ)
    os.environ["TZ"] = "UTC"
    os.environ.pop("NO_COLOR", None)
    time.tzset()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        time.tzset()


async def draw(
    moment: Moment,
    *,
    size: tuple[int, int],
    themes: Sequence[str] = (DEFAULT,),
    keys: Sequence[str] = (),
) -> list[str]:
    """One screen.

    Args:
        moment: What is shown.
        size: Cells and rows.
        themes: Names of themes that come with the product.
        keys: Pressed before the pictures are taken.

    Returns:
        An SVG document for each theme.
    """
    documents = []
    with _same_everywhere():
        app = HiveApp(StillClient(moment), theme=themes[0], clock=lambda: moment.at)
        async with app.run_test(size=size) as pilot:
            while app.state.link is not Link.LIVE:
                await pilot.pause(0.01)
            await _settled(app, pilot)
            for key in keys:
                await pilot.press(key)
                await _settled(app, pilot)
            for theme in themes:
                app.theme = theme
                await _settled(app, pilot)
                background = app.theme_variables["background"]
                documents.append(svg.document(_rows(app), size[0], background.lower()))
    return documents


async def _settled(app: HiveApp, pilot: Pilot[None]) -> None:
    """Wait until nothing changes any more: what a screen asks for comes in workers."""
    same, seen = 0, ""
    for _ in range(_LOOKS):
        await pilot.pause(0.03)
        shown = repr(_rows(app))
        same, seen = (same + 1 if shown == seen else 0), shown
        if same >= (_SEARCHED if isinstance(app.screen, CommandPalette) else _SETTLED):
            return


def _rows(app: HiveApp) -> list[list[Strip]]:
    compositor = app.screen._compositor
    behind = app._background_screens
    update: Any = compositor.render_update(full=True, screen_stack=behind, simplify=True)
    return [[*row] for row in update.strips]


async def pictures(
    moment: Moment, name: str, size: tuple[int, int], themes: Sequence[str] = THEMES
) -> list[str]:
    """The pictures of that name, one a theme."""
    shown = moment.empty() if name == WELCOME else moment
    return await draw(shown, size=size, themes=themes, keys=SCREENS[name])


def file_name(name: str, size: tuple[int, int], theme: str) -> str:
    """How the file of a picture is called."""
    return f"{name}-{size[0]}x{size[1]}-{theme}.svg"


async def draw_all(moment: Moment, folder: Path) -> list[Path]:
    """Every screen at every size in every theme, written into a folder; returns the files.

    Pictures that were there before and are drawn no longer are taken away.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    files: list[Path] = []
    for size in SIZES:
        for name in SCREENS:
            for theme, drawn in zip(THEMES, await pictures(moment, name, size), strict=True):
                file = folder / file_name(name, size, theme)
                file.write_text(drawn, "utf-8")
                files.append(file)
    return files


async def take_home() -> Moment:
    """The hive of `HIVE_HOME` as it is, without the paths of this machine."""
    home = locate(os.environ, uid=os.getuid())
    client = Client(home)
    try:
        moment = await look_at(client)
    finally:
        await client.close()
    names = {str(home.state): "~/hive", sys.base_prefix: "/usr", str(Path.home()): "~"}
    return without_paths(moment, names)


def main(arguments: Sequence[str]) -> int:
    """Take the moment, or draw from it; returns the exit status."""
    match arguments:
        case ["take", file]:
            keep(asyncio.run(take_home()), Path(file))
        case ["draw", file, folder]:
            for each in asyncio.run(draw_all(taken(Path(file)), Path(folder))):
                sys.stdout.write(f"{each}\n")
        case _:
            sys.stderr.write(_USAGE)
            return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
