"""What a daemon may know of the shell of its first caller."""

from __future__ import annotations

from hive_tui.client.starting import clean


def test_nothing_that_belongs_to_one_terminal_or_env_is_kept() -> None:
    leaking = ["LINES", "COLUMNS", "PORT", "TERM", "PWD", "HIVE_ENV", "HIVE_READY_FD", "PYTHONPATH"]

    assert clean(dict.fromkeys(leaking, "1")) == {}


def test_what_a_users_programs_need_is_kept() -> None:
    kept = ["PATH", "HOME", "LANG", "LC_TIME", "TZ", "XDG_STATE_HOME", "SSH_AUTH_SOCK", "TMPDIR"]
    kept += ["USER", "LOGNAME", "SHELL", "HIVE_HOME", "HIVE_SLOTS", "HIVE_FAULT_SPAWN"]
    kept += ["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "HIVE_SUBNETS"]

    assert clean(dict.fromkeys(kept, "1")) == dict.fromkeys(kept, "1")
