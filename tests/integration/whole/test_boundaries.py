"""What an env's work changes beyond its boundaries is noticed, told and explained."""

from __future__ import annotations

import pytest

from tests.hives import Yard

PROJECT = """
[boundaries]
deny = ["*.lock"]
[services.web]
run = "exec sleep 1000"
"""


@pytest.fixture
def shop(yard: Yard) -> Yard:
    files = {"src/billing/money.py": "1\n", "src/auth/login.py": "1\n", "uv.lock": "1\n"}
    yard.make_repo(PROJECT, files)
    return yard


def crossed(yard: Yard, env: str) -> list[str]:
    """Evidence of trespasses, as `hive why` has it."""
    (row,) = yard.hive("why", env, "boundaries", "--json").json["reasons"]
    return [line[2:] for line in row["evidence"] if line.startswith("| ")]


def test_what_is_beyond_the_env_s_own_boundaries_is_found_and_told(shop: Yard) -> None:
    shop.hive("spawn", "billing", "--allow", "src/billing/**", "--allow", "*.md")
    tree = shop.tree("billing")
    (tree / "src/billing/money.py").write_text("2\n")
    (tree / "notes.md").write_text("fine\n")
    (tree / "src/auth/login.py").write_text("2\n")
    (tree / "new").mkdir()
    (tree / "new/file.py").write_text("2\n")
    why = "only 'src/billing/**', '*.md' may be written"
    expected = [f"new/file.py: {why}", f"src/auth/login.py: {why}"]
    shop.until(lambda: crossed(shop, "billing") == expected, "both are found")
    told = [event for event in shop.events() if event["kind"] == "boundary.crossed"]
    assert sorted(event["message"] for event in told) == [
        f"billing changed {line}" for line in expected
    ]


def test_a_commit_hides_nothing_and_an_undo_is_seen(shop: Yard) -> None:
    shop.hive("spawn", "auth")
    tree = shop.tree("auth")
    (tree / "uv.lock").write_text("2\n")
    shop.git("commit", "-qam", "locked", cwd=tree)
    expected = ["uv.lock: denied by '*.lock'"]
    shop.until(lambda: crossed(shop, "auth") == expected, "it is found in a commit")
    shop.git("revert", "--no-edit", "HEAD", cwd=tree)
    shop.until(lambda: crossed(shop, "auth") == [], "it is gone")


def test_boundaries_outlive_the_daemon(shop: Yard) -> None:
    shop.hive("spawn", "billing", "--deny", "src/auth/")
    shop.kill_daemon()
    (shop.tree("billing") / "src/auth/login.py").write_text("2\n")
    expected = ["src/auth/login.py: denied by 'src/auth/'"]
    shop.until(lambda: crossed(shop, "billing") == expected, "the new daemon knows")


def test_without_boundaries_there_is_no_such_row(yard: Yard) -> None:
    yard.make_repo("[services.web]\nrun = 'exec sleep 1000'\n")
    yard.hive("spawn", "auth")
    done = yard.hive("why", "auth", "boundaries", "--json", status=3)
    assert done.json["error"]["code"] == "no_topic"
