"""A real container engine for tests: its images, and that nothing of a test is left at it."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

BUSYBOX = "hive-test/busybox:1"
"""Busybox and nothing else, with its tools by name."""

REDIS = "hive-test/redis:1"
"""A real Redis, its client, and busybox."""

_BUSYBOX = "/usr/bin/busybox"
_APPLETS = (
    "sh", "cat", "echo", "env", "false", "httpd", "id", "kill", "ls", "mkdir", "nc", "nslookup",
    "pwd", "seq", "sleep", "test", "touch", "trap", "true", "wget", "ps", "head", "dd",
    "tail", "awk", "hostname",
)  # fmt: skip


def docker(*args: str, check: bool = True, host: str | None = None) -> str:
    """Run Docker's own client; its output."""
    environ = {**os.environ, **({"DOCKER_HOST": host} if host else {})}
    done = subprocess.run(
        ["docker", *args], capture_output=True, text=True, check=False, env=environ
    )
    assert not check or done.returncode == 0, f"docker {' '.join(args)}\n{done.stderr}"
    return done.stdout


@functools.cache
def missing() -> str | None:
    """Why there is no engine to test with; `None` where there is one."""
    if shutil.which("docker") is None:
        return "the docker command is not installed"
    if not Path(_BUSYBOX).exists():
        return "busybox-static is not installed"
    done = subprocess.run(["docker", "version"], capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"no container engine runs: {done.stderr.strip()}"


def need() -> None:
    """Skip the test without an engine; fail it where CI is."""
    if (reason := missing()) is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


def busybox(host: str | None = None) -> str:
    """The busybox image, made where it is not there; its reference."""
    if not docker("images", "-q", BUSYBOX, host=host).strip():
        image(BUSYBOX, {f"bin/{name}": "busybox" for name in _APPLETS}, host=host)
    return BUSYBOX


def image(
    reference: str,
    links: Mapping[str, str],
    programs: Sequence[str] = (),
    *,
    host: str | None = None,
) -> None:
    """Import an image of busybox with links to it, and of programs of this machine."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "image.tar")
        with tarfile.open(path, "w") as tar:
            for name in ("bin", "tmp", "etc", "www", "data"):
                entry = tarfile.TarInfo(name)
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(entry)
            tar.add(_BUSYBOX, "bin/busybox")
            for file in _with_libraries(programs):
                tar.add(file.resolve(), str(file).lstrip("/"))
            for name, target in links.items():
                entry = tarfile.TarInfo(name)
                entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, target, 0o777
                tar.addfile(entry)
        docker("import", "--change", "ENV PATH=/bin:/usr/bin", str(path), reference, host=host)


def redis(host: str | None = None) -> str:
    """A real Redis out of Debian's package, made where it is not there; its reference."""
    if not docker("images", "-q", REDIS, host=host).strip():
        programs = ("/usr/bin/redis-server", "/usr/bin/redis-cli")
        image(REDIS, {f"bin/{name}": "busybox" for name in _APPLETS}, programs, host=host)
    return REDIS


def _with_libraries(programs: Sequence[str]) -> list[Path]:
    """The programs and all shared libraries that they load."""
    found = {Path(program) for program in programs}
    for program in programs:
        told = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
        found |= {Path(word) for word in told.split() if word.startswith("/")}
    return sorted(found)


def left(home: str, host: str | None = None) -> dict[str, list[str]]:
    """Everything at the engine that carries a hive's tag: kind -> ids or names."""
    label = f"label=hive.home={home}"
    return {
        "containers": docker("ps", "-aq", "--filter", label, host=host).split(),
        "networks": docker("network", "ls", "-q", "--filter", label, host=host).split(),
        "volumes": docker("volume", "ls", "-q", "--filter", label, host=host).split(),
    }


def sweep(home: str, host: str | None = None) -> None:
    """Remove all of it."""
    found = left(home, host)
    if found["containers"]:
        docker("rm", "-fv", *found["containers"], check=False, host=host)
    if found["networks"]:
        docker("network", "rm", *found["networks"], check=False, host=host)
    if found["volumes"]:
        docker("volume", "rm", "-f", *found["volumes"], check=False, host=host)


def inspect(container: str, host: str | None = None) -> dict[str, object]:
    """What the engine says of a container."""
    found: dict[str, object] = json.loads(docker("inspect", container, host=host))[0]
    return found
