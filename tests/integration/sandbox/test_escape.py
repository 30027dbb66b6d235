"""A program behind the walls tries to get out; what is open to it works as it does outside."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hive_tui.drivers import sandbox
from hive_tui.drivers.sandbox import Walls, wrap
from hive_tui.model.errors import NotAvailableError
from tests.hives import GIT


@pytest.fixture(autouse=True)
def _walls() -> None:
    try:
        sandbox.check()
    except NotAvailableError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(error.message)
        pytest.skip(error.message)


class Place:
    """A repository with a linked worktree, a cache and a secret beside it."""

    def __init__(self, folder: Path) -> None:
        self.main = folder / "shop"
        self.tree = folder / "trees" / "auth"
        self.other = folder / "trees" / "billing"
        self.cache = folder / "cache"
        self.secret = folder / "secrets"
        self.cache.mkdir(parents=True)
        self.secret.write_text("TOKEN=hunter2")
        self.git("init", "-q", "-b", "main", str(self.main), cwd=folder)
        (self.main / "a.txt").write_text("a")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "first")
        for tree in (self.tree, self.other):
            self.git("worktree", "add", "-q", "-b", tree.name, str(tree))

    def git(self, *words: str, cwd: Path | None = None) -> str:
        done = subprocess.run(
            [*GIT, *words], cwd=cwd or self.main, capture_output=True, text=True, check=True
        )
        return done.stdout

    def inside(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a script behind the walls."""
        walls = Walls(str(self.tree), writable=(str(self.cache),), hidden=(str(self.secret),))
        return subprocess.run(
            wrap(["sh", "-c", script], walls),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Where projects lie: not in a temporary folder, of which the program has others."""
    home = next(
        (one for one in (sys.prefix, str(Path.home())) if not one.startswith(("/tmp", "/var"))),
        tmp_path,
    )
    with tempfile.TemporaryDirectory(dir=home) as folder:
        yield Place(Path(folder).resolve())


def test_it_works_in_its_worktree_its_cache_and_temporary_folders(place: Place) -> None:
    done = place.inside(
        f"pwd && echo b > b.txt && echo c > {place.cache}/c && echo d > /tmp/d && cat /tmp/d"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [str(place.tree), "d"]
    assert (place.tree / "b.txt").read_text() == "b\n"
    assert (place.cache / "c").exists()
    assert not Path("/tmp/d").exists()


def test_it_commits_on_its_branch(place: Place) -> None:
    git = " ".join(GIT)
    done = place.inside(f"echo b > b.txt && {git} add -A && {git} commit -qm second && {git} log")
    assert done.returncode == 0, done.stderr
    assert place.git("log", "--format=%s", "auth").splitlines() == ["second", "first"]
    assert place.git("status", "--porcelain", cwd=place.tree) == ""


@pytest.mark.parametrize(
    "script",
    [
        "echo x > {main}/a.txt",
        "echo x > {other}/a.txt",
        "rm -rf {other}",
        "echo x > {main}/.git/hooks/pre-commit",
        "mkdir -p {main}/.git/hooks && echo x > {main}/.git/hooks/pre-commit",
        "git config core.fsmonitor /tmp/evil",
        "echo x >> {main}/.git/config",
        "mv .git .git-old",
        "rm .git && git init -q",
        "echo gitdir: /tmp/evil > .git",
        "echo /tmp/evil > $(git rev-parse --git-dir)/commondir",
        "rm $(git rev-parse --git-dir)/commondir",
        "touch /etc/evil",
        "touch $HOME/evil",
        "mount -o remount,rw / && touch /etc/evil",
        "echo x > {secret}",
    ],
)
def test_what_lies_outside_cannot_be_changed(place: Place, script: str) -> None:
    names = {"main": place.main, "other": place.other, "secret": place.secret}
    before = listing(place)
    place.inside(script.format(**names))
    assert listing(place) == before
    assert not Path("/etc/evil").exists()


def listing(place: Place) -> dict[str, str]:
    """All files that are not the worktree's own, with what stands in them."""
    folders = (place.main, place.other)
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    files += [place.secret, place.tree / ".git"]
    return {str(file): file.read_bytes().hex() for file in files}


def test_a_secret_is_not_even_read(place: Place) -> None:
    assert "hunter2" not in place.inside(f"cat {place.secret}; cat /proc/*/environ").stdout


def test_it_neither_sees_nor_ends_processes_outside(place: Place) -> None:
    with subprocess.Popen(["sleep", "1000"]) as bystander:
        try:
            done = place.inside(f"kill -9 {bystander.pid} -1; ls /proc | grep -c '^[0-9]'")
            assert bystander.poll() is None
            assert int(done.stdout.split()[-1]) < 10
        finally:
            bystander.kill()


def test_sockets_of_other_programs_are_out_of_its_reach(place: Place) -> None:
    assert place.inside("ls /run /var/run/ | grep -c sock").stdout.strip() == "0"


def test_it_ends_with_who_started_it(place: Place) -> None:
    walls = Walls(str(place.tree))
    script = "echo up; exec sleep 1000"
    with subprocess.Popen(
        wrap(["sh", "-c", script], walls), stdout=subprocess.PIPE, text=True
    ) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "up\n"
        started.kill()
        assert started.stdout.read() == ""  # its end closes the pipe


def test_without_bubblewrap_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(NotAvailableError, match="not installed") as caught:
        sandbox.check()
    assert "bubblewrap" in (caught.value.hint or "")
