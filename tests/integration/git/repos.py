"""Small real repositories for tests, made by the git of this machine. Asserts nothing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from hive_tui.drivers.git import clean_environment
from hive_tui.model.environment import EnvRecord

IDENTITY = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Test",
    "GIT_AUTHOR_EMAIL": "test@localhost",
    "GIT_COMMITTER_NAME": "Test",
    "GIT_COMMITTER_EMAIL": "test@localhost",
}


class Repo:
    """A repository with a main checkout, and a place beside it for worktrees."""

    def __init__(self, path: Path, *options: str) -> None:
        """Create it with branch `main` and one commit."""
        self.path = str(path)
        self.worktrees = path.parent / "worktrees"
        path.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main", *options)
        self.write("readme", "hello\n")
        self.write("src/app.py", "print(1)\n")
        self.write(".gitignore", "ignored/\n")
        self.first = self.commit("first")

    def git(self, *args: str, at: str | None = None) -> str:
        """Run git as a person would; returns its standard output without the last newline."""
        done = subprocess.run(
            ("git", "-C", at or self.path, *args),
            env={**clean_environment(), **IDENTITY},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, f"git {args}: {os.fsdecode(done.stderr)}"
        return os.fsdecode(done.stdout).rstrip("\n")

    def write(self, name: str, text: str, *, at: str | None = None) -> Path:
        """Write a file of a worktree, the main one by default."""
        path = Path(at or self.path, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def write_odd(self, name: bytes, *, at: str | None = None) -> None:
        """Write a file whose name need not be text; it holds its name."""
        Path(os.fsdecode(os.path.join(os.fsencode(at or self.path), name))).write_bytes(name)

    def commit(self, message: str, *, at: str | None = None) -> str:
        """Commit everything; returns the commit."""
        self.git("add", "--all", at=at)
        self.git("commit", "--quiet", "--allow-empty", "-m", message, at=at)
        return self.head(at)

    def head(self, at: str | None = None) -> str:
        return self.git("rev-parse", "HEAD", at=at)

    def place(self, name: str) -> str:
        """Where a worktree of that name goes."""
        return str(self.worktrees / name)

    def exists(self, ref: str) -> bool:
        return ref in self.git("for-each-ref", "--format=%(refname)").splitlines()

    def registered(self) -> list[str]:
        """Folders of all linked worktrees."""
        lines = self.git("worktree", "list", "--porcelain").splitlines()
        found = [line.split(" ", 1)[1] for line in lines if line.startswith("worktree ")]
        return found[1:]


def record(repo: Repo, name: str, *, owned: bool = True, branch_made: bool = True) -> EnvRecord:
    """What the store would have of an env of that name on the branch of the same name."""
    return EnvRecord(
        uid=f"{name.encode().hex():0<12.12}",
        project="shop",
        name=name,
        slug=name,
        index=0,
        branch=name,
        base="main",
        base_commit=repo.first,
        worktree=repo.place(name),
        port_base=10000,
        port_size=10,
        created=0.0,
        owned=owned,
        branch_made=branch_made,
    )
