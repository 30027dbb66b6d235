"""`[compose]` in hive.toml: services of compose files become services of the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from hive_tui.config.loading import load
from hive_tui.model.errors import ConfigError
from hive_tui.model.project import Build, Mount, Project, Ready, ReadyKind, Restart, Secret, When
from tests.unit.config.compose.files import PROJECTS

_STACK = """
services:
  web:
    build: ./web
    ports: ["3000:80"]
    environment: {API: "${API_URL}", xpack.enabled: "no"}
    volumes: [./web:/app, cache:/cache:ro]
    depends_on:
      db: {condition: service_healthy}
      seed: {condition: service_completed_successfully}
  db:
    image: postgres:16
    container_name: the-db
    ports: ["5432:5432"]
    healthcheck: {test: pg_isready}
    mem_limit: 512m
  seed:
    image: postgres:16
    command: [seed, --now]
    depends_on: [db]
"""


def _load(folder: Path, toml: str, **files: str) -> Project:
    (folder / "hive.toml").write_text(toml)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return load(folder)


def _fault(folder: Path, toml: str, **files: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        _load(folder, toml, **files)
    return caught.value


_TOML = '[compose]\nfile = "compose.yaml"\n'


def test_compose_services_are_services_like_any_other(tmp_path: Path) -> None:
    toml = f'{_TOML}[env]\nAPI_URL = "http://127.0.0.1:{{{{port.web}}}}"\n'
    project = _load(tmp_path, toml, compose__yaml=_STACK)

    web = project.services["web"]
    assert web.build == Build("web")
    assert web.needs == ("db", "seed")
    assert web.env == {"API": "http://127.0.0.1:{{port.web}}", "xpack.enabled": "no"}
    assert web.mounts == (Mount("./web", "/app"), Mount("cache", "/cache", read_only=True))
    db = project.services["db"]
    assert (db.image, db.memory_bytes, db.restart) == ("postgres:16", 512 << 20, Restart.NO)
    assert db.ready == Ready(ReadyKind.EXEC, "pg_isready", 180.0)
    assert project.ports.names == {"web": 0, "db": 432}
    assert project.published == {"web": 3000, "db": 5432}


def test_a_service_that_others_wait_for_to_end_is_a_task(tmp_path: Path) -> None:
    project = _load(tmp_path, _TOML, compose__yaml=_STACK)

    seed = project.tasks["seed"]
    assert (seed.run, seed.needs) == ("seed --now", ("db",))
    assert seed.container is not None
    assert seed.container.command == ("seed", "--now")
    assert "seed" not in project.services


def test_hive_toml_adds_to_a_service_and_its_word_goes_first(tmp_path: Path) -> None:
    more = """
[tasks.migrate]
run = "migrate"
needs = ["db"]
[services.web]
needs = ["migrate"]
when = "manual"
env = { API = "own", MORE = "x" }
volumes = ["logs:/logs"]
ready = { tcp = "web" }
[services.db]
image = "postgres:17"
"""
    project = _load(tmp_path, _TOML + more, compose__yaml=_STACK)

    web = project.services["web"]
    assert web.needs == ("db", "seed", "migrate")
    assert web.when is When.MANUAL
    assert web.env == {"API": "own", "xpack.enabled": "no", "MORE": "x"}
    assert [mount.target for mount in web.mounts] == ["/app", "/cache", "/logs"]
    assert web.ready == Ready(ReadyKind.TCP, "web")
    assert project.services["db"].image == "postgres:17"


def test_a_service_that_hive_toml_runs_as_a_process_is_one(tmp_path: Path) -> None:
    more = '[services.web]\nrun = "serve"\nneeds = ["db"]\n'
    project = _load(tmp_path, _TOML + more, compose__yaml=_STACK)

    assert project.services["web"].run == "serve"
    assert project.services["web"].build is None


def test_a_shared_service_is_one_for_the_project(tmp_path: Path) -> None:
    project = _load(tmp_path, f'{_TOML}[services.db]\nscope = "shared"\n', compose__yaml=_STACK)

    assert project.services["db"].ports == {"db": 5432}
    assert project.ports.names == {"web": 0}


def test_limits_names_and_capabilities_reach_the_container(tmp_path: Path) -> None:
    text = """
services:
  a:
    image: i
    shm_size: 256m
    ulimits: {nofile: {soft: 1, hard: 2}}
    cap_add: [SYS_PTRACE]
    networks: {default: {aliases: [a.test]}}
