"""Turns what a container should be into the engine's own words. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from hive_tui.drivers.docker import naming
from hive_tui.engine.container_protocols import ContainerSpec

GATEWAY = "host.docker.internal"
"""The name by which a container reaches this machine, on every engine."""

_KEPT_FILES = 2
_LEAST_LOG_BYTES = 65536


def config(
    spec: ContainerSpec,
    *,
    home: str,
    image: str,
    reference: str,
    network: str,
    volumes: Mapping[str, str],
    declared: Mapping[str, str],
) -> dict[str, Any]:
    """The body of the call that makes the container; a label has the hash of the rest.

    Args:
        spec: What it should be.
        home: Tag of the hive.
        image: Id of the image, so that a newer one of the same name makes a new container.
        reference: Its name.
        network: Id of the env's network.
        volumes: Name within the env -> the engine's name, of all that it mounts.
        declared: Path inside -> the engine's name, of volumes that the image declares.
    """
    ports = {f"{inside}/tcp": port for port, inside in spec.ports.items()}
    names = list(dict.fromkeys((spec.place.service, *spec.aliases)))
    body: dict[str, Any] = {
        "Image": reference,
        "Hostname": spec.place.service,
        "Env": [f"{name}={value}" for name, value in spec.env.items()],
        "ExposedPorts": {inside: {} for inside in ports},
        # an image's own check costs a process every few seconds, and says nothing that is used
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": {
            "RestartPolicy": {"Name": "no"},
            "Init": spec.init,
            "NetworkMode": network,
            "PortBindings": {
                inside: [{"HostIp": "127.0.0.1", "HostPort": str(port)}]
                for inside, port in ports.items()
            },
            "Mounts": _mounts(spec, volumes, declared),
            "Tmpfs": spec.tmpfs,
            "ExtraHosts": _hosts(spec.extra_hosts),
            "LogConfig": _log(spec.log_max_bytes),
        },
        "NetworkingConfig": {"EndpointsConfig": {network: {"Aliases": names}}},
    }
    optional = {
        "Cmd": None if spec.command is None else list(spec.command),
        "Entrypoint": None if spec.entrypoint is None else list(spec.entrypoint) or [""],
        "User": spec.user,
        "WorkingDir": spec.working_dir,
        "StopSignal": spec.stop_signal,
    }
    body.update({key: value for key, value in optional.items() if value is not None})
    if spec.memory_bytes is not None:
        body["HostConfig"] |= {"Memory": spec.memory_bytes, "MemorySwap": spec.memory_bytes}
    if spec.shm_bytes is not None:
        body["HostConfig"]["ShmSize"] = spec.shm_bytes
    if spec.ulimits:
        body["HostConfig"]["Ulimits"] = [
            {"Name": name, "Soft": soft, "Hard": hard}
            for name, (soft, hard) in spec.ulimits.items()
        ]
    if spec.cap_add:
        body["HostConfig"]["CapAdd"] = list(spec.cap_add)
    if spec.cpus is not None:
        body["HostConfig"]["NanoCpus"] = round(spec.cpus * 1e9)
    digest = hashlib.sha256(json.dumps([image, body], sort_keys=True).encode()).hexdigest()
    return {**body, "Labels": {**naming.labels(home, spec.place), naming.CONFIG: digest[:32]}}


def _mounts(
    spec: ContainerSpec, volumes: Mapping[str, str], declared: Mapping[str, str]
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for mount in spec.mounts:
        named = mount.volume is not None
        source = volumes[mount.volume] if mount.volume is not None else mount.source
        found.append(
            {
                "Type": "volume" if named else "bind",
                "Source": source,
                "Target": mount.target,
                "ReadOnly": mount.read_only,
            }
        )
    found += [
        {"Type": "volume", "Source": source, "Target": path, "ReadOnly": False}
        for path, source in declared.items()
    ]
    return found


def _hosts(extra: Mapping[str, str]) -> list[str]:
    hosts = {GATEWAY: "host-gateway", **extra}
    return [f"{name}:{address}" for name, address in hosts.items()]


def _log(max_bytes: int) -> dict[str, Any]:
    each = max(_LEAST_LOG_BYTES, max_bytes // _KEPT_FILES)
    return {
        "Type": "json-file",
        "Config": {"max-size": str(each), "max-file": str(_KEPT_FILES)},
    }
