"""`hive init` in a real repository: written once, never over what stands there."""

from __future__ import annotations

import pytest

from tests.hives import Yard


@pytest.fixture
def bare(yard: Yard) -> Yard:
    """A repository with a Procfile and without a hive.toml."""
    yard.make_repo("", {"Procfile": "web: exec python3 -m http.server $PORT\n"})
    (yard.repo / "hive.toml").unlink()
    return yard


def test_what_init_writes_runs_as_it_is(bare: Yard) -> None:
    told = bare.hive("init", cwd=bare.repo)

    assert "hive spawn NAME --warm" in told.out
    bare.commit("hive.toml")
    bare.hive("spawn", "auth", "--warm", cwd=bare.repo)
    assert bare.service("auth", "web")["state"] == "ready"


def test_a_file_that_stands_is_refused_and_shown_the_difference(bare: Yard) -> None:
    path = bare.repo / "hive.toml"
    path.write_text("# mine\n")

    told = bare.hive("init", cwd=bare.repo, status=4)

    assert "hive init --diff" in told.err
    difference = bare.hive("init", "--diff", cwd=bare.repo).out
    assert "-# mine\n" in difference
    assert "+[services.web]\n" in difference
    assert path.read_text() == "# mine\n"


def test_a_look_writes_nothing(bare: Yard) -> None:
    assert "[services.web]\n" in bare.hive("init", "--stdout", cwd=bare.repo).out
    assert not (bare.repo / "hive.toml").exists()


def test_force_keeps_the_old_file(bare: Yard) -> None:
    path = bare.repo / "hive.toml"
    for text in ("# first\n", "# second\n"):
        path.write_text(text)
        bare.hive("init", "--force", cwd=bare.repo)

    assert (bare.repo / "hive.toml.old").read_text() == "# first\n"
    assert (bare.repo / "hive.toml.old1").read_text() == "# second\n"
    assert "[services.web]" in path.read_text()


def test_a_link_that_leads_nowhere_is_not_written_through(bare: Yard) -> None:
    (bare.repo / "hive.toml").symlink_to(bare.folder / "elsewhere")

    bare.hive("init", cwd=bare.repo, status=4)

    assert not (bare.folder / "elsewhere").exists()
