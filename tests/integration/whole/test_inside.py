"""Those who work inside an env: they know where they are, and what they read about it is true."""

from __future__ import annotations

import json
import re
import shlex
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.hives import SERVER, Yard

PROJECT = """
[ports]
base = {base}
block = 10
names = {{ web = 0, debug = 1 }}
[[link]]
path = "deps"
mode = "symlink"
[tasks.migrate]
run = "echo schema > .data/schema"
needs = ["folder"]
[tasks.folder]
run = "mkdir -p .data"
when = "spawn"
[services.web]
run = "exec {python} server.py {{{{port.web}}}}"
needs = ["migrate"]
ready = {{ http = "http://127.0.0.1:{{{{port.web}}}}/" }}
[services.worker]
run = "echo up; exec sleep 1000"
needs = ["web"]
ready = {{ log = "up" }}
[tests.unit]
run = "test -e .data/schema"
needs = ["web"]
[tests.lint]
run = "exit 1"
"""


@pytest.fixture
def auth(yard: Yard) -> Yard:
    """Two warm envs of a project with a linked folder; `auth` is the one that is asked for."""
    text = PROJECT.format(base=yard.port_base(), python=sys.executable)
    yard.make_repo(text, {"server.py": SERVER})
    yard.write(".gitignore", ".data/\ndeps\n")
    yard.commit("ignored")
    yard.write("deps/one.py", "")
    for name in ("auth", "billing"):
        yard.hive("spawn", name, "--warm")
    return yard


def spans(text: str) -> list[str]:
    """All spans of code of a text, without its front matter."""
    return re.findall(r"`([^`]+)`", text.split("---\n", 2)[2])


def test_every_command_port_and_path_of_the_skill_is_true(auth: Yard) -> None:
    text = auth.hive("skill", "auth").out
    found = spans(text)
    tree = auth.tree("auth")

    commands = [shlex.split(span) for span in found if shlex.split(span)[0].endswith("hive")]
    assert {words[1] for words in commands if len(words) > 1} >= {
        "status", "whoami", "why", "logs", "restart", "warm", "ports", "test", "plan",
    }  # fmt: skip
    for words in commands:
        ran = subprocess.run(
            words if words[1:] else [*words, "--version"],
            cwd=tree,
            env=auth.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        red = words[1:] in (["test"], ["test", "lint"])
        assert ran.returncode == int(red), (words, ran)

    names = auth.env("auth")["ports"]["names"]
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| `(\w+)` \|", text, re.MULTILINE)
    assert {name: int(number) for name, number, _ in rows} == names
    told = dict(line[7:].split("=", 1) for line in auth.hive("env", "auth").out.splitlines())
    assert all(told[variable] == number for _, number, variable in rows)

    for url in (span for span in found if span.startswith("http://")):
        with urllib.request.urlopen(url, timeout=10) as answer:
            assert answer.status == 200
    base = auth.env("auth")["ports"]["base"]
    assert f"{base} to {base + 9}" in text
    with socket.socket() as free:
        free.bind(("127.0.0.1", base + 9))

    paths = [Path(span) for span in found if span.startswith("/") and not span.endswith("hive")]
    paths = [path for path in paths if " " not in str(path)]
    assert {tree, auth.repo} <= set(paths)
    assert all(path.is_dir() for path in paths)
    assert "`deps` is linked into the main checkout (symlink)" in text
    assert (tree / "deps").resolve() == (auth.repo / "deps").resolve()


def test_the_skill_says_what_is_so_now(auth: Yard) -> None:
    assert "| `worker` | ready |" in auth.hive("skill", "auth").out
    auth.hive("stop", "auth", "--service", "worker")
    assert "| `worker` | stopped |" in auth.hive("skill", "auth").out
    assert "| `worker` | ready |" in auth.hive("skill", "billing").out


def test_who_asks_inside_a_worktree_is_told_where_it_is(auth: Yard) -> None:
    folder = auth.tree("auth") / "below" / "this"
    folder.mkdir(parents=True)
    told = auth.hive("whoami", "--json", cwd=folder).json
    assert told["environment"] == auth.env("auth") | {
        key: told["environment"][key] for key in ("memory_bytes", "cpu_percent", "git")
    }
    assert told["base"] == "main"
    assert told["repo"] == str(auth.repo)
    web = told["environment"]["ports"]["names"]["web"]
    assert told["urls"] == {"web": f"http://127.0.0.1:{web}/"}


def test_a_process_of_an_env_is_inside_it_wherever_it_goes(auth: Yard) -> None:
    hive = f"{sys.executable} -m hive_tui"
    script = f"cd / && {hive} whoami --json && {hive} status --json && {hive} test unit"
    ran = auth.hive("run", "auth", "--", "sh", "-c", script)
    whoami, status, *_ = ran.out.splitlines()
    assert json.loads(whoami)["environment"]["name"] == "auth"
    assert json.loads(status)["environment"]["name"] == "auth"
    over = auth.tree("billing")
    script = f"cd {over} && {hive} whoami --json"
    ran = auth.hive("run", "auth", "--", "sh", "-c", script)
    assert ran.json["environment"]["name"] == "billing"


def test_outside_of_all_envs_it_says_so_and_what_to_do(auth: Yard) -> None:
    for variables in ({}, {"HIVE_PROJECT": "shop", "HIVE_ENV": "nobody"}):
        auth.extra = variables
        done = auth.hive("whoami", status=3)
        assert "this folder belongs to none" in done.err
        assert "hive list" in done.err
