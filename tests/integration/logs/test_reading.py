"""Logs are read merged, filtered, past holes, and followed from where reading ended."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from hive_tui.drivers.log_index import LogIndex
from hive_tui.drivers.log_reading import LogReader
from hive_tui.drivers.logs import LogFiles
from hive_tui.model.wire import LogLine
from tests.integration.logs.conftest import DEADLINE_S, append


@pytest.fixture
def reader(logs: LogFiles) -> LogReader:
    return LogReader(logs)


def texts(lines: list[LogLine]) -> list[bytes]:
    return [line.text for line in lines]


async def take(stream: AsyncIterator[list[LogLine]], count: int) -> list[LogLine]:
    """The next lines, `count` or a few more."""
    got: list[LogLine] = []
    async with asyncio.timeout(DEADLINE_S):
        while len(got) < count:
            got += await anext(stream)
    return got


def timed(logs: LogFiles, source: str, *entries: tuple[float, bytes]) -> None:
    """Write a log whose lines have the given times."""
    path = logs.file("e1", source)
    path.parent.mkdir(parents=True, exist_ok=True)
    index = LogIndex(path.with_suffix(".idx"))
    for at, data in entries:
        append(path, data)
        index.append(path.stat().st_size, at)


def test_services_are_merged_by_time(tmp_path: Path) -> None:
    logs = LogFiles(tmp_path, max_bytes=1 << 20)
    timed(logs, "api", (1.0, b"a1\n"), (3.0, b"a2\na3\n"))
    timed(logs, "web", (2.0, b"w1\n"), (4.0, b"w2\n"))
    reader = LogReader(logs)

    everything = reader.read("e1", [], lines=-1)

    assert texts(everything) == [b"a1", b"w1", b"a2", b"a3", b"w2"]
    assert [line.source for line in everything] == ["api", "web", "api", "api", "web"]
    assert [line.at for line in everything] == [1.0, 2.0, 3.0, 3.0, 4.0]
    assert texts(reader.read("e1", [], lines=2)) == [b"a3", b"w2"]
    assert texts(reader.read("e1", ["web"], lines=9)) == [b"w1", b"w2"]
    assert texts(reader.read("e1", [], lines=-1, since=2.5)) == [b"a2", b"a3", b"w2"]
    assert reader.read("e1", [], lines=0) == []
    assert reader.read("e1", ["nobody"], lines=5) == []


def test_grep_looks_at_what_a_person_sees(tmp_path: Path) -> None:
    logs = LogFiles(tmp_path, max_bytes=1 << 20)
    timed(logs, "api", (1.0, b"\x1b[1mGET\x1b[0m /a\nPOST /b\nGET /c\r\n"))

    found = LogReader(logs).read("e1", [], lines=-1, grep=re.compile("^GET /.$"))

    assert texts(found) == [b"\x1b[1mGET\x1b[0m /a", b"GET /c"]


def test_an_unfinished_line_is_read_and_left_to_who_follows(tmp_path: Path) -> None:
    logs = LogFiles(tmp_path, max_bytes=1 << 20)
    timed(logs, "api", (1.0, b"whole\nhalf"))
    reader = LogReader(logs)

    assert texts(reader.read("e1", [], lines=9)) == [b"whole", b"half"]
    lines, offsets = reader.read_with_offsets("e1", [], lines=9)
    assert texts(lines) == [b"whole"]
    assert offsets == {"api": 6}


def test_the_end_of_a_huge_log_is_read_without_reading_the_rest(tmp_path: Path) -> None:
    logs = LogFiles(tmp_path, max_bytes=1 << 20)
    path = logs.file("e1", "api")
    path.parent.mkdir()
    with path.open("wb") as file:
        os.truncate(file.fileno(), 1 << 30)
    append(path, b"cut line\n" + b"".join(b"line %d\n" % n for n in range(50_000)))

    found = LogReader(logs).read("e1", [], lines=3)

    assert texts(found) == [b"line 49997", b"line 49998", b"line 49999"]


async def test_following_starts_where_reading_ended(logs: LogFiles, reader: LogReader) -> None:
    path = logs.path("e1", "api")
    append(path, b"one\ntwo\nthr")
    lines, offsets = reader.read_with_offsets("e1", ["api"], lines=1)
    assert texts(lines) == [b"two"]

    async with aclosing(reader.follow("e1", ["api"], offsets=offsets)) as stream:
        append(path, b"ee\nfour\n")

        assert texts(await take(stream, 2)) == [b"three", b"four"]
        append(path, b"five\n")
        assert texts(await take(stream, 1)) == [b"five"]


async def test_a_source_that_appears_later_is_followed_too(
    logs: LogFiles, reader: LogReader
) -> None:
    append(logs.path("e1", "api"), b"old\n")
    _, offsets = reader.read_with_offsets("e1", [], lines=0)

    async with aclosing(reader.follow("e1", [], offsets=offsets)) as stream:
        following = asyncio.ensure_future(take(stream, 2))
        await asyncio.sleep(0)
        append(logs.path("e1", "api"), b"from api\n")
        append(logs.path("e1", "web"), b"from web\n")

        assert sorted(texts(await following)) == [b"from api", b"from web"]


async def test_following_goes_on_from_the_start_of_a_truncated_file(
    logs: LogFiles, reader: LogReader
) -> None:
    path = logs.path("e1", "api")
    append(path, b"a long line that was there\n")
    _, offsets = reader.read_with_offsets("e1", ["api"], lines=0)

    async with aclosing(reader.follow("e1", ["api"], offsets=offsets)) as stream:
        append(path, b"more\n")
        await take(stream, 1)
        os.truncate(path, 0)
        append(path, b"anew\n")

        assert texts(await take(stream, 1)) == [b"anew"]


async def test_following_with_grep_shows_only_what_matches(
    logs: LogFiles, reader: LogReader
) -> None:
    path = logs.path("e1", "api")
    stream = reader.follow("e1", ["api"], offsets={}, grep=re.compile("7$"))
    async with aclosing(stream):
        append(path, b"".join(b"%d\n" % number for number in range(100)))

        assert texts(await take(stream, 10)) == [b"%d7" % n if n else b"7" for n in range(10)]


async def test_lines_of_every_length_come_whole_or_in_pieces_of_sixteen_kib(
    logs: LogFiles, reader: LogReader
) -> None:
    path = logs.path("e1", "api")
    sizes = [0, 1, 16 * 1024, 16 * 1024 + 1, 100_000, 3]
    append(path, b"".join(b"%c" % (65 + n) * size + b"\n" for n, size in enumerate(sizes)))
    expected = [
        b"%c" % (65 + n) * min(16 * 1024, size - at)
        for n, size in enumerate(sizes)
        for at in range(0, max(1, size), 16 * 1024)
    ]

    async with aclosing(reader.follow("e1", ["api"], offsets={})) as stream:
        assert texts(await take(stream, len(expected))) == expected
    assert texts(reader.read("e1", ["api"], lines=-1)) == expected
    assert texts(reader.read("e1", ["api"], lines=2)) == expected[-2:]


async def test_a_flood_arrives_in_batches_with_every_line_in_order(
    logs: LogFiles, reader: LogReader
) -> None:
    path = logs.path("e1", "api")
    async with aclosing(reader.follow("e1", ["api"], offsets={})) as stream:
        for start in range(0, 60_000, 20_000):
            append(path, b"".join(b"%d\n" % n for n in range(start, start + 20_000)))
            got = await take(stream, 20_000)

            assert texts(got) == [b"%d" % n for n in range(start, start + 20_000)]


async def test_who_is_far_behind_goes_on_near_the_end_if_that_is_wanted(
    logs: LogFiles, reader: LogReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hive_tui.drivers.log_following.SKIP_BYTES", 50_000)
    monkeypatch.setattr("hive_tui.drivers.log_following.NEAR_BYTES", 5_000)
    path = logs.path("e1", "api")
    append(path, b"".join(b"%09d\n" % number for number in range(10_000)))

    follower = reader.follower("e1", {"api": 10})
    async with aclosing(follower.batches(["api"])) as batches:
        batch = await anext(batches)

    lines = [line for block in batch.blocks for line in block.lines()]
    assert batch.skipped == {"api": 95_010}
    assert [int(line.text) for line in lines] == list(range(9_501, 10_000))
    assert lines[-1].end == follower.reached["api"] == 100_000


async def test_lines_of_several_times_and_sources_are_followed_in_the_order_of_time(
    logs: LogFiles, reader: LogReader
) -> None:
    timed(logs, "api", (1.0, b"a1\na2\n"), (3.0, b"a3\n"), (3.0, b"a4\n"), (5.0, b"a5\n"))
    timed(logs, "web", (2.0, b"w1\n"), (4.0, b"w2\nw3\n"))

    async with aclosing(reader.follow("e1", ["api", "web"], offsets={})) as stream:
        lines = await take(stream, 8)

    assert texts(lines) == [b"a1", b"a2", b"w1", b"a3", b"a4", b"w2", b"w3", b"a5"]
    assert [line.at for line in lines] == [1, 1, 2, 3, 3, 4, 4, 5]
    assert [line.end for line in lines if line.source == "web"] == [3, 6, 9]


def test_an_unfinished_line_alone_is_shown_as_one_says(tmp_path: Path) -> None:
    logs = LogFiles(tmp_path, max_bytes=1 << 20)
    timed(logs, "api", (1.0, b"whole\nhalf"))
    timed(logs, "web", (2.0, b"whole\n"))
    shown = LogReader(logs).read("e1", [], lines=9, half=bytes.upper)
    assert texts(shown) == [b"whole", b"HALF", b"whole"]
