"""Opening the dashboard on a home. Imported only when the dashboard is wanted."""

from __future__ import annotations

import locale
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hive_tui.app.pace import Pace
from hive_tui.model.home import Home

if TYPE_CHECKING:
    from hive_tui.app.app import HiveApp

_DRIVER = "TEXTUAL_DRIVER"
"""Names the driver of Textual; set by `hive web`."""


_C = frozenset({"C", "POSIX"})
_COERCED = frozenset({"C.UTF-8", "C.utf8", "UTF-8"})
"""What Python itself puts into `LC_CTYPE` where the locale is `C`, before any of our code runs."""


def ascii_only(environ: Mapping[str, str]) -> bool:
    """Whether the locale that the person asked for has no Unicode; without any, it has."""
    asked = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    if asked in _COERCED and not environ.get("LC_ALL"):
        asked = environ.get("LANG") or ""
    if asked in _C:
        return True
    name = asked.partition(".")[2] or locale.getencoding()
    return "utf" not in name.lower()


def run(home: Home, *, tour: bool = False) -> int:
    """Show the dashboard until the person leaves it.

    Args:
        home: Whose hive. A daemon is started where none runs.
        tour: Whether it begins with the tour.

    Returns:
        Exit status: 0; 1 after a crash of the dashboard; 2 without a terminal that
        can show it.
    """
    in_browser = bool(os.environ.get(_DRIVER))
    if not in_browser and not (sys.stdin.isatty() and sys.stdout.isatty()):
        sys.stderr.write("hive: the dashboard needs a terminal; `hive list` prints the envs\n")
        return 2
    if os.environ.get("TERM") == "dumb":
        sys.stderr.write(
            "hive: the dashboard needs a terminal that can move its cursor, and TERM is dumb;"
            " `hive list` prints the envs\n"
        )
        return 2
    plain = not in_browser and ascii_only(os.environ)
    app = dashboard(home, plain=plain, tour=tour)
    app.few_colours = app.console.color_system == "standard"
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
    from hive_tui.app.terminal_driver import TerminalDriver
    from hive_tui.client.stream import Client

    in_browser = bool(os.environ.get(_DRIVER))
    return HiveApp(
        Client(home),
        themes=[home.themes],
        theme=os.environ.get("HIVE_THEME"),
        keys=home.keymap,
        desk=home.desk,
        prompts=home.prompts,
        settings=home.settings,
        tour=tour,
        folder=_folder(),
        plain=plain,
        pace=pace,
        driver=None if in_browser else TerminalDriver,
    )


def _folder() -> Path | None:
    """Where the person is; `None` where that folder was deleted under their feet."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None
