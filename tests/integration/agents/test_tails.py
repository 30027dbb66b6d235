"""Files that lines are appended to are followed through everything that happens to them."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from hive_tui.drivers.agents.tails import LONGEST, Splitter, Tails

DEADLINE_S = 20.0


@pytest.fixture(params=[False, True], ids=["inotify", "portable"])
async def tails(request: pytest.FixtureRequest) -> AsyncIterator[Tails]:
    if sys.platform != "linux" and not request.param:
        pytest.skip("inotify is Linux's")
    made = Tails(portable=request.param)
    yield made
    made.close()


class Heard:
    """Keeps what was told, and waits for it."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self._news = asyncio.Event()

    def __call__(self, lines: Sequence[bytes]) -> None:
        self.lines.extend(lines)
        self._news.set()

    async def until(self, enough: Callable[[list[bytes]], bool]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not enough(self.lines):
                self._news.clear()
                await self._news.wait()

    async def becomes(self, *lines: bytes) -> None:
        await self.until(lambda found: found == list(lines))


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "agents" / "uid" / "events.jsonl"


def append(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab", buffering=0) as file:
        file.write(data)


async def test_what_was_written_before_and_after_is_told_in_order(
    tails: Tails, heard: Heard, path: Path
) -> None:
    append(path.with_name("events.1.jsonl"), b"oldest\n")
    append(path, b"old\n")
    tails.follow(path, heard, aside=path.with_name("events.1.jsonl"))
    await heard.becomes(b"oldest", b"old")
    append(path, b"new\n")
    await heard.becomes(b"oldest", b"old", b"new")


async def test_a_file_that_comes_later_is_followed(tails: Tails, heard: Heard, path: Path) -> None:
    tails.follow(path, heard)
    append(path, b"one\n")
    await heard.becomes(b"one")


async def test_half_a_line_waits_for_its_end(tails: Tails, heard: Heard, path: Path) -> None:
    append(path, b"who\nha")
    tails.follow(path, heard)
    await heard.becomes(b"who")
    append(path, b"lf\n")
    await heard.becomes(b"who", b"half")


async def test_a_file_that_was_put_aside_is_read_to_its_end_even_later(
    tails: Tails, heard: Heard, path: Path
) -> None:
    append(path, b"one\n")
    tails.follow(path, heard)
    await heard.becomes(b"one")
    late = os.open(path, os.O_WRONLY | os.O_APPEND)
    path.rename(path.with_name("events.1.jsonl"))
    append(path, b"three\n")
    await heard.becomes(b"one", b"three")
    os.write(late, b"two, late\n")
    os.close(late)
    await heard.becomes(b"one", b"three", b"two, late")


async def test_a_file_that_was_cut_is_read_from_its_beginning(
    tails: Tails, heard: Heard, path: Path
) -> None:
    append(path, b"one\ntwo\nthr")
    tails.follow(path, heard)
    await heard.becomes(b"one", b"two")
    os.truncate(path, 0)
    append(path, b"new\n")
    await heard.becomes(b"one", b"two", b"new")


async def test_a_deleted_file_is_begun_anew(tails: Tails, heard: Heard, path: Path) -> None:
    append(path, b"one\n")
    tails.follow(path, heard)
    await heard.becomes(b"one")
    path.unlink()
    append(path, b"two\n")
    await heard.becomes(b"one", b"two")


async def test_a_deleted_folder_is_made_again(tails: Tails, heard: Heard, path: Path) -> None:
    append(path, b"one\n")
    tails.follow(path, heard)
    await heard.becomes(b"one")
    shutil.rmtree(path.parent)
    append(path, b"two\n")
    await heard.becomes(b"one", b"two")


async def test_a_line_of_five_megabytes_is_left_out_and_the_next_is_told(
    tails: Tails, heard: Heard, path: Path
) -> None:
    tails.follow(path, heard)
    append(path, b"x" * 5_000_000 + b"\nnext\n")
    await heard.becomes(b"next")


async def test_only_the_end_of_a_long_file_is_read_where_that_is_enough(
    tails: Tails, heard: Heard, path: Path
) -> None:
    append(path, b"old line\n" * 1000 + b"last\n")
    tails.follow(path, heard, last=8)
    await heard.becomes(b"last")
    append(path, b"new\n")
    await heard.becomes(b"last", b"new")


async def test_a_link_is_not_followed(tails: Tails, heard: Heard, path: Path) -> None:
    secret = path.parent.parent / "secret"
    append(secret, b"secret\n")
    path.parent.mkdir(parents=True)
    path.symlink_to(secret)
    tails.follow(path, heard)
    path.unlink()
    append(path, b"mine\n")
    await heard.becomes(b"mine")


async def test_who_stopped_is_told_nothing_more(tails: Tails, heard: Heard, path: Path) -> None:
    other = Heard()
    stop = tails.follow(path, heard)
    tails.follow(path, other)
    stop()
    append(path, b"one\n")
    await other.becomes(b"one")
    assert heard.lines == []


def test_lines_are_the_same_however_the_bytes_come() -> None:
    text = b"one\n\ntwo\n" + b"x" * (LONGEST + 5) + b"\nthree\n"
    at_once = Splitter().lines(text)
    piece = Splitter()
    by_piece = [line for i in range(0, len(text), 4099) for line in piece.lines(text[i : i + 4099])]
    assert at_once == by_piece == [b"one", b"two", b"three"]
