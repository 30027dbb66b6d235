"""Where the container engine is looked for."""

from __future__ import annotations

import hashlib
import json
import socket
from pathlib import Path

import pytest

from hive_tui.drivers.docker.endpoint import DEFAULT_SOCKET, locate
from hive_tui.model.errors import HiveError


def context(home: Path, name: str, host: str) -> None:
    """A context as Docker's client keeps it."""
    place = home / ".docker/contexts/meta" / hashlib.sha256(name.encode()).hexdigest()
    place.mkdir(parents=True)
    (place / "meta.json").write_text(json.dumps({"Endpoints": {"docker": {"Host": host}}}))


def configure(home: Path, **config: object) -> None:
    """Docker's configuration."""
    (home / ".docker").mkdir(exist_ok=True)
    (home / ".docker/config.json").write_text(json.dumps(config))


def test_docker_host_goes_before_everything_else(tmp_path: Path) -> None:
    configure(tmp_path, currentContext="other")
    environ = {"HOME": str(tmp_path), "DOCKER_HOST": "unix:///a.sock", "DOCKER_CONTEXT": "other"}
    assert locate(environ, uid=1000).path == "/a.sock"


def test_the_context_of_the_variable_goes_before_the_current_one(tmp_path: Path) -> None:
    context(tmp_path, "one", "unix:///one.sock")
    context(tmp_path, "two", "unix:///two.sock")
    configure(tmp_path, currentContext="one")
    found = locate({"HOME": str(tmp_path)}, uid=1000)
    assert (found.path, "current context" in found.source) == ("/one.sock", True)
    environ = {"HOME": str(tmp_path), "DOCKER_CONTEXT": "two"}
    assert locate(environ, uid=1000).path == "/two.sock"


def test_a_context_that_is_not_there_is_an_error_with_its_name(tmp_path: Path) -> None:
    configure(tmp_path, currentContext="gone")
    with pytest.raises(HiveError, match="'gone'"):
        locate({"HOME": str(tmp_path)}, uid=1000)


@pytest.mark.parametrize(
    "host", ["ssh://me@build", "tcp://10.0.0.1:2375", "tcp://engine.example.invalid:2376"]
)
def test_another_machine_is_refused(tmp_path: Path, host: str) -> None:
    with pytest.raises(HiveError, match="another machine"):
        locate({"HOME": str(tmp_path), "DOCKER_HOST": host}, uid=1000)


@pytest.mark.parametrize("host", ["tcp://127.0.0.1:2375", "tcp://localhost:2375", "tcp://[::1]:1"])
def test_loopback_is_this_machine(tmp_path: Path, host: str) -> None:
    assert locate({"HOME": str(tmp_path), "DOCKER_HOST": host}, uid=1000).url == host


def test_certificates_come_with_tls_alone(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "DOCKER_HOST": "tcp://127.0.0.1:2376"}
    assert locate(environ, uid=1000).certificates is None
    environ |= {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/certs"}
    assert locate(environ, uid=1000).certificates == "/certs"


@pytest.mark.parametrize(
    ("place", "whose"),
    [
        ("run/docker.sock", "rootless"),
        ("home/.docker/run/docker.sock", "Docker Desktop"),
        ("home/.orbstack/run/docker.sock", "OrbStack"),
        ("home/.colima/default/docker.sock", "Colima"),
        ("run/podman/podman.sock", "Podman"),
    ],
)
def test_well_known_places_are_looked_at(
    tmp_path: Path, place: str, whose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hive_tui.drivers.docker.endpoint.DEFAULT_SOCKET", "/nowhere/docker.sock")
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    monkeypatch.chdir(path.parent)  # a socket's path has to be short
    environ = {"HOME": str(tmp_path / "home"), "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path.name)
        found = locate(environ, uid=1000)
    assert (found.path, whose in found.source) == (str(path), True)


def test_without_any_it_is_dockers_own_place(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    assert locate(environ, uid=1000).path == DEFAULT_SOCKET
