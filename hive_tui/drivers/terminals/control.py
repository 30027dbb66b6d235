"""tmux's control mode: its lines as replies and notices, and the one connection that reads them.

Commands are answered in the order in which they were written, each in a block of its own between
`%begin` and `%end` or `%error`. A screen may show lines that look like these; a block therefore
ends only with the time and number that it began with, and what makes no sense outside of a block
ends the connection: a new one knows where it is again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from hive_tui.model.errors import HiveError

log = logging.getLogger(__name__)

ANSWER_S = 10.0
"""How long tmux may take to answer."""

_READ_BYTES = 256 * 1024
_OURS = b"1"
"""Flag of blocks that answer the connection's own commands."""

_SPECIAL = re.compile(r'[\\"$~\x00-\x1f\x7f]')
"""What tmux does not take for itself between double quotes."""


class Block(NamedTuple):
    """The answer to one command."""

    good: bool
    lines: list[bytes]


class Notice(NamedTuple):
    """What tmux tells by itself."""

    name: bytes
    """Without the percent sign: `subscription-changed`, `exit`."""
    rest: bytes


class OutOfStepError(Exception):
    """What came is no answer to anything."""


class Reader:
    """Turns bytes into blocks and notices."""

    def __init__(self) -> None:
        self._half = b""
        self._stamp: bytes | None = None
        self._lines: list[bytes] = []

    def feed(self, data: bytes) -> Iterator[Block | Notice]:
        """What is complete with these bytes.

        Blocks of commands that tmux was started with are left out.

        Raises:
            OutOfStepError: An end without a beginning.
        """
        *lines, self._half = (self._half + data).split(b"\n")
        for line in lines:
            if self._stamp is None:
                if line.startswith(b"%begin "):
                    self._stamp, self._lines = line[7:], []
                elif line.startswith((b"%end ", b"%error ")):
                    raise OutOfStepError(line)
                elif line.startswith(b"%"):
                    name, _, rest = line[1:].partition(b" ")
                    yield Notice(name, rest)
            elif line in (b"%end " + self._stamp, b"%error " + self._stamp):
                ours, self._stamp = self._stamp.endswith(b" " + _OURS), None
                if ours:
                    yield Block(line.startswith(b"%end "), self._lines)
            else:
                self._lines.append(line)


class TmuxError(HiveError):
    """tmux refused a command."""

    default_code = "tmux"


def quote(text: str) -> str:
    """A text as one word of tmux's command language, on one line."""
    return '"' + _SPECIAL.sub(_escape, text) + '"'


def _escape(found: re.Match[str]) -> str:
    sign = found[0]
    return f"\\{ord(sign):03o}" if sign < " " or sign == "\x7f" else "\\" + sign


class _Waiting(NamedTuple):
    commands: int
    """Commands in the line; after an error the ones behind it are not run."""
    lines: list[list[bytes]]
    answer: asyncio.Future[list[list[bytes]]]


class Connection:
    """One control-mode client of a tmux server."""

    def __init__(
        self,
        process: Process,
        noticed: Callable[[Notice], None],
        ended: Callable[[], None],
    ) -> None:
        """Take over a process that was begun by `connect`."""
        self._process = process
        self._noticed = noticed
        self._ended = ended
        self._waiting: deque[_Waiting] = deque()
        self._closing = False
        self._attached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reading = asyncio.ensure_future(self._read())

    @property
    def pid(self) -> int:
        """Of the client."""
        return self._process.pid

    @property
    def open(self) -> bool:
        """False once it has ended."""
        return not self._reading.done()

    async def run(self, line: str, count: int = 1) -> list[list[bytes]]:
        """Run the commands of a line; the lines that each of them printed.

        Args:
            line: Commands, parted by ` ; `.
            count: How many there are.

        Raises:
            TmuxError: tmux refused one; those behind it were not run.
            ConnectionError: It ended before the answer.
        """
        stdin = self._process.stdin
        if stdin is None or not self.open:
            raise ConnectionError
        answer: asyncio.Future[list[list[bytes]]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(count, [], answer))
        try:
            stdin.write(line.encode() + b"\n")
            async with asyncio.timeout(ANSWER_S):
                await stdin.drain()
                return await answer
        except TimeoutError:
            raise self._silent() from None

    async def attached(self) -> None:
        """Wait until it shows a session: what is asked before may be asked of no client.

        Raises:
            ConnectionError: It ended before.
            HiveError: tmux does not answer.
        """
        try:
            async with asyncio.timeout(ANSWER_S):
                await asyncio.shield(self._attached)
        except TimeoutError:
            raise self._silent() from None

    async def close(self) -> None:
        """End the connection; the server goes on."""
        self._closing = True
        if self._process.stdin is not None:
            self._process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                await asyncio.shield(self._reading)
                return
        self._process.kill()
        await self._reading

    async def _read(self) -> None:
        reader, stdout = Reader(), self._process.stdout
        try:
            while stdout is not None and (data := await stdout.read(_READ_BYTES)):
                for part in reader.feed(data):
                    self._take(part)
        except OutOfStepError as error:
            log.warning("tmux is out of step, the connection is begun anew: %s", error)
            self._process.kill()
        finally:
            if self._process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()
            await self._process.wait()
            for waiting in self._waiting:
                if not waiting.answer.done():
                    waiting.answer.set_exception(ConnectionError())
                    waiting.answer.exception()  # who asked may be gone
            self._waiting.clear()
            if not self._attached.done():
                self._attached.set_exception(ConnectionError())
                self._attached.exception()  # nobody may be waiting
            if not self._closing:
                asyncio.get_running_loop().call_soon(self._ended)

    def _silent(self) -> HiveError:
        """The error for a tmux that does not answer; the connection is begun anew."""
        self._process.kill()
        return HiveError(
            f"tmux has not answered for {ANSWER_S:.0f} s",
            hint="see whether its server hangs or is stopped (`ps -o pid,stat,args -C tmux`)",
            code="tmux_silent",
        )

    def _take(self, part: Block | Notice) -> None:
        if isinstance(part, Notice):
            if part.name == b"session-changed" and not self._attached.done():
                self._attached.set_result(None)
            self._noticed(part)
            return
        if not self._waiting:
            raise OutOfStepError("an answer that nobody waits for")
        waiting = self._waiting[0]
        waiting.lines.append(part.lines)
        if part.good and len(waiting.lines) < waiting.commands:
            return
        self._waiting.popleft()
        if waiting.answer.done():
            return  # who asked is gone
        if part.good:
            waiting.answer.set_result(waiting.lines)
        else:
            said = b" ".join(part.lines).decode("utf-8", "replace")
            waiting.answer.set_exception(TmuxError(f"tmux: {said}"))


async def connect(
    command: Sequence[str],
    env: Mapping[str, str],
    noticed: Callable[[Notice], None],
    ended: Callable[[], None],
) -> Connection:
    """Begin a control-mode client.

    Args:
        command: tmux in control mode, and what it is to attach to.
        env: Its environment, and that of a server which it starts.
        noticed: Gets what tmux tells by itself.
        ended: Told when it ended without having been closed.
    """
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=env, limit=2 * _READ_BYTES
    )
    return Connection(process, noticed, ended)
