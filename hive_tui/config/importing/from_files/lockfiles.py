"""Dependency folders, told from the lock files beside them."""

from __future__ import annotations

from hive_tui.config.importing.checkout import Checkout, UnreadableError
from hive_tui.config.importing.found import Findings, Folder, Task
from hive_tui.config.importing.from_files.package import manager_of

_NODE = {
    "pnpm-lock.yaml": "pnpm install --frozen-lockfile",
    "yarn.lock": "yarn install --frozen-lockfile",
    "bun.lock": "bun install --frozen-lockfile",
    "bun.lockb": "bun install --frozen-lockfile",
    "package-lock.json": "npm ci",
    "npm-shrinkwrap.json": "npm ci",
}
_PYTHON = {
    "uv.lock": "uv sync --frozen",
    "poetry.lock": "poetry install --no-interaction",
    "pdm.lock": "pdm sync",
    "Pipfile.lock": "pipenv sync --dev",
}
_OTHERS = (
    ("Gemfile.lock", "vendor/bundle", "bundle install"),
    ("composer.lock", "vendor", "composer install --no-interaction"),
    ("mix.lock", "deps", "mix deps.get"),
)


def read(checkout: Checkout) -> Findings:
    """A folder to link for each lock file, or a task that installs where links would lie."""
    folders = _node(checkout)
    for lock, path, install in _OTHERS:
        if checkout.has(lock) and (checkout.root / path).is_dir():
            folders.append(Folder(path, lock, (lock,), install))
    return Findings(folders=tuple(folders), tasks=_python(checkout))


def _node(checkout: Checkout) -> list[Folder]:
    lock = checkout.first(*_NODE)
    if lock is not None:
        return [Folder("node_modules", lock, (lock,), _NODE[lock])]
    if not checkout.has("package.json"):
        return []
    try:
        package = checkout.json("package.json")
    except UnreadableError:  # said by its own source
        return []
    if package.get("dependencies") or package.get("devDependencies"):
        install = f"{manager_of(checkout, package)} install"
        return [Folder("node_modules", "package.json", ("package.json",), install)]
    return []


def _python(checkout: Checkout) -> tuple[Task, ...]:
    """A virtual environment knows its own place, so each env installs one of its own."""
    lock = checkout.first(*_PYTHON)
    if lock is None:
        return ()
    notes = ("an environment installs its own: a virtual environment holds its own path",)
    return (Task("install", _PYTHON[lock], lock, when="spawn", inputs=(lock,), notes=notes),)
