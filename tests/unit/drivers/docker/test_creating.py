"""What a container should be, in the engine's own words."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from hive_tui.drivers.docker import creating, credentials, faults, naming
from hive_tui.drivers.docker.endpoint import Endpoint
from hive_tui.drivers.docker.pull_progress import PullProgress, error_in
from hive_tui.engine.container_protocols import ContainerSpec, Mounted, Place

PLACE = Place("shop", "auth", "0123456789ab", "db")
SPEC = ContainerSpec(PLACE, image="postgres:16", ports={10432: 5432})


def config(spec: ContainerSpec = SPEC, image: str = "sha256:1", **more: Any) -> dict[str, Any]:
    known: dict[str, Any] = {"reference": "postgres:16", "network": "n1"}
    known |= {"volumes": {"data": "hive-shop-auth-data"}, "declared": {}, "home": "tag"}
    return creating.config(spec, image=image, **{**known, **more})


def test_ports_go_to_loopback_and_restarts_are_not_the_engines() -> None:
    host = config()["HostConfig"]
    assert host["PortBindings"] == {"5432/tcp": [{"HostIp": "127.0.0.1", "HostPort": "10432"}]}
    assert host["RestartPolicy"] == {"Name": "no"}
    assert host["Init"] is True
    assert "host.docker.internal:host-gateway" in host["ExtraHosts"]


def test_the_images_own_health_check_is_off() -> None:
    assert config()["Healthcheck"] == {"Test": ["NONE"]}


def test_what_is_not_said_is_left_to_the_image() -> None:
    assert not {"Cmd", "Entrypoint", "User", "WorkingDir", "StopSignal"} & config().keys()
    assert config(replace(SPEC, entrypoint=()))["Entrypoint"] == [""]


def test_labels_say_whose_it_is() -> None:
    labels = config()["Labels"]
    assert naming.place(labels) == PLACE
    assert labels["hive.home"] == "tag"


@pytest.mark.parametrize(
    "other",
    [
        config(image="sha256:2"),
        config(network="n2"),
        config(replace(SPEC, env={"A": "1"})),
        config(replace(SPEC, memory_bytes=1 << 26)),
        config(replace(SPEC, mounts=(Mounted("/data", volume="data"),))),
        config(declared={"/data": "hive-shop-auth-db-1"}),
    ],
)
def test_the_hash_follows_all_that_it_is_made_from(other: dict[str, Any]) -> None:
    assert other["Labels"][naming.CONFIG] != config()["Labels"][naming.CONFIG]
    assert config()["Labels"][naming.CONFIG] == config()["Labels"][naming.CONFIG]


def test_names_are_those_of_the_contract_and_fit_every_engine() -> None:
    assert naming.name(PLACE, "data") == "hive-shop-auth-data"
    assert naming.name(replace(PLACE, project="a shop!"), "x") == "hive-a-shop--auth-x"


@pytest.mark.parametrize(
    ("status", "message", "code"),
    [
        (
            500,
            "Bind for 127.0.0.1:1 failed: port is already allocated",
            "port_taken",
        ),
        (500, "listen tcp4 127.0.0.1:1: bind: address already in use", "port_taken"),
        (403, "Pool overlaps with other one on this address space", "subnet_taken"),
        (404, "No such container: x", "engine_missing"),
        (409, "Conflict. The container name is already in use", "engine_conflict"),
        (400, 'exec: "x": executable file not found in $PATH', "no_program"),
        (500, "exec /x: exec format error", "wrong_platform"),
        (400, "the --mount option requires BuildKit", "needs_buildkit"),
        (500, "write /var/lib: no space left on device", "disk_full"),
        (500, "something else", "engine_refused"),
    ],
)
def test_what_the_engine_refuses_has_a_code_and_a_remedy(
    status: int, message: str, code: str
) -> None:
    error = faults.refused(status, message, "start of db")
    assert error.code == code
    assert code == "subnet_taken" or error.hint


def test_an_engine_that_may_not_be_used_says_how_it_may() -> None:
    error = faults.unreachable(Endpoint("unix:///x.sock", "here"), PermissionError(13, "denied"))
    assert error.code == "engine_forbidden"
    assert "usermod" in str(error.hint)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("manifest for x:1 not found: manifest unknown", "image_missing"),
        ("pull access denied for x, repository does not exist", "image_missing"),
        ("no matching manifest for linux/arm64 in the manifest list entries", "wrong_platform"),
        ("dial tcp: lookup r.example.invalid: connection refused", "pull_failed"),
    ],
)
def test_an_image_that_is_not_to_be_had_says_why(message: str, code: str) -> None:
    assert faults.image_missing("x:1", message).code == code


def test_progress_is_one_line_a_second_with_what_is_done_and_all() -> None:
    now = [0.0]
    progress = PullProgress("x:1", lambda: now[0])

    def feed(layer: str, status: str, **detail: int) -> str | None:
        now[0] += 0.5
        return progress.feed({"id": layer, "status": status, "progressDetail": detail})

    lines = [
        feed("a", "Pulling fs layer"),
        feed("b", "Pulling fs layer"),
        feed("a", "Downloading", current=1_000_000, total=4_000_000),
        feed("a", "Pull complete"),
        feed("b", "Downloading", current=1_000_000, total=2_000_000),
    ]
    assert [line for line in lines if line] == [
        "pulling x:1: 0 of 1 layers, 0.0 of 0.0 MB",
        "pulling x:1: 0 of 2 layers, 1.0 of 4.0 MB",
        "pulling x:1: 1 of 2 layers, 5.0 of 6.0 MB",
    ]
    assert error_in({"errorDetail": {"message": "gone"}, "error": "x"}) == "gone"


@pytest.mark.parametrize(
    ("image", "registry"),
    [
        ("postgres:16", None),
        ("me/app", None),
        ("127.0.0.1:5000/app", "127.0.0.1:5000"),
        ("localhost/app", "localhost"),
        ("registry.example.invalid/app:1", "registry.example.invalid"),
    ],
)
def test_the_registry_of_a_reference(image: str, registry: str | None) -> None:
    assert credentials.registry_of(image) == registry


OWN = "https://index.engine.invalid/v1/"


@pytest.mark.parametrize(
    ("image", "key"),
    [
        ("postgres:16", OWN),
        ("engine.invalid/library/postgres", OWN),
        ("registry.example.invalid/app", "registry.example.invalid"),
        ("other.invalid/app", None),
    ],
)
def test_a_login_is_that_of_the_image_s_registry(
    tmp_path: Path, image: str, key: str | None
) -> None:
    def login(name: str) -> dict[str, str]:
        return {"auth": base64.b64encode(f"{name}:word".encode()).decode()}

    kept = {"auths": {name: login("me") for name in (OWN, "registry.example.invalid")}}
    (tmp_path / "config.json").write_text(json.dumps(kept))
    sent = credentials.header(image, tmp_path, {}, own=OWN)
    if key is None:
        assert sent == {}
        return
    told = json.loads(base64.urlsafe_b64decode(sent["X-Registry-Auth"]))
    assert told == {"username": "me", "password": "word", "serveraddress": key}
