"""What a program's output looks like on a screen, worked out only when somebody asks.

The emulator is slow, so a flood is not fed to it: of what piled up since the last look only the
end counts. What the program asks of its terminal is answered here while nobody looks.
"""

from __future__ import annotations

import copy
import re
import time
from collections import deque
from itertools import groupby
from typing import Any

import pyte

from hive_tui.drivers.terminals.picture import clean, drawn

PENDING_BYTES = 128 * 1024
"""What may pile up between two looks; beyond it only the newest half counts."""

_REST = 4.0
"""How much longer than it took to catch up it is rested."""

HISTORY_BYTES = 256 * 1024
"""Of lines that have left the screen."""

_TITLE = re.compile(rb"\x1b\][02];([^\x07\x1b]*)(?:\x07|\x1b\\)")
_MODES = re.compile(rb"\x1b\[\?([0-9;]+)([hl])")
_UNKNOWN = re.compile(
    rb"\x1b\[[<=>][0-9;:]*[a-zA-Z]|\x1b\[[0-9;]* [a-zA-Z]|\x1b\[\?[0-9;]*\$p"
    rb"|\x1b[P^_X][^\x1b]*\x1b\\|\x1b\[[0-9;]*:[0-9;:]*m"
)
"""What the emulator would draw as text."""

_HALF = re.compile(rb"\x1b(?:[\]P^_X][^\x07\x1b]{0,4096}\x1b?|\[[0-?]{0,64}[ -/]?|\(|)\Z")
"""A sequence that is not over yet."""

_DRAWN = re.compile(rb"\x1b\(0(.*?)(\x1b\([B0]|\Z)", re.DOTALL)
_ASKS = re.compile(rb"\x1b\[(6n|5n|0?c)")
_ALTERNATE = (47, 1047, 1049)

_NAMES = ("black", "red", "green", "brown", "blue", "magenta", "cyan", "white")
_COLOURS = {name: number for number, name in enumerate(_NAMES)}
_COLOURS |= {f"bright{name}": 60 + number for number, name in enumerate(_NAMES)}
_COLOURS |= {"brightyellow": 63, "bfightmagenta": 65}
# pyte knows no dim cells: they are kept as blinking ones, and what blinks is drawn plainly
_DIM = {2: (5,), 5: (), 6: (), 22: (22, 25), 25: ()}
_FLAGS = {"bold": 1, "italics": 3, "underscore": 4, "blink": 2, "reverse": 7, "strikethrough": 9}


class _Screen(pyte.Screen):
    """With the second screen that full-screen programs draw on."""

    _kept: tuple[Any, Any] | None = None

    def alternate(self, on: bool) -> None:
        if on and self._kept is None:
            self._kept = copy.deepcopy(self.buffer), copy.copy(self.cursor)
            self.erase_in_display(2)
        elif not on and self._kept is not None:
            (self.buffer, self.cursor), self._kept = self._kept, None

    def select_graphic_rendition(self, *attrs: int) -> None:
        told: list[int] = []
        colour = 0
        for attr in attrs:
            if colour:  # what follows 38 or 48 is no style of its own
                is_kind = told[-1] in (38, 48)
                colour = {5: 1, 2: 3}.get(attr, 0) if is_kind else colour - 1
                told.append(attr)
            else:
                colour = attr in (38, 48)
                told += _DIM.get(attr, (attr,))
        if told or not attrs:
            super().select_graphic_rendition(*told)

    def set_mode(self, *modes: int, **how: Any) -> None:
        if how.get("private") and set(modes) & set(_ALTERNATE):
            self.alternate(on=True)
        super().set_mode(*modes, **how)

    def reset_mode(self, *modes: int, **how: Any) -> None:
        super().reset_mode(*modes, **how)
        if how.get("private") and set(modes) & set(_ALTERNATE):
            self.alternate(on=False)


