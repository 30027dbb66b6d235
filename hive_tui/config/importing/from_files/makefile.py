"""Targets of a Makefile whose names say what they are for. Runs no make."""

from __future__ import annotations

import re

from hive_tui.config.importing import commands
from hive_tui.config.importing.checkout import Checkout
from hive_tui.config.importing.found import Findings, Port, Service, Suite, Task

_FILES = ("Makefile", "makefile", "GNUmakefile")
_TARGET = re.compile(r"^([A-Za-z][A-Za-z0-9_.-]*)[ \t]*:(?![:=])")
_SERVERS = ("dev", "serve", "run", "start", "up")
_BUILDS = ("build", "generate", "migrate", "seed")
_SETUPS = ("setup", "install", "deps", "bootstrap")
_SUITES = re.compile(r"(?:test|check|lint|e2e)(?:[-_.][a-z0-9_.-]+)?")
_NOT_SUITES = re.compile(r".*(?:watch|update|fix|clean|build|docker|deps|install).*")
_MOST = 8


def read(checkout: Checkout) -> Findings:
    """The first server target, build and setup targets, and suites."""
    file = checkout.first(*_FILES)
    if file is None:
        return Findings()
    recipes = _recipes(checkout.text(file))
    server = next((name for name in _SERVERS if name in recipes), None)
    suites = [name for name in recipes if _SUITES.fullmatch(name) and not _NOT_SUITES.match(name)]
    remarks = []
    if len(suites) > _MOST:
        remarks.append(f"{file}: of its suites the first {_MOST} were taken")
    tasks = [_task(file, name, recipes[name], None) for name in _BUILDS if name in recipes]
    setup = next((name for name in _SETUPS if name in recipes), None)
    if setup is not None:
        tasks.insert(0, _task(file, setup, recipes[setup], "spawn"))
    return Findings(
        services=() if server is None else (_server(file, server, recipes[server]),),
        tasks=tuple(tasks),
        suites=tuple(Suite(name, f"make {name}", f"{file}: {name}") for name in suites[:_MOST]),
        remarks=tuple(remarks),
    )


def _server(file: str, name: str, recipe: str) -> Service:
    number = commands.port_in(recipe)
    notes = []
    if number is not None:
        notes.append(commands.collides("target", number))
    if re.search(r"docker[ -]compose\b.*\bup\b", recipe):
        notes.append("it starts containers by itself: [compose] gives each environment its own")
    port = Port(number or commands.default_port(recipe), sure=commands.reads_port(recipe))
    return Service("web", f"make {name}", f"{file}: {name}", port=port, notes=tuple(notes))


def _task(file: str, name: str, recipe: str, when: str | None) -> Task:
    notes: tuple[str, ...] = ()
    if re.search(r"docker[ -]compose\b", recipe):
        notes = ("it uses docker compose by itself, outside of the environment",)
    return Task(name, f"make {name}", f"{file}: {name}", when=when, notes=notes)


def _recipes(text: str) -> dict[str, str]:
    """Targets in the order of the file, each with the lines below it."""
    recipes: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        if match := _TARGET.match(line):
            lines = recipes.setdefault(match.group(1), [])
        elif line.startswith("\t"):
            lines.append(line)
    return {name: "\n".join(lines) for name, lines in recipes.items()}
