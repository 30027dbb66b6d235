"""Finds the container engine as Docker's own client does, and then where others put theirs.

Reads variables and files; connects to nothing.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from hive_tui.model.errors import HiveError

DEFAULT_SOCKET = "/var/run/docker.sock"


class Endpoint(msgspec.Struct, frozen=True):
    """Where the engine is."""

    url: str
    """`unix:///path`, or `tcp://host:port` of this machine."""
    source: str
    """Why there, in words."""
    certificates: str | None = None
    """Folder with `ca.pem`, `cert.pem` and `key.pem`; `None` without TLS."""

    @property
    def path(self) -> str | None:
        """The socket's path; `None` where it is no Unix socket."""
        return self.url.removeprefix("unix://") if self.url.startswith("unix://") else None


def locate(environ: Mapping[str, str], *, uid: int) -> Endpoint:
    """The engine that Docker's client would speak to; else the first well-known socket there is.

    `DOCKER_HOST`, `DOCKER_CONTEXT` and the current context of Docker's configuration count in that
    order. Where none of them says anything, and nothing is at Docker's own place, rootless Docker,
    Docker Desktop, OrbStack, Colima, Rancher Desktop and Podman are looked for.

    Args:
        environ: The daemon's variables.
        uid: The user, for the folder of rootless sockets.

    Raises:
        HiveError: The context does not exist, or what is named is another machine.
    """
    home = Path(environ.get("HOME") or os.path.expanduser("~"))
    if host := environ.get("DOCKER_HOST"):
        secure = environ.get("DOCKER_TLS_VERIFY") not in (None, "", "0")
        folder = environ.get("DOCKER_CERT_PATH") or str(home / ".docker")
        return _local(Endpoint(host, "DOCKER_HOST", folder if secure else None))
    config = Path(environ.get("DOCKER_CONFIG") or home / ".docker")
    name, source = environ.get("DOCKER_CONTEXT"), "DOCKER_CONTEXT"
    if not name:
        name, source = _current_context(config), f"the current context of {config}/config.json"
    if name and name != "default":
        return _local(_context(config, name, source))
    for path, whose in _well_known(home, environ.get("XDG_RUNTIME_DIR") or f"/run/user/{uid}"):
        if _is_socket(path):
            return Endpoint(f"unix://{path}", whose)
    return Endpoint(f"unix://{DEFAULT_SOCKET}", "Docker's own place")


def _well_known(home: Path, runtime: str) -> Iterator[tuple[str, str]]:
    yield DEFAULT_SOCKET, "Docker's own place"
    yield f"{runtime}/docker.sock", "rootless Docker's place"
    yield f"{home}/.docker/run/docker.sock", "Docker Desktop's place"
    yield f"{home}/.docker/desktop/docker.sock", "Docker Desktop's place"
    yield f"{home}/.orbstack/run/docker.sock", "OrbStack's place"
    yield f"{home}/.colima/default/docker.sock", "Colima's place"
    yield f"{home}/.config/colima/default/docker.sock", "Colima's place"
    yield f"{home}/.rd/docker.sock", "Rancher Desktop's place"
    yield f"{runtime}/podman/podman.sock", "Podman's place"
    yield f"{home}/.local/share/containers/podman/machine/podman.sock", "Podman's place"
    yield "/run/podman/podman.sock", "Podman's place"


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


def _current_context(config: Path) -> str | None:
    try:
        found = json.loads((config / "config.json").read_bytes())
    except (OSError, ValueError):
        return None
    name = found.get("currentContext") if isinstance(found, dict) else None
    return name if isinstance(name, str) else None


def _context(config: Path, name: str, source: str) -> Endpoint:
    """What a context of Docker's client names. It is kept under the hash of its name."""
    place = hashlib.sha256(name.encode()).hexdigest()
    try:
        meta = json.loads((config / "contexts/meta" / place / "meta.json").read_bytes())
        host = str(meta["Endpoints"]["docker"]["Host"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HiveError(
            f"the Docker context {name!r} ({source}) cannot be used: {error!r}",
            hint="`docker context ls` shows what there is; `docker context use default` leaves it",
            code="no_engine",
        ) from error
    folder = config / "contexts/tls" / place / "docker"
    words = f"the context {name!r}, by {source}"
    return Endpoint(host, words, str(folder) if folder.is_dir() else None)


def _local(endpoint: Endpoint) -> Endpoint:
    """The endpoint, if it is on this machine: elsewhere neither ports nor folders are ours."""
    parts = urlsplit(endpoint.url)
    if parts.scheme == "unix":
        return endpoint
    if parts.scheme in ("tcp", "http", "https") and _is_loopback(parts.hostname or ""):
        return endpoint
    raise HiveError(
        f"the container engine is on another machine: {endpoint.url} ({endpoint.source})",
        hint="its ports and folders are not this machine's: unset DOCKER_HOST or "
        "`docker context use default`, then `hive daemon stop`",
        code="engine_remote",
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
