"""What `hive init` understands of the files of other tools."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hive_tui.config.checkout_files import CheckoutFiles
from hive_tui.config.importing import proposal
from hive_tui.config.importing.proposal import propose
from hive_tui.config.loading import parse
from hive_tui.model.errors import ConfigError
from hive_tui.model.project import Project, Ready, ReadyKind, Restart, Stop, Task, When

_AXUM = "[dependencies]\naxum = '1'\n"
_FASTAPI = "[project]\ndependencies = ['fastapi>1']\n"


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _proposed(root: Path, files: dict[str, str]) -> tuple[Project, str]:
    """The project that the proposal loads as, and its text."""
    _write(root, files)
    text = propose(root)
    return parse(text, root=str(root), files=CheckoutFiles(root.resolve())), text


def test_process_compose_brings_order_probes_and_ends(tmp_path: Path) -> None:
    project, text = _proposed(
        tmp_path,
        {
            "process-compose.yaml": """
environment: ["LEVEL=debug"]
processes:
  migrate:
    command: ./migrate
    depends_on: {db: {condition: process_healthy}}
  db:
    command: "postgres -p 5433 # $$x"
    readiness_probe: {exec: {command: pg_isready}}
    shutdown: {signal: 2, timeout_seconds: 9}
  api:
    command: |
      ./api --port 8001
      exit 1
    working_dir: ./backend
    environment: [A=1, "B={{x}}", "C=${D}/c"]
    depends_on:
      migrate: {condition: process_completed_successfully}
      ghost: {condition: process_started}
    readiness_probe: {http_get: {host: 127.0.0.1, path: /health, port: 8001}}
    availability: {restart: always}
  worker:
    command: ./worker
    ready_log_line: "ready (1+1)"
    disabled: true
    liveness_probe: {exec: {command: x}}
"""
        },
    )

    assert project.tasks["migrate"].needs == ("db",)
    db = project.services["db"]
    assert db.run == "postgres -p 5433 # $x"
    assert db.ready == Ready(ReadyKind.EXEC, "pg_isready")
    assert db.stop == Stop("INT", 9.0)
    api = project.services["api"]
    assert api.run == "./api --port {{port.api}}\nexit 1"
    assert (api.cwd, api.needs, api.restart) == ("backend", ("migrate",), Restart.ALWAYS)
    assert api.ready == Ready(ReadyKind.HTTP, "http://127.0.0.1:{{port.api}}/health")
    assert api.env == {"A": "1"}
    assert project.ports.names == {"api": 1}
    worker = project.services["worker"]
    assert worker.when is When.MANUAL
    assert worker.ready == Ready(ReadyKind.LOG, r"ready \(1\+1\)")
    assert project.env == {"LEVEL": "debug"}
    assert "# ? it also needs ghost, which was left out" in text
    assert "liveness_probe" in text
    assert "# ? left out, for they refer to other variables: C" in text


def test_a_folder_that_begins_with_a_variable_counts_from_the_worktree(tmp_path: Path) -> None:
    (tmp_path / "core").mkdir()
    text = "processes:\n"
    for name, folder in (("a", "${ROOT}/core/"), ("b", "$ELSE/where"), ("c", "${ROOT}")):
        text += f"  {name}: {{command: x, working_dir: '{folder}'}}\n"
    project, written = _proposed(tmp_path, {"process-compose.yaml": text})

    assert {name: one.cwd for name, one in project.services.items()} == {
        "a": "core",
        "b": None,
        "c": None,
    }
    assert "working_dir $ELSE/where is not known here" in written


def test_mprocs_brings_commands_of_every_form(tmp_path: Path) -> None:
    project, _ = _proposed(
        tmp_path,
        {
            "mprocs.yaml": """
procs:
  plain: nodemon --port 3000
  words: ["echo", "a b"]
  server:
    shell: exec serve
    cwd: <CONFIG_DIR>/server
    env: {A: 1, B: null}
    autostart: false
    autorestart: true
    stop: SIGINT
  by-system:
    cmd: {$select: os, windows: [win], $else: [unix]}
  nothing: null
  other:
    shell: curl http://localhost:3000
    depends_on: [plain]
