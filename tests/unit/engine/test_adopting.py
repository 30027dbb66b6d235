"""Which worktrees of a repository become envs."""

from __future__ import annotations

import pytest

from hive_tui.engine.adopting import Choice, choose
from hive_tui.engine.protocols import Listed


def _choose(*listed: Listed, **known: object) -> tuple[Choice, ...]:
    facts: dict[str, object] = {"root": "/main", "envs": {}, "spares": (), "names": ()}
    return choose(listed, **{**facts, **known})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (Listed("/main", "main"), "main checkout"),
        (Listed("/bare.git", None, bare=True), "main checkout"),
        (Listed("/env", "a"), "the env auth already"),
        (Listed("/spare", None), "spare"),
        (Listed("/x/.hive-spare-0a1b2c3d", None), "spare"),
        (Listed("/gone", "b", gone=True), "git worktree prune"),
        (Listed("/1/2/3", None), "--name"),
    ],
)
def test_what_is_left_has_a_reason(one: Listed, reason: str) -> None:
    (choice,) = _choose(one, envs={"/env": "auth"}, spares={"/spare"})

    assert choice.name is None
    assert reason in str(choice.reason)


def test_a_worktree_is_named_after_its_folder() -> None:
    (choice,) = _choose(Listed("/x/Hot_Fix 2!", "whatever"))

    assert choice.name == "hot-fix-2"


def test_a_taken_name_gives_way_to_the_branchs_and_then_to_a_number() -> None:
    choices = _choose(
        Listed("/a/work", "feature/x"),
        Listed("/b/work", "feature/y"),
        Listed("/c/work", None),
        names={"work"},
    )

    assert [choice.name for choice in choices] == ["feature-x", "feature-y", "work-2"]


def test_a_long_name_is_cut_where_it_stays_valid() -> None:
    first, second = _choose(Listed(f"/a/{'x' * 40}", None), Listed(f"/b/{'x' * 40}", None))

    assert first.name == "x" * 32
    assert second.name == f"{'x' * 29}-2"
