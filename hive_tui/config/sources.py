"""Reads what other tools' files say about how a repository runs: Procfile and package.json.

Makes guesses, and says where it does. Writes nothing; a file that cannot be read becomes a remark.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec

_SIZE_LIMIT = 1024 * 1024
_PROCESS_LIMIT = 100
_PROCESS = re.compile(r"([A-Za-z0-9_-]+)\s*:\s*(\S.*)")
_USES_PORT = re.compile(r"\$\{?PORT\b")
_LOCKS = {
    "pnpm-lock.yaml": ("pnpm", "pnpm install --frozen-lockfile"),
    "yarn.lock": ("yarn", "yarn install --frozen-lockfile"),
    "package-lock.json": ("npm", "npm ci"),
    "npm-shrinkwrap.json": ("npm", "npm ci"),
}
_PORT_OPTIONS = {"vite": "--port {port} --strictPort", "astro": "--port {port}"}
"""Programs that take their port as an option and not from PORT."""

_PORT_READERS = {"next", "nuxt", "nuxi", "react-scripts", "remix", "remix-serve"}
"""Programs that are known to listen on PORT."""

_NO_TESTS = "no test specified"
"""What `npm init` writes where there are no tests."""


class Command(msgspec.Struct, frozen=True):
    """A service, task or suite that a file speaks of."""

    name: str
    """Valid in hive.toml."""
    run: str
    origin: str
    """Where it was found, for a comment."""
    port: bool = False
    """True where it gets a port, named as it is."""
    listens: bool = False
    """True where it surely listens on that port."""
    needs: tuple[str, ...] = ()
    when: str | None = None


class Dependencies(msgspec.Struct, frozen=True):
    """How node_modules is filled."""

    key: str
    """File that says what is in it."""
    install: str


class Findings(msgspec.Struct, frozen=True):
    """All that was found, and remarks on what was left out."""

    services: tuple[Command, ...] = ()
    tasks: tuple[Command, ...] = ()
    suites: tuple[Command, ...] = ()
    dependencies: Dependencies | None = None
    remarks: tuple[str, ...] = ()


def read_procfile(root: Path) -> Findings:
    """Processes of `Procfile.dev`, or else of `Procfile`; `release` becomes a task."""
    name = next((name for name in ("Procfile.dev", "Procfile") if (root / name).is_file()), None)
    if name is None:
        return Findings()
    text = _text(root / name)
    if text is None:
        return Findings(remarks=(f"{name} could not be read",))
    services: list[Command] = []
    tasks: list[Command] = []
    remarks: list[str] = []
    taken: set[str] = set()
    for line in text.splitlines():
        match = _PROCESS.fullmatch(line.strip())
        if match is None:
            continue
        process, run = match.groups()
        if len(services) == _PROCESS_LIMIT:
            remarks.append(f"{name}: all after the first {_PROCESS_LIMIT} were left out")
            break
        if not _usable(run):
            remarks.append(f"{name}: {process} was left out: odd characters, or two braces")
            continue
        origin = f"{name}: {process}"
        if process == "release":
            tasks.append(Command(_unused("release", taken), run, origin))
        else:
            listens = process == "web" or _USES_PORT.search(run) is not None
            service = Command(_unused(process, taken), run, origin, port=listens, listens=listens)
            services.append(service)
    needs = tuple(task.name for task in tasks)
    return Findings(
        services=tuple(msgspec.structs.replace(service, needs=needs) for service in services),
        tasks=tuple(tasks),
        remarks=tuple(remarks),
    )


def read_package(root: Path, taken: Collection[str], *, servers: bool) -> Findings:
    """Scripts of package.json: dev, start and watch run on, build ends, test and test:… judge.

    Args:
        root: Main checkout.
        taken: Names that services and tasks have already.
        servers: False where something else already says how the servers are started.
    """
    path = root / "package.json"
    if not path.is_file():
        return Findings()
    package = _json(path)
    if package is None:
        return Findings(remarks=("package.json could not be read",))
    scripts = _scripts(package)
    lock = next((name for name in _LOCKS if (root / name).is_file()), None)
    manager, install = _LOCKS[lock] if lock else ("npm", "npm install")
    used = set(taken)
    tasks = tuple(
        Command(_unused("build", used), f"{manager} run build", "package.json: build")
        for name in scripts
        if name == "build"
    )
    remarks: list[str] = []
    services: list[Command] = []
    server = next((name for name in ("dev", "start") if name in scripts), None)
    if servers and server is not None:
        needs = tuple(task.name for task in tasks) if server == "start" else ()
        services.append(_server(server, scripts[server], manager, needs, used))
        if server == "dev" and "start" in scripts:
            remarks.append("package.json: start was left out, because dev runs the same server")
    elif server is not None:
        remarks.append(f"package.json: {server} was left out, because the Procfile has services")
    if "watch" in scripts:
        name = _unused("watch", used)
        run = f"{manager} run watch"
        services.append(Command(name, run, "package.json: watch", when="cold"))
    return Findings(
        services=tuple(services),
        tasks=tasks,
        suites=_suites(scripts, manager, used),
        dependencies=_dependencies(package, lock, install),
        remarks=tuple(remarks),
    )


def _server(
    script: str, text: str, manager: str, needs: tuple[str, ...], used: set[str]
) -> Command:
    name = _unused("web", used)
    run = f"{manager} run {script}"
    words = set(text.split())
    option = next((value for word, value in _PORT_OPTIONS.items() if word in words), None)
    if option is not None:
        dashes = "-- " if manager == "npm" else ""
        run = f"{run} {dashes}{option.format(port=f'{{{{port.{name}}}}}')}"
    listens = option is not None or bool(words & _PORT_READERS) or bool(_USES_PORT.search(text))
    return Command(name, run, f"package.json: {script}", port=True, listens=listens, needs=needs)


def _suites(scripts: dict[str, str], manager: str, used: set[str]) -> tuple[Command, ...]:
    return tuple(
        Command(
            _unused(script.removeprefix("test:"), used),
            f"{manager} run {script}",
            f"package.json: {script}",
        )
        for script, text in scripts.items()
        if re.fullmatch(r"test(:[a-z0-9_-]+)?", script)
        and _NO_TESTS not in text
        and script != "test:watch"
    )


def _dependencies(package: dict[str, Any], lock: str | None, install: str) -> Dependencies | None:
    if lock or package.get("dependencies") or package.get("devDependencies"):
        return Dependencies(lock or "package.json", install)
    return None


def _scripts(package: dict[str, Any]) -> dict[str, str]:
    scripts = package.get("scripts")
    if not isinstance(scripts, dict):
        return {}
    return {name: text for name, text in scripts.items() if isinstance(text, str)}


def _json(path: Path) -> dict[str, Any] | None:
    text = _text(path)
    try:
        value = json.loads(text or "")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _text(path: Path) -> str | None:
    """The file's text; `None` where it is too large, not UTF-8 or cannot be read."""
    try:
        if path.stat().st_size > _SIZE_LIMIT:
            return None
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None


def _usable(run: str) -> bool:
    return "{{" not in run and all(char.isprintable() or char == "\t" for char in run)


def _unused(name: str, used: set[str]) -> str:
    """A valid name near `name` that is not in `used`; added to it.

    Without underscores, so that no two names make the same `HIVE_PORT_<NAME>`.
    """
    stem = re.sub(r"^[^a-z]+", "", name.lower().replace("_", "-"))[:56] or "process"
    candidate, number = stem, 2
    while candidate in used:
        candidate, number = f"{stem}-{number}", number + 1
    used.add(candidate)
    return candidate
