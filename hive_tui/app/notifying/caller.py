"""Calls the person by the bell and on the desktop, as their settings say."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from textual.app import App

from hive_tui.app.keymap import fingerprint
from hive_tui.app.notifying import means
from hive_tui.app.notifying.policy import Call, Calls, Settings
from hive_tui.app.notifying.settings import load
from hive_tui.app.triage.items import Item


class Caller:
    """Looks once a second whether a call is due."""

    def __init__(
        self,
        app: App[None],
        file: Path | None,
        moments: Callable[[], float],
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """Create one; nobody is called before the second look.

        Args:
            app: Rings the bell, and tells what is wrong with the settings.
            file: With the settings; `None`: they are as usual.
            moments: Monotonic seconds.
            environ: Of the dashboard.
        """
        self._app = app
        self._file = file
        self._moments = moments
        self._environ = environ
        self._calls = Calls()
        self._settings = Settings()
        self._seen: object = None

    def look(self, items: Iterable[Item], quiet: frozenset[str]) -> None:
        """Call, if that is due.

        Args:
            items: What needs the person now.
            quiet: Ids of envs on the screen.
        """
        if (mark := fingerprint(self._file)) != self._seen:
            self._seen = mark
            self._settings, wrong = load(self._file)
            if wrong:
                self._app.notify(wrong, severity="warning", timeout=12)
        call = self._calls.due(items, self._settings, self._moments(), quiet)
        if call is None:
            return
        if self._settings.bell:
            self._app.bell()
        if self._settings.desktop and not self._app.is_web:
            self._app.run_worker(self._tell(call), group="notify", exit_on_error=False)

    async def _tell(self, call: Call) -> None:
        command = means.program(call, self._environ, shutil.which)
        if command is not None and await means.run(command):
            return
        driver = self._app._driver
        if driver is not None and (told := means.sequence(call, self._environ)):
            driver.write(told)
            driver.flush()
