"""Terminals for machines without tmux: a process of our own holds each window.

The daemon is one of a holder's clients, and the terminal of a person who looks is another. A holder
that was killed takes its window with it; what it left running is ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import sys
from asyncio.subprocess import PIPE
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from hive_tui.drivers.terminals import belonging, keys, refusals, talk
from hive_tui.engine.agents.protocols import Screen, WindowView
from hive_tui.engine.protocols import Processes
from hive_tui.model.errors import HiveError

_HOLDER = (sys.executable, "-P", "-m", "hive_tui.drivers.terminals.holder")
_VIEWER = (sys.executable, "-P", "-m", "hive_tui.drivers.terminals.viewer")
_ANSWER_S = 10.0
"""How long a holder may take to begin, and to answer."""


class _Link:
    """The daemon's connection to one holder."""

    def __init__(
        self,
        spec: talk.Spec,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.spec = spec
        self.view = talk.View(spec.pid)
        self._reader = reader
        self._writer = writer
        self._asked: deque[asyncio.Future[talk.Picture]] = deque()

    @property
    def key(self) -> tuple[str, str]:
        return self.spec.env_uid, self.spec.window

    async def read(self, told: Callable[[_Link], None]) -> None:
        """Read until the holder is gone."""
        try:
            while True:
                kind, payload = await talk.read(self._reader)
                if kind == talk.VIEW:
                    self.view = msgspec.json.decode(payload, type=talk.View)
                    told(self)
                elif kind == talk.PICTURE and self._asked:
                    answer = self._asked.popleft()
                    if not answer.done():
                        answer.set_result(msgspec.json.decode(payload, type=talk.Picture))
        except (EOFError, msgspec.MsgspecError):
            pass
        finally:
            for answer in self._asked:
                answer.cancel()
            await self.close()

    async def close(self) -> None:
        """Let go of the holder."""
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    async def send(self, kind: bytes, payload: bytes = b"") -> None:
        with contextlib.suppress(ConnectionError):
            self._writer.write(talk.frame(kind, payload))
            await self._writer.drain()

    async def picture(self) -> talk.Picture | None:
        """What it shows; `None`: the holder is gone, or does not answer."""
        answer: asyncio.Future[talk.Picture] = asyncio.get_running_loop().create_future()
        self._asked.append(answer)
        await self.send(talk.PICTURE)
        done, _ = await asyncio.wait([answer], timeout=_ANSWER_S)
        return answer.result() if done and not answer.cancelled() else None


class PlainTerminals:
    """A `TerminalHost` of windows that are held one by one."""

    def __init__(self, records: Path, sockets: Path, processes: Processes) -> None:
        """Create it; nothing is started.

        Args:
            records: Folder with a file per window.
            sockets: Folder of the sockets, which is the person's alone.
            processes: Of this machine.
        """
        self._records = records
        self._sockets = sockets
        self._processes = processes
        self._links: dict[tuple[str, str], _Link] = {}
        self._readers: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._watchers: set[Callable[[WindowView], None]] = set()
        self._changing = asyncio.Lock()

    @property
    def name(self) -> str:
        return "pty"

    @property
    def version(self) -> str:
        return "plain terminals, without tmux"

    async def open(self) -> None:
        self._records.mkdir(mode=0o700, parents=True, exist_ok=True)
        async with self._changing:
            for record in self._records.glob("*.json"):
                try:
                    spec = msgspec.json.decode(record.read_bytes(), type=talk.Spec)
                except (OSError, msgspec.MsgspecError):
                    continue  # it is going just now
                if not await self._connect(spec):  # its holder was killed
                    with contextlib.suppress(HiveError):
                        await belonging.end(self._processes, spec.pid, spec.run_id)
                    record.unlink(missing_ok=True)
                    Path(spec.socket).unlink(missing_ok=True)

    async def close(self) -> None:
        readers = tuple(self._readers.values())
        self._readers.clear()
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
        for link in self._links.values():  # a reader may not even have begun
            await link.close()

    async def ensure(
        self,
        env_uid: str,
        window: str,
        argv: Sequence[str],
        *,
        cwd: str,
        env: Mapping[str, str],
        size: tuple[int, int] = (160, 48),
    ) -> WindowView:
        refusals.check_program(argv, cwd, env)
        async with self._changing:
            known = self._links.get((env_uid, window))
            if known is not None:
                if not known.view.dead:
                    return _view(known)
                await self._end(known, tell=False)
            run_id = belonging.new_run_id()
            name = hashlib.sha256(f"{self._records}/{env_uid}/{window}".encode()).hexdigest()[:8]
            terminal = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
            spec = talk.Spec(
                env_uid=env_uid,
                window=window,
                run_id=run_id,
                socket=str(self._sockets / f"t{name}"),
                argv=tuple(argv),
                cwd=cwd,
                env={**env, **terminal, "HIVE_RUN_ID": run_id},
                size=size,
            )
            spec = msgspec.structs.replace(spec, pid=await self._hold(spec, name))
            if not await self._connect(spec):
                raise HiveError(f"the holder of the window {window!r} ended", code="no_window")
            return _view(self._links[(env_uid, window)])

    async def kill(self, env_uid: str, window: str | None = None) -> None:
        async with self._changing:
            for key, link in tuple(self._links.items()):
                if key[0] == env_uid and window in (None, key[1]):
                    await self._end(link, tell=True)

    def windows(self) -> tuple[WindowView, ...]:
        return tuple(map(_view, self._links.values()))

    def attached(self, env_uid: str) -> bool:
        return any(
            link.view.attached for link in self._links.values() if link.spec.env_uid == env_uid
        )

    def watch(self, changed: Callable[[WindowView], None]) -> Callable[[], None]:
        self._watchers.add(changed)
        return lambda: self._watchers.discard(changed)

    async def screen(self, env_uid: str, window: str) -> Screen:
        picture = await self._link(env_uid, window).picture()
        if picture is None:
            raise refusals.no_window(window)
        return Screen(picture.lines, picture.cursor)

    async def paste(self, env_uid: str, window: str, text: str) -> None:
        if whole := keys.pasteable(text):
            await self._living(env_uid, window).send(talk.PASTE, whole.encode())

    async def press(self, env_uid: str, window: str, *pressed: str) -> None:
        keys.check(pressed)
        if data := b"".join(map(keys.sequence, pressed)):
            await self._living(env_uid, window).send(talk.INPUT, data)

    def attach_command(self, env_uid: str, window: str | None = None) -> tuple[str, ...]:
        if window is None:
            window = next((w for uid, w in self._links if uid == env_uid), "")
        return (*_VIEWER, self._link(env_uid, window).spec.socket)

    # -------------------------------------------------------------------------------------------

    async def _hold(self, spec: talk.Spec, name: str) -> int:
        """Start a holder; the pid of the program in it."""
        self._sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
        Path(spec.socket).unlink(missing_ok=True)
        process = await asyncio.create_subprocess_exec(
            *_HOLDER,
            str(self._records / f"{name}.json"),
            stdin=PIPE,
            stdout=PIPE,
            start_new_session=True,
            cwd="/",
        )
        if process.stdin is None or process.stdout is None:
            raise AssertionError
        process.stdin.write(msgspec.json.encode(spec))
        process.stdin.close()
        try:
            async with asyncio.timeout(_ANSWER_S):
                said = await process.stdout.read()  # a holder lets go of it once it serves
        except TimeoutError:
            said = b""
        await process.wait()
        if not said.strip().isdigit():
            raise HiveError(
                f"a terminal for the window {spec.window!r} could not be begun",
                hint="`hive daemon logs` has what its holder said",
                code="no_window",
            )
        return int(said)

    async def _connect(self, spec: talk.Spec) -> bool:
        try:
            reader, writer = await asyncio.open_unix_connection(spec.socket)
        except OSError:
            return False
        link = _Link(spec, reader, writer)
        self._links[link.key] = link
        self._readers[link.key] = asyncio.ensure_future(self._follow(link))
        return True

    async def _follow(self, link: _Link) -> None:
        await link.read(self._told)
        if self._links.get(link.key) is link and link.key in self._readers:
            del self._links[link.key], self._readers[link.key]
            self._tell_gone(link)
            with contextlib.suppress(HiveError):  # what a killed holder left
                await belonging.end(self._processes, link.spec.pid, link.spec.run_id)

    async def _end(self, link: _Link, *, tell: bool) -> None:
        await belonging.end(self._processes, link.spec.pid, link.spec.run_id)
        self._links.pop(link.key, None)
        reader = self._readers.pop(link.key, None)
        await link.send(talk.QUIT)
        if reader is not None:
            _, late = await asyncio.wait([reader], timeout=_ANSWER_S)
            for task in late:
                task.cancel()
        if tell:
            self._tell_gone(link)

    def _told(self, link: _Link) -> None:
        self._tell(_view(link))

    def _tell_gone(self, link: _Link) -> None:
        code = link.view.exit_code if link.view.dead else None
        gone = msgspec.structs.replace(_view(link), pid=None, command="", dead=True)
        self._tell(msgspec.structs.replace(gone, exit_code=code))

    def _tell(self, view: WindowView) -> None:
        for watcher in tuple(self._watchers):
            watcher(view)

    def _link(self, env_uid: str, window: str) -> _Link:
        link = self._links.get((env_uid, window))
        if link is None:
            raise refusals.no_window(window)
        return link

    def _living(self, env_uid: str, window: str) -> _Link:
        link = self._link(env_uid, window)
        if link.view.dead:
            raise refusals.ended(window)
        return link


def _view(link: _Link) -> WindowView:
    view = link.view
    return WindowView(
        env_uid=link.spec.env_uid,
        window=link.spec.window,
        pid=None if view.dead else view.pid,
        title=view.title,
        command=view.command,
        dead=view.dead,
        exit_code=view.exit_code,
        active_at=view.active_at,
    )
