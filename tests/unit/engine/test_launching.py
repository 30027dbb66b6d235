from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hive_tui.config.sharing import service_ports
from hive_tui.engine.launching import Launcher, base_environment
from hive_tui.engine.protocols import Logs
from hive_tui.model.environment import EnvRecord
from hive_tui.model.errors import HiveError
from hive_tui.model.project import Ports, Project, Ready, ReadyKind, Secret, Service


class Folder(Logs):
    """Logs in one folder; the launcher asks for paths only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, env_uid: str, source: str) -> Path:
        return self.folder / f"{env_uid}-{source}.log"

    def end(self, env_uid: str, source: str) -> int:
        raise NotImplementedError

    def tail(self, env_uid: str, source: str, lines: int, *, since: int = 0) -> tuple[str, ...]:
        raise NotImplementedError

    def write(self, env_uid: str, source: str, data: bytes) -> None:
        raise NotImplementedError

    def watch(self, env_uid: str, source: str, grown: Callable[[], None]) -> Callable[[], None]:
        raise NotImplementedError

    def sources(self, env_uid: str) -> list[str]:
        raise NotImplementedError

    def forget(self, env_uid: str) -> None:
        raise NotImplementedError


def project(**services: Service) -> Project:
    return Project(
        name="shop",
        root="/repo",
        ports=Ports(base=9000, block=10, names={"web": 0, "api": 1, "db": 2}),
        env={"PORT": "{{port.web}}"},
        services=services,
    )


def record(worktree: Path) -> EnvRecord:
    return EnvRecord(
        uid="0123456789ab",
        project="shop",
        name="auth",
        slug="auth",
        index=1,
        branch="fix/$(touch x)",
        base="main",
        base_commit="c",
        worktree=str(worktree),
        port_base=9010,
        port_size=10,
        created=0.0,
    )


@pytest.fixture
def launcher(tmp_path: Path) -> Launcher:
    return Launcher(
        base=base_environment({"PATH": "/bin", "LINES": "3", "HOME": "/home/u", "PORT": "1"}),
        secrets=lambda: {"TOKEN": "s3cret"},
        runs=tmp_path / "runs",
        logs=Folder(tmp_path),
        new_run_id=lambda: "tag.1",
    )


def test_a_process_sees_the_base_the_env_and_its_own_variables_only(
    launcher: Launcher, tmp_path: Path
) -> None:
    launch = launcher.launch(
        project(), record(tmp_path), "api", "serve", env={"MODE": "dev {{env}}"}
    )
    assert launch.env["MODE"] == "dev auth"
    assert launch.env["PORT"] == "9010"
    assert launch.env["HIVE_PORT_API"] == "9011"
    assert launch.env["PATH"] == "/bin"
    assert "LINES" not in launch.env


def test_a_branch_is_never_parsed_by_the_shell(launcher: Launcher, tmp_path: Path) -> None:
    launch = launcher.launch(project(), record(tmp_path), "api", "echo {{branch}}")
    assert "touch" not in launch.argv[2]
    assert "fix/$(touch x)" in launch.env.values()


def test_a_missing_secret_names_itself(launcher: Launcher, tmp_path: Path) -> None:
    with pytest.raises(HiveError, match="'KEY' is not set"):
        launcher.launch(project(), record(tmp_path), "api", "x", env={"K": Secret("KEY")})


def test_a_missing_folder_is_an_error_before_anything_runs(
    launcher: Launcher, tmp_path: Path
) -> None:
    with pytest.raises(HiveError, match="does not exist"):
        launcher.launch(project(), record(tmp_path), "api", "x", cwd="nowhere")


def test_the_ports_of_a_service_are_those_that_it_mentions() -> None:
    web = Service(
        name="web",
        run="serve --port {{port.web}} --api {{ port.api }}",
        ready=Ready(ReadyKind.TCP, "web"),
        env={"DB": "localhost:{{port.db}}"},
    )
    assert set(service_ports(project(web=web), web)) == {"web", "api", "db"}
