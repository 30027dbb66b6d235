"""What `hive doctor` looks at: the machine, this hive and the project, with a remedy for each."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hive_tui.config import loading
from hive_tui.config.checkout_files import CheckoutFiles
from hive_tui.config.collisions import collisions
from hive_tui.daemon import link_checks
from hive_tui.engine.hive import Hive
from hive_tui.engine.proxying import ProxyView
from hive_tui.model.errors import HiveError
from hive_tui.model.home import Home

_LOW_DISK_BYTES = 2 * 1024**3
_FEW_FILES = 1024


async def run(hive: Hive, home: Home, proxy: ProxyView, cwd: str) -> list[dict[str, Any]]:
    """Every check: name, whether it is well, what was found, and what to do."""
    return [
        await asyncio.to_thread(_git),
        _disk(home),
        _files(),
        _secrets(hive, home),
        _proxy(proxy),
        *await _engine(hive),
        await _leftovers(hive),
        *[row for name in hive.world.store.projects() for row in _project(hive, name)],
        *await link_checks.run(hive),
        await _here(hive, cwd),
    ]


def _row(name: str, ok: bool, message: str, hint: str | None = None) -> dict[str, Any]:
    return {"name": name, "ok": ok, "message": message, "hint": None if ok else hint}


def _git() -> dict[str, Any]:
    path = shutil.which("git")
    if path is None:
        return _row("git", False, "git is not on the daemon's PATH", "install git 2.35 or newer")
    found = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    words = found.stdout.split()
    version = words[2] if len(words) > 2 else "unknown"
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    return _row("git", numbers >= (2, 35), f"git {version}", "install git 2.35 or newer")


def _disk(home: Home) -> dict[str, Any]:
    free = shutil.disk_usage(home.state).free
    return _row(
        "disk",
        free >= _LOW_DISK_BYTES,
        f"{free / 1024**3:.1f} GiB free where the hive keeps its state ({home.state})",
        "free some space: logs and worktrees will fail to grow",
    )


def _files() -> dict[str, Any]:
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return _row(
        "open files",
        soft >= _FEW_FILES,
        f"at most {soft} open files",
        "raise the hard limit (`ulimit -H -n`), then `hive daemon stop`",
    )


def _secrets(hive: Hive, home: Home) -> dict[str, Any]:
    try:
        hive.world.secrets()
    except HiveError as error:
        return _row("secrets", False, error.message, error.hint)
    found = home.secrets.exists()
    return _row("secrets", True, str(home.secrets) if found else "no secrets file, none is needed")


def _proxy(proxy: ProxyView) -> dict[str, Any]:
    """The reverse proxy: where it is, or why it is not where it should be."""
    if proxy.problem is not None:
        return _row("proxy", False, proxy.problem, proxy.hint)
    if not proxy.on:
        return _row("proxy", True, "off; `hive proxy on` gives every service a name")
    return _row("proxy", True, f"every service by its name at {proxy.url}")


async def _engine(hive: Hive) -> list[dict[str, Any]]:
    """The container engine: what it is, or what is wrong where a project needs it."""
    found = await hive.world.containers.status()
    where = f"{found.endpoint} ({found.source})"
    needed = [
        project.name
        for project in hive.projects.values()
        if any(service.contained for service in project.services.values())
        or any(task.container is not None for task in project.tasks.values())
    ]
    if found.problem is not None:
        unneeded = "" if needed else "; no project needs one"
        return [_row("containers", not needed, f"{found.problem}{unneeded}", found.hint)]
    rows = [_row("containers", True, f"engine {found.version} at {where}")]
    return rows + [
        _row("containers", False, note, "see the engine's own manual") for note in found.notes
    ]


async def _leftovers(hive: Hive) -> dict[str, Any]:
    """What envs that are gone still have at shared services."""
    leaked = [f"{part.service} of {part.env.id}" for part in hive.sharing.leaked()]
    try:
        strange = await hive.sharing.strangers()
    except HiveError as error:
        return _row("shared services", False, error.message, error.hint or "see its `list`")
    leaked += [f"{part.service} of {part.env.id}, which nobody knows" for part in strange]
    if leaked:
        said = f"left by envs that are gone: {', '.join(leaked)}"
        return _row("shared services", False, said, "`hive gc` removes it")
    count = sum(len(common.own) for common in hive.commons)
    said = f"{count} shared services, nothing is left over" if count else "none"
    return _row("shared services", True, said)


def _project(hive: Hive, name: str) -> list[dict[str, Any]]:
    try:
        project = hive.project(name)
    except HiveError as error:
        return [_row(f"project {name}", False, error.message, error.hint or "mend hive.toml")]
    rows = [_row(f"project {name}", True, "hive.toml is fine")]
    found = collisions(project)
    rows.append(
        _row(
            f"ports and names of {name}",
            not found,
            "\n".join(found) or "nothing fixed that two envs would fight over",
            "templates such as {{port.NAME}} and {{env}} give each env its own",
        )
    )
    if project.published:
        ports = (f"{number} as {port}" for port, number in project.published.items())
        rows.append(
            _row(f"compose ports of {name}", True, f"each env has its own for {', '.join(ports)}")
        )
    if not project.sources and (untaken := _untaken(project.root)):
        rows.append(
            _row(f"compose file of {name}", True, untaken + ": [compose] gives each env its own")
        )
    if project.notes:
        rows.append(_row(f"compose notes of {name}", True, "\n".join(project.notes)))
    return rows


def _untaken(root: str) -> str:
    """What a compose file that hive.toml does not take over would collide by; empty without any."""
    from hive_tui.config.compose.taking import Request, take

    names = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
    file = next((name for name in names if os.path.isfile(os.path.join(root, name))), None)
    if file is None:
        return ""
    taken = take(Request((file,)), CheckoutFiles(Path(root)), known={})
    fixed = [f"port {number}" for number in taken.numbers.values()]
    fixed += [
        f"{note.path.rpartition('.')[0]} by its name"
        for note in taken.notes
        if note.path.endswith(".container_name")
    ]
    return f"{file} has fixed {', '.join(fixed)}" if fixed else ""


async def _here(hive: Hive, cwd: str) -> dict[str, Any]:
    try:
        place = await hive.world.worktrees.place(cwd)
    except HiveError as error:
        return _row("this folder", True, error.message)
    if not os.path.exists(os.path.join(place.root, "hive.toml")):
        return _row("this folder", False, f"{place.root} has no hive.toml", "run `hive init`")
    try:
        loading.load(place.root)
    except HiveError as error:
        return _row("this folder", False, error.message, error.hint or "mend hive.toml")
    return _row("this folder", True, f"in the repository {place.root}")
