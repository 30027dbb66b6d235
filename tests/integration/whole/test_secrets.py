"""Secrets reach the processes of an env and are seen nowhere else."""

from __future__ import annotations

import stat

import pytest

from tests.hives import Yard

VALUE = "s3cret-\N{KEY}-value"

PROJECT = r"""
[env]
TOKEN = { secret = "TOKEN" }
[services.s]
run = "echo token is $TOKEN; test $TOKEN = '%s' && echo right; exec sleep 1000"
ready = { log = "token is" }
[tasks.bad]
run = "echo using $TOKEN; exit 3"
[tests.unit]
run = '''
failure="<failure message='is $TOKEN'/>"
echo "<testsuite><testcase name='t'>$failure</testcase></testsuite>" > {{report}}
echo $TOKEN; exit 1
'''
"""


@pytest.fixture
def guarded(yard: Yard) -> Yard:
    """A project whose service needs the secret that the secrets file has."""
    yard.make_repo(PROJECT % VALUE)
    yard.home.mkdir(mode=0o700)
    path = yard.home / "secrets.toml"
    path.write_text(f'TOKEN = "{VALUE}"\n')
    path.chmod(0o600)
    return yard


def test_a_secret_is_shown_nowhere(guarded: Yard) -> None:
    guarded.hive("spawn", "auth")
    shown = (
        ("warm", "auth"),
        ("test", "auth"),
        ("logs", "auth"),
        ("logs", "auth", "--json"),
        ("status", "auth"),
        ("status", "auth", "--json"),
        ("why", "auth"),
        ("why", "auth", "--json"),
        ("plan", "auth"),
        ("trace", "auth", "--json"),
        ("events",),
        ("list", "--json"),
        ("test", "auth", "--json"),
        ("daemon", "logs"),
    )
    for words in shown:
        done = guarded.hive(*words, status=None)
        assert VALUE not in done.out + done.err, done
    failures = guarded.hive("test", "auth", "--json", status=1).json["tests"][0]["failures"]
    assert [failure["message"] for failure in failures] == ["is •••"]
    logs = guarded.hive("logs", "auth", "s").out
    assert "token is •••" in logs
    assert "right" in logs
    for path in guarded.home.glob("*.log"):
        assert VALUE not in path.read_text()
    for path in guarded.home.glob("*.db*"):
        assert VALUE.encode() not in path.read_bytes()


def test_a_command_in_the_env_gets_it(guarded: Yard) -> None:
    guarded.hive("spawn", "auth")
    ran = guarded.hive("run", "auth", "--", "sh", "-c", f'test "$TOKEN" = {VALUE}', status=None)
    assert ran.status == 0, ran


def test_a_secrets_file_that_others_may_read_is_refused_with_the_remedy(guarded: Yard) -> None:
    path = guarded.home / "secrets.toml"
    path.chmod(0o644)
    guarded.hive("spawn", "auth")
    told = guarded.hive("warm", "auth", status=None)
    assert told.status in {1, 2}
    assert "0644" in told.err
    assert f"chmod 600 {path}" in told.err
    path.chmod(0o600)
    assert "0644" not in guarded.hive("warm", "auth", status=1).err
    assert guarded.service("auth", "s")["state"] == "ready"


def test_a_secret_that_is_nowhere_is_named_with_the_place_for_it(guarded: Yard) -> None:
    path = guarded.home / "secrets.toml"
    path.write_text("")
    guarded.hive("spawn", "auth")
    told = guarded.hive("warm", "auth", status=1).err
    assert "TOKEN" in told
    assert str(path) in told or "secrets" in told


def test_logs_are_for_the_user_only(guarded: Yard) -> None:
    guarded.hive("spawn", "auth")
    guarded.hive("warm", "auth", status=1)
    folders = [guarded.home, *(p for p in guarded.home.rglob("*") if p.is_dir())]
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}
    for log in guarded.home.glob("logs/*/*.log"):
        assert stat.S_IMODE(log.stat().st_mode) == 0o600