"""
        },
    )

    assert {name: service.run for name, service in project.services.items()} == {
        "plain": "nodemon --port {{port.plain}}",
        "words": "echo 'a b'",
        "server": "exec serve",
        "by-system": "unix",
        "other": "curl http://localhost:{{port.plain}}",
    }
    assert project.services["other"].needs == ("plain",)
    server = project.services["server"]
    assert (server.cwd, server.env, server.when) == ("server", {"A": "1"}, When.MANUAL)
    assert (server.restart, server.stop.signal) == (Restart.ALWAYS, "INT")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("conductor.json", '{"scripts": {"setup": "./s.sh", "run": "dev", "archive": "x"}}'),
        (".conductor/settings.toml", '[scripts]\nsetup = "./s.sh"\nrun.web.command = "dev"\n'),
        (".superset/config.json", '{"setup": ["./s.sh"], "teardown": ["x"], "run": ["dev"]}'),
        (
            ".workmux.yaml",
            "post_create: [<global>, ./s.sh]\npanes: [{command: dev}, {}]",
        ),
        (".config/wt.toml", 'pre-start = "./s.sh"\n[post-start]\nweb = "dev"\n'),
        ("wt.toml", 'post-create = "./s.sh"\npost-start = "dev"\n'),
    ],
)
def test_other_worktree_tools_bring_a_set_up_and_a_server(
    tmp_path: Path, file: str, text: str
) -> None:
    project, _ = _proposed(tmp_path, {file: text})

    setup = project.tasks["setup"]
    assert (setup.run, setup.when) == ("./s.sh", When.SPAWN)
    assert {name: service.run for name, service in project.services.items()} == {"web": "dev"}


def test_scripts_of_other_tools_find_their_variables(tmp_path: Path) -> None:
    script = {"scripts": {"setup": "cp $CONDUCTOR_ROOT_PATH/.env .", "run": "x $CONDUCTOR_PORT"}}
    project, _ = _proposed(tmp_path, {"conductor.json": json.dumps(script)})

    assert project.tasks["setup"].env["CONDUCTOR_ROOT_PATH"] == "{{repo}}"
    assert project.services["web"].env["CONDUCTOR_PORT"] == "{{port.web}}"
    assert project.services["web"].ready == Ready(ReadyKind.TCP, "web")


def test_templates_of_worktrunk_become_hives(tmp_path: Path) -> None:
    project, text = _proposed(
        tmp_path,
        {
            ".config/wt.toml": """
