"""Fingerprints of a task's inputs: the same for the same content, and cheap the second time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hive_tui.drivers.fingerprint import Fingerprints, matching, roots


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("src/a.py", "src/deep/b.py", "docs/c.md", "Cargo.lock", "sub/Cargo.lock"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    for name in (".git/x.py", "node_modules/m/x.py", "src/node_modules/x.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def fingerprint(tree: Path, globs: tuple[str, ...], memory: Fingerprints | None = None) -> str:
    """Of all that match: outside a repository nothing is ignored."""
    return (memory or Fingerprints()).of_paths(str(tree), sorted(matching(str(tree), globs)))


def age(tree: Path) -> None:
    """Make every file look long finished, so that its hash may be remembered."""
    for folder, _, names in os.walk(tree):
        for name in names:
            os.utime(os.path.join(folder, name), (1e9, 1e9), follow_symlinks=False)


@pytest.mark.parametrize(
    ("globs", "found"),
    [
        (("src/**",), {"src/a.py", "src/deep/b.py"}),
        (("src/*.py",), {"src/a.py"}),
        (("*.py",), {"src/a.py", "src/deep/b.py"}),
        (("**/*.py", "!src/deep/**"), {"src/a.py"}),
        (("Cargo.lock",), {"Cargo.lock", "sub/Cargo.lock"}),
        (("/Cargo.lock",), {"Cargo.lock"}),
        (("docs",), {"docs/c.md"}),
        (("node_modules/m/**",), {"node_modules/m/x.py"}),
        (("nothing/*",), set()),
        ((), set()),
    ],
)
def test_globs_choose_as_in_gitignore(tree: Path, globs: tuple[str, ...], found: set[str]) -> None:
    assert set(matching(str(tree), globs)) == found


@pytest.mark.parametrize(
    ("globs", "expected"),
    [
        (("src/**", "Cargo.lock"), ("",)),
        (("src/**", "src/deep/*.py", "/Cargo.lock"), ("Cargo.lock", "src")),
        (("**/x/y",), ("",)),
        (("a/b*/c", "!d/e"), ("a",)),
        (("a/b", "a/bc"), ("a/b", "a/bc")),
    ],
)
def test_only_folders_that_can_match_are_walked(
    globs: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert roots(globs) == expected


def test_no_match_is_the_empty_fingerprint(tree: Path) -> None:
    assert fingerprint(tree, ("nothing/**",)) == ""
    assert fingerprint(tree / "gone", ("**",)) == ""


def test_content_names_and_exec_bits_count_and_times_do_not(tree: Path) -> None:
    def now() -> str:
        return fingerprint(tree, ("src/**",))

    first = now()
    age(tree)
    assert now() == first
    (tree / "src/a.py").write_text("changed")
    changed = now()
    assert changed != first
    (tree / "src/a.py").chmod(0o755)
    executable = now()
    assert executable != changed
    (tree / "src/a.py").rename(tree / "src/z.py")
    renamed = now()
    assert renamed != executable
    os.symlink("../docs", tree / "src" / "link")
    assert now() != renamed
    (tree / "docs/c.md").write_text("not followed")
    (tree / "src/link").unlink()
    assert now() == renamed


def test_the_same_content_elsewhere_has_the_same_fingerprint(tree: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "src"
    other.mkdir(parents=True)
    (other / "a.py").write_text("src/a.py")
    assert fingerprint(tree, ("src/*.py",)) == fingerprint(tmp_path / "other", ("src/*.py",))


def test_a_second_look_reads_only_what_changed(tree: Path) -> None:
    age(tree)
    fingerprints = Fingerprints(racy_ns=-1)
    first = fingerprint(tree, ("src/**",), fingerprints)
    assert fingerprints.files_read == 2
    assert fingerprint(tree, ("src/**",), fingerprints) == first
    assert fingerprints.files_read == 2
    (tree / "src/a.py").write_text("a/src.py")
    os.utime(tree / "src/a.py", (1e9, 1e9))
    assert fingerprint(tree, ("src/**",), fingerprints) != first
    assert fingerprints.files_read == 3


def test_a_file_just_written_is_read_again(tree: Path) -> None:
    fingerprints = Fingerprints()
    fingerprint(tree, ("src/**",), fingerprints)
    fingerprint(tree, ("src/**",), fingerprints)
    assert fingerprints.files_read == 4


def test_odd_names_are_no_obstacle(tmp_path: Path) -> None:
    for name in (b"\xff", b"new\nline", b" lead"):
        Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name))).write_text("x")
    assert fingerprint(tmp_path, ("*",)) != ""
