"""A container engine of a test's own, which can be stopped, killed and started again."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from tests import engines
from tests.hives import alive

_DEADLINE_S = 60.0


def need() -> None:
    """Skip the test where no second engine can run; fail it where CI is."""
    engines.need()
    reason = None
    if os.geteuid() != 0:
        reason = "a second container engine needs root"
    elif shutil.which("dockerd") is None or shutil.which("ip") is None:
        reason = "dockerd or ip is not installed"
    if reason is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


class PrivateEngine:
    """A dockerd with folders, socket and namespaces of its own; it leaves the firewall alone."""

    def __init__(self) -> None:
        """Start it."""
        mark = secrets.token_hex(4)
        self.folder = Path(tempfile.gettempdir(), f"hv-engine-{mark}")
        self.folder.mkdir(mode=0o700)
        # without a bridge of its own it would take the usual one, or take it away
        self._bridge = f"hv{mark}"
        subnet = f"10.219.{int(mark[:2], 16)}.1/24"
        for words in (
            ("link", "add", self._bridge, "type", "bridge"),
            ("address", "add", subnet, "dev", self._bridge),
            ("link", "set", self._bridge, "up"),
        ):
            subprocess.run(["ip", *words], check=True)
        self.host = f"unix://{self.folder}/docker.sock"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it again; returns once it answers."""
        name = self.folder.name
        config = self.folder / "daemon.json"
        config.write_text("{}")
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    "dockerd",
                    f"--config-file={config}",
                    f"--data-root={self.folder}/data",
                    f"--exec-root={self.folder}/exec",
                    f"--pidfile={self.folder}/pid",
                    f"--host={self.host}",
                    f"--containerd-namespace={name}",
                    f"--containerd-plugins-namespace={name}-plugins",
                    f"--bridge={self._bridge}",
                    "--iptables=false",
                    "--storage-driver=vfs",
                ],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + _DEADLINE_S
        asked = ("version", "--format", "{{.Server.Version}}")
        while not engines.docker(*asked, host=self.host, check=False).strip():
            said = (self.folder / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, said
            assert self._process.poll() is None, said
            time.sleep(0.05)

    def take(self, reference: str) -> None:
        """Have an image of the usual engine."""
        with subprocess.Popen(["docker", "save", reference], stdout=subprocess.PIPE) as saving:
            environ = {**os.environ, "DOCKER_HOST": self.host}
            subprocess.run(
                ["docker", "load", "--quiet"],
                stdin=saving.stdout,
                stdout=subprocess.DEVNULL,
                env=environ,
                check=True,
            )

    def stop(self) -> None:
        """Ask it to end: it ends its containers first."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it and its containerd as a crash would: containers go on until it is back."""
        known = self.folder / "exec/containerd/containerd.pid"
        pid = int(known.read_text()) if known.exists() else 0  # the system's is left alone
        self._end(signal.SIGKILL)
        if not pid:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + _DEADLINE_S
        while alive(pid):
            assert time.monotonic() < deadline, "its containerd does not end"
            time.sleep(0.02)
        known.unlink(missing_ok=True)  # where nobody reaps it, it would count as alive

    def close(self) -> None:
        """End it and remove all that it had."""
        with contextlib.suppress(AssertionError):
            if self._process is None:
                self.start()
            ids = engines.docker("ps", "-aq", host=self.host, check=False).split()
            if ids:
                engines.docker("rm", "-f", *ids, host=self.host, check=False)
            networks = engines.docker(
                "network", "ls", "-q", "--filter", "driver=bridge", host=self.host, check=False
            ).split()
            if networks:
                engines.docker("network", "rm", *networks, host=self.host, check=False)
        self.stop()
        for pid in self._shims():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for line in Path("/proc/mounts").read_text().splitlines():
            if line.split()[1].startswith(str(self.folder)):
                subprocess.run(["umount", "-l", line.split()[1]], check=False)
        subprocess.run(["ip", "link", "delete", self._bridge], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _shims(self) -> list[int]:
        """What a killed engine has left running."""
        mark = self.folder.name.encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if mark in entry.read_bytes():
                    found.append(int(entry.parent.name))
        return found

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.wait(_DEADLINE_S)
