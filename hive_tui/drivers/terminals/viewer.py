"""Shows a plain terminal in the one that it is started in, until the person comes back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import termios
import tty

from hive_tui.drivers.terminals import talk

_BACK = b"\x1b[24~"
"""F12."""
_PREFIX, _DETACH = b"\x02", b"d"
"""C-b d, as in tmux; C-b twice sends it once."""

_PLAIN = b"\x1b[?1;1000;1002;1003;1004;1006;2004l\x1b[?47;1047;1049l\x1b[?25h\x1b[m\x1b[>0u\r\n"
"""Takes back what a program may have asked of the terminal."""


class Keys:
    """Tells keys for the window from the one that leads back."""

    def __init__(self) -> None:
        self._held = False

    def typed(self, data: bytes) -> tuple[bytes, bool]:
        """What the program gets, and whether the person wants to go back."""
        if data == _BACK:
            return b"", True
        out = bytearray()
        for at in range(len(data)):
            key = data[at : at + 1]
            if self._held:
                self._held = False
                if key == _DETACH:
                    return bytes(out), True
                out += key if key == _PREFIX else _PREFIX + key
            elif key == _PREFIX:
                self._held = True
            else:
                out += key
        return bytes(out), False


async def show(path: str) -> None:
    """Show the window behind a socket."""
    reader, writer = await asyncio.open_unix_connection(path)
    loop, keys, over = asyncio.get_running_loop(), Keys(), asyncio.Event()

    def size() -> talk.Size:
        return talk.Size(*os.get_terminal_size(0))

    def readable() -> None:
        data = os.read(0, 65536)
        wanted, back = keys.typed(data)
        if wanted:
            writer.write(talk.frame(talk.INPUT, wanted))
        if back or not data:
            over.set()

    def resized() -> None:
        with contextlib.suppress(OSError):
            writer.write(talk.encode(talk.SIZE, size()))

    async def draw() -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                kind, payload = await talk.read(reader)
                if kind == talk.OUTPUT:
                    await asyncio.to_thread(_write, payload)
        over.set()

    before = termios.tcgetattr(0)
    tty.setraw(0, termios.TCSADRAIN)  # what was typed ahead is for the window
    loop.add_reader(0, readable)
    loop.add_signal_handler(signal.SIGWINCH, resized)
    for number in (signal.SIGHUP, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    drawing = asyncio.ensure_future(draw())
    try:
        writer.write(talk.encode(talk.LOOK, size()))
        await over.wait()
    finally:
        loop.remove_reader(0)
        writer.close()
        drawing.cancel()
        await asyncio.gather(drawing, return_exceptions=True)
        with contextlib.suppress(OSError):
            _write(_PLAIN)
        termios.tcsetattr(0, termios.TCSADRAIN, before)


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


def main() -> None:
    """Show the window whose socket is named."""
    try:
        asyncio.run(show(sys.argv[1]))
    except (ConnectionError, FileNotFoundError):
        sys.exit("hive: the window is gone")


if __name__ == "__main__":
    main()
