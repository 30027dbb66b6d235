"""Waiting for readiness, with scripted sockets, processes, logs and time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import pytest

from hive_tui.engine.port_scan import DENSE_S, SPARSE_S, interval_s
from hive_tui.engine.protocols import Exit, Identity, Listener, Logs, Processes
from hive_tui.engine.readiness import (
    DiedError,
    PortTakenError,
    Readiness,
    ReadyTimeoutError,
)
from hive_tui.model.errors import ConfigError
from hive_tui.model.project import Ready, ReadyKind

API = Identity(pid=42, start_ticks=1, boot_id="b", run_id="r")
DEADLINE_S = 20.0


class ScriptedClock:
    """Time that passes only when told, and `step_s` after each scan."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time


class ScriptedSockets:
    """Listens from the scan on that it is told."""

    def __init__(self, clock: ScriptedClock) -> None:
        self._clock = clock
        self.step_s = 0.0
        self.scans = 0
        self.searches = 0
        self.owners: dict[int, int] = {}
        self.script: dict[int, dict[int, tuple[Listener, ...]]] = {}
        """Number of the scan from which on these ports are listened on."""
        self.broken: set[int] = set()

    def open(self, port: int, owner: int | None, *, at_scan: int = 1, inode: int = 0) -> None:
        inode = inode or port
        if owner is not None:
            self.owners[inode] = owner
        there = self.script.setdefault(at_scan, {})
        there[port] = (*there.get(port, ()), Listener(port, "127.0.0.1", inode))

    def scan(self) -> dict[int, tuple[Listener, ...]]:
        self.scans += 1
        asyncio.get_running_loop().call_soon(self._pass_time)
        if self.scans in self.broken:
            raise OSError("no buffer space")
        found: dict[int, tuple[Listener, ...]] = {}
        for first, there in sorted(self.script.items()):
            if first <= self.scans:
                found.update(there)
        return found

    def _pass_time(self) -> None:
        self._clock.time += self.step_s

    def owner(self, listener: Listener, among: Sequence[int] | None = None) -> int | None:
        self.searches += among is None
        pid = self.owners.get(listener.inode)
        return pid if among is None or pid in among else None

    def bindable(self, port: int) -> bool:
        return True


class ScriptedProcesses:
    """One session, whose members the test sets."""

    def __init__(self) -> None:
        self.session: tuple[int, ...] = (42, 43)
        self.near: tuple[int, ...] = ()
        self.lives = True
        self.asked = 0

    def members(self, identity: Identity) -> tuple[int, ...]:
        self.asked += 1
        return self.session

    def descendants(self, identity: Identity) -> tuple[int, ...]:
        return self.near

    def alive(self, identity: Identity) -> bool:
        return self.lives


