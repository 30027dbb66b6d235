"""A command on a terminal of its own: keys in, and what a person would see on the screen."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte

DEADLINE_S = 60.0
"""How long is waited for what should be drawn; far more than it ever takes."""

ESCAPE = "\x1b"
"""Has to be followed by a wait: with the next key it would be that key with alt."""

FULL_BYTES = 4095
"""What Linux holds for the reader of a terminal before the writer has to wait."""

_UNKNOWN = re.compile(rb"\x1b\[[<=>][0-9;]*[a-zA-Z]")
"""Of the keyboard protocol and such, which the emulator would show as text."""
_OPEN = re.compile(rb"\x1b(?:\[[0-9;?<=>]*)?$")
"""A sequence of which the rest is still to come."""

_OWN = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execvp(sys.argv[1], sys.argv[1:])"
)
"""Makes the terminal that of the session, then becomes the command."""

Size = tuple[int, int]
"""Columns and rows."""


class Terminal:
    """Runs a command as a session whose controlling terminal this is."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        environ: Mapping[str, str],
        cwd: Path,
        size: Size = (120, 40),
        errors: Path | None = None,
    ) -> None:
        """Start the command.

        Args:
            command: Program and arguments.
            environ: Its whole environment; `TERM` is `xterm-256color` where it says nothing.
            cwd: Its folder.
            size: Columns and rows.
            errors: File for its standard error; the terminal where left out.
        """
        self.master, slave = pty.openpty()
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self._half = b""
        self.shown = b""
        """All that was drawn so far, as it came."""
        _set_size(slave, size)
        with contextlib.ExitStack() as opened:
            stderr = opened.enter_context(errors.open("wb")) if errors is not None else slave
            self.process = subprocess.Popen(
                (sys.executable, "-c", _OWN, *command),
                cwd=cwd,
                env={"TERM": "xterm-256color", **environ},
                stdin=slave,
                stdout=slave,
                stderr=stderr,
                start_new_session=True,
            )
        os.close(slave)

    # --- the person ----------------------------------------------------------------------------

    def press(self, keys: str | bytes) -> None:
        """Type, as the bytes that a terminal sends."""
        os.write(self.master, keys.encode() if isinstance(keys, str) else keys)

    def paste(self, text: str) -> None:
        """Paste, as a terminal does that was asked to bracket it."""
        data = b"\x1b[200~" + text.encode() + b"\x1b[201~"
        while data:  # more than the kernel holds goes in pieces, read in between
            ready = select.select([self.master], [self.master], [], DEADLINE_S)
            if ready[0]:
                self._read()
            if ready[1]:
                data = data[os.write(self.master, data[:1024]) :]

    def resize(self, size: Size) -> None:
        """Make the window larger or smaller; the command hears of it."""
        self.screen.resize(lines=size[1], columns=size[0])
        _set_size(self.master, size)

    # --- what there is to see --------------------------------------------------------------------

    def rows(self) -> list[str]:
        """The screen, a string a row; a wide sign is followed by nothing."""
        return [row.rstrip() for row in self.screen.display]

    def text(self) -> str:
        """The screen as one string."""
        return "\n".join(self.rows())

    def looks(self) -> list[object]:
        """All rows but the first, whose figures change by themselves, as they look."""
        return [dict(self.screen.buffer[at]) for at in range(1, self.screen.lines)]

    def press_and_see(self, keys: str) -> None:
        """Press a key and wait until the screen looks otherwise."""
        before = self.looks()
        self.press(keys)
        self.until(lambda: self.looks() != before, f"{keys!r} changes what is seen")

    def columns(self, row: int, text: str) -> list[int]:
        """Cells in which a text begins in a row."""
        cells = [self.screen.buffer[row][at].data for at in range(self.screen.columns)]
        return [at for at in range(len(cells)) if "".join(cells[at:]).startswith(text)]

    def until(self, true: Callable[[], object], what: str) -> None:
        """Read what it draws until something is so."""
        deadline = time.monotonic() + DEADLINE_S
        while not true():
            assert time.monotonic() < deadline, f"never so: {what}\n{self.text()}"
            if not self._wait_and_read():
                assert true(), f"it ended, and never so: {what}\n{self.text()}"

    def until_seen(self, *texts: str) -> None:
        """Read what it draws until all of these stand on the screen."""
        self.until(lambda: all(text in self.text() for text in texts), f"{texts} on the screen")

    def until_gone(self, text: str) -> None:
        """Read what it draws until a text no longer stands on the screen."""
        self.until(lambda: text not in self.text(), f"{text!r} is no longer on the screen")

    def until_shown(self, text: bytes) -> None:
        """Read until something was drawn, now or before."""
        self.until(lambda: text in self.shown, repr(text))

    def full(self) -> bool:
        """True where what it draws is not read and it can draw no more."""
        waiting = struct.unpack("i", fcntl.ioctl(self.master, termios.FIONREAD, b"\0" * 4))[0]
        return bool(waiting >= FULL_BYTES)

    # --- the end ---------------------------------------------------------------------------------

    def until_ended(self) -> int:
        """Read to the end of the command; its exit status."""
        deadline = time.monotonic() + DEADLINE_S
        while self._wait_and_read():
            assert time.monotonic() < deadline, f"it does not end\n{self.text()}"
        return self.process.wait(DEADLINE_S)

    def hang_up(self) -> None:
        """Close the terminal, and wait until the command has gone."""
        os.close(self.master)
        self.master = -1
        self.process.wait(DEADLINE_S)

    def close(self) -> None:
        """End all of it."""
        if self.master >= 0:
            os.close(self.master)
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _wait_and_read(self) -> bool:
        """Read what comes in a moment; false where nobody has the other end any more."""
        if select.select([self.master], [], [], 0.05)[0]:
            return self._read()
        return True

    def _read(self) -> bool:
        try:
            drawn = os.read(self.master, 1 << 16)
        except OSError:
            return False
        self.shown += drawn
        drawn = self._half + drawn
        half = _OPEN.search(drawn)
        self._half = drawn[half.start() :] if half else b""
        whole = drawn[: half.start()] if half else drawn
        self._stream.feed(_UNKNOWN.sub(b"", whole))
        return bool(drawn)


def _set_size(terminal: int, size: Size) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
