"""Scripts of package.json: dev, start and watch run on, build ends, test and test:… judge.

Packages of a workspace that have a server of their own are services in their folder.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from hive_tui.config.importing import commands
from hive_tui.config.importing.checkout import Checkout, UnreadableError, inside
from hive_tui.config.importing.found import PORT, Findings, Port, Service, Suite, Task

_FILE = "package.json"
_NO_TESTS = "no test specified"
"""What `npm init` writes where there are no tests."""

_MANAGERS = {
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
    "bun.lock": "bun",
    "bun.lockb": "bun",
    "package-lock.json": "npm",
    "npm-shrinkwrap.json": "npm",
}
_SUITE = re.compile(r"test(:[a-z0-9_-]+)?")
_FOR_PEOPLE = re.compile(r"test:(?:watch|ui|debug|headed|update|dev|open)\b.*")
"""Suites that go on, open a window or rewrite what they compare with."""
_SHOWN = 5
_MOST = 40
"""Packages of a workspace that are looked at."""


def read(checkout: Checkout) -> Findings:
    """What the root package and the packages of its workspace say."""
    if not checkout.has(_FILE):
        return Findings()
    package = checkout.json(_FILE)
    manager = manager_of(checkout, package)
    root = _Package(manager, _scripts(package), None, package)
    folders, remarks = _workspace(checkout, package)
    members = [
        _Package(manager, _scripts(member), folder, member) for folder, member in folders.items()
    ]
    own = root.server()
    servers = [own] if own is not None else [s for member in members if (s := member.server())]
    if own is not None and (apart := [member.folder for member in members if member.server()]):
        shown = ", ".join(str(folder) for folder in apart[:_SHOWN])
        more = f" and {len(apart) - _SHOWN} more" if len(apart) > _SHOWN else ""
        remarks.append(
            f"{_FILE}: {own.run} may start several of {shown}{more}; "
            "as services of their own, each with its port, they can be watched apart"
        )
    if own is not None and "start" in root.scripts and not own.origin.endswith("start"):
        remarks.append(f"{_FILE}: start was left out, because dev runs the same server")
    return Findings(
        services=(*servers, *root.watchers()),
        tasks=root.tasks(),
        suites=root.suites(),
        remarks=tuple(remarks),
    )


def manager_of(checkout: Checkout, package: dict[str, Any] | None = None) -> str:
    """Which package manager the lock file or the package names; `npm` where nothing does."""
    lock = checkout.first(*_MANAGERS)
    if lock is not None:
        return _MANAGERS[lock]
    named = str((package or {}).get("packageManager", "")).partition("@")[0]
    return named if named in _MANAGERS.values() else "npm"


class _Package(msgspec.Struct, frozen=True):
    manager: str
    scripts: dict[str, str]
    folder: str | None
    """Relative to the checkout; `None` for the root."""
    package: dict[str, Any]

    def server(self) -> Service | None:
        """The server that dev or start runs."""
        script = next((name for name in ("dev", "start") if name in self.scripts), None)
        if script is None:
            return None
        text = self.scripts[script]
        run, words = self._run(script), set(text.split())
        option = next((value for word, value in commands.OPTIONS.items() if word in words), None)
        number = commands.port_in(text) or commands.default_port(text)
        notes: tuple[str, ...] = ()
        if option is not None:
            run += f" {'-- ' if self.manager == 'npm' else ''}{option.format(port=PORT)}"
        elif (fixed := commands.port_in(text)) is not None and not commands.reads_port(text):
            notes = (commands.collides("script", fixed),)
        sure = option is not None or bool(words & commands.READERS) or commands.reads_port(text)
        needs = ("build",) if script == "start" and "build" in self.scripts else ()
        name = "web" if self.folder is None else self.folder.rpartition("/")[2]
        return Service(
            name,
            run,
            f"{self._file}: {script}",
            cwd=self.folder,
            needs=needs if self.folder is None else (),
            port=Port(number, sure=sure and not notes),
            notes=notes,
        )

    def watchers(self) -> tuple[Service, ...]:
        """What keeps something up to date from cold on."""
        if "watch" not in self.scripts:
            return ()
        run = self._run("watch")
        return (Service("watch", run, f"{self._file}: watch", when="cold", beside=True),)

    def tasks(self) -> tuple[Task, ...]:
        """What builds."""
        if "build" not in self.scripts:
            return ()
        return (Task("build", self._run("build"), f"{self._file}: build"),)

    def suites(self) -> tuple[Suite, ...]:
        """What judges."""
        return tuple(
            Suite(script.removeprefix("test:"), self._run(script), f"{self._file}: {script}")
            for script, text in self.scripts.items()
            if _SUITE.fullmatch(script)
            and _NO_TESTS not in text
            and not _FOR_PEOPLE.fullmatch(script)
        )

    @property
    def _file(self) -> str:
        return _FILE if self.folder is None else f"{self.folder}/{_FILE}"

    def _run(self, script: str) -> str:
        return f"{self.manager} run {script}"


def _scripts(package: dict[str, Any]) -> dict[str, str]:
    scripts = package.get("scripts")
    if not isinstance(scripts, dict):
        return {}
    return {name: text for name, text in scripts.items() if isinstance(text, str)}


def _workspace(
    checkout: Checkout, package: dict[str, Any]
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Packages of the workspace by folder, and remarks on those that cannot be used."""
    folders: dict[str, dict[str, Any]] = {}
    remarks: list[str] = []
    patterns = [pattern for pattern in _patterns(checkout, package) if inside(pattern)]
    matches = (
        match for pattern in patterns for match in checkout.glob(f"{pattern.rstrip('/')}/{_FILE}")
    )
    for match in dict.fromkeys(matches):
        if len(folders) == _MOST:
            remarks.append(f"{_FILE}: of its workspace the first {_MOST} packages were looked at")
            break
        if "node_modules" in match.split("/") or inside(match) is None:
            continue
        try:
            folders[match.removesuffix(f"/{_FILE}")] = checkout.json(match)
        except UnreadableError as error:
            remarks.append(str(error))
    return folders, remarks


def _patterns(checkout: Checkout, package: dict[str, Any]) -> list[str]:
    workspaces = package.get("workspaces")
    if isinstance(workspaces, dict):
        workspaces = workspaces.get("packages")
    if isinstance(workspaces, list):
        return [pattern for pattern in workspaces if isinstance(pattern, str)]
    if checkout.has("pnpm-workspace.yaml"):
        packages = checkout.yaml("pnpm-workspace.yaml").get("packages")
        nodes = packages.each() if packages is not None else ()
        return [node.value for node in nodes if isinstance(node.value, str)]
    return []
