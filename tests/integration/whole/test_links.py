"""What a new env takes from the main checkout: copied files and dependency folders."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.filesystems import missing
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


INSTALL = "mkdir -p deps && cat deps.lock > deps/a && echo x >> {log}"


def installed(yard: Yard) -> int:
    """How often the install has run."""
    log = yard.folder / "installs"
    return len(log.read_text().splitlines()) if log.exists() else 0


def keyed(yard: Yard, mode: str = "symlink", install: str = INSTALL) -> None:
    """Spawn `auth` with a keyed link that is installed where the key differs."""
    command = install.format(log=yard.folder / "installs")
    head = f'[[link]]\npath = "deps"\nmode = "{mode}"\nkey = ["deps.lock"]\n'
    spawn(yard, f"{head}install = '{command}'\n")


def test_an_install_is_a_step_that_is_planned_and_traced(yard: Yard) -> None:
    keyed(yard)
    yard.hive("spawn", "auth")
    (yard.tree("auth") / "deps.lock").write_text("2\n")
    steps = yard.hive("plan", "auth", "--json").json["steps"]
    assert [(step["name"], step["kind"]) for step in steps] == [("install-deps", "install")]
    yard.hive("warm", "auth")
    steps = yard.hive("trace", "auth", "--json").json["steps"]
    assert [(step["name"], step["outcome"]) for step in steps] == [("install-deps", "succeeded")]


@pytest.mark.parametrize("mode", ["symlink", "copy", "hardlink"])
def test_a_lock_file_that_changes_later_is_installed_once_in_the_env_alone(
    yard: Yard, mode: str
) -> None:
    keyed(yard, mode)
    yard.hive("spawn", "auth")
    assert installed(yard) == 0
    (yard.tree("auth") / "deps.lock").write_text("2\n")
    yard.hive("warm", "auth")
    assert (installed(yard), (yard.tree("auth") / "deps" / "a").read_text()) == (1, "2\n")
    assert (yard.repo / "deps" / "a").read_text() == "from main"
    assert yard.hive("warm", "auth", "--json").json["results"][0]["outcome"] == "unchanged"
    (yard.tree("auth") / "deps.lock").write_text("3\n")
    yard.hive("warm", "auth")
    assert (installed(yard), (yard.tree("auth") / "deps" / "a").read_text()) == (2, "3\n")


def test_an_install_that_failed_is_done_again_by_the_next_warm(yard: Yard) -> None:
    keyed(yard, install="mkdir -p deps; test -e fixed && echo good > deps/a")
    yard.write("deps.lock", "2\n")
    yard.hive("spawn", "auth", status=1)
    yard.hive("warm", "auth", status=1)
    (yard.tree("auth") / "fixed").touch()
    yard.hive("warm", "auth")
    assert (yard.tree("auth") / "deps" / "a").read_text() == "good\n"


def test_a_link_that_failed_is_made_by_the_next_warm(yard: Yard) -> None:
    spawn(yard, '[[link]]\npath = "inner/deps"\nmode = "symlink"\n')
    yard.write("inner/deps/a", "from main")
    (yard.repo / "README").write_text("x")
    yard.git("checkout", "-q", "-b", "blocked")
    (yard.repo / "inner" / "deps" / "a").unlink()
    (yard.repo / "inner" / "deps").rmdir()
    (yard.repo / "inner").rmdir()
    (yard.repo / "inner").write_text("a file in the way")
    yard.commit("block")
    yard.git("checkout", "-q", "main")
    yard.write("inner/deps/a", "from main")
    yard.hive("spawn", "auth", "--base", "blocked", status=1)
    (yard.tree("auth") / "inner").unlink()
    yard.hive("warm", "auth")
    assert (yard.tree("auth") / "inner" / "deps" / "a").read_text() == "from main"


def test_an_install_through_a_link_is_found_and_ends_with_the_next_warm(yard: Yard) -> None:
    keyed(yard)
    yard.hive("spawn", "auth")
    tree = yard.tree("auth")
    (tree / "deps.lock").write_text("2\n")
    (tree / "deps" / "b").write_text("written by a package manager")
    told = yard.hive("doctor", status=None).out
    assert "through" in told
    yard.hive("warm", "auth")
    assert not (tree / "deps").is_symlink()
    assert any(event["kind"] == "link.written_through" for event in yard.events())


def test_a_shared_build_cache_is_warned_about(yard: Yard) -> None:
    spawn(yard, '[[link]]\npath = "target"\nmode = "symlink"\n')
    yard.hive("spawn", "auth")
    told = yard.hive("doctor", status=None).out
    assert "target" in told
    assert "branch" in told


def test_an_overlay_is_mounted_kept_over_a_reboot_and_gone_with_the_env(yard: Yard) -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        missing("mounting an overlay needs root on Linux")
    spawn(yard, '[[link]]\npath = "deps"\nmode = "overlay"\n')
    yard.hive("spawn", "auth")
    deps = yard.tree("auth") / "deps"
    (deps / "b").write_text("mine")
    assert not (yard.repo / "deps" / "b").exists()
    yard.kill_daemon()
    subprocess.run(("umount", str(deps)), check=True)
    yard.hive("list")
    yard.until(lambda: (deps / "b").exists(), "the overlay is mounted again")
    yard.hive("destroy", "auth")
    assert not os.path.ismount(deps)
    assert str(yard.folder) not in Path("/proc/mounts").read_text()
    yard.hive("undo")
    yard.hive("warm", "auth")
    assert (deps / "b").read_text() == "mine"
    yard.hive("destroy", "auth", "--force")
    assert str(yard.folder) not in Path("/proc/mounts").read_text()
