"""Which files an image is built from, and when two builds are the same."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest
from msgspec.structs import replace

from hive_tui.drivers.docker import build_context
from hive_tui.engine.container_protocols import BuildSpec
from hive_tui.model.errors import HiveError


def spec(folder: Path, **files: str) -> BuildSpec:
    """A context with a Dockerfile and these files; `__` in a name is a slash."""
    (folder / "Dockerfile").write_text("FROM scratch\n")
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return BuildSpec(str(folder))


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        ("", ["Dockerfile", "a", "b/a", "b/c/a"]),
        ("a", ["Dockerfile", "b/a", "b/c/a"]),
        ("**/a", ["Dockerfile"]),
        ("b", ["Dockerfile", "a"]),
        ("/b/\n", ["Dockerfile", "a"]),
        ("b\n!b/c", ["Dockerfile", "a", "b/c/a"]),
        ("*\n!a", ["Dockerfile", "a"]),
        ("# a\n\n./a", ["Dockerfile", "b/a", "b/c/a"]),
        ("Dockerfile", ["Dockerfile", "a", "b/a", "b/c/a"]),
        ("b/*/a", ["Dockerfile", "a", "b/a"]),
    ],
)
def test_ignored_files_are_left_out_as_docker_does(
    tmp_path: Path, patterns: str, left: list[str]
) -> None:
    made = spec(tmp_path, a="1", b__a="2", b__c__a="3")
    (tmp_path / ".dockerignore").write_text(patterns)
    assert [path for path in build_context.files(made) if path != ".dockerignore"] == left


def test_the_hash_follows_content_and_not_times(tmp_path: Path) -> None:
    made = spec(tmp_path, a="1")
    first = build_context.digest(made)
    os.utime(tmp_path / "a", (1, 1))
    assert build_context.digest(made) == first
    (tmp_path / "a").chmod(0o755)
    executable = build_context.digest(made)
    (tmp_path / "a").write_text("2")
    assert len({first, executable, build_context.digest(made)}) == 3


def test_the_hash_follows_everything_that_is_said_of_the_build(tmp_path: Path) -> None:
    made = spec(tmp_path)
    others = [
        replace(made, args={"A": "1"}),
        replace(made, target="stage"),
        replace(made, platform="linux/arm64"),
    ]
    assert len({build_context.digest(each) for each in [made, *others]}) == 4


def test_what_is_ignored_changes_no_hash(tmp_path: Path) -> None:
    made = spec(tmp_path, a="1")
    (tmp_path / ".dockerignore").write_text("noise\n")
    first = build_context.digest(made)
    (tmp_path / "noise").write_text("x")
    assert build_context.digest(made) == first


def test_links_are_kept_and_not_followed(tmp_path: Path) -> None:
    made = spec(tmp_path, a="1")
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "out").symlink_to("/etc")
    buffer = io.BytesIO()
    build_context.archive(made, buffer)
    buffer.seek(0)
    with tarfile.open(fileobj=buffer) as tar:
        members = {member.name: member for member in tar.getmembers()}
    assert members["link"].linkname == "a"
    assert members["out"].issym()
    assert {member.mtime for member in members.values()} == {0}


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(HiveError, match="does not exist"):
        build_context.files(BuildSpec(str(tmp_path / "gone")))
    with pytest.raises(HiveError, match="no Dockerfile in"):
        build_context.files(BuildSpec(str(tmp_path)))
