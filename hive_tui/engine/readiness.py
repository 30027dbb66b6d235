"""Waits until a service shows that it is ready, or fails to.

It starts, stops and supervises nothing: what a failure means is the caller's decision.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlsplit

from hive_tui.engine.inside import Inside
from hive_tui.engine.inside_probes import ContainerProbes
from hive_tui.engine.log_match import LogMatch, read_grown
from hive_tui.engine.port_owner import PortOwner, PortTakenError, taken
from hive_tui.engine.port_scan import PortScan
from hive_tui.engine.protocols import Clock, Exit, Identity, Listener, Listening, Logs, Processes
from hive_tui.engine.waiting import EXEC_PAUSES_S, Wait, poll
from hive_tui.model.errors import ConfigError, HiveError
from hive_tui.model.project import Ready, ReadyKind

__all__ = ["DiedError", "PortTakenError", "Readiness", "ReadyTimeoutError"]

HTTP_PAUSES_S = 0.01, 0.1
"""Pause between two requests: the first one, and what it grows to."""
HTTP_TIMEOUT_S = 10.0
"""For one answer: development servers compile what is asked for first."""
FILE_S = 0.01

HttpStatus = Callable[[str, float], Awaitable[int]]
"""Status of a GET within so many seconds; OSError where there is none."""
ExecProbe = Callable[[], Awaitable[int]]
"""Runs the probe's command once; its exit status."""


class ReadyTimeoutError(HiveError):
    """The service runs, but did not get ready in time."""

    default_code = "ready_timeout"


class DiedError(HiveError):
    """The service ended before it was ready."""

    default_code = "died"

    def __init__(self, message: str, *, exit: Exit) -> None:
        super().__init__(message, hint="its log says why")
        self.exit = exit


