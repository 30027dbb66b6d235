"""A first hive.toml out of what a repository has."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import pygit2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_tui.config.importing.proposal import propose
from hive_tui.config.loading import parse
from hive_tui.model.project import Link, Project, Ready, ReadyKind, Service, Task, When


def _proposed(root: Path, **files: str) -> Project:
    for name, text in files.items():
        (root / name).write_text(text)
    return parse(propose(root), root=str(root))


def _package(**scripts: str) -> str:
    return json.dumps({"scripts": scripts})


def test_an_empty_repository_gets_a_file_of_commented_examples(tmp_path: Path) -> None:
    text = propose(tmp_path)

    assert parse(text, root=str(tmp_path)).services == {}
    assert "# [services.web]" in text


def test_the_commented_examples_are_valid_without_their_marks(tmp_path: Path) -> None:
    examples = propose(tmp_path).split("what you need:\n")[1]
    text = "\n".join(line.removeprefix("# ") for line in examples.splitlines())

    project = parse(text, root=str(tmp_path))

    assert list(project.services) == ["web"]
    assert list(project.tests) == ["unit"]


def test_processes_of_a_procfile_become_services(tmp_path: Path) -> None:
    project = _proposed(
        tmp_path,
        Procfile="# all\nweb: rails s -p $PORT\nWork_er: sidekiq -q 'a b' \"c\" \\d\n"
        "release: rake db:migrate\n",
    )

    assert project.services == {
        "web": Service(
            "web",
            run="rails s -p $PORT",
            needs=("release",),
            env={"PORT": "{{port.web}}"},
            ready=Ready(ReadyKind.TCP, "web"),
        ),
        "work-er": Service("work-er", run="sidekiq -q 'a b' \"c\" \\d", needs=("release",)),
    }
    assert project.tasks == {"release": Task("release", "rake db:migrate")}
    assert project.ports.names == {"web": 0}


def test_the_procfile_for_development_goes_first(tmp_path: Path) -> None:
    project = _proposed(tmp_path, **{"Procfile": "web: prod", "Procfile.dev": "web: dev"})

    assert project.services["web"].run == "dev"


def test_a_process_whose_command_has_two_braces_is_left_out_with_a_remark(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_text("a: docker ps --format '{{.Names}}'\nb: ok\n")

    text = propose(tmp_path)

    assert list(parse(text, root="/r").services) == ["b"]
    assert "# ? Procfile: a was left out" in text


def test_scripts_of_a_package_become_services_tasks_and_tests(tmp_path: Path) -> None:
    scripts = {
        "dev": "next dev",
        "start": "next start",
        "watch": "tsc -w",
        "build": "tsc",
        "test": "vitest",
        "test:e2e": "playwright test",
        "lint": "eslint",
    }
    project = _proposed(
        tmp_path, **{"package.json": _package(**scripts), "package-lock.json": "{}"}
    )

    assert project.services == {
        "web": Service(
            "web",
            run="npm run dev",
            env={"PORT": "{{port.web}}"},
            ready=Ready(ReadyKind.TCP, "web"),
        ),
        "watch": Service("watch", run="npm run watch", when=When.COLD),
    }
    assert {name: task.run for name, task in project.tasks.items()} == {"build": "npm run build"}
    assert {name: suite.run for name, suite in project.tests.items()} == {
        "test": "npm run test",
        "e2e": "npm run test:e2e",
    }
    assert project.links == (Link("node_modules", "auto", ("package-lock.json",), "npm ci"),)


@pytest.mark.parametrize(
    ("lock", "run"),
    [
        ("package-lock.json", "npm run dev -- --port {{port.web}} --strictPort"),
        ("yarn.lock", "yarn run dev --port {{port.web}} --strictPort"),
        ("pnpm-lock.yaml", "pnpm run dev --port {{port.web}} --strictPort"),
    ],
)
def test_the_lock_file_tells_the_package_manager(tmp_path: Path, lock: str, run: str) -> None:
    project = _proposed(tmp_path, **{"package.json": _package(dev="vite"), lock: ""})

    assert project.services["web"].run == run
    assert project.links[0].key == (lock,)


def test_a_production_server_needs_the_build(tmp_path: Path) -> None:
    project = _proposed(tmp_path, **{"package.json": _package(start="node x", build="tsc")})

    assert project.services["web"].needs == ("build",)
    assert project.services["web"].ready is None


def test_a_server_of_the_procfile_goes_before_that_of_the_package(tmp_path: Path) -> None:
    project = _proposed(
        tmp_path, **{"Procfile": "build: x", "package.json": _package(dev="vite", build="tsc")}
    )

    assert list(project.services) == ["build"]
    assert list(project.tasks) == ["build-2"]


def test_a_suite_gets_a_name_that_no_service_or_task_has(tmp_path: Path) -> None:
    text = _package(**{"build": "tsc", "test:build": "x", "test:web": "x", "dev": "vite"})

    assert list(_proposed(tmp_path, **{"package.json": text}).tests) == ["build-2", "web-2"]


def test_the_test_script_that_npm_writes_by_itself_is_no_suite(tmp_path: Path) -> None:
    text = _package(test='echo "Error: no test specified" && exit 1')

    assert _proposed(tmp_path, **{"package.json": text}).tests == {}


def test_local_settings_are_copied_unless_git_has_them(tmp_path: Path) -> None:
    repository = pygit2.init_repository(str(tmp_path))
    (tmp_path / ".env").touch()
    (tmp_path / ".env.local").touch()
    repository.index.add(".env")
    repository.index.write()

    assert _proposed(tmp_path).copies == (".env.local",)


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', "null", "[" * 100_000, "\x00"])
def test_a_broken_package_is_a_remark(tmp_path: Path, text: str) -> None:
    (tmp_path / "package.json").write_text(text)

    proposal = propose(tmp_path)

    parse(proposal, root="/r")
    assert "# ? package.json could not be read: " in proposal


def test_files_that_are_not_utf8_are_remarks(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_bytes(b"web: \xff")
    (tmp_path / "package.json").write_bytes(b'{"scripts": {"dev": "\xff"}}')

    proposal = propose(tmp_path)

    parse(proposal, root="/r")
    assert "# ? Procfile could not be read: it is not UTF-8\n" in proposal
    assert "# ? package.json could not be read: it is not UTF-8\n" in proposal


_ODD = st.text(st.sampled_from("ab9_-:#$ {}\"'\\\n\t\x1b\x85é\U0001f41d{{}}PORT") | st.characters())
_LINES = st.builds("{}: {}".format, st.text("aZ9_-", min_size=1, max_size=4), _ODD) | _ODD
_SCRIPTS = st.dictionaries(
    st.sampled_from(["dev", "start", "watch", "build", "test", "test:a", "test:a-b", "test:9"])
    | _ODD,
    st.sampled_from(["vite", "next dev", "node $PORT", "{{x}}"]) | _ODD | st.integers() | st.none(),
)


@given(lines=st.lists(_LINES), scripts=_SCRIPTS | st.integers(), more=st.dictionaries(_ODD, _ODD))
def test_whatever_the_files_hold_the_proposal_is_a_valid_file(
    lines: list[str], scripts: object, more: dict[str, str]
) -> None:
    root = Path(tempfile.mkdtemp())
    try:
        (root / "Procfile").write_bytes("\n".join(lines).encode(errors="replace"))
        package = json.dumps({**more, "scripts": scripts})
        (root / "package.json").write_text(package)

        parse(propose(root), root=str(root))
    finally:
        shutil.rmtree(root)


def test_of_very_many_processes_the_first_hundred_are_taken(tmp_path: Path) -> None:
    procfile = "".join(f"p{number}: run $PORT\n" for number in range(200))

    assert len(_proposed(tmp_path, Procfile=procfile).services) == 100
