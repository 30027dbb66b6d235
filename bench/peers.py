"""Runners of other makers, and how each is told to run a generated graph.

A peer that is not on the machine is installed by its own package client into a cache folder; where
that does not work it is left out, with the reason.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import psutil

from bench.graphs import BEGIN, END, Commands, Graph, build_ninja, package_json, process_compose
from bench.yards import Reports

WIREIT = "wireit@0.14.13"
PROCESS_COMPOSE = "github.com/f1bonacc1/process-compose"

_INSTALL_S = 300.0
_END_S = 4.0
"""How long a peer may take to end by itself, and again once it was asked to."""


class Took(msgspec.Struct, frozen=True):
    """One run of one graph, in seconds."""

    inner_s: float
    """From the report of the first job to that of the last: without the runner's own start."""
    whole_s: float
    """From the launch of the runner to the report of the last job."""


class Peer(msgspec.Struct, frozen=True):
    """A runner with one setting."""

    name: str
    setting: str
    file: str
    """Name of the file with the graph."""
    argv: tuple[str, ...]
    variables: Mapping[str, str] = {}
    probe: Mapping[str, int] | None = None
    """process-compose: settings of the readiness probe."""
    largest: int | None = None
    """With more steps than this it takes too long; `None`: never."""
    slots: int | None = None
    """How many jobs at once; `None`: all."""
    modules: str | None = None
    """npm's folder, to be linked beside the file."""


class Absent(msgspec.Struct, frozen=True):
    """A runner that cannot be had here."""

    name: str
    reason: str


def find() -> tuple[list[Peer], list[Absent]]:
    """The peers that can be run on this machine, installing what is missing."""
    peers: list[Peer] = []
    absent: list[Absent] = []
    for look in (_ninja, _wireit, _process_compose):
        found = look(cache())
        if isinstance(found, Absent):
            absent.append(found)
        else:
            peers.extend(found)
    return peers, absent


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """An empty folder for a peer, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="hive-bench-") as made:
        yield Path(made)


def run(peer: Peer, graph: Graph, folder: Path, reports: Reports) -> Took:
    """Run a graph through a peer once.

    Args:
        peer: Which one.
        graph: What to run.
        folder: An empty folder of its own; filled on the first call.
        reports: Where the first and the last job report.

    Raises:
        ChildProcessError: The peer failed.
        TimeoutError: The last job never reported.
    """
    ready = folder / "ready"
    shutil.rmtree(ready, ignore_errors=True)
    ready.mkdir()
    commands = Commands(str(reports.path), str(ready))
    match peer.name:
        case "ninja":
            text = build_ninja(graph, commands)
        case "wireit":
            text = package_json(graph, commands)
        case _:
            text = process_compose(graph, commands, peer.probe)
    (folder / peer.file).write_text(text)
    if peer.modules is not None and not (folder / "node_modules").exists():
        (folder / "node_modules").symlink_to(peer.modules)
    reports.clear()
    with (folder / "output").open("wb") as output:
        launched_ns = time.time_ns()
        process = subprocess.Popen(
            peer.argv,
            cwd=folder,
            env={**os.environ, **peer.variables},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            seen = reports.until(END, process)
            return Took((seen[END] - seen[BEGIN]) / 1e9, (seen[END] - launched_ns) / 1e9)
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """See the peer off, with everything that it started: it has done what was asked of it.

    Those that end by themselves stop their services first; services may be sessions of their own.
    """
    family = [psutil.Process(process.pid)]
    with contextlib.suppress(psutil.NoSuchProcess):
        family += family[0].children(recursive=True)
    for number in (0, signal.SIGTERM):
        with contextlib.suppress(subprocess.TimeoutExpired, ProcessLookupError):
            os.killpg(process.pid, number)
            process.wait(_END_S)
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    process.wait()


def cache() -> Path:
    """Where installed peers are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base, "hive-bench")


def _ninja(cache: Path) -> list[Peer] | Absent:
    if (program := shutil.which("ninja")) is None:
        return Absent("ninja", "not on PATH")
    return [
        Peer("ninja", "-j64", "build.ninja", (program, "-j64", END)),
        Peer("ninja", "default", "build.ninja", (program, END), slots=(os.cpu_count() or 1) + 2),
        Peer("ninja", "-j2", "build.ninja", (program, "-j2", END), slots=2),
    ]


def _wireit(cache: Path) -> list[Peer] | Absent:
    npm = shutil.which("npm")
    if npm is None:
        return Absent("wireit", "no npm on PATH")
    modules = cache / "npm" / "node_modules"
    if not (modules / "wireit").is_dir():
        folder = str(modules.parent)
        words = (npm, "install", "--prefix", folder, "--no-audit", "--no-fund", WIREIT)
        if (reason := install(words)) is not None:
            return Absent("wireit", reason)
    common = {"WIREIT_CACHE": "none", "WIREIT_LOGGER": "quiet-ci"}
    settings = (("infinity", None), ("default", (os.cpu_count() or 1) * 2), ("2", 2))
    return [
        Peer(
            "wireit",
            setting if setting == "default" else f"parallel {setting}",
            "package.json",
            (npm, "run", "--silent", END),
            common if setting == "default" else {**common, "WIREIT_PARALLEL": setting},
            slots=slots,
            modules=str(modules),
        )
        for setting, slots in settings
    ]


def _process_compose(cache: Path) -> list[Peer] | Absent:
    program = shutil.which("process-compose")
    installed = cache / "go" / "process-compose"
    if program is None and not installed.is_file():
        go = shutil.which("go")
        if go is None:
            return Absent("process-compose", "not on PATH, and no go to install it with")
        words = (go, "install", f"{PROCESS_COMPOSE}@latest")
        if (reason := install(words, GOBIN=str(installed.parent))) is not None:
            return Absent("process-compose", reason)
    argv = (program or str(installed), "up", "-t=false", "-U", "-f", "process-compose.yaml")
    patient = {"period_seconds": 1, "failure_threshold": 1000}
    file = "process-compose.yaml"
    return [
        Peer("process-compose", "log line", file, argv),
        Peer("process-compose", "probe each 1 s", file, argv, probe=patient),
        Peer("process-compose", "default probe", file, argv, probe={}, largest=10),
    ]


def install(words: tuple[str, ...], **variables: str) -> str | None:
    """Install something; why that did not work, or `None`."""
    try:
        ran = subprocess.run(
            words,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_INSTALL_S,
        )
    except subprocess.TimeoutExpired:
        return f"`{' '.join(words[:2])}` took longer than {_INSTALL_S:g} s"
    if ran.returncode == 0:
        return None
    said = " ".join((ran.stderr or ran.stdout).split()[-8:])
    return f"`{' '.join(words[:2])}` failed: {said}"
