"""A program in a terminal of its own, used as a person would: words on a screen, keys, mouse.

The terminal is a pseudo terminal of the kernel, the screen is kept by an emulator. Nothing here
knows the dashboard.
"""

from __future__ import annotations

import copy
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyte

from tests.hives import DEADLINE_S

KEYS: Mapping[str, str] = {
    "enter": "\r",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "space": " ",
    "esc": "\x1b",
    "escape": "\x1b",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    "slash": "/",
    "question_mark": "?",
    "ampersand": "&",
    "exclamation_mark": "!",
}
"""What a terminal sends for the keys that have names, by the names of Textual and of the docs."""

_LAUNCHER = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execvp(sys.argv[1], sys.argv[1:])"
)
"""Makes the terminal the controlling one, as a terminal window does; then becomes the program."""

FULL_BYTES = 4095
"""What Linux holds for the reader of a terminal before the writer has to wait."""

_ALTERNATE = 1049
_ASKS_FOR_FRAMES = b"\x1b[?2026$p"
_HAS_FRAMES = b"\x1b[?2026;2$y"
_FRAME_BEGINS, _FRAME_ENDS = b"\x1b[?2026h", b"\x1b[?2026l"
_UNKNOWN = re.compile(r"\x1b\[[<=>][0-9;]*[a-zA-Z]")
"""Sequences that the emulator would draw as text: those about ways of reporting keys."""


def key_bytes(key: str) -> str:
    """What a key sends: a named one, `ctrl+` and a letter, or text as it is."""
    if key.startswith("ctrl+") and len(key) == 6:
        return chr(ord(key[5]) & 0x1F)
    return KEYS.get(key, key)


class Screen(pyte.Screen):
    """The emulator's screen, with the second one that full-screen programs draw on."""

    _kept: tuple[Any, Any] | None = None

    def set_mode(self, *modes: int, **how: Any) -> None:
        """Keep what is there when a program takes the second screen."""
        if how.get("private") and _ALTERNATE in modes and self._kept is None:
            self._kept = copy.deepcopy(self.buffer), copy.copy(self.cursor)
            self.erase_in_display(2)
        super().set_mode(*modes, **how)

    def reset_mode(self, *modes: int, **how: Any) -> None:
        """Bring back what was there before."""
        super().reset_mode(*modes, **how)
        if how.get("private") and _ALTERNATE in modes and self._kept is not None:
            (self.buffer, self.cursor), self._kept = self._kept, None


