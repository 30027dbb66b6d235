"""What an env leaves behind once it has gone, and for how long it can be taken back."""

from __future__ import annotations

import subprocess

from tests.hives import GIT, Yard

TOML = """
[ports]
base = 21000
block = 10

[services.watch]
run = "echo up; exec sleep 1000"
when = "cold"
ready = { log = "up" }
"""


def logs(yard: Yard) -> list[str]:
    """Envs of which there are logs, by uid."""
    return [path.name for path in (yard.home / "logs").iterdir()]


def test_a_released_env_leaves_no_logs(yard: Yard) -> None:
    yard.make_repo(TOML)
    yard.hive("spawn", "auth")
    assert len(logs(yard)) == 1
    yard.hive("release", "auth")
    assert logs(yard) == []
    assert yard.runs() == {}
    assert yard.tree("auth").is_dir()


def test_each_project_has_an_env_that_can_be_taken_back(yard: Yard) -> None:
    yard.make_repo(TOML)
    other = yard.folder / "other"
    other.mkdir()
    toml = (yard.repo / "hive.toml").read_text().replace('name = "shop"', 'name = "other"')
    (other / "hive.toml").write_text(toml)
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        subprocess.run([*GIT, *words], cwd=other, check=True)
    yard.hive("spawn", "mine")
    for name in ("first", "second"):
        yard.hive("spawn", name, cwd=other)
    yard.hive("destroy", "mine")
    yard.hive("destroy", "first")
    yard.hive("destroy", "second")
    assert "second" in yard.hive("undo").out
    assert "mine" in yard.hive("undo").out
    yard.hive("undo", status=3)
    assert sorted(yard.names()) == ["mine", "second"]
