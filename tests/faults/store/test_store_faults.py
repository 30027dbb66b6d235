"""Broken, locked, newer, full and read-only: what becomes of the store, and that it says so."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

from hive_tui.daemon.database import Database
from hive_tui.daemon.migrations import MIGRATIONS, migrate
from hive_tui.daemon.store import SqliteStore
from hive_tui.model.environment import EnvRecord
from hive_tui.model.errors import HiveError
from hive_tui.model.plan import Transition
from tests.unit.daemon.records import draft, next_free

ROOT = Path(__file__).parents[3]
DEADLINE_S = 60.0


def filled(path: Path) -> None:
    """A store with an env and enough events to be worth several pages."""
    store = SqliteStore.open(path)
    store.claim_env(draft("auth"), 1000, next_free(1000))
    for number in range(200):
        store.log("test.happened", f"{number} " + "x" * 100)
    store.close()


def usable(store: SqliteStore) -> bool:
    """Whether it takes and gives."""
    claimed = store.claim_env(draft("new"), 1000, next_free(1000))
    return claimed in store.envs()


def aside(folder: Path) -> list[Path]:
    return sorted(folder.glob("hive.db.broken-*"))


@pytest.mark.parametrize("kept", [0, 1, 99, 4096, 5000, 3 * 4096])
def test_a_truncated_file_is_kept_aside_and_a_new_one_begun(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "hive.db"
    filled(path)
    os.truncate(path, kept)
    store = SqliteStore.open(path, now=lambda: 1_700_000_000.0)

    assert store.recovered is not None
    assert "hive.db.broken-20231114T221320Z" in store.recovered
    (broken,) = aside(tmp_path)
    assert broken.stat().st_size == kept
    assert store.envs() == ()
    assert usable(store)
    store.close()


@pytest.mark.parametrize("at", [0, 4096, 5 * 4096])
def test_a_file_with_garbage_in_it_is_kept_aside(tmp_path: Path, at: int) -> None:
    path = tmp_path / "hive.db"
    filled(path)
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"\xa5" * 4096)
    store = SqliteStore.open(path)

    assert store.recovered is not None
    assert len(aside(tmp_path)) == 1
    assert usable(store)
    store.close()


def test_every_broken_file_is_kept_and_the_logs_of_one_never_reach_the_next(
    tmp_path: Path,
) -> None:
    path = tmp_path / "hive.db"
    for _ in range(3):
        filled(path)
        path.write_bytes(b"not a database at all" * 100)
        (tmp_path / "hive.db-wal").write_bytes(b"neither")
        store = SqliteStore.open(path, now=lambda: 1_700_000_000.0)
        assert store.recovered is not None
        assert store.envs() == ()
        store.close()

    assert len(aside(tmp_path)) == 3


def test_a_sound_file_is_not_moved(tmp_path: Path) -> None:
    filled(tmp_path / "hive.db")
    store = SqliteStore.open(tmp_path / "hive.db")

    assert store.recovered is None
    assert (len(store.envs()), len(store.events(1000))) == (1, 200)
    assert aside(tmp_path) == []
    store.close()


def test_a_file_that_another_process_holds_is_an_error_and_not_broken(tmp_path: Path) -> None:
    path = tmp_path / "hive.db"
    filled(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")

    with pytest.raises(HiveError, match="another program holds") as raised:
        Database.open(path, busy_ms=10)
    assert raised.value.code == "state_locked"
    assert aside(tmp_path) == []
    other.close()


def test_a_writer_beside_it_makes_a_write_fail_whole(tmp_path: Path) -> None:
    path = tmp_path / "hive.db"
    filled(path)
    database = Database.open(path, busy_ms=10)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(HiveError, match="another program holds"), database.writing():
        raise AssertionError("not reached")
    other.execute("ROLLBACK")
    with database.writing() as free:
        free.execute("DELETE FROM events")
    assert database.rows("SELECT * FROM events") == []
    other.close()
    database.close()


def test_a_newer_format_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "hive.db"
    filled(path)
    newer = sqlite3.connect(path)
    newer.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    newer.close()
    before = path.read_bytes()

    with pytest.raises(HiveError, match="written by a newer hive") as raised:
        SqliteStore.open(path)
    assert raised.value.code == "state_newer"
    assert path.read_bytes() == before
    assert aside(tmp_path) == []


CRASH = f"""
import os, sqlite3, sys
sys.path.insert(0, {str(ROOT)!r})
from hive_tui.daemon.migrations import MIGRATIONS, migrate
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.create_function("crash", 0, lambda: os._exit(9))
crashing = ("CREATE TABLE half (a)", "ALTER TABLE envs ADD COLUMN b", "SELECT crash()")
migrate(database, [*MIGRATIONS, crashing])
"""


def test_a_crash_within_a_migration_leaves_the_version_before_it(tmp_path: Path) -> None:
    path = tmp_path / "hive.db"
    filled(path)
    done = subprocess.run([sys.executable, "-c", CRASH, str(path)], timeout=DEADLINE_S, check=False)
    assert done.returncode == 9

    store = SqliteStore.open(path)
    assert store.recovered is None
    assert [env.name for env in store.envs()] == ["auth"]
    store.close()
    again = sqlite3.connect(path, isolation_level=None)
    migrate(again, [*MIGRATIONS, ("CREATE TABLE half (a)", "ALTER TABLE envs ADD COLUMN b")])
    assert again.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS) + 1
    again.close()


def test_a_migration_that_fails_leaves_the_version_before_it(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "hive.db", isolation_level=None)
    migrate(database)

    with pytest.raises(sqlite3.OperationalError):
        migrate(database, [*MIGRATIONS, ("CREATE TABLE half (a)", "NOT SQL")])
    assert database.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
    assert database.execute("SELECT * FROM sqlite_master WHERE name = 'half'").fetchall() == []
    database.close()


def test_what_a_crash_left_of_a_new_file_is_not_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "hive.db.new").write_bytes(b"half")
    (tmp_path / "hive.db-wal").write_bytes(b"of a file that is gone")
    store = SqliteStore.open(tmp_path / "hive.db")

    assert store.recovered is None
    assert usable(store)
    assert not (tmp_path / "hive.db.new").exists()
    store.close()


WRITE = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from hive_tui.daemon.store import SqliteStore
from tests.unit.daemon.records import draft, next_free
store = SqliteStore.open(Path(sys.argv[1]))
for number in range(100_000):
    env = store.claim_env(draft(f"e{{number}}"), 10, next_free(10))
    store.log("env.spawned", env.name)
    print(env.name, flush=True)
"""


