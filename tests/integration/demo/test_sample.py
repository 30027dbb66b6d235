"""The sample project by itself, without a hive: its tests, its branches, its place in the wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from hive_tui.config import loading
from hive_tui.demo.repository import make
from hive_tui.demo.samples import SHOP
from hive_tui.demo.scenes import PROJECT, SCENES
from hive_tui.drivers.junit import read
from hive_tui.model.errors import HiveError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's repository."""
    return make(tmp_path_factory.mktemp("demo"), os.environ, seed="a test")


def git(repo: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=repo, check=True, capture_output=True, text=True)
    return done.stdout


def run_unit(repo: Path, branch: str, folder: Path) -> Path:
    """Check a branch out elsewhere and run the suite there; its report."""
    git(repo, "worktree", "add", "--quiet", "--detach", str(folder), branch)
    report = folder / "report.xml"
    subprocess.run(
        [sys.executable, "tests/run.py", str(report)], cwd=folder, capture_output=True, check=False
    )
    return report


def test_the_sample_is_a_project_that_hive_takes(repo: Path) -> None:
    project = loading.load(str(repo))
    assert project.name == PROJECT
    assert set(project.services) == {"watch", "api", "web", "worker"}
    assert set(project.tasks) == {"build", "migrate", "seed"}
    assert project.spares == 0


def test_main_is_clean_and_every_scene_has_its_branch(repo: Path) -> None:
    assert git(repo, "status", "--porcelain") == ""
    branches = git(repo, "branch", "--format=%(refname:short)").split()
    assert set(branches) == {"main", *(scene.name for scene in SCENES)}
    for scene in SCENES:
        ahead = int(git(repo, "rev-list", "--count", f"main..{scene.name}"))
        assert ahead == len(scene.commits)


def test_the_suite_is_red_on_the_branch_with_the_mistake_and_green_elsewhere(
    repo: Path, tmp_path: Path
) -> None:
    for branch in ("main", *(scene.name for scene in SCENES)):
        report = read(run_unit(repo, branch, tmp_path / branch))
        failed = [case.name for case in report.failures]
        if branch == "billing-v2":
            assert len(failed) == 1
            assert "ten_pieces" in failed[0]
        else:
            assert failed == []
            assert report.passed >= 8


def test_making_it_again_leaves_it_as_it_is(repo: Path) -> None:
    before = git(repo, "rev-parse", "HEAD")
    assert make(repo.parent, os.environ, seed="another") == repo
    assert git(repo, "rev-parse", "HEAD") == before


def test_a_half_made_repository_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "shop.half" / ".git").mkdir(parents=True)
    made = make(tmp_path, os.environ, seed="a test")
    assert [path.name for path in tmp_path.iterdir()] == [made.name]
    assert git(made, "status", "--porcelain") == ""


def test_without_git_the_demo_says_so(tmp_path: Path) -> None:
    with pytest.raises(HiveError, match="needs git"):
        make(tmp_path, {"PATH": str(tmp_path)}, seed="a test")


def test_where_python3_is_not_on_the_path_the_sample_names_this_python(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "git").symlink_to(shutil.which("git") or "git")
    made = make(tmp_path, {"PATH": str(programs)}, seed="a test")
    assert f'run = "{sys.executable} -m shop.api' in (made / "hive.toml").read_text()


def test_the_wheel_holds_every_file_of_the_sample_the_themes_and_the_skills(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="the wheel is built with hatchling")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    sample = {
        f"hive_tui/demo/project/{path.relative_to(SHOP.files)}"
        for path in SHOP.files.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    themes = {f"hive_tui/themes/{path.name}" for path in (ROOT / "themes").glob("*.*")}
    assert sample | themes | {"hive_tui/skills/hive/SKILL.md"} <= packed
