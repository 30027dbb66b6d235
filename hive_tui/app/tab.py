"""What draws the dashboard in a browser's tab: Textual's web driver that ends with its server.

Textual loads it by the name that `DRIVER` has, in the app process of one tab.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual.drivers.web_driver import WebDriver
from textual.messages import ExitApp

DRIVER = "hive_tui.app.tab:TabDriver"
"""Value of `TEXTUAL_DRIVER` for an app process."""


class TabDriver(WebDriver):
    """Speaks to the server through the pipes of the process."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self._write = partial(_pass_on, self._write)

    def run_input_thread(self) -> None:
        """Read until the pipe closes. Nobody is there then, so the app ends.

        Textual's own driver would go on alone after its server was killed.
        """
        super().run_input_thread()
        self._app.post_message(ExitApp())


def _pass_on(write: Callable[[bytes], int], data: bytes) -> int:
    try:
        return write(data)
    except BrokenPipeError:
        return len(data)  # the server is gone; the input thread ends the app
