"""Which files that git ignores count as inputs: those that are named, not those that a glob met."""

from __future__ import annotations

import pytest

from hive_tui.drivers.fingerprint import matching
from hive_tui.drivers.folders import LocalFolders
from hive_tui.drivers.ignored import counted
from tests.integration.git.repos import Repo

FILES = (
    "src/a.py",
    "src/__pycache__/a.pyc",
    "src/-odd\nname",
    "dist/out.js",
    "kept.pyc",
    ".env",
)


@pytest.fixture
def built(repo: Repo) -> Repo:
    """A repository in which something was built; `kept.pyc` is tracked all the same."""
    repo.write(".gitignore", "__pycache__/\n*.pyc\ndist/\n.env\n")
    for name in FILES:
        repo.write(name, name)
    repo.git("add", "--force", "kept.pyc")
    return repo


@pytest.mark.parametrize(
    ("globs", "found"),
    [
        (("**",), {"src/a.py", "src/-odd\nname", "kept.pyc"}),
        (("src/**",), {"src/a.py", "src/-odd\nname"}),
        (("src",), {"src/a.py", "src/-odd\nname"}),
        (("src/*", ".env"), {"src/a.py", "src/-odd\nname", ".env"}),
        (("dist/**",), {"dist/out.js"}),
        (("dist",), {"dist/out.js"}),
        (("a.pyc",), {"src/__pycache__/a.pyc"}),
        (("src/__pycache__/a.pyc", "src/*.py"), {"src/__pycache__/a.pyc", "src/a.py"}),
    ],
)
async def test_what_a_glob_means(built: Repo, globs: tuple[str, ...], found: set[str]) -> None:
    paths = sorted(set(matching(built.path, globs)) & set(FILES))
    assert set(await counted(built.path, globs, paths)) == found


async def test_a_fingerprint_stays_when_a_run_leaves_ignored_files_behind(built: Repo) -> None:
    folders = LocalFolders()
    before = await folders.fingerprint(built.path, ("src/**",))
    built.write("src/__pycache__/more.pyc", "more")
    assert await folders.fingerprint(built.path, ("src/**",)) == before
    built.write("src/a.py", "changed")
    assert await folders.fingerprint(built.path, ("src/**",)) != before
