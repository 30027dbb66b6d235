from __future__ import annotations

from pathlib import Path

from hive_tui.drivers.watching import Cover, cover, git_folders


def make(root: Path, *folders: str) -> None:
    for folder in folders:
        (root / folder).mkdir(parents=True)


def test_a_tree_without_tools_folders_is_covered_whole(tmp_path: Path) -> None:
    make(tmp_path, "src/a", "docs")
    found = cover(str(tmp_path))
    assert found == Cover(deep=frozenset({str(tmp_path)}), flat=frozenset())


def test_what_tools_write_is_left_out_at_any_depth(tmp_path: Path) -> None:
    make(tmp_path, "src/deep", "node_modules/x", "packages/web/node_modules/y", "packages/web/lib")
    found = cover(str(tmp_path))
    assert found.deep == {str(tmp_path / "src"), str(tmp_path / "packages/web/lib")}
    assert found.flat == {str(tmp_path), str(tmp_path / "packages"), str(tmp_path / "packages/web")}


def test_a_linked_worktree_is_watched_where_git_keeps_its_head(tmp_path: Path) -> None:
    admin = tmp_path / "repo/.git/worktrees/a"
    make(tmp_path, "a", "repo/.git/worktrees/a")
    (tmp_path / "a/.git").write_text(f"gitdir: {admin}\n")
    assert git_folders(str(tmp_path / "a")) == (str(admin),)
