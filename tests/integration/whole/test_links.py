"""What a new env takes from the main checkout: copied files and dependency folders."""

from __future__ import annotations

import pytest

from tests.hives import Yard


def spawn(yard: Yard, tables: str) -> None:
    """Spawn `auth` from a main checkout that has `deps/a` and `.env`, which git ignores."""
    yard.make_repo(tables, {"deps.lock": "1\n"})
    yard.write(".gitignore", ".data/\ndeps\n.env\n")
    yard.commit("ignore")
    yard.write("deps/a", "from main")
    yard.write(".env", "TOKEN=1")


def test_files_that_a_checkout_lacks_are_copied(yard: Yard) -> None:
    spawn(yard, '[[copy]]\npath = ".env"\n[[copy]]\npath = "not-there"\n')
    yard.hive("spawn", "auth")
    copied = yard.tree("auth") / ".env"
    assert (copied.read_text(), copied.is_symlink()) == ("TOKEN=1", False)
    assert not (yard.tree("auth") / "not-there").exists()


@pytest.mark.parametrize(("mode", "shared"), [("symlink", True), ("copy", False)])
def test_a_dependency_folder_is_shared_or_the_envs_own(yard: Yard, mode: str, shared: bool) -> None:
    spawn(yard, f'[[link]]\npath = "deps"\nmode = "{mode}"\n')
    yard.hive("spawn", "auth")
    (yard.repo / "deps" / "b").write_text("later")
    deps = yard.tree("auth") / "deps"
    assert (deps / "a").read_text() == "from main"
    assert (deps / "b").exists() is shared
    yard.hive("destroy", "auth")
    assert (yard.repo / "deps" / "a").read_text() == "from main"


def test_a_folder_whose_key_is_the_main_checkouts_is_not_installed(yard: Yard) -> None:
    install = "exit 1"
    spawn(yard, f'[[link]]\npath = "deps"\nkey = ["deps.lock"]\ninstall = "{install}"\n')
    yard.hive("spawn", "auth")
    assert (yard.tree("auth") / "deps" / "a").read_text() == "from main"


def test_a_folder_whose_key_differs_is_installed_in_the_env(yard: Yard) -> None:
    install = "mkdir deps && cat deps.lock > deps/a"
    spawn(yard, f'[[link]]\npath = "deps"\nkey = ["deps.lock"]\ninstall = "{install}"\n')
    yard.write("deps.lock", "2\n")
    yard.hive("spawn", "auth")
    assert (yard.tree("auth") / "deps" / "a").read_text() == "1\n"
    assert (yard.repo / "deps" / "a").read_text() == "from main"


def test_a_folder_whose_key_differs_is_copied_where_nothing_installs_it(yard: Yard) -> None:
    spawn(yard, '[[link]]\npath = "deps"\nmode = "symlink"\nkey = ["deps.lock"]\n')
    yard.write("deps.lock", "2\n")
    yard.hive("spawn", "auth")
    deps = yard.tree("auth") / "deps"
    assert (deps.is_symlink(), (deps / "a").read_text()) == (False, "from main")


def test_an_install_that_fails_shows_its_last_lines(yard: Yard) -> None:
    install = "echo no network; exit 4"
    spawn(yard, f'[[link]]\npath = "deps"\nkey = ["deps.lock"]\ninstall = "{install}"\n')
    yard.write("deps.lock", "2\n")
    told = yard.hive("spawn", "auth", status=1).err
    assert "exit 4" in told
    assert "no network" in told
    assert yard.env("auth")["state"] == "failed"
    assert "no network" in yard.hive("logs", "auth", "install-deps").out
    yard.hive("destroy", "auth", "--force")
    assert not yard.tree("auth").exists()
