"""Textual's driver for terminals, with keys read so that an escape key is believed when it is due.

Textual looks whether its time has passed only when nothing was typed for a tenth of a second.
"""

from __future__ import annotations

import codecs
import os
import selectors
from contextlib import suppress

from textual import constants
from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

_REST_S = 0.1
"""How soon it is seen that the driver is to end."""
_AT_ONCE = 4096


class TerminalDriver(LinuxDriver):
    """Reads keys in a thread of its own."""

    def run_input_thread(self) -> None:
        """Pass on what is typed until the driver ends, what is left over then included."""
        parser = XTermParser(self._debug)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            wait_s = _REST_S
            while True:
                ending = self.exit_event.is_set()
                ready = selector.select(0.0 if ending else wait_s)
                data = os.read(self.fileno, _AT_ONCE) if ready else b""
                if ready and not data:  # the terminal is gone, and says so in every turn
                    self.exit_event.wait(_REST_S)
                if text := decoder.decode(data):
                    for event in parser.feed(text):
                        self.process_message(event)
                for event in parser.tick():
                    self.process_message(event)
                if ending:
                    break
                wait_s = min(_REST_S, constants.ESCAPE_DELAY) if ready else _REST_S
        with suppress(EOFError, ParseError):
            for event in parser.feed(""):
                self.process_message(event)
