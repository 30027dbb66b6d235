"""What the store keeps, and which rules it holds. Files that are broken: tests/faults/store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from hive_tui.daemon.store import SqliteStore
from hive_tui.engine.healing.records import HealRecord
from hive_tui.engine.healing.rules import Receipt
from hive_tui.engine.protocols import Removed
from hive_tui.engine.state import LinkRecord, Spare, TaskRecord, Trashed, UnitRecord, Verdict
from hive_tui.model.environment import TestFailure, Wanted
from hive_tui.model.errors import HiveError
from hive_tui.model.plan import Transition
from tests.unit.daemon.records import draft, next_free, run_of, trace_of


def test_a_claimed_env_gets_the_smallest_free_index_of_its_project(store: SqliteStore) -> None:
    for name in ("a", "b", "c"):
        store.claim_env(draft(name), 1000, next_free(1000))
    store.drop_env("uid-shop-b")

    assert store.claim_env(draft("d"), 1000, next_free(1000)).index == 1
    assert store.claim_env(draft("d", "other"), 1000, next_free(1000)).index == 0


def test_slugs_are_unique_over_all_projects(store: SqliteStore) -> None:
    first = store.claim_env(draft("auth", "shop"), 1000, next_free(1000))
    second = store.claim_env(draft("auth", "other"), 1000, next_free(1000))

    assert first.slug == "auth"
    assert second.slug not in ("", "auth")


def test_an_env_that_comes_back_keeps_its_slug(store: SqliteStore) -> None:
    back = msgspec.structs.replace(draft("auth"), slug="as_it_was")

    assert store.claim_env(back, 1000, next_free(1000)).slug == "as_it_was"


def test_blocks_of_different_sizes_do_not_overlap(store: SqliteStore) -> None:
    store.claim_env(draft("big", "one"), 1000, next_free(1000))
    small = store.claim_env(draft("small", "two"), 100, next_free(100, start=10_500))
    large = store.claim_env(draft("large", "three"), 2000, next_free(100, start=9_500))

    assert small.port_base == 11_000
    assert large.port_base == 11_100


def test_a_home_without_a_free_block_says_so(store: SqliteStore) -> None:
    store.claim_env(draft("a"), 1000, next_free(1000))

    with pytest.raises(HiveError, match="no block of ports is free"):
        store.claim_env(draft("b"), 1000, lambda _: 10_500)
    assert [env.name for env in store.envs()] == ["a"]


def test_a_second_env_of_one_name_is_refused(store: SqliteStore) -> None:
    store.claim_env(draft("auth"), 1000, next_free(1000))

    with pytest.raises(HiveError, match="already has an env auth") as raised:
        store.claim_env(draft("auth", uid="another"), 1000, next_free(1000))
    assert (raised.value.code, raised.value.env) == ("exists", "auth")


def test_an_env_is_not_claimed_where_no_base_can_be_chosen(store: SqliteStore) -> None:
    def none_left(taken: frozenset[int]) -> int:
        raise HiveError("all taken")

    with pytest.raises(HiveError, match="all taken"):
        store.claim_env(draft("auth"), 1000, none_left)
    assert store.envs() == ()


def test_a_changed_env_replaces_what_was_known(store: SqliteStore) -> None:
    claimed = store.claim_env(draft("auth"), 1000, next_free(1000))
    warm = msgspec.structs.replace(claimed, wanted=Wanted.WARM)
    store.put_env(warm)

    assert store.envs() == (warm,)


def test_an_env_with_the_ports_of_another_is_not_kept(store: SqliteStore) -> None:
    claimed = store.claim_env(draft("auth"), 1000, next_free(1000))
    other = msgspec.structs.replace(
        claimed, uid="x", name="other", slug="other", index=7, port_base=claimed.port_base + 999
    )

    with pytest.raises(HiveError, match="the ports are those of shop/auth"):
        store.put_env(other)


def test_a_dropped_env_takes_all_but_its_events_and_trash_along(store: SqliteStore) -> None:
    env = store.claim_env(draft("auth"), 1000, next_free(1000))
    store.put_run(run_of(env.uid))
    store.put_unit(UnitRecord(env.uid, "api", wanted=True))
    store.put_trace(env.uid, trace_of(Transition.WARM, 1.0))
    store.open_journal(env.uid, Transition.DESTROY, {})
    store.put_trash(Trashed(env, Removed("/trash/1", "auth", "0" * 40, None), 5.0))
    store.log("env.destroyed", "auth is gone", env=env.id)

    store.drop_env(env.uid)

    assert (store.envs(), store.runs(), store.journal()) == ((), (), ())
    assert (store.units(env.uid), store.traces(env.uid)) == ((), ())
    assert len(store.trash()) == len(store.events(10)) == 1


def test_a_record_that_comes_after_its_env_was_dropped_is_not_kept(store: SqliteStore) -> None:
    store.put_run(run_of("gone"))
    store.put_unit(UnitRecord("gone", "api", wanted=True))

    assert (store.runs(), store.units("gone")) == ((), ())


def test_a_run_is_kept_until_it_has_ended(store: SqliteStore) -> None:
    env = store.claim_env(draft("auth"), 1000, next_free(1000))
    run = run_of(env.uid)
    store.put_run(msgspec.structs.replace(run, identity=None))
    store.put_run(run)
    assert store.runs() == (run,)

    store.put_run(msgspec.structs.replace(run, ended=2.0, exit_code=0))
    assert store.runs() == ()


def test_the_newest_record_of_each_name_is_kept(store: SqliteStore) -> None:
    uid = store.claim_env(draft("auth"), 1000, next_free(1000)).uid
    unit = UnitRecord(uid, "api", wanted=True, failures=(1.0, 2.0), gave_up="5 in 60 s")
    task = TaskRecord(uid, "build", "succeeded", "abc", current=True, duration_s=4.0, at=1.0)
    failure = TestFailure("test_a", "assert 1 == 2", "tests/test_a.py", 3)
    verdict = Verdict(uid, "unit", "failed", 41, 1, 0, 3.2, "c0ffee", "hash", 2.0, (failure,))
    store.put_unit(UnitRecord(uid, "api", wanted=False))
    store.put_unit(unit)
    store.put_task(task)
    store.put_verdict(verdict)
    link = LinkRecord(uid, "node_modules", "reflink", "key", "stamp", 3.0)
    store.put_link(link)

    assert store.links(uid) == (link,)
    assert store.units(uid) == (unit,)
    assert store.tasks(uid) == (task,)
    assert store.verdicts(uid) == (verdict,)


def test_traces_are_the_newest_of_each_transition_newest_first(store: SqliteStore) -> None:
    uid = store.claim_env(draft("auth"), 1000, next_free(1000)).uid
    for transition, started in (
        (Transition.SPAWN, 1.0),
        (Transition.WARM, 2.0),
        (Transition.COOL, 3.0),
        (Transition.WARM, 4.0),
    ):
        store.put_trace(uid, trace_of(transition, started))

    found = [(trace.transition, trace.started) for trace in store.traces(uid)]
    assert found == [(Transition.WARM, 4.0), (Transition.COOL, 3.0), (Transition.SPAWN, 1.0)]


def test_the_journal_holds_what_was_made_until_it_is_closed(store: SqliteStore) -> None:
    first = store.open_journal("uid-1", Transition.SPAWN, {"commit": "c0ffee", "warm": True})
    second = store.open_journal("uid-2", Transition.WARM, {})
    store.note_made(first, worktree="/w")
    store.note_made(first, branch="auth")
    store.close_journal(second)

    (entry,) = store.journal()
    assert entry.id == first
    assert entry.params == {"commit": "c0ffee", "warm": True}
    assert entry.made == {"worktree": "/w", "branch": "auth"}
    assert entry.started == 1_700_000_000.25

    store.close_journal(first)
    store.note_made(first, worktree="/late")
    assert store.journal() == ()


def test_durations_are_the_median_of_the_last_twenty(store: SqliteStore, tmp_path: Path) -> None:
    for seconds in [100.0] * 30 + [float(n) for n in range(20)]:
        store.learn("shop", "task:build", seconds)
    store.learn("other", "task:build", 1.0)

    assert store.learned("shop") == {"task:build": 9.5}
    store.learn("shop", "task:build", 19.0)
    assert store.learned("shop") == {"task:build": 10.5}
    again = SqliteStore.open(tmp_path / "hive.db")
    assert again.learned("shop") == {"task:build": 10.5}
    again.close()


def test_a_project_keeps_its_root(store: SqliteStore) -> None:
    store.put_project("shop", "/src/shop")
    store.put_project("shop", "/src/shop")

    with pytest.raises(HiveError, match="belongs to /src/shop"):
        store.put_project("shop", "/src/other")
    assert store.projects() == {"shop": "/src/shop"}


def test_a_dropped_project_takes_what_was_learned_along(store: SqliteStore) -> None:
    store.put_project("shop", "/src/shop")
    store.learn("shop", "task:build", 4.0)
    assert store.learned("shop")

    store.drop_project("shop")

    assert (store.projects(), store.learned("shop")) == ({}, {})


def test_healing_goes_with_its_env_and_bases_with_their_project(store: SqliteStore) -> None:
    env = store.claim_env(draft("auth", "shop"), 1000, next_free(1000))
    receipt = Receipt(1, 1.0, "tree", "mark", ("unit",), "text", "prompt")
    record = HealRecord(env.uid, 2.0, "told", "red: unit", (receipt,), verified="tree")
    store.put_heal(record)
    store.put_base("shop", "c1", "unit", "mark")
    store.put_base("shop", "c1", "unit", "")
    store.put_base("shop", "c2", "e2e", "other")
    assert store.heal(env.uid) == record
    assert store.bases("shop", "c1") == {"unit": ""}

    store.drop_env(env.uid)
    store.put_heal(record)
    assert store.heal(env.uid) is None
    assert store.bases("shop", "c2") == {"e2e": "other"}

    store.drop_project("shop")
    assert store.bases("shop", "c2") == {}


def test_events_are_numbered_and_come_oldest_first(store: SqliteStore) -> None:
    store.log("daemon.started", "a")
    store.log("service.crashed", "b", env="shop/auth", service="api", level="error", data={"n": 1})
    store.log("daemon.recovered", "c")

    assert [event.message for event in store.events(2)] == ["b", "c"]
    (crashed,) = store.events(10, env="shop/auth")
    assert (crashed.seq, crashed.at) == (2, "2023-11-14T22:13:20.250Z")
    assert (crashed.service, crashed.level, crashed.data) == ("api", "error", {"n": 1})
    assert store.events(0) == ()


def test_old_events_are_pruned_and_numbers_never_used_again(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hive_tui.daemon.history.EVENTS_KEPT", 3)
    for number in range(10):
        store.log("test.happened", str(number))

    assert [event.seq for event in store.events(100)] == [8, 9, 10]


def test_spares_are_found_by_project(store: SqliteStore) -> None:
    ready = Spare("shop", "/spares/1", "c0ffee", "ready")
    other = Spare("other", "/spares/2", "c0ffee", "making")
    store.put_spare(msgspec.structs.replace(ready, state="making"))
    store.put_spare(ready)
    store.put_spare(other)

    assert store.spares("shop") == (ready,)
    assert store.spares() == (ready, other)
    store.drop_spare("/spares/1")
    assert store.spares("shop") == ()


def test_the_trash_comes_newest_first(store: SqliteStore) -> None:
    for name, at in (("old", 1.0), ("new", 3.0), ("middle", 2.0)):
        store.put_trash(Trashed(draft(name), Removed("", None, None, None), at))

    assert [trashed.record.name for trashed in store.trash()] == ["new", "middle", "old"]
    store.drop_trash("uid-shop-new")
    assert len(store.trash()) == 2


def test_what_was_put_is_there_after_a_restart(tmp_path: Path) -> None:
    first = SqliteStore.open(tmp_path / "hive.db")
    env = first.claim_env(draft("auth"), 1000, next_free(1000))
    first.close()

    second = SqliteStore.open(tmp_path / "hive.db")
    assert second.envs() == (env,)
    assert second.recovered is None
    second.close()


@pytest.mark.parametrize("suffix", ["", "-wal"])
def test_nobody_else_can_read_the_files(store: SqliteStore, tmp_path: Path, suffix: str) -> None:
    store.log("daemon.started", "so that there is a log")

    assert (tmp_path / f"hive.db{suffix}").stat().st_mode & 0o777 == 0o600


Put = Callable[[SqliteStore], object]


@pytest.mark.parametrize(
    "put",
    [
        lambda store: store.drop_env("none"),
        lambda store: store.close_journal(99),
        lambda store: store.drop_spare("/none"),
        lambda store: store.drop_trash("none"),
        lambda store: store.drop_project("none"),
    ],
)
def test_dropping_what_is_not_there_is_fine(store: SqliteStore, put: Put) -> None:
    put(store)