class Emulator:
    """A terminal's screen, title and modes."""

    def __init__(self, columns: int, rows: int) -> None:
        self.title = ""
        self.modes: set[int] = set()
        """Private modes that are on, beside those that are on in a new terminal."""
        self.hidden = False
        """Whether the cursor is hidden."""
        self._screen = _Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._pending: deque[bytes] = deque()
        self._bytes = 0
        self._half = b""
        self._not_before = 0.0
        self._drawing = False
        """Whether the alternate character set is on."""
        self._history: deque[bytes] = deque()
        self._kept = 0

    def take(self, data: bytes) -> bytes:
        """Take what the program printed; what a terminal would answer to it."""
        data = self._half + data
        half = _HALF.search(data[-4200:])
        cut = len(data) - (len(data[-4200:]) - half.start()) if half else len(data)
        data, self._half = data[:cut], data[cut:]
        if b"\x1b" in data:
            for title in _TITLE.findall(data)[-1:]:
                self.title = title.decode("utf-8", "replace")
            for modes, on in _MODES.findall(data):
                self._set_modes({int(mode) for mode in modes.split(b";") if mode}, on == b"h")
        self._pile(self._pending, data, PENDING_BYTES, pending=True)
        self._pile(self._history, data, HISTORY_BYTES, pending=False)
        return b"".join(map(self._answer, _ASKS.findall(data))) if b"\x1b[" in data else b""

    def resize(self, columns: int, rows: int) -> None:
        """Have another size from now on. What is below the cursor goes first, then the top."""
        self._catch_up()
        screen, surplus = self._screen, self._screen.lines - rows
        if surplus > 0:  # pyte would take all of it from the top: a program seldom draws it anew
            cursor = screen.cursor
            x, y = cursor.x, cursor.y
            above = max(0, y - rows + 1)
            screen.set_margins()
            cursor.x = cursor.y = 0
            if above:
                screen.delete_lines(above)
            screen.insert_lines(surplus)
            cursor.x, cursor.y = x, y - above
        screen.resize(rows, columns)

    def lines(self) -> tuple[bytes, ...]:
        """The screen with its colours, a line a row."""
        self._look()
        return tuple(self._row(y) for y in range(self._screen.lines))

    @property
    def cursor(self) -> tuple[int, int] | None:
        """Column and row, as of the last look at the lines; `None` where it is hidden."""
        return None if self.hidden else (self._screen.cursor.x, self._screen.cursor.y)

    def history(self) -> list[bytes]:
        """Lines that were printed, the newest last; none of a full-screen program."""
        if self.modes & set(_ALTERNATE):
            return []
        whole = b"".join(self._history).split(b"\n")
        return [clean(line.rstrip(b"\r").rpartition(b"\r")[2]) for line in whole]

    def _pile(self, pile: deque[bytes], data: bytes, most: int, *, pending: bool) -> None:
        pile.append(data)
        size = (self._bytes if pending else self._kept) + len(data)
        while size > most and len(pile) > 1:
            size -= len(pile.popleft())
        if size > most:
            pile[0] = pile[0][-most // 2 :]
            size = len(pile[0])
        if pending:
            self._bytes = size
        else:
            self._kept = size

    def _look(self) -> None:
        """Catch up, unless that took long a moment ago: a flood must not cost all of a core."""
        now = time.monotonic()
        if now >= self._not_before:
            self._catch_up()
            self._not_before = time.monotonic() + _REST * (time.monotonic() - now)

    def _catch_up(self) -> None:
        data = b"".join(self._pending)
        if self._drawing:
            data = b"\x1b(0" + data
        self._drawing = data.rfind(b"\x1b(0") > data.rfind(b"\x1b(B")
        data = _UNKNOWN.sub(b"", _DRAWN.sub(lambda found: drawn(found[1]), data))
        self._pending.clear()
        self._bytes = 0
        try:
            self._stream.feed(data)
        except Exception:  # the emulator's own; a wrong picture is mended by the next one
            self._stream = pyte.ByteStream(self._screen)

    def _set_modes(self, modes: set[int], on: bool) -> None:
        if 25 in modes:
            self.hidden = not on
        modes = modes - {25, 2026}
        self.modes = self.modes | modes if on else self.modes - modes

    def _answer(self, asked: bytes) -> bytes:
        if asked == b"6n":
            self._catch_up()
            return b"\x1b[%d;%dR" % (self._screen.cursor.y + 1, self._screen.cursor.x + 1)
        return b"\x1b[0n" if asked == b"5n" else b"\x1b[?62;22c"

    def _row(self, y: int) -> bytes:
        row = self._screen.buffer[y]
        cells = [row[x] for x in range(self._screen.columns)]
        parts = []
        for style, group in groupby(cells, key=_style):
            text = "".join(cell.data for cell in group)
            parts.append(f"\x1b[{style}m{text}\x1b[m" if style else text)
        return clean("".join(parts).rstrip(" ").encode())


def _style(cell: Any) -> str:
    """Parameters of the sequence that sets a cell's style; empty for plain text."""
    codes = [str(code) for flag, code in _FLAGS.items() if getattr(cell, flag)]
    codes += [*_colour(cell.fg, 30), *_colour(cell.bg, 40)]
    return ";".join(codes)


def _colour(name: str, base: int) -> list[str]:
    if name == "default":
        return []
    if name in _COLOURS:
        return [str(base + _COLOURS[name])]
    try:
        red, green, blue = bytes.fromhex(name)
    except ValueError:
        return []
    return [f"{base + 8};2;{red};{green};{blue}"]
