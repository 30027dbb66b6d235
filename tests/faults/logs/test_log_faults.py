"""Logs under floods, garbage, full disks and files that are taken away."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from hive_tui.drivers import holes
from hive_tui.drivers.holes import allocated_bytes
from hive_tui.drivers.log_reading import LogReader
from hive_tui.drivers.logs import LogFiles

DEADLINE_S = 30.0
BOUND = 2 * 1024 * 1024
LINE_BYTES = 100

FLOOD = """
import os, sys
count = int(sys.argv[1])
pad = b"x" * 89 + b"\\n"
for start in range(0, count, 1000):
    os.write(1, b"".join(b"%010d" % number + pad for number in range(start, start + 1000)))
"""


@pytest.fixture
async def logs(tmp_path: Path) -> AsyncIterator[LogFiles]:
    made = LogFiles(tmp_path / "logs", max_bytes=BOUND)
    yield made
    made.close()


async def until(condition: Callable[[], bool]) -> None:
    """Look again and again until the condition holds."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            if condition():
                return
            await asyncio.sleep(0.005)


def start_flood(path: Path, lines: int) -> subprocess.Popen[bytes]:
    """A process that writes so many lines at full speed."""
    with path.open("ab") as out:
        return subprocess.Popen([sys.executable, "-c", FLOOD, str(lines)], stdout=out)


async def flood(path: Path, lines: int, most: Callable[[int], None]) -> None:
    """Have the file flooded to the end; report meanwhile what it takes on disk."""
    process = start_flood(path, lines)
    try:
        async with asyncio.timeout(DEADLINE_S):
            while process.poll() is None:
                most(allocated_bytes(path.stat()))
                await asyncio.sleep(0.002)
    finally:
        process.kill()
        process.wait()


async def test_a_flood_stays_bounded_and_loses_nothing_after_the_hole(logs: LogFiles) -> None:
    lines, peaks = 2_000_000, [0]
    path = logs.path("e1", "api")

    await flood(path, lines, peaks.append)
    await until(lambda: allocated_bytes(path.stat()) <= BOUND + 2 * holes.PAGE)

    size = lines * LINE_BYTES
    assert path.stat().st_size == size
    assert max(peaks) < size / 4
    kept = LogReader(logs).read("e1", ["api"], lines=-1)
    numbers = [int(line.text[:10]) for line in kept]
    assert numbers == list(range(lines - len(numbers), lines))
    assert len(numbers) * LINE_BYTES > BOUND // 2
    assert logs.file("e1", "api").with_suffix(".idx").stat().st_size <= BOUND // 16


async def test_the_portable_cut_bounds_a_flood_too(tmp_path: Path) -> None:
    logs = LogFiles(tmp_path / "logs", max_bytes=BOUND, portable=True)
    path = logs.path("e1", "api")
    logs.watch("e1", "api", lambda: None)

    await flood(path, 300_000, lambda taken: None)
    await until(lambda: allocated_bytes(path.stat()) <= BOUND + 2 * holes.PAGE)

    numbers = [int(line.text[:10]) for line in LogReader(logs).read("e1", ["api"], lines=-1)]
    logs.close()
    assert numbers[-1] == 299_999
    assert numbers == sorted(numbers)


async def test_who_follows_a_flood_sees_its_end(logs: LogFiles) -> None:
    path = logs.path("e1", "api")
    reader = LogReader(logs)

    async def last_seen() -> int:
        async with aclosing(reader.follow("e1", ["api"], offsets={})) as stream:
            async for batch in stream:
                numbers = [int(line.text[:10]) for line in batch]
                assert numbers == sorted(numbers)
                if numbers[-1] == 499_999:
                    return numbers[-1]
        raise AssertionError("the log ended")

    following = asyncio.ensure_future(last_seen())
    await flood(path, 500_000, lambda taken: None)

    async with asyncio.timeout(DEADLINE_S):
        assert await following == 499_999