def test_a_killed_writer_loses_nothing_that_was_done(tmp_path: Path) -> None:
    path = tmp_path / "hive.db"
    writing = subprocess.Popen(
        [sys.executable, "-c", WRITE, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert writing.stdout is not None
    said = [writing.stdout.readline().strip() for _ in range(25)]
    writing.send_signal(signal.SIGKILL)
    said += writing.communicate(timeout=DEADLINE_S)[0].split()
    store = SqliteStore.open(path)

    assert store.recovered is None
    kept = [env.name for env in store.envs()]
    assert kept[: len(said)] == said
    assert len(kept) - len(said) in (0, 1)
    assert usable(store)
    store.close()


def test_a_full_disk_is_an_error_and_nothing_is_half_written(tmp_path: Path) -> None:
    path = tmp_path / "hive.db"
    filled(path)
    database = Database.open(path)
    pages = database.rows("PRAGMA page_count")[0][0]
    database.rows(f"PRAGMA max_page_count = {pages}")
    store = SqliteStore(database)

    with pytest.raises(HiveError, match="is full; nothing was changed") as raised:
        store.open_journal("uid", Transition.WARM, {"much": "x" * 1_000_000})
    assert raised.value.code == "disk_full"
    assert store.journal() == ()
    database.rows("PRAGMA max_page_count = 1000000")
    assert usable(store)
    store.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "hive-test", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no mount here")
    if done.returncode:
        pytest.skip(f"cannot mount a small disk here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_real_disk_that_fills_up_loses_nothing_and_goes_on_once_there_is_room(
    small_disk: Path,
) -> None:
    store = SqliteStore.open(small_disk / "hive.db")
    claimed: list[EnvRecord] = []
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 500_000)

    def fill() -> None:
        while True:
            claimed.append(store.claim_env(draft(f"e{len(claimed)}"), 1, next_free(1)))

    with pytest.raises(HiveError) as raised:
        fill()
    assert raised.value.code == "disk_full"
    assert set(store.envs()) == set(claimed)

    ballast.unlink()
    assert usable(store)
    store.close()


def test_a_disk_that_is_full_from_the_start_is_an_error(small_disk: Path) -> None:
    with pytest.raises(OSError, match="No space"):
        (small_disk / "ballast").write_bytes(b"x" * 2_000_000)

    with pytest.raises(HiveError) as raised:
        SqliteStore.open(small_disk / "hive.db")
    assert raised.value.hint is not None
    (small_disk / "ballast").unlink()
    store = SqliteStore.open(small_disk / "hive.db")
    assert store.recovered is None
    store.close()


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(HiveError, match="cannot keep the state") as raised:
        SqliteStore.open(tmp_path / "file" / "hive.db")
    assert raised.value.code == "state_readonly"


def test_a_file_that_became_read_only_is_an_error(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "hive.db")
    database.rows("PRAGMA query_only = ON")  # answers like a read-only file system, to root too
    store = SqliteStore(database)

    with pytest.raises(HiveError, match="cannot write") as raised:
        store.log("test.happened", "never kept")
    assert raised.value.code == "state_readonly"
    assert store.events(10) == ()
    store.close()


def test_a_file_that_breaks_while_it_is_used_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "hive.db"
    filled(path)
    store = SqliteStore.open(path)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (path.stat().st_size - 4096))

    with pytest.raises(HiveError) as raised:
        store.log("test.happened", "never kept")
    assert raised.value.code == "state_broken"
    store.close()