class ScriptedLogs:
    """One log in a folder, which says that it grew when the test writes to it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "api.log"
        self.watchers: list[Callable[[], None]] = []

    def write(self, data: bytes) -> None:
        with self._path.open("ab") as file:
            file.write(data)
        for grown in tuple(self.watchers):
            grown()

    def path(self, env_uid: str, source: str) -> Path:
        return self._path

    def end(self, env_uid: str, source: str) -> int:
        return self._path.stat().st_size

    def watch(self, env_uid: str, source: str, grown: Callable[[], None]) -> Callable[[], None]:
        self.watchers.append(grown)
        return lambda: self.watchers.remove(grown)


class Room:
    """Readiness among scripted things, and one service `api` that waits."""

    def __init__(self, folder: Path) -> None:
        self.clock = ScriptedClock()
        self.sockets = ScriptedSockets(self.clock)
        self.processes = ScriptedProcesses()
        self.logs = ScriptedLogs(folder)
        self.answers: list[int | OSError] = []
        self.asked: list[str] = []
        self.died: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self.readiness = Readiness(
            self.sockets,
            cast("Logs", self.logs),
            cast("Processes", self.processes),
            self.clock,
            http_status=self._status,
            program=lambda pid: "nginx",
        )

    async def _status(self, url: str, timeout_s: float) -> int:
        self.asked.append(url)
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, OSError):
            raise answer
        return answer

    async def wait(
        self,
        kind: ReadyKind | None,
        value: str = "",
        *,
        port: int | None = None,
        timeout_s: float = DEADLINE_S,
        log_offset: int = 0,
        probe: Callable[[], asyncio.Future[int]] | None = None,
    ) -> float:
        return await self.readiness.wait(
            None if kind is None else Ready(kind, value, timeout_s),
            env_uid="e1",
            source="api",
            value=value,
            port=port,
            identity=API,
            log_offset=log_offset,
            died=self.died,
            expected_s=None,
            exec_probe=probe,
        )


@pytest.fixture
async def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


# --- when to scan ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("waits", "cost_s", "expected"),
    [
        ([(60.0, None)], 0.0, DENSE_S),  # few
        ([(60.0, None)] * 5, 0.0, SPARSE_S),
        ([(60.0, None)] * 5 + [(1.0, None)], 0.0, DENSE_S),  # a young one
        ([(60.0, None)] * 5 + [(59.0, 60.0)], 0.0, DENSE_S),  # one near its time
        ([(60.0, 30.0)] * 5, 0.0, SPARSE_S),
        ([(1.0, None)], 0.01, 0.05),  # scans are dear here
        ([(60.0, None)] * 5, 0.001, SPARSE_S),
    ],
)
def test_scans_are_dense_where_something_is_likely_and_never_too_dear(
    waits: list[tuple[float, float | None]], cost_s: float, expected: float
) -> None:
    assert interval_s(waits, cost_s) == pytest.approx(expected)


# --- without a probe -------------------------------------------------------------------------


async def test_without_ready_it_is_ready_as_soon_as_it_runs(room: Room) -> None:
    assert await room.wait(None) == 0.0


async def test_without_ready_a_process_that_is_gone_has_died(room: Room) -> None:
    room.processes.lives = False
    room.died.set_result(Exit(3))

    with pytest.raises(DiedError, match="exit 3") as raised:
        await room.wait(None)

    assert raised.value.exit == Exit(3)


# --- tcp -------------------------------------------------------------------------------------


async def test_tcp_is_ready_once_a_member_of_the_session_listens(room: Room) -> None:
    room.sockets.step_s = 0.004
    room.sockets.open(8080, 43, at_scan=3)

    late_s = await room.wait(ReadyKind.TCP, "web", port=8080)

    assert room.sockets.scans == 3
    assert late_s == pytest.approx(0.002)


async def test_the_own_socket_is_found_without_a_look_at_all_processes(room: Room) -> None:
    room.processes.near = (42, 43)
    room.sockets.open(8080, 43)

    await room.wait(ReadyKind.TCP, "web", port=8080)

    assert room.processes.asked == 0


async def test_tcp_that_is_ready_at_the_first_look_is_not_late(room: Room) -> None:
    room.sockets.open(8080, 42)

    assert await room.wait(ReadyKind.TCP, "web", port=8080) == 0.0


async def test_fifty_waits_share_one_scan(room: Room) -> None:
    for number in range(50):
        room.sockets.open(8000 + number, 42, at_scan=4, inode=8000 + number)

    await asyncio.gather(
        *(room.wait(ReadyKind.TCP, "web", port=8000 + number) for number in range(50))
    )

    assert room.sockets.scans == 4


async def test_nothing_is_scanned_once_nothing_waits(room: Room) -> None:
    room.sockets.open(8080, 42)
    await room.wait(ReadyKind.TCP, "web", port=8080)
    before = room.sockets.scans

    waiting = asyncio.ensure_future(room.wait(ReadyKind.LOG, "never"))
    room.sockets.script.clear()
    await asyncio.sleep(DENSE_S * 5)
    waiting.cancel()

    assert room.sockets.scans == before


async def test_a_scan_that_fails_is_tried_again(room: Room) -> None:
    room.sockets.broken = {1, 2}
    room.sockets.open(8080, 42)

    await room.wait(ReadyKind.TCP, "web", port=8080)

    assert room.sockets.scans == 3


async def test_a_stranger_that_stays_on_the_port_is_named(room: Room) -> None:
    room.sockets.step_s = 0.1
    room.sockets.open(8080, 99)

    with pytest.raises(PortTakenError, match=r"port 8080 of api is taken by pid 99 \(nginx\)"):
        await room.wait(ReadyKind.TCP, "web", port=8080)

    assert room.sockets.searches <= 5


async def test_a_stranger_that_leaves_in_time_is_waited_for(room: Room) -> None:
    room.sockets.step_s = 0.1
    room.sockets.open(8080, 99, at_scan=1, inode=1)
    room.sockets.open(8080, 42, at_scan=4, inode=2)

    await room.wait(ReadyKind.TCP, "web", port=8080)

    assert room.sockets.scans == 4


async def test_beside_a_stranger_on_another_address_the_own_socket_counts(room: Room) -> None:
    room.sockets.open(8080, 99, inode=1)
    room.sockets.open(8080, 42, inode=2)

    assert await room.wait(ReadyKind.TCP, "web", port=8080) == 0.0


async def test_a_socket_of_an_unknown_process_is_not_taken_for_the_services(room: Room) -> None:
    room.sockets.step_s = 0.1
    room.sockets.open(8080, None)

    with pytest.raises(ReadyTimeoutError, match="a process that is not the service's"):
        await room.wait(ReadyKind.TCP, "web", port=8080, timeout_s=0.05)


async def test_a_bug_in_a_driver_reaches_the_waiter_and_stops_no_other(room: Room) -> None:
    def broken(identity: Identity) -> tuple[int, ...]:
        raise ZeroDivisionError

    room.sockets.open(8080, 42)
    room.processes.members = broken  # type: ignore[method-assign]

    with pytest.raises(ZeroDivisionError):
        await room.wait(ReadyKind.TCP, "web", port=8080)


# --- time-outs and deaths --------------------------------------------------------------------


async def test_a_time_out_says_what_was_missing(room: Room) -> None:
    with pytest.raises(ReadyTimeoutError, match=r"within 0.01 s: nothing listens on port 8080"):
        await room.wait(ReadyKind.TCP, "web", port=8080, timeout_s=0.01)


@pytest.mark.parametrize(
    ("kind", "value", "port"),
    [
        (ReadyKind.TCP, "web", 8080),
        (ReadyKind.HTTP, "http://127.0.0.1:8080/", None),
        (ReadyKind.LOG, "ready", None),
        (ReadyKind.FILE, "/nowhere/at/all", None),
    ],
)
async def test_a_death_ends_the_wait_at_once(
    room: Room, kind: ReadyKind, value: str, port: int | None
) -> None:
    waiting = asyncio.ensure_future(room.wait(kind, value, port=port))
    await asyncio.sleep(0)
    room.died.set_result(Exit(-9))

    with pytest.raises(DiedError, match="signal 9"):
        await waiting

    assert not room.logs.watchers


async def test_a_service_that_dies_because_its_port_is_taken_says_so(room: Room) -> None:
    room.sockets.open(8080, 99)
    waiting = asyncio.ensure_future(room.wait(ReadyKind.TCP, "web", port=8080))
    await asyncio.sleep(0)
    room.died.set_result(Exit(1))

    with pytest.raises(PortTakenError, match=r"pid 99 \(nginx\)") as raised:
        await waiting

    assert isinstance(raised.value.__cause__, DiedError)


async def test_cancelling_a_wait_leaves_the_others_and_the_death_alone(room: Room) -> None:
    first = asyncio.ensure_future(room.wait(ReadyKind.TCP, "web", port=8080))
    second = asyncio.ensure_future(room.wait(ReadyKind.TCP, "web", port=8081))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    room.sockets.open(8081, 42)

    await second

    assert first.cancelled()
    assert not room.died.done()


# --- http ------------------------------------------------------------------------------------


async def test_http_is_not_asked_before_its_port_listens(room: Room) -> None:
    room.sockets.open(8080, 42, at_scan=3)

    await room.wait(ReadyKind.HTTP, "http://127.0.0.1:8080/healthz")

    assert room.sockets.scans == 3
    assert room.asked == ["http://127.0.0.1:8080/healthz"]


async def test_http_is_ready_with_the_first_good_status(room: Room) -> None:
    room.sockets.open(8080, 42)
    room.answers = [503, ConnectionResetError("reset"), 404, 204, 500]

    await room.wait(ReadyKind.HTTP, "http://127.0.0.1:8080/")

    assert len(room.asked) == 4


async def test_http_behind_another_users_process_is_asked(room: Room) -> None:
    room.sockets.open(8080, None)

    await room.wait(ReadyKind.HTTP, "http://127.0.0.1:8080/")

    assert len(room.asked) == 1


async def test_http_never_takes_a_strangers_answer(room: Room) -> None:
    room.sockets.step_s = 0.1
    room.sockets.open(8080, 99)

    with pytest.raises(PortTakenError, match="pid 99"):
        await room.wait(ReadyKind.HTTP, "http://127.0.0.1:8080/")

    assert room.asked == []


async def test_http_time_out_tells_the_last_answer(room: Room) -> None:
    room.sockets.open(8080, 42)
    room.answers = [503] * 100

    with pytest.raises(ReadyTimeoutError, match="answers 503"):
        await room.wait(ReadyKind.HTTP, "http://127.0.0.1:8080/", timeout_s=0.05)


# --- log, file, exec -------------------------------------------------------------------------


async def test_log_is_ready_when_a_line_of_this_run_matches(room: Room) -> None:
    room.logs.write(b"old run: listening\n")
    offset = room.logs.end("e1", "api")
    waiting = asyncio.ensure_future(room.wait(ReadyKind.LOG, "listening$", log_offset=offset))
    await asyncio.sleep(0)
    room.logs.write(b"starting, liste")
    await asyncio.sleep(0)
    assert not waiting.done()

    room.logs.write(b"ning\r\n")

    await waiting
    assert not room.logs.watchers


async def test_log_that_already_matches_is_ready_at_once(room: Room) -> None:
    room.logs.write(b"x" * 600_000 + b"\nlistening\n")

    assert await room.wait(ReadyKind.LOG, "^listening") == 0.0


async def test_a_pattern_that_is_none_is_an_error_of_the_configuration(room: Room) -> None:
    with pytest.raises(ConfigError, match=re.escape("'(' is not a regular expression")):
        await room.wait(ReadyKind.LOG, "(")


async def test_file_is_ready_when_it_exists(room: Room, tmp_path: Path) -> None:
    flag = tmp_path / "ready"
    waiting = asyncio.ensure_future(room.wait(ReadyKind.FILE, str(flag)))
    await asyncio.sleep(0)

    flag.touch()

    await waiting


async def test_exec_probes_run_one_at_a_time_until_one_succeeds(room: Room) -> None:
    running, most, statuses = 0, 0, [1, 2, 0, 0]

    async def probe() -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return statuses.pop(0)

    await room.wait(ReadyKind.EXEC, "check", probe=lambda: asyncio.ensure_future(probe()))

    assert (most, statuses) == (1, [0])


async def test_an_exec_probe_that_hangs_is_cancelled_at_the_time_out(room: Room) -> None:
    cancelled = asyncio.Event()

    async def probe() -> int:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return 0

    with pytest.raises(ReadyTimeoutError, match="its probe has not ended"):
        await room.wait(
            ReadyKind.EXEC, "check", timeout_s=0.01, probe=lambda: asyncio.ensure_future(probe())
        )

    assert cancelled.is_set()
