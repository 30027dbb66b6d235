"""Repositories of every kind that git has, through spawn, test and destroy."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.hives import Yard

ODD = ("two words", "-dash", "new\nline", "tab\t", "\N{BUG}", "'q'\"", "$(touch x)", "back\\slash")


@pytest.fixture(params=[0, 1], ids=["no-spare", "spare"])
def toml(request: pytest.FixtureRequest) -> str:
    """With and without worktrees prepared ahead."""
    return f'spares = {request.param}\n[tests.unit]\nrun = "true"\n'


def life(yard: Yard, name: str = "auth") -> None:
    """Spawn twice (the second may take a spare), test, see it clean; then destroy all."""
    yard.hive("spawn", "before")
    yard.hive("spawn", name)
    assert yard.git("status", "--porcelain", cwd=yard.tree(name)) == ""
    yard.hive("test", name)
    assert yard.env(name)["tests"][0]["state"] == "passed"
    yard.until(lambda: yard.env(name)["git"] is not None, "git was asked")
    assert yard.env(name)["git"]["dirty"] == 0


def gone(yard: Yard) -> None:
    """Destroy all, and see that nothing is left."""
    yard.hive("destroy", *yard.names())
    assert yard.names() == []
    assert yard.git("worktree", "list").count("\n") == 1
    assert yard.git("branch", "--format=%(refname:short)").split() == ["main"]


def test_odd_file_names(yard: Yard, toml: str) -> None:
    yard.make_repo(toml, dict.fromkeys(ODD, "odd"))
    raw = os.path.join(os.fsencode(yard.repo), b"not-utf8-\xff")
    with open(raw, "wb") as file:
        file.write(b"odd")
    yard.commit("odd")
    life(yard)
    names = set(os.listdir(os.fsencode(yard.tree("auth"))))
    assert {*(name.encode() for name in ODD), b"not-utf8-\xff"} <= names
    (yard.tree("auth") / "new\x1b[2J file").write_text("precious")
    told = yard.hive("destroy", "auth", status=4)
    assert "\x1b" not in told.err + told.out
    yard.hive("destroy", "auth", "--force")
    gone(yard)


def test_a_sha256_repository(yard: Yard, toml: str) -> None:
    yard.repo.mkdir()
    yard.git("init", "-q", "-b", "main", "--object-format=sha256")
    yard.write_toml(toml)
    yard.commit("first")
    life(yard)
    assert len(yard.env("auth")["tests"][0]["commit"]) == 64
    gone(yard)


def test_a_repository_with_submodules(yard: Yard, toml: str) -> None:
    inner = yard.folder / "inner"
    inner.mkdir()
    yard.git("init", "-q", "-b", "main", cwd=inner)
    (inner / "file").write_text("inner")
    yard.git("add", "file", cwd=inner)
    yard.git("commit", "-q", "-m", "inner", cwd=inner)
    yard.make_repo(toml)
    yard.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "sub")
    yard.commit("sub")
    life(yard)
    allowed = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init")
    yard.git(*allowed, cwd=yard.tree("auth"))
    assert (yard.tree("auth") / "sub" / "file").read_text() == "inner"
    assert yard.git("status", "--porcelain", cwd=yard.tree("auth")) == ""
    gone(yard)


def test_a_sparse_checkout(yard: Yard, toml: str) -> None:
    yard.make_repo(toml, {"in/a": "a", "out/b": "b"})
    yard.git("sparse-checkout", "set", "in")
    life(yard)
    assert (yard.tree("auth") / "in" / "a").exists()
    assert not (yard.tree("auth") / "out").exists()
    gone(yard)


def test_filters_and_attributes(yard: Yard, toml: str) -> None:
    yard.make_repo(toml, {".gitattributes": "*.up filter=up\n*.crlf text eol=crlf\n"})
    yard.git("config", "filter.up.smudge", "tr a-z A-Z")
    yard.git("config", "filter.up.clean", "tr A-Z a-z")
    yard.write("x.up", "word\n")
    yard.write("x.crlf", "a\r\nb\r\n")
    yard.commit("filtered")
    life(yard)
    assert (yard.tree("auth") / "x.up").read_text() == "WORD\n"
    assert (yard.tree("auth") / "x.crlf").read_bytes() == b"a\r\nb\r\n"
    gone(yard)


def test_a_shallow_clone(yard: Yard, toml: str) -> None:
    origin = yard.folder / "origin"
    yard.make_repo(toml, {"a": "a"})
    yard.write("a", "b")
    yard.commit("second")
    yard.repo.rename(origin)
    subprocess.run(
        ("git", "clone", "-q", "--depth", "1", f"file://{origin}", str(yard.repo)),
        check=True,
        env={"PATH": os.environ["PATH"], "HOME": str(yard.folder)},
    )
    life(yard)
    gone(yard)


def test_the_variables_of_a_hook_that_calls_hive_do_not_lead_it_astray(yard: Yard) -> None:
    yard.make_repo('[services.s]\nrun = "git rev-parse --show-toplevel; exec sleep 1000"\n')
    yard.extra = {"GIT_DIR": "/nowhere", "GIT_WORK_TREE": "/nowhere", "GIT_INDEX_FILE": "/nowhere"}
    yard.hive("spawn", "auth", "--warm")
    top = str(yard.tree("auth"))
    yard.until(lambda: top in yard.hive("logs", "auth", "s").out, "git found the worktree")
