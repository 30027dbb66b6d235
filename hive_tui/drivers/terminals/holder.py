"""Holds one plain terminal: a process of its own, which outlives the daemon.

It reads what the program prints as fast as that comes, keeps a screen of it, and serves the daemon
and the terminals of persons on a socket that is the person's alone. It ends when it is told to, or,
for a shell, when that ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from hive_tui.drivers.terminals import talk
from hive_tui.drivers.terminals.emulation import Emulator
from hive_tui.engine.agents.protocols import SHELL_WINDOW

_READ_BYTES = 64 * 1024
_BEHIND_BYTES = 1024 * 1024
"""How far a person's terminal may be behind before output is skipped for it."""
_GOODBYE_S = 1.0
_TELL_S = 0.5
"""Shortest time between two views."""

_IGNORED = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)
"""A holder ends when it is told to on its socket."""


class Holder:
    """One window: its program, its screen, and who is connected."""

    def __init__(self, spec: talk.Spec, master: int, pid: int) -> None:
        self._spec = spec
        self._master = master
        self._pid = pid
        self._emulator = Emulator(*spec.size)
        self._clients: dict[asyncio.StreamWriter, bool] = {}
        """Who is connected -> whether it is a person's terminal."""
        self._serving: set[asyncio.Task[None]] = set()
        self._behind: set[asyncio.StreamWriter] = set()
        self._input = bytearray()
        self._status: int | None = None
        self._active_at = time.time()
        self._told: talk.View | None = None
        self._telling: asyncio.TimerHandle | None = None
        self._over = asyncio.Event()

    async def run(self, forget: Callable[[], None]) -> None:
        """Hold the window until it is to go.

        Args:
            forget: Removes what tells others of it.
        """
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGCHLD, self._child_ended)
        loop.add_reader(self._master, self._readable)
        server = await asyncio.start_unix_server(self._serve, self._spec.socket)
        os.chmod(self._spec.socket, 0o600)
        sys.stdout.write(f"{self._pid}\n")
        sys.stdout.flush()
        os.close(1)
        self._child_ended()  # it may have been quick
        await self._over.wait()
        server.close()
        forget()  # before anybody can learn that it is over
        for client in tuple(self._clients):
            client.close()
        if self._serving:
            await asyncio.wait(self._serving, timeout=_GOODBYE_S)

    # --- the program -------------------------------------------------------------------------

    def _readable(self) -> None:
        try:
            data = os.read(self._master, _READ_BYTES)
        except OSError:  # nobody has the other end any more
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._master)
            return
        self._active_at = time.time()
        answers = self._emulator.take(data)
        persons = [client for client, person in self._clients.items() if person]
        if answers and not persons:
            self._type(answers)
        for client in persons:
            self._show(client, data)
        self._tell_soon()

    def _child_ended(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    break
                if pid == self._pid:
                    self._status = os.waitstatus_to_exitcode(status)
                    self._tell()
        if self._status is not None and self._spec.window == SHELL_WINDOW:
            self._over.set()

    def _type(self, data: bytes) -> None:
        """Give bytes to the program, as it takes them."""
        self._input += data
        asyncio.get_running_loop().add_writer(self._master, self._writable)

    def _writable(self) -> None:
        try:
            del self._input[: os.write(self._master, self._input[:_READ_BYTES])]
        except BlockingIOError:
            return
        except OSError:
            self._input.clear()
        if not self._input:
            asyncio.get_running_loop().remove_writer(self._master)

    def _resize(self, size: talk.Size) -> None:
        with contextlib.suppress(OSError):
            set_size(self._master, size.columns, size.rows)
        self._emulator.resize(size.columns, size.rows)

    # --- who is connected --------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        self._clients[writer] = False
        writer.write(talk.encode(talk.VIEW, self._view()))
        try:
            while True:
                self._do(writer, *await talk.read(reader))
                await writer.drain()
        except (EOFError, ConnectionError, msgspec.MsgspecError):
            pass
        finally:
            person = self._clients.pop(writer)
            self._behind.discard(writer)
            writer.close()
            if person:
                self._tell()

    def _do(self, writer: asyncio.StreamWriter, kind: bytes, payload: bytes) -> None:
        if kind == talk.INPUT:
            self._type(payload)
        elif kind == talk.PASTE:
            text = payload.replace(b"\n", b"\r")
            bracketed = 2004 in self._emulator.modes
            self._type(b"\x1b[200~" + text + b"\x1b[201~" if bracketed else text)
        elif kind == talk.PICTURE:
            picture = talk.Picture(self._emulator.lines(), self._emulator.cursor)
            writer.write(talk.encode(talk.PICTURE, picture))
        elif kind == talk.SIZE:
            self._resize(msgspec.json.decode(payload, type=talk.Size))
        elif kind == talk.LOOK:
            size = msgspec.json.decode(payload, type=talk.Size)
            writer.write(talk.frame(talk.OUTPUT, self._whole(size)))
            self._clients[writer] = True
            self._resize(size)
            self._tell()
        elif kind == talk.QUIT:
            self._over.set()

    def _show(self, client: asyncio.StreamWriter, data: bytes) -> None:
        """Show output to a person; who is far behind gets the whole screen once it caught up."""
        waiting = client.transport.get_write_buffer_size()
        if client in self._behind:
            if waiting:
                return
            self._behind.discard(client)
            client.write(talk.frame(talk.OUTPUT, self._screen()))
        elif waiting > _BEHIND_BYTES:
            self._behind.add(client)
        else:
            client.write(talk.frame(talk.OUTPUT, data))

    def _whole(self, size: talk.Size) -> bytes:
        """What a terminal has to be sent to show the window: earlier lines first."""
        history = self._emulator.history()[: -size.rows][-1000:]
        pushed = b"".join(line + b"\r\n" for line in history) + b"\n" * size.rows
        return (pushed if history else b"") + self._screen()

    def _screen(self) -> bytes:
        modes = sorted(self._emulator.modes)
        rows = b"".join(
            b"\x1b[%d;1H\x1b[m\x1b[K%s" % (y + 1, line)
            for y, line in enumerate(self._emulator.lines())
        )
        cursor = self._emulator.cursor
        at = (
            b"\x1b[?25l"
            if cursor is None
            else b"\x1b[%d;%dH\x1b[?25h" % (cursor[1] + 1, cursor[0] + 1)
        )
        return b"".join(b"\x1b[?%dh" % mode for mode in modes) + b"\x1b[m\x1b[2J" + rows + at

    # --- telling -----------------------------------------------------------------------------

    def _view(self) -> talk.View:
        dead = self._status is not None
        return talk.View(
            pid=self._pid,
            title=self._emulator.title,
            command="" if dead else _foreground(self._master),
            dead=dead,
            exit_code=self._status,
            active_at=self._active_at,
            attached=sum(self._clients.values()),
        )

    def _tell_soon(self) -> None:
        if self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(_TELL_S, self._tell)

    def _tell(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        view = self._view()
        if view != self._told:
            self._told = view
            for client, person in self._clients.items():
                if not person or view.dead:
                    client.write(talk.encode(talk.VIEW, view))


def set_size(terminal: int, columns: int, rows: int) -> None:
    """Give a terminal a size."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def _foreground(master: int) -> str:
    """Name of the program that has the terminal."""
    import psutil

    try:
        return psutil.Process(os.tcgetpgrp(master)).name()
    except (OSError, psutil.Error, ValueError):
        return ""


def _begin(spec: talk.Spec) -> tuple[int, int]:
    """Start the program in a new terminal; the terminal and its pid."""
    master, slave = os.openpty()
    set_size(master, *spec.size)
    pid = os.fork()
    if pid == 0:
        try:
            os.login_tty(slave) if hasattr(os, "login_tty") else _login(slave)
            os.chdir(spec.cwd)
            for number in (*_IGNORED, signal.SIGQUIT, signal.SIGPIPE, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            os.execvpe(spec.argv[0], spec.argv, spec.env)
        except OSError as error:
            os.write(2, f"{spec.argv[0]}: {error.strerror}\r\n".encode())
        finally:
            os._exit(127)
    os.close(slave)
    os.set_blocking(master, False)
    return master, pid


def _login(slave: int) -> None:
    """What `login_tty` does, for Python 3.11: lead a session whose terminal this is."""
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for number in range(3):
        os.dup2(slave, number)
    os.closerange(3, 64)


def main() -> None:
    """Hold the window that standard input describes; its record is removed in the end."""
    spec = msgspec.json.decode(sys.stdin.buffer.read(), type=talk.Spec)
    record = Path(sys.argv[1])
    if os.fork():  # who started it waits for that alone
        os._exit(0)
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    master, pid = _begin(spec)
    kept = msgspec.structs.replace(spec, pid=pid, env={}, argv=())
    record.write_bytes(msgspec.json.encode(kept))

    def forget() -> None:
        Path(spec.socket).unlink(missing_ok=True)
        record.unlink(missing_ok=True)

    asyncio.run(Holder(spec, master, pid).run(forget))


if __name__ == "__main__":
    main()