class Terminal:
    """A running program and what its terminal shows. Frames that are half drawn are not seen."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        environ: Mapping[str, str],
        cwd: Path,
        columns: int = 120,
        rows: int = 36,
        controlling: bool = True,
    ) -> None:
        """Start the program as the leader of a session that has the terminal.

        Args:
            argv: Its command line.
            environ: Its environment; `TERM` is `xterm-256color` where it says nothing.
            cwd: Its folder.
            columns: Cells of a row.
            rows: Rows of the terminal.
            controlling: Whether the terminal is its session's, which a hang-up is then told.
        """
        self.drawn = b""
        """All that was drawn so far, as it came."""
        self._screen = Screen(columns, rows)
        self._stream = pyte.Stream(self._screen)
        self._undecoded = b""
        self._in_frame = False
        self._master, slave = pty.openpty()
        self._set_size(columns, rows)
        self.process = subprocess.Popen(
            (sys.executable, "-c", _LAUNCHER, *argv) if controlling else argv,
            cwd=cwd,
            env={"TERM": "xterm-256color", **environ},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    # --- what is seen --------------------------------------------------------------------------

    def rows(self) -> list[str]:
        """The screen, a string a row."""
        return [row.rstrip() for row in self._screen.display]

    def text(self) -> str:
        """The screen as one string."""
        return "\n".join(self.rows())

    def picture(self) -> tuple[object, ...]:
        """Every cell with its colours, to be compared with another picture."""
        width = range(self._screen.columns)
        return tuple(
            tuple(self._screen.buffer[y][x] for x in width) for y in range(self._screen.lines)
        )

    def columns_of(self, row: int, words: str) -> list[int]:
        """Cells of a row in which such words begin."""
        cells = [self._screen.buffer[row][at].data for at in range(self._screen.columns)]
        return [at for at in range(len(cells)) if "".join(cells[at:]).startswith(words)]

    def hidden(self, but: str = "") -> list[str]:
        """Signs, other than some, that stand on a ground of their own colour."""
        screen = self._screen
        return [
            f"{y},{x}: {cell.data!r} {cell.fg} on {cell.bg}"
            for y in range(screen.lines)
            for x in range(screen.columns)
            if (cell := screen.buffer[y][x]).data not in f" {but}" and cell.fg == cell.bg
        ]

    def full(self) -> bool:
        """True where what it draws is not read and it can draw no more."""
        waiting = struct.unpack("i", fcntl.ioctl(self._master, termios.FIONREAD, b"\0" * 4))[0]
        return bool(waiting >= FULL_BYTES)

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Take what is drawn until something is so.

        Raises:
            AssertionError: It was not, up to the deadline; says what was seen instead.
        """
        deadline = time.monotonic() + DEADLINE_S
        self._take(0)
        while not condition():
            assert time.monotonic() < deadline, f"never so: {what}\n{self.text()}"
            self._take(0.1)

    def until_shown(self, *words: str) -> None:
        """Wait until all of these words stand on the screen at once."""

        def missing() -> list[str]:
            text = self.text()
            return [word for word in words if word not in text]

        self.until(lambda: not missing(), f"the screen shows {', '.join(map(repr, words))}")

    def until_gone(self, words: str) -> None:
        """Wait until words have gone from the screen."""
        self.until(lambda: words not in self.text(), f"{words!r} has gone from the screen")

    def until_match(self, pattern: str) -> None:
        """Wait until a pattern is found in the text of the screen."""
        seen = re.compile(pattern)
        self.until(lambda: seen.search(self.text()), f"the screen shows /{pattern}/")

    def place(self, words: str) -> tuple[int, int]:
        """Column and row, from 0, of the first of such words on the screen."""
        for y, row in enumerate(self.rows()):
            if (x := row.find(words)) >= 0:
                return x, y
        raise AssertionError(f"not on the screen: {words!r}\n{self.text()}")

    # --- what is done --------------------------------------------------------------------------

    def press(self, *keys: str) -> None:
        """Type keys by their names, or text as it is."""
        os.write(self._master, "".join(map(key_bytes, keys)).encode())

    def press_and_see(self, *keys: str) -> None:
        """Type keys and wait until something below the head looks otherwise."""
        before = self.picture()[1:]
        self.press(*keys)
        self.until(lambda: self.picture()[1:] != before, f"{keys} change what is seen")

    def paste(self, text: str) -> None:
        """Paste, as a terminal does that was asked to bracket it."""
        data = b"\x1b[200~" + text.encode() + b"\x1b[201~"
        while data:  # more than the kernel holds goes in pieces, drawn in between
            if select.select([self._master], [self._master], [], DEADLINE_S)[1]:
                data = data[os.write(self._master, data[:1024]) :]
            self._take(0)

    def mouse(self, button: int, x: int, y: int, *, up: bool = True) -> None:
        """A button of the mouse (64 and 65: the wheel) at a cell, in the SGR encoding."""
        at = f"{button};{x + 1};{y + 1}"
        os.write(self._master, f"\x1b[<{at}M{f'{chr(27)}[<{at}m' if up else ''}".encode())

    def click(self, words: str, times: int = 1) -> None:
        """Click on words, once or as often as said."""
        x, y = self.place(words)
        for _ in range(times):
            self.mouse(0, x, y)

    def wheel(self, words: str, *, down: bool) -> None:
        """Turn the wheel by one step over words."""
        x, y = self.place(words)
        self.mouse(65 if down else 64, x, y, up=False)

    def resize(self, columns: int, rows: int) -> None:
        """Drag the window's corner."""
        self._screen.resize(rows, columns)
        self._set_size(columns, rows)

    def ended(self) -> int:
        """Wait for the program's end; its exit status."""
        self.until(lambda: self.process.poll() is not None, "the program has ended")
        self._take(0)
        return int(self.process.returncode)

    def hang_up(self) -> None:
        """Close the terminal under the program, and wait for its end."""
        os.close(self._master)
        self._master = -1
        self.process.wait(DEADLINE_S)

    def close(self) -> None:
        """End all of it."""
        if self._master >= 0:
            os.close(self._master)
        self.process.kill()
        self.process.wait()

    # -------------------------------------------------------------------------------------------

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _take(self, wait_s: float) -> None:
        """Take all that is drawn; at most so long until it begins, and to the end of a frame."""
        while select.select([self._master], [], [], 1.0 if self._in_frame else wait_s)[0]:
            try:
                drawn = os.read(self._master, 1 << 16)
            except OSError:  # nobody has the other end any more
                return
            self.drawn += drawn
            self._draw(drawn)
            wait_s = 0

    def _draw(self, drawn: bytes) -> None:
        data = self._undecoded + drawn
        cut = _whole(data)
        data, self._undecoded = data[:cut], data[cut:]
        if _ASKS_FOR_FRAMES in data:
            os.write(self._master, _HAS_FRAMES)
        begins, ends = data.rfind(_FRAME_BEGINS), data.rfind(_FRAME_ENDS)
        if begins != ends:
            self._in_frame = begins > ends
        self._stream.feed(_UNKNOWN.sub("", data.decode("utf-8", "replace")))


def _whole(data: bytes) -> int:
    """Up to where there are only whole characters and whole escape sequences."""
    end = len(data)
    escape = data.rfind(b"\x1b", max(0, end - 64))
    if escape >= 0 and not re.match(rb"\x1b(\[[0-9;:<=>?$ ]*[@-~]|[^\[])", data[escape:]):
        end = escape
    for back in range(1, min(4, end) + 1):
        byte = data[end - back]
        if byte >= 0xC0:
            need = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return end - back if back < need else end
        if byte < 0x80:
            break
    return end
