"""Logs are looked through from any place, either way, and nothing comes twice or is left out."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hive_tui.drivers import holes
from hive_tui.drivers.log_index import LogIndex
from hive_tui.drivers.log_scan import LogScan, Page, Place
from hive_tui.drivers.logs import LogFiles
from hive_tui.model.levels import Level
from hive_tui.model.log_filter import LogFilter
from hive_tui.model.wire import LogLine

WORDS = (b"one", b"two\r", b"", b"ERROR boom", b"er\x1b[31mror\x1b[0m", b"\xff\x00", b"x" * 40_000)
EVERY = LogFilter()
Written = Mapping[str, list[tuple[float, bytes]]]


@st.composite
def written(draw: st.DrawFn) -> Written:
    """Up to three logs with times that never run back."""
    logs = {}
    for source in ("api", "db", "web")[: draw(st.integers(1, 3))]:
        lines = draw(st.lists(st.sampled_from(WORDS), max_size=8))
        times = sorted(draw(st.lists(st.integers(0, 5), min_size=len(lines), max_size=len(lines))))
        logs[source] = [(float(at), line) for at, line in zip(times, lines, strict=True)]
    return logs


def made(folder: Path, logs: Written) -> LogFiles:
    files = LogFiles(folder, max_bytes=1 << 30)
    for source, lines in logs.items():
        path = files.file("e1", source)
        path.parent.mkdir(exist_ok=True)
        path.touch()
        index = LogIndex(path.with_suffix(".idx"))
        for at, line in lines:
            with path.open("ab") as file:
                file.write(line + b"\n")
            index.append(path.stat().st_size, at)
    return files


def look(
    files: LogFiles,
    *,
    at: Place | None = None,
    back: bool = True,
    lines: int = 1000,
    wanted: LogFilter = EVERY,
    sources: tuple[str, ...] = (),
) -> Page:
    scan = LogScan(
        files,
        "e1",
        sources,
        at=at,
        back=back,
        lines=lines,
        most_bytes=1 << 20,
        wanted=wanted,
        mask=bytes,
    )
    try:
        while not scan.run(0.0):
            assert scan.done <= scan.total
        return scan.page()
    finally:
        scan.close()


def paged(files: LogFiles, *, back: bool, lines: int, wanted: LogFilter) -> list[LogLine]:
    """Everything, in pages from one end to the other."""
    found: list[LogLine] = []
    page = look(files, back=back, lines=lines, wanted=wanted)
    for _ in range(200):
        found = [*page.lines, *found] if back else [*found, *page.lines]
        if page.complete:
            return found
        page = look(
            files, at=page.start if back else page.end, back=back, lines=lines, wanted=wanted
        )
    raise AssertionError("it never ends")


@settings(max_examples=60)
@given(
    logs=written(),
    lines=st.integers(1, 7),
    wanted=st.sampled_from(
        [
            LogFilter(),
            LogFilter(("error",)),
            LogFilter(("O",)),
            LogFilter((), Level.ERROR),
            LogFilter(("\ufffd",)),
            LogFilter(("o", "boom"), Level.WARNING),
        ]
    ),
)
def test_pages_of_any_length_join_to_the_whole_in_both_directions(
    logs: Written, lines: int, wanted: LogFilter
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = made(Path(folder), logs)
        merged = sorted(
            (at, source, part)
            for source, written in logs.items()
            for at, line in written
            for part in _parts(line.removesuffix(b"\r"))
        )

        onwards = paged(files, back=False, lines=lines, wanted=wanted)
        backwards = paged(files, back=True, lines=lines, wanted=wanted)

        assert onwards == backwards
        assert sorted((line.at, line.source, line.text) for line in onwards) == [
            row for row in merged if wanted.keeps(row[2])
        ]
        assert [line.at for line in onwards] == sorted(line.at for line in onwards)


def _parts(line: bytes) -> list[bytes]:
    return [line[at : at + 16384] for at in range(0, max(1, len(line)), 16384)]


def numbered(folder: Path, count: int) -> tuple[LogFiles, Path]:
    files = LogFiles(folder, max_bytes=1 << 30)
    path = files.file("e1", "api")
    path.parent.mkdir()
    path.write_bytes(b"".join(b"%07d%s\n" % (n, b"." * 92) for n in range(count)))
    return files, path


def test_one_match_comes_with_the_place_beside_it(tmp_path: Path) -> None:
    files, _ = numbered(tmp_path, 20_000)

    back = look(files, lines=1, wanted=LogFilter(("0004711",)))
    on = look(files, at={"api": 0}, back=False, lines=1, wanted=LogFilter(("0004711",)))

    assert [line.text[:7] for line in back.lines] == [b"0004711"]
    assert back.end == {"api": 4712 * 100}
    assert [line.text[:7] for line in on.lines] == [b"0004711"]
    assert on.start == {"api": 4711 * 100}
    assert not back.complete


def test_what_is_nowhere_is_looked_for_to_the_very_start_with_its_progress(tmp_path: Path) -> None:
    files, path = numbered(tmp_path, 20_000)
    scan = LogScan(
        files,
        "e1",
        (),
        at=None,
        back=True,
        lines=1,
        most_bytes=1,
        wanted=LogFilter(("nowhere",)),
        mask=bytes,
    )
    seen = []

    while not scan.run(0.0):
        seen.append(scan.done)

    assert scan.total == path.stat().st_size == scan.done
    assert seen == sorted(set(seen))
    assert len(seen) > 5
    assert scan.page() == ([], {"api": 0}, {"api": 0}, {"api": 0}, {"api": 2_000_000}, True)
    scan.close()


def test_a_log_whose_head_was_cut_begins_at_its_first_whole_line(tmp_path: Path) -> None:
    files, path = numbered(tmp_path, 20_000)
    fd = os.open(path, os.O_RDWR)
    try:
        holes.punch(fd, 1 << 20)
    except OSError:
        pytest.skip("this file system cannot punch holes")
    finally:
        os.close(fd)

    first = look(files, back=False, lines=1)
    everything = paged(files, back=True, lines=700, wanted=LogFilter())

    assert first.low == {"api": 1_048_600}
    assert first.lines[0].text[:7] == b"0010486"
    assert everything[0] == first.lines[0]
    assert len(everything) == 20_000 - 10_486
    assert look(files, at={"api": 100}, lines=5).complete


def test_a_head_that_is_cut_under_the_reader_ends_the_way_back(tmp_path: Path) -> None:
    files, path = numbered(tmp_path, 20_000)
    scan = LogScan(
        files,
        "e1",
        (),
        at=None,
        back=True,
        lines=1,
        most_bytes=1,
        wanted=LogFilter(("nowhere",)),
        mask=bytes,
    )
    scan.run(0.0)
    fd = os.open(path, os.O_RDWR)
    try:
        holes.punch(fd, 1 << 20)
    except OSError:
        pytest.skip("this file system cannot punch holes")
    finally:
        os.close(fd)

    while not scan.run(0.0):
        pass

    assert scan.complete
    assert scan.page().lines == []
    scan.close()


def test_megabytes_of_nuls_that_were_written_end_nothing(tmp_path: Path) -> None:
    files, path = numbered(tmp_path, 10)
    with path.open("ab") as file:
        file.write(bytes(3_000_000) + b"\nafter\n")

    found = paged(files, back=True, lines=50, wanted=LogFilter())

    assert found[-1].text == b"after"
    assert found[0].text[:7] == b"0000000"
    assert len(found) == 10 + -(-3_000_000 // 16384) + 1


def test_an_unfinished_line_is_left_to_who_follows(tmp_path: Path) -> None:
    files, path = numbered(tmp_path, 3)
    with path.open("ab") as file:
        file.write(b"half")

    page = look(files)

    assert len(page.lines) == 3
    assert page.end == page.high == {"api": 300}


def test_secrets_are_neither_shown_nor_found(tmp_path: Path) -> None:
    files, path = numbered(tmp_path, 3)
    path.write_bytes(b"key hunter2\n")

    def mask(line: bytes) -> bytes:
        return line.replace(b"hunter2", b"***")

    for wanted, expected in ((LogFilter(), [b"key ***"]), (LogFilter(("hunter",)), [])):
        scan = LogScan(
            files,
            "e1",
            (),
            at=None,
            back=True,
            lines=9,
            most_bytes=999,
            wanted=wanted,
            mask=mask,
        )
        scan.run(9.0)
        assert [line.text for line in scan.page().lines] == expected
        scan.close()


def test_a_source_without_a_file_and_a_place_past_the_end_are_no_error(tmp_path: Path) -> None:
    files, _ = numbered(tmp_path, 3)

    assert look(files, sources=("nobody",)).lines == []
    assert len(look(files, at={"api": 1 << 40}).lines) == 3
    assert look(files, at={"api": 1 << 40}, back=False).complete