async def test_a_filesystem_that_cannot_punch_is_cut_by_copying(
    logs: LogFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[int] = []

    def refuse(fd: int, end: int) -> None:
        refused.append(end)
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(holes, "punch", refuse)
    path = logs.path("e1", "api")
    path.write_bytes(b"line\n" * 1_000_000)

    await until(lambda: allocated_bytes(path.stat()) <= BOUND)

    assert len(refused) == 1
    assert path.stat().st_size == 5_000_000
    assert logs.tail("e1", "api", 2) == ("line", "line")


async def test_escape_sequences_and_bytes_that_are_not_utf8_are_kept_and_shown_harmless(
    logs: LogFiles,
) -> None:
    every_byte = bytes(n for n in range(256) if n not in b"\n\r")
    path = logs.path("e1", "api")
    path.write_bytes(b"\x1b]0;owned\x07\x1b[2J\x1b[31mred\n" + every_byte + b"\n")

    lines = LogReader(logs).read("e1", ["api"], lines=9)

    assert [line.text for line in lines] == [b"\x1b]0;owned\x07\x1b[2J\x1b[31mred", every_byte]
    tail = logs.tail("e1", "api", 9)
    assert tail[0] == "red"
    assert all(character.isprintable() or character == "\t" for character in "".join(tail))


async def test_a_line_of_ten_megabytes_comes_in_pieces(tmp_path: Path) -> None:
    logs = LogFiles(tmp_path / "logs", max_bytes=64 << 20)
    reader = LogReader(logs)
    path = logs.path("e1", "api")
    size = 10 * 1024 * 1024
    got = 0
    async with aclosing(reader.follow("e1", ["api"], offsets={})) as stream:
        path.write_bytes(b"x" * size + b"\nafter\n")
        async with asyncio.timeout(DEADLINE_S):
            async for batch in stream:
                got += sum(len(line.text) for line in batch if line.text != b"after")
                if batch[-1].text == b"after":
                    break
    last = reader.read("e1", ["api"], lines=3)
    logs.close()

    assert got == size
    assert max(len(line.text) for line in last) <= 16 * 1024
    assert last[-1].text == b"after"
    assert logs.tail("e1", "api", 2) == ("x" * 500, "after")


async def test_a_file_removed_behind_our_back_stays_bounded_and_is_made_anew(
    logs: LogFiles,
) -> None:
    path = logs.path("e1", "api")
    with path.open("ab", buffering=0) as writer:
        writer.write(b"before\n")
        await until(lambda: len(_open(path)) == 2)  # ours is open beside the writer's
        path.unlink()
        for _ in range(100):
            writer.write(b"y" * 100_000 + b"\n")
            await asyncio.sleep(0)

        def taken() -> int:
            return allocated_bytes(os.fstat(writer.fileno()))

        await until(lambda: taken() <= BOUND + 2 * holes.PAGE)
        assert logs.tail("e1", "api", 1) == ()

    again = logs.path("e1", "api")
    again.write_bytes(b"next run\n")
    assert logs.tail("e1", "api", 1) == ("next run",)


async def test_a_folder_removed_behind_our_back_is_made_anew(logs: LogFiles) -> None:
    path = logs.path("e1", "api")
    path.write_bytes(b"one\n")
    await until(lambda: path.with_suffix(".idx").exists())
    for each in path.parent.iterdir():
        each.unlink()
    path.parent.rmdir()

    logs.path("e1", "api").write_bytes(b"two\n")

    assert logs.tail("e1", "api", 1) == ("two",)
    await until(lambda: path.with_suffix(".idx").exists())


async def test_an_index_that_was_torn_is_used_as_far_as_it_goes(logs: LogFiles) -> None:
    path = logs.path("e1", "api")
    path.write_bytes(b"one\n")
    index = path.with_suffix(".idx")
    await until(lambda: index.exists() and index.stat().st_size == 16)
    logs.untrack("e1", "api")
    with index.open("ab") as torn:
        torn.write(b"\0\1\2")

    (line,) = LogReader(logs).read("e1", ["api"], lines=1)

    assert line.at == pytest.approx(path.stat().st_mtime)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small tmpfs")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(path: Path) -> None:
    """Write until the disk is full."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass


async def test_a_full_disk_stops_neither_the_daemon_nor_the_log(small_disk: Path) -> None:
    logs = LogFiles(small_disk / "logs", max_bytes=1 << 20)
    path = logs.path("e1", "api")
    hog = small_disk / "hog"
    fill(hog)
    grown = asyncio.Event()
    logs.watch("e1", "api", grown.set)
    with path.open("ab", buffering=0) as writer:
        with pytest.raises(OSError, match="No space left"):
            writer.write(b"no room\n")
        logs.path("e1", "other")
        assert logs.tail("e1", "api", 1) == ()
        hog.unlink()
        writer.write(b"room again\n")
        async with asyncio.timeout(DEADLINE_S):
            await grown.wait()

    assert logs.tail("e1", "api", 1) == ("room again",)
    logs.close()


async def test_a_bounded_flood_goes_on_for_ever_on_a_small_disk(small_disk: Path) -> None:
    logs = LogFiles(small_disk / "logs", max_bytes=1 << 20)
    path = logs.path("e1", "api")
    with path.open("ab", buffering=0) as writer:
        for number in range(200):
            writer.write(b"%06d" % number + b"z" * 99_993 + b"\n")
            await until(lambda: allocated_bytes(path.stat()) <= 1 << 20)

    assert path.stat().st_size == 200 * 100_000
    (last,) = LogReader(logs).read("e1", ["api"], lines=1)
    assert last.text.endswith(b"zzz")
    logs.close()


def _open(path: Path) -> list[str]:
    """Descriptors of this process for the file."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            if os.readlink(f"/proc/self/fd/{name}") == str(path):
                found.append(name)
        except OSError:  # the listing's own
            continue
    return found