class Readiness:
    """Every wait for a service to get ready, with one scan of sockets for all of them."""

    def __init__(
        self,
        listening: Listening,
        logs: Logs,
        processes: Processes,
        clock: Clock,
        *,
        http_status: HttpStatus,
        program: Callable[[int], str | None] = lambda pid: None,
    ) -> None:
        """Create it.

        Args:
            listening: Listening sockets and who holds them.
            logs: Where services write.
            processes: To tell a service's own processes from strangers.
            clock: For how late things are seen.
            http_status: Asks a server.
            program: Name of the program that a pid runs, for messages.
        """
        self._listening = listening
        self._logs = logs
        self._processes = processes
        self._clock = clock
        self._http_status = http_status
        self._program = program
        self._scan = PortScan(listening, clock)

    async def wait(
        self,
        ready: Ready | None,
        *,
        env_uid: str,
        source: str,
        value: str,
        port: int | None,
        identity: Identity,
        log_offset: int,
        died: asyncio.Future[Exit],
        expected_s: float | None,
        exec_probe: ExecProbe | None,
    ) -> float:
        """Wait until the service is ready.

        Args:
            ready: How it shows; `None`: ready as soon as it runs.
            env_uid: Env whose service it is.
            source: Name of the service, and of its log.
            value: `ready.value` with its templates expanded; a path is absolute.
            port: Number of the port (tcp); else `None`.
            identity: The process that was started.
            log_offset: Where this run's output starts in the log.
            died: Ends when the process ends. Is not cancelled.
            expected_s: How long it took lately; `None` where that is unknown.
            exec_probe: Runs the command (exec); else `None`.

        Returns:
            For how many seconds it was ready before that was seen: best estimate. 0 where it was
            ready at the first look.

        Raises:
            ReadyTimeoutError: It was not within `ready.timeout_s`; says what was missing.
            DiedError: It ended first.
            PortTakenError: A process that is not the service's listens on its port.
            ConfigError: The pattern is not a regular expression.
        """
        wait = Wait(env_uid, source, value, identity, expected_s)
        if ready is None:
            await self._alive(wait, died)
            return 0.0
        return await self._first(
            ready, wait, self._probe(ready.kind, wait, port, log_offset, exec_probe), died
        )

    async def wait_inside(
        self,
        ready: Ready | None,
        inside: Inside,
        *,
        env_uid: str,
        source: str,
        value: str,
        port: int | None,
        published: Mapping[int, int],
        log_offset: int,
        died: asyncio.Future[Exit],
        expected_s: float | None,
    ) -> float:
        """Wait until a service that is a container is ready.

        Args:
            ready: How it shows; `None`: ready as soon as it runs.
            inside: The container.
            env_uid: Env whose service it is.
            source: Name of the service, and of its log.
            value: `ready.value` with its templates expanded; a path is absolute.
            port: Port of this machine that it is about (tcp, http); else `None`.
            published: Port of this machine -> port inside.
            log_offset: Where this run's output starts in the log.
            died: Ends when the container ends. Is not cancelled.
            expected_s: How long it took lately; `None` where that is unknown.

        Returns:
            For how many seconds it was ready before that was seen, as `wait`.

        Raises:
            HiveError: As `wait`; nobody else can have its ports.
        """
        wait = Wait(env_uid, source, value, None, expected_s)
        if ready is None:
            if not inside.alive:
                raise self._death(wait, await asyncio.shield(died))
            return 0.0
        probes = ContainerProbes(inside, self._scan, self._clock)
        waiting: Awaitable[float]
        match ready.kind:
            case ReadyKind.TCP:
                waiting = probes.tcp(wait, port, published)
            case ReadyKind.HTTP:
                waiting = self._http_inside(wait, probes, port, published)
            case ReadyKind.LOG:
                waiting = self._log(wait, log_offset)
            case ReadyKind.FILE:
                waiting = probes.file(wait)
            case ReadyKind.EXEC:
                waiting = probes.exec(wait)
        return await self._first(ready, wait, waiting, died)

    async def _http_inside(
        self,
        wait: Wait,
        probes: ContainerProbes,
        port: int | None,
        published: Mapping[int, int],
    ) -> float:
        seen = port in published and probes.sees_inside
        late_s = await probes.tcp(wait, port, published) if seen else 0.0
        return await self._request(wait, late_s)

    async def _first(
        self, ready: Ready, wait: Wait, waiting: Awaitable[float], died: asyncio.Future[Exit]
    ) -> float:
        """The end of a wait, unless the service ends first or the time is over."""
        probe = asyncio.ensure_future(waiting)
        try:
            await asyncio.wait(
                (probe, died), timeout=ready.timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
            if died.done():
                raise self._death(wait, died.result())
            if probe.done():
                return probe.result()
        finally:
            probe.cancel()
            await asyncio.gather(probe, return_exceptions=True)
        raise ReadyTimeoutError(
            f"{wait.source} was not ready within {ready.timeout_s:g} s: {wait.missing}",
            hint=f"see its log, or raise `timeout` of `ready` of {wait.source} in hive.toml",
        )

    async def _alive(self, wait: Wait, died: asyncio.Future[Exit]) -> None:
        assert wait.identity is not None
        if not died.done() and self._processes.alive(wait.identity):
            return
        raise self._death(wait, await asyncio.shield(died))

    def _death(self, wait: Wait, exit: Exit) -> HiveError:
        """The error for a service that ended: the port's fault, where somebody else has it."""
        error = DiedError(f"{wait.source} ended before it was ready ({_ending(exit)})", exit=exit)
        if wait.port is not None and (there := self._scan.now(wait.port)):
            pid = next((p for p in map(self._listening.owner, there) if p is not None), None)
            stranger = taken(wait.source, wait.port, pid, self._program)
            stranger.__cause__ = error
            return stranger
        return error

    async def _probe(
        self,
        kind: ReadyKind,
        wait: Wait,
        port: int | None,
        log_offset: int,
        exec_probe: ExecProbe | None,
    ) -> float:
        match kind:
            case ReadyKind.TCP:
                if port is None:
                    raise TypeError("a tcp wait needs its port")
                return await self._tcp(wait, port, others_users=False)
            case ReadyKind.HTTP:
                return await self._http(wait)
            case ReadyKind.LOG:
                return await self._log(wait, log_offset)
            case ReadyKind.FILE:
                return await self._file(wait)
            case ReadyKind.EXEC:
                if exec_probe is None:
                    raise TypeError("an exec wait needs its probe")
                return await self._exec(wait, exec_probe)

    async def _tcp(self, wait: Wait, port: int, *, others_users: bool) -> float:
        """Wait for a socket of the service's own; with `others_users` also of unknown processes."""
        assert wait.identity is not None
        wait.port = port
        wait.missing = f"nothing listens on port {port}"
        seen: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        owner = PortOwner(
            wait.source, port, wait.identity, self._listening, self._processes, self._clock
        )

        def look(listeners: tuple[Listener, ...], late_s: float) -> None:
            if seen.done():
                return
            try:
                own = owner.own(listeners, others_users=others_users, program=self._program)
            except Exception as error:  # the waiter's to raise, not the scan's to die of
                seen.set_exception(error)
                return
            if own:
                seen.set_result(late_s)
            wait.missing = f"port {port} is listened on by a process that is not the service's"

        stop = self._scan.watch(port, wait.expected_s, look)
        try:
            return await seen
        finally:
            stop()

    async def _http(self, wait: Wait) -> float:
        port = _port(wait.value)
        late_s = 0.0 if port is None else await self._tcp(wait, port, others_users=True)
        return await self._request(wait, late_s)

    async def _request(self, wait: Wait, late_s: float) -> float:
        """Ask until the answer is good; `late_s` is what is known already of how late that is."""
        first = True

        async def look() -> bool:
            nonlocal first
            try:
                status = await self._http_status(wait.value, HTTP_TIMEOUT_S)
            except OSError as error:
                wait.missing = f"{wait.value} gives no answer ({error or type(error).__name__})"
            else:
                if 200 <= status < 400:
                    return True
                wait.missing = f"{wait.value} answers {status}"
            first = False
            return False

        seen_s = await poll(look, self._clock, HTTP_PAUSES_S)
        return late_s if first else seen_s

    async def _log(self, wait: Wait, offset: int) -> float:
        try:
            match = LogMatch(wait.value)
        except re.error as error:
            raise ConfigError(
                f"`ready` of {wait.source}: {wait.value!r} is not a regular expression: {error}",
                hint="correct `ready.log` in hive.toml",
            ) from error
        wait.missing = f"no line of its log matches {wait.value!r}"
        path = self._logs.path(wait.env_uid, wait.source)
        grown = asyncio.Event()
        stop = self._logs.watch(wait.env_uid, wait.source, grown.set)
        first = True
        try:
            while True:
                grown.clear()
                chunk, offset = read_grown(path, offset)
                if chunk and match.feed(chunk):
                    return 0.0 if first else max(0.0, self._clock.now() - path.stat().st_mtime)
                if chunk:
                    await asyncio.sleep(0)
                else:
                    first = False
                    await grown.wait()
        finally:
            stop()

    async def _file(self, wait: Wait) -> float:
        wait.missing = f"there is no file {wait.value}"
        absent_at: float | None = None
        while not os.path.exists(wait.value):
            absent_at = self._clock.monotonic()
            await asyncio.sleep(FILE_S)
        return 0.0 if absent_at is None else (self._clock.monotonic() - absent_at) / 2

    async def _exec(self, wait: Wait, probe: ExecProbe) -> float:
        wait.missing = "its probe has not ended yet"

        async def look() -> bool:
            status = await probe()
            wait.missing = f"its probe ends with {status}"
            return status == 0

        return await poll(look, self._clock, EXEC_PAUSES_S)


def _port(url: str) -> int | None:
    """Port of a URL; `None` where it has none that makes sense: the request then says so."""
    parts = urlsplit(url)
    try:
        return parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None


def _ending(exit: Exit) -> str:
    if exit.why is not None:
        return exit.why
    if exit.code is None:
        return "nobody saw how"
    return f"signal {-exit.code}" if exit.code < 0 else f"exit {exit.code}"
