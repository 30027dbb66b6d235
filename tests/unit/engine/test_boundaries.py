"""Which writes are the env's own, and why others are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_tui.engine.boundaries import Ground, trespass, trespasses
from hive_tui.model.environment import Trespass
from hive_tui.model.project import Boundaries

GROUND = Ground(
    worktree="/home/me/shop/.trees/auth",
    main="/home/me/shop",
    others={"/home/me/shop/.trees/billing": "billing"},
)
BILLING = Boundaries(allow=("src/billing/**", "*.md"), deny=("src/billing/vendor/", "LICENSE.md"))


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("src/billing/money.py", None),
        ("src/billing/deep/down/money.py", None),
        ("README.md", None),
        ("docs/guide.md", None),
        ("src/auth/login.py", "only 'src/billing/**', '*.md' may be written"),
        ("src/billing/vendor/lib.py", "denied by 'src/billing/vendor/'"),
        ("LICENSE.md", "denied by 'LICENSE.md'"),
        (".git", "it belongs to git"),
        (".git/hooks/pre-commit", "it belongs to git"),
        ("src/billing/../auth/login.py", "only 'src/billing/**', '*.md' may be written"),
    ],
)
def test_patterns_decide_within_the_worktree(path: str, reason: str | None) -> None:
    found = trespass(f"{GROUND.worktree}/{path}", GROUND, BILLING)
    assert (found.reason if found else None) == reason


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/home/me/shop/src/app.py", "it is in the main checkout"),
        ("/home/me/shop/.trees/billing/a.py", "it is in the worktree of billing"),
        ("/home/me/shop/.trees/auth/../billing/a.py", "it is in the worktree of billing"),
        ("/home/me/shop/.trees/auth-2/a.py", "it is in the main checkout"),
        ("/tmp/notes.txt", None),
        ("/home/me/.cache/pip/x", None),
        ("/home/me/shop/.trees/auth/a.py", None),
    ],
)
def test_checkouts_of_others_are_theirs_also_without_patterns(
    path: str, reason: str | None
) -> None:
    found = trespass(path, GROUND, Boundaries())
    assert (found.reason if found else None) == reason


def test_a_pattern_can_be_taken_back() -> None:
    found = Boundaries(deny=("*.lock", "!poetry.lock"))
    assert trespass(f"{GROUND.worktree}/uv.lock", GROUND, found) == Trespass(
        "uv.lock", "denied by '*.lock'"
    )
    assert trespass(f"{GROUND.worktree}/poetry.lock", GROUND, found) is None


def test_many_writes_are_told_once_each_in_order() -> None:
    paths = [f"{GROUND.worktree}/{name}" for name in ("b.py", "a.py", "b.py", "a.md")]
    found = trespasses(paths, GROUND, BILLING)
    assert [one.path for one in found] == ["a.py", "b.py"]


@given(st.text(max_size=60), st.lists(st.text(max_size=20), max_size=4))
def test_any_path_and_any_pattern_can_be_judged(path: str, patterns: list[str]) -> None:
    found = trespass("/" + path.lstrip("/"), GROUND, Boundaries(deny=tuple(patterns)))
    assert found is None or found.reason
