"""hive.toml from the disk to a project."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_tui.config.loading import SIZE_LIMIT, load, parse
from hive_tui.model.errors import ConfigError, NotFoundError
from hive_tui.model.project import (
    Agent,
    IdleLimits,
    Limits,
    Link,
    Mount,
    PerEnv,
    Ports,
    Project,
    Ready,
    ReadyKind,
    Restart,
    Scope,
    Secret,
    Service,
    Stop,
    Task,
    TestSuite,
    When,
)

FULL = """
[project]
name = "shop"
base = "main"
branch = "work/{{env}}"
worktrees = "~/hive/{{project}}/{{env}}"
spares = 2
[logs]
max_mb = 5
[limits]
memory = "12GB"
[limits.idle]
freeze = "10s"
cool = "never"
stop = "1.5d"
[ports]
base = 20000
block = 500
names = { web = 0, api = 1, db = 432 }
[env]
PORT = "{{port.web}}"
TOKEN = { secret = "TOKEN" }
[[link]]
path = "node_modules"
mode = "reflink"
key = ["package-lock.json"]
install = "npm ci"
[[link]]
path = ".venv"
[[copy]]
path = ".env"
[services.db]
image = "postgres:16"
ports = { db = 5432 }
env = { POSTGRES_PASSWORD = "dev" }
volumes = { data = "/var/lib/postgresql/data" }
ready = { exec = "pg_isready -U postgres" }
[services.api]
run = "uvicorn shop.api:app --port {{port.api}}"
cwd = "api"
needs = ["db", "migrate", "db"]
ready = { http = "http://127.0.0.1:{{port.api}}/healthz", timeout = 5 }
restart = "always"
stop = { signal = "INT", grace = 0 }
[services.sdk]
run = "npm run watch"
when = "cold"
[services.pg]
image = "postgres:16"
scope = "shared"
ports = { pg = 5432 }
ready = { tcp = "pg" }
[services.pg.per_env]
create = "createdb shop_{{env.slug}}"
drop = "dropdb --if-exists shop_{{env.slug}}"
[tasks.migrate]
run = "python -m shop.migrate"
needs = ["db"]
when = "spawn"
inputs = ["migrations/**", "!migrations/*.md"]
retries = 2
timeout = 60
slots = 0
env = { A = "" }
[tests.unit]
run = "pytest -q --junitxml={{report}}"
watch = ["**/*.py"]
[tests.e2e]
run = "playwright test"
needs = ["api"]
slots = 2
timeout = 0.5
[agents.claude]
kind = "claude"
run = "claude"
[prompts]
"fix it" = "Fix it."
"""


def test_every_key_of_the_file_reaches_the_project() -> None:
    assert parse(FULL, root="/repo/here") == Project(
        name="shop",
        root="/repo/here",
        base="main",
        branch="work/{{env}}",
        worktrees="~/hive/{{project}}/{{env}}",
        spares=2,
        log_max_bytes=5 * 1024 * 1024,
        limits=Limits("12GB", IdleLimits(10.0, None, 129600.0)),
        ports=Ports(20000, 500, {"web": 0, "api": 1, "db": 432}),
        env={"PORT": "{{port.web}}", "TOKEN": Secret("TOKEN")},
        links=(
            Link("node_modules", "reflink", ("package-lock.json",), "npm ci"),
            Link(".venv"),
        ),
        copies=(".env",),
        services={
            "db": Service(
                "db",
                image="postgres:16",
                ready=Ready(ReadyKind.EXEC, "pg_isready -U postgres"),
                env={"POSTGRES_PASSWORD": "dev"},
                ports={"db": 5432},
                mounts=(Mount("data", "/var/lib/postgresql/data"),),
            ),
            "api": Service(
                "api",
                run="uvicorn shop.api:app --port {{port.api}}",
                cwd="api",
                needs=("db", "migrate"),
                ready=Ready(ReadyKind.HTTP, "http://127.0.0.1:{{port.api}}/healthz", 5.0),
                restart=Restart.ALWAYS,
                stop=Stop("INT", 0.0),
            ),
            "sdk": Service("sdk", run="npm run watch", when=When.COLD),
            "pg": Service(
                "pg",
                image="postgres:16",
                scope=Scope.SHARED,
                ports={"pg": 5432},
                ready=Ready(ReadyKind.TCP, "pg"),
                per_env=PerEnv(
                    "createdb shop_{{env.slug}}", "dropdb --if-exists shop_{{env.slug}}"
                ),
            ),
        },
        tasks={
            "migrate": Task(
                "migrate",
                "python -m shop.migrate",
                needs=("db",),
                when=When.SPAWN,
                inputs=("migrations/**", "!migrations/*.md"),
                retries=2,
                timeout_s=60.0,
                slots=0,
                env={"A": ""},
            )
        },
        tests={
            "unit": TestSuite("unit", "pytest -q --junitxml={{report}}", watch=("**/*.py",)),
            "e2e": TestSuite("e2e", "playwright test", needs=("api",), timeout_s=0.5, slots=2),
        },
        agents={"claude": Agent("claude", "claude", "claude")},
        prompts={"fix it": "Fix it."},
        digest=hashlib.sha256(FULL.encode()).hexdigest(),
        shared_ports={"pg": 2},
    )


def test_an_empty_file_is_a_project_with_the_defaults_of_the_model() -> None:
    digest = hashlib.sha256(b"").hexdigest()

    assert parse("", root="/repo/shop") == Project(name="shop", root="/repo/shop", digest=digest)


def test_the_least_that_a_step_needs_gives_the_defaults_of_the_model() -> None:
    project = parse(
        '[services.a]\nrun = "x"\n[tasks.b]\nrun = "x"\n[tests.c]\nrun = "x"', root="/r"
    )

    assert project.services["a"] == Service("a", run="x")
    assert project.tasks["b"] == Task("b", "x")
    assert project.tests["c"] == TestSuite("c", "x")


@pytest.mark.parametrize(
    ("folder", "name"), [("/a/My Shop!", "My-Shop"), ("/a/été", "t"), ("/", "project")]
)
def test_a_folder_with_an_odd_name_still_names_the_project(folder: str, name: str) -> None:
    assert parse("", root=folder).name == name


def test_a_file_is_read_from_the_root_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / "hive.toml").write_bytes(b'\xef\xbb\xbf[project]\r\nname = "shop"\r\n')

    project = load(str(tmp_path / "." / "x" / ".."))

    assert (project.name, project.root) == ("shop", str(tmp_path.resolve()))


def test_a_repository_without_the_file_is_told_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        load(tmp_path)

    assert caught.value.code == "no_project"
    assert caught.value.message == f"there is no hive.toml in {tmp_path.resolve()}"
    assert "hive init" in str(caught.value.hint)


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hive.toml").mkdir()

    with pytest.raises(ConfigError, match="is not a file"):
        load(tmp_path)


def test_a_file_larger_than_the_limit_is_refused_and_one_of_that_size_is_read(
    tmp_path: Path,
) -> None:
    path = tmp_path / "hive.toml"
    path.write_bytes(b"#" * SIZE_LIMIT)
    load(tmp_path)
    path.write_bytes(b"#" * (SIZE_LIMIT + 1))

    with pytest.raises(ConfigError, match="is larger than 1 MB"):
        load(tmp_path)


def test_bytes_that_are_not_utf8_are_told_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "hive.toml").write_bytes(b'[project]\nname = "\xff"\n')

    with pytest.raises(ConfigError) as caught:
        load(tmp_path)

    assert caught.value.message == "hive.toml:2: found the byte 0xff; allowed: UTF-8"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "hive.toml").touch(mode=0o000)

    with pytest.raises(ConfigError, match="Permission denied"):
        load(tmp_path)


_SCALARS = st.one_of(
    st.text(max_size=8),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.sampled_from(["db", "api", "{{env}}", "{{port.x}}", "30m", "75%", "warm", "../x", "("]),
)


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_toml(k)} = {_toml(v)}' for k, v in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, str):
        escaped = "".join(c if c.isalnum() or c in " -{}%/." else f"\\U{ord(c):08x}" for c in value)
        return f'"{escaped}"'
    return str(value).lower()


_WORDS = st.sampled_from(
    [
        "project",
        "logs",
        "limits",
        "idle",
        "ports",
        "names",
        "env",
        "link",
        "copy",
        "services",
        "tasks",
        "tests",
        "agents",
        "run",
        "image",
        "needs",
        "ready",
        "tcp",
        "http",
        "exec",
        "log",
        "file",
        "timeout",
        "stop",
        "signal",
        "grace",
        "when",
        "scope",
        "inputs",
        "db",
        "api",
        "base",
        "block",
        "path",
        "mode",
        "key",
        "watch",
        "secret",
        "per_env",
        "create",
        "volumes",
        "freeze",
        "memory",
        "cwd",
    ]
)
_TREES: st.SearchStrategy[object] = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(_WORDS | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=25,
)


@given(document=st.dictionaries(_WORDS, _TREES, max_size=6))
def test_whatever_a_file_holds_it_is_a_project_or_a_list_of_problems(
    document: dict[str, object],
) -> None:
    text = "\n".join(f"{_toml(key)} = {_toml(value)}" for key, value in document.items())

    problems = _problems(text)

    for line in problems:
        assert line.startswith(("hive.toml:", "…")), line
        assert line.isprintable()


@given(text=st.text(max_size=60))
def test_whatever_text_a_file_is_nothing_but_a_config_error_comes_out(text: str) -> None:
    assert all(line.startswith("hive.toml") for line in _problems(text)[:1])


def _problems(text: str) -> list[str]:
    """What is wrong with the text; nothing where it makes a project, the same one each time."""
    try:
        project = parse(text, root="/r")
    except ConfigError as error:
        return error.message.split("\n")
    again = parse(text, root="/r")
    assert again == project
    return []