[post-start]
copy = "wt step copy-ignored"
docs = "wt step tether -C docs -- npm run dev -- --port {{ branch | hash_port }}"
odd = "echo {{ commit }}"
[pre-merge]
test = "cargo test --name {{ branch | sanitize }}"
"""
        },
    )

    assert project.services["docs"].run == "cd docs && npm run dev -- --port {{port.docs}}"
    assert project.tests["test"].run == "cargo test --name {{env}}"
    assert "a step of wt was left out" in text
    assert "# ? .config/wt.toml: post-start: a command was left out: it has no" in text


def test_files_of_workmux_are_copied_and_linked(tmp_path: Path) -> None:
    project, _ = _proposed(
        tmp_path,
        {
            ".workmux.yaml": "main_branch: trunk\n"
            "files: {copy: [.env*, ../up, secrets.json], symlink: [node_modules]}\n"
            "layouts: {dev: {panes: [{command: npm run dev:api}, {command: clear}]}}\n",
            ".env.a": "",
            ".env.b": "",
        },
    )

    assert project.base == "trunk"
    assert list(project.services) == ["api"]
    assert project.copies == (".env.a", ".env.b", "secrets.json")
    assert [(link.path, link.mode) for link in project.links] == [("node_modules", "symlink")]


def test_a_makefile_brings_targets_by_their_names(tmp_path: Path) -> None:
    text = (
        "X := 1\n.PHONY: test\nbuild: deps ## builds\n\tgo build\nrun:\n\t./x --port 8080\n"
        "test:\n\tgo test\ntest-watch:\n\tx\nlint:\n\tx\nsetup:\n\tx\n%.o: %.c\n\tcc\n"
    )
    project, proposal_text = _proposed(tmp_path, {"Makefile": text})

    assert project.services["web"].run == "make run"
    assert {name: (t.run, t.when) for name, t in project.tasks.items()} == {
        "setup": ("make setup", When.SPAWN),
        "build": ("make build", When.WARM),
    }
    assert list(project.tests) == ["test", "lint"]
    assert "# ? the target has the port 8080 in it" in proposal_text


def test_a_devcontainer_with_comments_brings_its_commands(tmp_path: Path) -> None:
    text = """// for editors
{
  "dockerComposeFile": ["../deploy/compose.yaml"],
  /* once */ "postCreateCommand": {"a": "npm ci", "b": ["make", "db set"]},
  "containerEnv": {"A": "1", "B": "${localEnv:B}"},
  "forwardPorts": [3000, "db:5432"],
}"""
    project, written = _proposed(
        tmp_path,
        {
            ".devcontainer/devcontainer.json": text,
            "deploy/compose.yaml": "services:\n  db: {image: p, ports: ['5432:5432']}\n",
        },
    )

    assert project.tasks["setup"].run == "npm ci && make 'db set'"
    assert project.env == {"A": "1"}
    assert list(project.services) == ["db"]
    assert "forwards 3000: name them in [ports]" in written


@pytest.mark.parametrize(
    ("files", "tasks", "suites", "services"),
    [
        ({"go.mod": "module x\n", "cmd/x/main.go": ""}, ["build"], ["unit"], ["web"]),
        ({"go.mod": "", "cmd/x/main.go": "", "cmd/y/main.go": ""}, ["build"], ["unit"], []),
        ({"Cargo.toml": _AXUM, "src/main.rs": ""}, ["build"], ["unit"], ["web"]),
        ({"Cargo.toml": "[workspace]\n"}, ["build"], ["unit"], []),
        ({"pyproject.toml": "[tool.pytest]\n", "uv.lock": ""}, ["install"], ["unit"], []),
        ({"manage.py": ""}, ["migrate"], [], ["web"]),
        ({"pyproject.toml": _FASTAPI, "main.py": "app = 1"}, [], [], ["api"]),
    ],
)
def test_a_language_brings_its_build_and_its_suite(
    tmp_path: Path,
    files: dict[str, str],
    tasks: list[str],
    suites: list[str],
    services: list[str],
) -> None:
    project, _ = _proposed(tmp_path, files)

    assert (list(project.tasks), list(project.tests)) == (tasks, suites)
    assert list(project.services) == services


def test_servers_of_a_workspace_are_services_in_their_folders(tmp_path: Path) -> None:
    project, _ = _proposed(
        tmp_path,
        {
            "package.json": '{"workspaces": ["apps/*", "../up"]}',
            "pnpm-lock.yaml": "",
            "apps/site/package.json": '{"scripts": {"dev": "vite"}}',
            "apps/api/package.json": '{"scripts": {"dev": "node server.js --port 4000"}}',
            "apps/lib/package.json": '{"scripts": {"build": "tsc"}}',
            "apps/bad/package.json": "{",
        },
    )

    assert {name: (one.cwd, one.run) for name, one in project.services.items()} == {
        "api": ("apps/api", "pnpm run dev"),
        "site": ("apps/site", "pnpm run dev --port {{port.site}} --strictPort"),
    }
    assert project.ports.names == {"api": 0, "site": 173}


def test_containers_of_a_compose_file_are_taken_and_their_ports_are_named(tmp_path: Path) -> None:
    project, text = _proposed(
        tmp_path,
        {
            "compose.yaml": "services:\n  db:\n    image: postgres\n    ports: ['5432:5432']\n"
            "    privileged: true\n",
            "package.json": '{"scripts": {"dev": "next dev"}}',
            ".env": "DATABASE_URL=postgres://localhost:5432/x\nOTHER_PORT=7777\n"
            "SECRET_URL=redis://me:hunter2@localhost:5432\n",
        },
    )

    assert project.services["db"].image == "postgres"
    assert project.services["web"].run == "npm run dev"
    assert project.ports.names == {"db": 432, "web": 0}
    assert project.env == {"DATABASE_URL": "postgres://localhost:{{port.db}}/x"}
    assert "# ? compose.yaml:5: key services.db.privileged" in text
    assert 'ignore = ["services.db.privileged"]' in text
    assert "# OTHER_PORT" in text
    assert "hunter2" not in text
    assert "does it wait for containers (db)?" in text


def test_a_compose_file_that_runs_the_code_itself_goes_before_scripts(tmp_path: Path) -> None:
    project, text = _proposed(
        tmp_path,
        {
            "docker-compose.yml": "services:\n  web: {build: ., ports: ['3000:3000']}\n",
            "docker-compose.override.yml": "services:\n  web: {command: dev}\n",
            "package.json": '{"scripts": {"dev": "next dev", "watch": "tsc -w"}}',
        },
    )

    assert list(project.services) == ["watch", "web"] or list(project.services) == ["web", "watch"]
    assert project.services["web"].command == ("dev",)
    assert "(npm run dev) was left out, because docker-compose.yml says already what runs" in text


def test_a_compose_file_that_cannot_be_read_is_a_remark(tmp_path: Path) -> None:
    project, text = _proposed(tmp_path, {"compose.yaml": "services: ["})

    assert project.services == {}
    assert "# ? compose.yaml is not taken over" in text


def test_the_source_that_lists_processes_goes_first(tmp_path: Path) -> None:
    project, text = _proposed(
        tmp_path,
        {"Procfile": "web: a", "mprocs.yaml": "procs: {server: b}", "Makefile": "run:\n\tx\n"},
    )

    assert list(project.services) == ["server"]
    assert "Procfile: web (a) was left out, because mprocs.yaml" in text


def test_a_task_of_a_name_that_there_is_already_is_left_out(tmp_path: Path) -> None:
    files = {"package.json": '{"scripts": {"build": "tsc"}}', "Makefile": "build:\n\tx\n"}
    project, text = _proposed(tmp_path, files)

    assert project.tasks == {"build": Task("build", "npm run build")}
    assert "Makefile: build (make build) was left out" in text


def test_what_does_not_load_is_written_as_comments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **options: Any) -> Project:
        raise ConfigError("hive.toml:3: key tasks.build: odd\nand more")

    monkeypatch.setattr(proposal, "parse", refuse)
    _write(tmp_path, {"Makefile": "build:\n\tx\n"})

    text = propose(tmp_path)

    assert parse(text, root="/r").tasks == {}
    assert "# ? hive.toml:3: key tasks.build: odd\n# ? and more\n" in text
    assert '# run = "make build"' in text


_ODD = st.text(
    st.sampled_from("ab:-{}$\"'\\\n\t\x1b\x85é#[]&*!|>%@`~ ") | st.characters(), max_size=20
)
_JSON = st.recursive(
    _ODD | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_ODD, inner, max_size=3),
    max_leaves=6,
)
_NAMED = st.dictionaries(st.sampled_from(["a", "B-1", "dev"]) | _ODD, _JSON, max_size=3)
_FILES = {
    "process-compose.yaml": "processes",
    "mprocs.yaml": "procs",
    "conductor.json": "scripts",
    "package.json": "scripts",
    "compose.yaml": "services",
    ".devcontainer.json": "containerEnv",
}


@given(data=st.data())
@settings(max_examples=60)
def test_whatever_the_files_hold_the_proposal_loads(data: st.DataObject) -> None:
    root = Path(tempfile.mkdtemp())
    try:
        for name, key in _FILES.items():
            document = {key: data.draw(_NAMED | _JSON), "environment": data.draw(_JSON)}
            (root / name).write_text(json.dumps(document))
        for name in (".workmux.yaml", "wt.toml", "Makefile", ".env", "pyproject.toml", "Procfile"):
            (root / name).write_bytes(data.draw(_ODD).encode(errors="replace"))

        text = propose(root)

        parse(text, root=str(root), files=CheckoutFiles(root.resolve()))
        assert "does not load as it is" not in text, text
    finally:
        shutil.rmtree(root)
