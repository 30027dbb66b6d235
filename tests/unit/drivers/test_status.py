"""Reading what git prints."""

from __future__ import annotations

from hive_tui.drivers.registrations import Checkout, parse_checkouts
from hive_tui.drivers.status import Change, parse, parse_shortstat

A = b"a" * 40
Z = b"0" * 40


def test_nothing_but_a_branch_is_a_clean_tree() -> None:
    tree = parse(b"# branch.oid " + A + b"\0# branch.head main\0# branch.ab +1 -0\0")
    assert (tree.commit, tree.branch, tree.changes) == (A.decode(), "main", ())


def test_an_unborn_and_a_detached_head_are_none() -> None:
    tree = parse(b"# branch.oid (initial)\0# branch.head (detached)\0")
    assert (tree.commit, tree.branch) == (None, None)


def test_changes_keep_odd_paths_whole() -> None:
    lines = (
        b"1 .M N... 100644 100644 100755 " + A + b" " + A + b" a b\nc",
        b"1 .M SC.. 160000 160000 160000 " + A + b" " + A + b" lib",
        b"u UU N... 100644 100644 100644 100644 " + A + b" " + A + b" " + A + b" both",
        b"? \xff# 1 u ?",
        b"? folder/",
    )
    changes = parse(b"\0".join(lines) + b"\0").changes
    assert [change.path for change in changes] == [
        b"a b\nc",
        b"lib",
        b"both",
        b"\xff# 1 u ?",
        b"folder/",
    ]
    assert changes[0] == Change(b"a b\nc", head=("100644", A.decode()), mode="100755")
    assert [change.submodule for change in changes] == [False, True, False, False, False]
    assert [change.untracked for change in changes] == [False, False, False, True, True]


def test_shortstat_leaves_zeros_out() -> None:
    assert parse_shortstat("") == (0, 0)
    assert parse_shortstat(" 1 file changed, 2 insertions(+)\n") == (2, 0)
    assert parse_shortstat(" 1 file changed, 1 deletion(-)\n") == (0, 1)
    assert parse_shortstat(" 7 files changed, 135 insertions(+), 7 deletions(-)\n") == (135, 7)


def test_the_list_of_worktrees_is_read_with_all_its_marks() -> None:
    listing = (
        b"worktree /nowhere/bare\0bare\0\0"
        b"worktree /nowhere/a\nb\0HEAD " + A + b"\0branch refs/heads/x/y\0locked why\0\0"
        b"worktree /nowhere/c\0HEAD " + Z + b"\0detached\0prunable gone\0\0"
    )
    assert parse_checkouts(listing) == (
        Checkout("/nowhere/bare", None, None, bare=True, gone=True),
        Checkout("/nowhere/a\nb", A.decode(), "x/y", locked=True, gone=True),
        Checkout("/nowhere/c", None, None, gone=True),
    )
