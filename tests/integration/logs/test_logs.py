"""Log files are seen to grow, timed, bounded and forgotten."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from hive_tui.drivers.holes import allocated_bytes
from hive_tui.drivers.log_index import LogTimes
from hive_tui.drivers.log_lines import backwards
from hive_tui.drivers.logs import LogFiles
from hive_tui.model.errors import HiveError, UsageError
from tests.integration.logs.conftest import DEADLINE_S, Growth, append


async def wait_for_index(path: Path, end: int) -> None:
    """Until the time index covers the file up to `end`."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            times = LogTimes(path.with_suffix(".idx"), -1.0)
            if times.at(end) != -1.0:
                return
            await asyncio.sleep(0.005)


async def test_growth_is_seen_by_who_watches(logs: LogFiles, growth: Growth) -> None:
    path = logs.path("e1", "api")
    stop = logs.watch("e1", "api", growth)

    append(path, b"hello\n")
    await growth.until(lambda: growth.count == 1)
    append(path, b"again\n")
    await growth.until(lambda: growth.count == 2)
    stop()
    other = Growth()
    logs.watch("e1", "api", other)
    append(path, b"unseen\n")
    await other.until(lambda: other.count == 1)

    assert growth.count == 2


async def test_a_file_that_is_there_later_is_seen(logs: LogFiles, growth: Growth) -> None:
    logs.watch("e1", "api", growth)

    append(logs.path("e1", "api"), b"first\n")

    await growth.until(lambda: logs.end("e1", "api") == 6)


async def test_a_file_made_anew_after_it_was_removed_is_seen_by_the_same_watch(
    logs: LogFiles, growth: Growth
) -> None:
    path = logs.path("e1", "api")
    logs.watch("e1", "api", growth)
    append(path, b"a long first life\n")
    await growth.until(lambda: growth.count == 1)
    path.unlink()

    append(logs.path("e1", "api"), b"second\n")

    await growth.until(lambda: growth.count > 1)
    await wait_for_index(path, 7)
    assert logs.tail("e1", "api", 5) == ("second",)


async def test_each_part_gets_the_time_at_which_it_was_written(
    logs: LogFiles, growth: Growth
) -> None:
    path = logs.path("e1", "api")
    logs.watch("e1", "api", growth)
    append(path, b"one\n")
    await wait_for_index(path, 4)
    between = time.time()
    while path.stat().st_mtime <= between:  # the file system's clock ticks every few ms
        append(path, b"two\n")
        await asyncio.sleep(0.001)
    end = path.stat().st_size
    await wait_for_index(path, end)

    times = LogTimes(path.with_suffix(".idx"), -1.0)

    assert times.at(4) <= between < times.at(end)


async def test_what_was_written_while_nobody_looked_gets_the_time_of_the_last_change(
    tmp_path: Path, portable: bool
) -> None:
    folder = tmp_path / "logs"
    first = LogFiles(folder, max_bytes=1 << 20, portable=portable)
    path = first.path("e1", "api")
    append(path, b"before\n")
    first.close()
    append(path, b"meanwhile\n")
    os.utime(path, (1_700_000_000, 1_700_000_000))

    second = LogFiles(folder, max_bytes=1 << 20, portable=portable)
    second.resume()

    times = LogTimes(path.with_suffix(".idx"), -1.0)
    second.close()
    assert times.at(17) == 1_700_000_000
    assert times.at(7) > 1_700_000_000


async def test_resuming_sees_the_growth_of_files_of_the_last_daemon(
    tmp_path: Path, portable: bool, growth: Growth
) -> None:
    folder = tmp_path / "logs"
    first = LogFiles(folder, max_bytes=1 << 20, portable=portable)
    path = first.path("e1", "api")
    first.close()
    second = LogFiles(folder, max_bytes=1 << 20, portable=portable)
    second.resume()

    append(path, b"still here\n")

    await wait_for_index(path, 11)
    second.close()