"""
    service = _load(tmp_path, _TOML, compose__yaml=text).services["a"]

    assert service.shm_bytes == 256 << 20
    assert service.ulimits == {"nofile": (1, 2)}
    assert (service.cap_add, service.aliases) == (("SYS_PTRACE",), ("a.test",))


def test_a_secret_of_env_reaches_a_container_as_a_secret(tmp_path: Path) -> None:
    toml = f'{_TOML}[env]\nTOKEN = {{ secret = "T" }}\n'
    text = "services:\n  a: {image: i, environment: {A: $TOKEN, TOKEN: }}\n"

    assert _load(tmp_path, toml, compose__yaml=text).services["a"].env == {
        "A": Secret("T"),
        "TOKEN": Secret("T"),
    }


def test_a_secret_that_is_only_a_part_of_a_text_is_refused(tmp_path: Path) -> None:
    toml = f'{_TOML}[env]\nTOKEN = {{ secret = "T" }}\n'
    text = 'services:\n  a: {image: i, command: "run --token=$TOKEN"}\n'

    fault = _fault(tmp_path, toml, compose__yaml=text)

    assert fault.message == (
        "compose.yaml:2: key services.a: the secret T can only be the whole value of a variable"
    )


def test_what_cannot_be_taken_names_file_and_line_and_the_way_out(tmp_path: Path) -> None:
    text = "services:\n  a:\n    image: i\n    privileged: true\n"
    fault = _fault(tmp_path, _TOML, compose__yaml=text)

    assert fault.message.startswith("compose.yaml:4: key services.a.privileged: ")
    assert 'ignore = ["services.a.privileged"]' in str(fault.hint)
    more = f'{_TOML}ignore = ["services.a.privileged"]\n'
    project = _load(tmp_path, more)
    assert any("compose.yaml:4" in note and "as asked for" in note for note in project.notes)


def test_a_mistake_between_the_files_is_said_where_it_stands(tmp_path: Path) -> None:
    toml = f'{_TOML}[services.b]\nneeds = ["a"]\nrun = "x"\n[services.c]\nneeds = ["d"]\n'
    text = "services:\n  a: {image: i, depends_on: [b]}\n  b: {image: j}\n"
    text += "  x: {image: i, depends_on: [y]}\n  y: {image: i, depends_on: [x]}\n"

    begins = [
        "hive.toml:4: key services.b.needs: found the cycle b -> a -> b",
        "hive.toml:6: key services.c: found none of them; allowed: exactly one of run, image",
        'hive.toml:7: key services.c.needs: found "d"',
        "compose.yaml:4: key services.x.needs: found the cycle x -> y -> x",
    ]
    lines = _fault(tmp_path, toml, compose__yaml=text).message.splitlines()
    assert [line[: len(begin)] for line, begin in zip(lines, begins, strict=True)] == begins


def test_a_file_outside_of_the_repository_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "outer.yaml").write_text("services:\n  a: {image: i}\n")
    (tmp_path / "inner" / "link.yaml").symlink_to("../outer.yaml")

    fault = _fault(tmp_path / "inner", '[compose]\nfile = "link.yaml"\n')

    assert "outside of the repository" in fault.message


@pytest.mark.parametrize("table", ["file = 3", "", 'file = "../x.yaml"', 'file = "c"\nodd = 1'])
def test_a_wrong_table_is_a_mistake_of_hive_toml(tmp_path: Path, table: str) -> None:
    assert "hive.toml:" in _fault(tmp_path, f"[compose]\n{table}\n", c="services: {}").message


def test_a_change_of_any_file_changes_the_digest(tmp_path: Path) -> None:
    first = _load(tmp_path, _TOML, compose__yaml=_STACK)
    second = _load(tmp_path, _TOML, compose__yaml=_STACK + "  more: {image: i}\n")
    third = _load(tmp_path, _TOML, __env="A=1\n")

    assert len({project.digest for project in (first, second, third)}) == 3
    assert third.sources == (".env", "compose.yaml")


@pytest.mark.parametrize(
    ("name", "ignore"),
    [
        ("errors", '["volumes.*.external"]'),
        ("backend", '["services.shipper.security_opt"]'),
        ("workflows", "[]"),
    ],
)
def test_the_well_known_projects_load(tmp_path: Path, name: str, ignore: str) -> None:
    env = PROJECTS / f"{name}.env"
    files = {"compose__yaml": (PROJECTS / f"{name}.yaml").read_text()}
    if env.exists():
        files["__env"] = env.read_text()

    project = _load(tmp_path, f"{_TOML}ignore = {ignore}\n", **files)

    assert len(project.services) >= 6
    assert all(service.contained for service in project.services.values())
