"""Writes a first hive.toml for a repository, out of its Procfile and package.json.

The proposal always parses; it is a beginning, commented so that a person can correct it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pygit2

from hive_tui.config.sources import Command, Findings, read_package, read_procfile

_LOCAL_FILES = (".env", ".env.local")

_HEAD = """\
# What an environment of this repository consists of; `hive schema` has every key.
# Try it with `hive spawn try --warm`, and take that one away with `hive destroy try`.

[project]
# base = "main"                 # branch that environments start from
# worktrees = "~/hive/{{project}}/{{env}}"
"""

_EXAMPLE = """\
# Nothing was found that says how this repository runs (no Procfile, no package.json scripts).
# Take the marks off what you need:

# [ports]
# names = { web = 0 }           # offsets in the block of ports that each environment gets

# [tasks.build]                 # runs to its end
# run = "make build"
# inputs = ["src/**"]           # skipped while these have not changed

# [services.web]                # keeps running
# run = "python -m http.server {{port.web}} --bind 127.0.0.1"
# needs = ["build"]
# ready = { tcp = "web" }

# [tests.unit]
# run = "make test"
"""


def propose(root: Path) -> str:
    """The text of a starting hive.toml for the repository at `root`.

    Without a Procfile or scripts it is a minimal file with commented examples.
    """
    processes = read_procfile(root)
    taken = {command.name for command in (*processes.services, *processes.tasks)}
    package = read_package(root, taken, servers=not processes.services)
    found = Findings(
        services=(*processes.services, *package.services),
        tasks=(*processes.tasks, *package.tasks),
        suites=package.suites,
        dependencies=package.dependencies,
        remarks=(*processes.remarks, *package.remarks),
    )
    copies = [name for name in _LOCAL_FILES if (root / name).is_file() and not _tracked(root, name)]
    return "\n".join([_HEAD, *_sections(found, copies)])


def _sections(found: Findings, copies: list[str]) -> Iterator[str]:
    if found.remarks:
        yield "".join(f"# {remark}\n" for remark in found.remarks)
    ports = [service.name for service in found.services if service.port]
    if ports:
        names = ", ".join(f"{name} = {offset}" for offset, name in enumerate(ports))
        yield f"[ports]\nnames = {{ {names} }}     # offsets in each environment's block\n"
    if found.dependencies is not None:
        yield (
            "[[link]]                        # taken from the main checkout\n"
            'path = "node_modules"\n'
            f"key = [{_quoted(found.dependencies.key)}]\n"
            f"install = {_quoted(found.dependencies.install)}\n"
        )
    for name in copies:
        yield f"[[copy]]                        # not in git\npath = {_quoted(name)}\n"
    for task in found.tasks:
        yield _task(task)
    for service in found.services:
        yield _service(service)
    for suite in found.suites:
        yield f"[tests.{suite.name}]\nrun = {_quoted(suite.run)}     # {suite.origin}\n"
    if not (found.services or found.tasks or found.suites):
        yield _EXAMPLE


def _task(task: Command) -> str:
    return (
        f"[tasks.{task.name}]\nrun = {_quoted(task.run)}     # {task.origin}\n"
        '# inputs = ["src/**"]           # skip it while these have not changed\n'
    )


def _service(service: Command) -> str:
    lines = [f"[services.{service.name}]", f"run = {_quoted(service.run)}     # {service.origin}"]
    if service.needs:
        lines.append(f"needs = [{', '.join(_quoted(name) for name in service.needs)}]")
    if service.port:
        port = f"{{{{port.{service.name}}}}}"
        lines.append(f"env = {{ PORT = {_quoted(port)} }}")
        ready = f"ready = {{ tcp = {_quoted(service.name)} }}"
        lines.append(ready if service.listens else f"# {ready}   # if it listens on PORT")
    if service.when is not None:
        lines.append(f"when = {_quoted(service.when)}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A TOML string: JSON's escapes are TOML's too, and commands hold only printable characters."""
    return json.dumps(text, ensure_ascii=False)


def _tracked(root: Path, name: str) -> bool:
    """Whether git has the file; False where its index cannot be read."""
    try:
        return name in pygit2.Repository(str(root)).index
    except pygit2.GitError:
        return False