async def test_a_log_stays_bounded_and_keeps_its_end_and_its_offsets(
    logs: LogFiles, growth: Growth
) -> None:
    path = logs.path("e1", "api")
    logs.watch("e1", "api", growth)
    line = b"%09d" + b"x" * 90 + b"\n"
    written = 0
    for burst in range(40):
        data = b"".join(line % number for number in range(burst * 1000, burst * 1000 + 1000))
        append(path, data)
        written += len(data)
        await wait_for_index(path, written)

    stat = path.stat()
    assert stat.st_size == written == logs.end("e1", "api")
    assert allocated_bytes(stat) <= 1024 * 1024 + 8192
    with path.open("rb") as file:
        numbers = [int(text[:9]) for _, text in backwards(file.fileno(), 0, written)]
    assert numbers == list(range(39_999, 39_999 - len(numbers), -1))
    assert len(numbers) * 100 > 600 * 1024
    assert path.with_suffix(".idx").stat().st_size <= 1024 * 1024 // 16


async def test_every_env_has_a_bound_of_its_own(tmp_path: Path, portable: bool) -> None:
    bounds = {"small": 64 * 1024, "big": 10 << 20}
    logs = LogFiles(tmp_path / "logs", max_bytes=bounds.__getitem__, portable=portable)
    for uid in bounds:
        path = logs.path(uid, "api")
        append(path, b"line\n" * 100_000)
        await wait_for_index(path, 500_000)
    logs.close()

    taken = {uid: allocated_bytes(logs.file(uid, "api").stat()) for uid in bounds}

    assert taken["small"] <= 64 * 1024
    assert taken["big"] >= 500_000


async def test_the_tail_is_plain_text_of_the_run_alone(logs: LogFiles) -> None:
    path = logs.path("e1", "api")
    append(path, b"old run\n")
    start = logs.end("e1", "api")
    append(path, b"\x1b[31mred\x1b[0m\n\n\xff\xfe bad\n" + b"y" * 900 + b"\nlast \x07bell")

    assert logs.tail("e1", "api", 10, since=start) == (
        "red",
        "\ufffd\ufffd bad",
        "y" * 500,
        "last bell",
    )
    assert logs.tail("e1", "api", 1) == ("last bell",)
    assert logs.tail("e1", "api", 0) == ()


async def test_the_tail_after_a_truncation_starts_at_the_beginning(logs: LogFiles) -> None:
    append(logs.path("e1", "api"), b"short\n")

    assert logs.tail("e1", "api", 5, since=1000) == ("short",)


async def test_a_source_without_a_file_has_no_tail_and_no_end(logs: LogFiles) -> None:
    assert logs.tail("nobody", "api", 5) == ()
    assert logs.end("nobody", "api") == 0
    assert logs.sources("nobody") == []


async def test_forgetting_an_env_leaves_nothing_of_it_and_all_of_the_others(
    logs: LogFiles,
) -> None:
    for uid in ("e1", "e2"):
        append(logs.path(uid, "api"), b"x\n")

    logs.forget("e1")

    assert logs.sources("e1") == []
    assert not logs.file("e1", "api").parent.exists()
    assert logs.tail("e2", "api", 1) == ("x",)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../../etc/passwd", "nul\0"])
async def test_a_name_that_is_no_file_name_is_refused(logs: LogFiles, name: str) -> None:
    with pytest.raises(UsageError, match="cannot name a log"):
        logs.path("e1", name)
    with pytest.raises(UsageError, match="cannot name a log"):
        logs.forget(name)


async def test_a_folder_that_cannot_be_made_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file is in the way")
    logs = LogFiles(tmp_path / "logs", max_bytes=1 << 20)

    with pytest.raises(HiveError) as raised:
        logs.path("e1", "api")

    assert raised.value.hint


def test_without_an_event_loop_files_are_only_named(tmp_path: Path) -> None:
    logs = LogFiles(tmp_path / "logs", max_bytes=1 << 20)

    assert logs.path("e1", "api").parent.is_dir()


async def test_a_source_that_is_at_rest_keeps_no_descriptor_open(
    logs: LogFiles, portable: bool
) -> None:
    if portable:
        pytest.skip("looking does not tell when the last writer leaves")
    path = logs.path("e1", "api")
    append(path, b"x\n")
    await wait_for_index(path, 2)

    async with asyncio.timeout(DEADLINE_S):
        while True:
            if str(path) not in _open_files():
                return
            await asyncio.sleep(0.005)


def _open_files() -> set[str]:
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:  # the listing's own
            continue
    return found
