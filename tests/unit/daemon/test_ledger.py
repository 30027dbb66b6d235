"""What the store keeps of memory and of rest."""

from __future__ import annotations

from pathlib import Path

from hive_tui.daemon.ledger import COSTS_KEPT
from hive_tui.daemon.store import SqliteStore
from hive_tui.engine.state import ActivityRecord, Cost, Lease
from tests.unit.daemon.records import draft, next_free


def cost(began: float, peak: int = 100, **changed: str) -> Cost:
    words = {"project": "shop", "state": "warm", "service": "api", "env_uid": "u", **changed}
    return Cost(began=began, peak_bytes=peak, **words)


def test_a_peak_replaces_the_earlier_one_of_its_stay(store: SqliteStore) -> None:
    store.put_costs([cost(1.0, 100), cost(2.0, 150)])
    store.put_costs([cost(2.0, 900)])

    assert [(one.began, one.peak_bytes) for one in store.costs("shop")] == [(1.0, 100), (2.0, 900)]


def test_only_the_last_stays_are_kept_of_each_service_and_state(store: SqliteStore) -> None:
    store.put_costs([cost(0.5, state="cold"), cost(0.5, service="db")])
    for at in range(COSTS_KEPT + 5):
        store.put_costs([cost(float(at))])

    found = store.costs("shop")
    assert [one.began for one in found if (one.state, one.service) == ("warm", "api")] == [
        float(at) for at in range(5, COSTS_KEPT + 5)
    ]
    assert {(one.state, one.service) for one in found if one.began == 0.5} == {
        ("cold", "api"),
        ("warm", "db"),
    }


def test_costs_outlive_their_env_and_go_with_their_project(store: SqliteStore) -> None:
    claimed = store.claim_env(draft("auth"), 1000, next_free(1000))
    store.put_project("shop", "/repo")
    store.put_costs([cost(1.0, env_uid=claimed.uid), cost(1.0, project="other")])
    store.drop_env(claimed.uid)
    assert len(store.costs("shop")) == 1

    store.drop_project("shop")
    assert store.costs("shop") == ()
    assert len(store.costs("other")) == 1


def test_activity_goes_with_its_env_and_is_not_kept_without_one(store: SqliteStore) -> None:
    claimed = store.claim_env(draft("auth"), 1000, next_free(1000))
    known = ActivityRecord(claimed.uid, 12.5, True, (Lease("a shell", 7, "b.1"),))
    store.put_activity([ActivityRecord("stranger", 1.0), known])
    assert store.activity() == (known,)

    store.drop_env(claimed.uid)
    assert store.activity() == ()


def test_both_survive_the_daemon(tmp_path: Path) -> None:
    path = tmp_path / "hive.db"
    first = SqliteStore.open(path)
    claimed = first.claim_env(draft("auth"), 1000, next_free(1000))
    first.put_costs([cost(1.0)])
    first.put_activity([ActivityRecord(claimed.uid, 3600.0)])
    first.close()

    second = SqliteStore.open(path)
    assert second.costs("shop") == (cost(1.0),)
    assert second.activity() == (ActivityRecord(claimed.uid, 3600.0),)
    second.close()