def test_twenty_claims_at_once_from_threads_get_twenty_blocks(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "hive.db")
    together = threading.Barrier(20)

    def claim(number: int) -> int:
        together.wait(DEADLINE_S)
        size = 1000 if number % 2 else 300
        return store.claim_env(
            draft(f"e{number}", f"p{number % 3}"), size, next_free(100)
        ).port_base

    with ThreadPoolExecutor(20) as pool:
        bases = list(pool.map(claim, range(20)))

    check_blocks(store, bases)
    store.close()


CLAIM = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from hive_tui.daemon.store import SqliteStore
from tests.unit.daemon.records import draft, next_free
store = SqliteStore.open(Path(sys.argv[1]))
number = int(sys.argv[2])
print("open", flush=True)
sys.stdin.readline()
size = 1000 if number % 2 else 300
env = store.claim_env(draft(f"e{{number}}", f"p{{number % 3}}"), size, next_free(100))
print(env.port_base)
"""


def test_twenty_claims_at_once_from_processes_get_twenty_blocks(tmp_path: Path) -> None:
    path = tmp_path / "hive.db"
    store = SqliteStore.open(path)
    claiming = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIM, str(path), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(20)
    ]
    for process in claiming:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
    for process in claiming:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    bases = [int(process.communicate(timeout=DEADLINE_S)[0]) for process in claiming]

    check_blocks(store, bases)
    store.close()


def check_blocks(store: SqliteStore, bases: list[int]) -> None:
    """All blocks apart, all indexes of a project different, all slugs too."""
    envs = store.envs()
    assert sorted(bases) == sorted(env.port_base for env in envs)
    blocks = sorted((env.port_base, env.port_base + env.port_size) for env in envs)
    assert len(blocks) == 20
    assert all(end <= start for (_, end), (start, _) in pairwise(blocks))
    assert len({env.slug for env in envs}) == 20
    for project in ("p0", "p1", "p2"):
        numbers = [env.index for env in envs if env.project == project]
        assert sorted(numbers) == list(range(len(numbers)))
