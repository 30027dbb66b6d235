"""Opening the dashboard on a home. Imported only when the dashboard is wanted."""

from __future__ import annotations

import locale
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hive_tui.app.pace import Pace
from hive_tui.model.home import Home

if TYPE_CHECKING:
    from hive_tui.app.app import HiveApp


def run(home: Home, *, tour: bool = False) -> int:
    """Show the dashboard until the person leaves it.

    Args:
        home: Whose hive. A daemon is started where none runs.
        tour: Whether it begins with the tour.

    Returns:
        Exit status: 0; 1 after a crash of the dashboard; 2 without a terminal that
        can show it.
    """
    in_browser = bool(os.environ.get("TEXTUAL_DRIVER"))  # set by `hive web`
    if not in_browser and not (sys.stdin.isatty() and sys.stdout.isatty()):
        sys.stderr.write("hive: the dashboard needs a terminal; `hive list` prints the envs\n")
        return 2
    if os.environ.get("TERM") == "dumb":
        sys.stderr.write(
            "hive: the dashboard needs a terminal that can move its cursor, and TERM is dumb;"
            " `hive list` prints the envs\n"
        )
        return 2
    plain = not in_browser and "utf" not in locale.getencoding().lower()
    app = dashboard(home, plain=plain, tour=tour)
    app.run()
    return app.return_code or 0


def dashboard(home: Home, *, plain: bool = False, tour: bool = False) -> HiveApp:
    """The dashboard of a home, for a process that does nothing else.

    Args:
        home: Whose hive.
        plain: True for a terminal that shows ASCII only.
        tour: Whether it begins with the tour.
    """
    pace = Pace()
    from hive_tui.app.app import HiveApp
    from hive_tui.client.stream import Client

    return HiveApp(
        Client(home),
        themes=[home.themes],
        theme=os.environ.get("HIVE_THEME"),
        keys=home.keymap,
        tour=tour,
        folder=_folder(),
        plain=plain,
        pace=pace,
    )


def _folder() -> Path | None:
    """Where the person is; `None` where that folder was deleted under their feet."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None
