"""A program in a terminal of its own: keys in, and when which words were drawn.

Knows nothing of the dashboard, and answers none of the questions that programs ask terminals.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.yards import PATIENCE_S

COLUMNS, ROWS = 200, 60

_STYLE = re.compile(rb"\x1b\[[0-9;:]*m")


class Terminal:
    """A pseudo terminal that a thread reads as fast as it is written."""

    def __init__(self, argv: Sequence[str], environ: Mapping[str, str], cwd: Path) -> None:
        """Start the program.

        Args:
            argv: Its command line.
            environ: Its environment; `TERM` and the colours are set here.
            cwd: Its folder.
        """
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._drawn = bytearray()
        self._drew = threading.Condition()
        self.began = time.perf_counter()
        """When the program was started, on the clock of `time.perf_counter`."""
        self._wanted = b""
        self._found_at: float | None = None
        self.process = subprocess.Popen(
            argv,
            cwd=cwd,
            env={**environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def until(self, word: str, keys: str = "") -> float:
        """Send keys and wait until a word is drawn.

        Args:
            word: Drawn in one style, and not by what was drawn before.
            keys: What to type; nothing where left out.

        Returns:
            When it was there, on the clock of `time.perf_counter`, less when the keys were sent;
            without keys, less the start of the program.

        Raises:
            TimeoutError: It was not drawn.
        """
        with self._drew:
            if keys:
                self._drawn.clear()
            self._wanted, self._found_at = word.encode(), None
            self._look()
            start = time.perf_counter() if keys else self.began
            os.write(self._master, keys.encode())
            if not self._drew.wait_for(lambda: self._found_at is not None, PATIENCE_S):
                raise TimeoutError(f"never drawn: {word!r}; {bytes(self._drawn[-500:])!r}")
            assert self._found_at is not None
            self._drawn.clear()
            return self._found_at - start

    def during(self, look_s: float) -> str:
        """All that is drawn from now on for so long, without its styles."""
        with self._drew:
            self._drawn.clear()
        time.sleep(look_s)
        with self._drew:
            return _STYLE.sub(b"", self._drawn).decode(errors="replace")

    def numbers(self, look_s: float) -> list[int]:
        """The numbers of all lines that are drawn from now on for so long: `line000000123`."""
        return [int(found) for found in re.findall(r"line(\d{9})", self.during(look_s))]

    def leave(self, keys: str) -> None:
        """Type what ends the program and wait for its end."""
        os.write(self._master, keys.encode())
        self.process.wait(PATIENCE_S)

    def close(self) -> None:
        """End the program and the terminal."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        os.close(self._master)

    def _read(self) -> None:
        while True:
            try:
                drawn = os.read(self._master, 1 << 16)
            except OSError:  # the program has ended
                return
            with self._drew:
                self._drawn += drawn
                self._look(len(drawn))

    def _look(self, new: int | None = None) -> None:
        """Look for the word; only the reader does, so that nobody holds it up while much is drawn.

        Args:
            new: Bytes that were not looked at before; all where left out.
        """
        if not self._wanted:
            return
        start = 0 if new is None else max(0, len(self._drawn) - new - len(self._wanted))
        if self._drawn.find(self._wanted, start) >= 0:
            self._wanted, self._found_at = b"", time.perf_counter()
            self._drew.notify_all()
