"""Fixed ports and names in commands and variables, which two envs would fight over. Pure.

A guess by the looks of a text: it misses what programs keep in files of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hive_tui.model.project import Project, Secret, Service, Task, TestSuite

_NUMBER = r"([1-9][0-9]{1,4})(?![0-9.])"
_PORTS = (
    re.compile(rf"--port[= ]{_NUMBER}"),
    re.compile(rf"(?:^|[\s;&])(?:[A-Z]+_)?PORT={_NUMBER}"),
    re.compile(rf"(?:0\.0\.0\.0|127\.0\.0\.1|localhost|\[::1?\]):{_NUMBER}"),
    re.compile(rf"\b(?:http\.server|runserver)\s+{_NUMBER}"),
    re.compile(rf"\s(?:-p|--publish)[= ](?:[0-9.]+:)?{_NUMBER}:[0-9]+"),
)
_NAMES = (
    re.compile(r"\b(?:docker|podman)\s(?:[^;&|]*\s)?run\s[^;&|]*--name[= ]([A-Za-z0-9_.-]+)"),
    re.compile(r"\b(?:docker|podman)[ -]compose\b[^;&|]*\s(?:-p|--project-name)[= ]([a-z0-9_-]+)"),
)
_COMPOSE = re.compile(r"\b(?:docker|podman)[ -]compose\b[^;&|]*\sup\b")
_PORT_VALUE = re.compile(r"[1-9][0-9]{1,4}")


def collisions(project: Project) -> tuple[str, ...]:
    """What two envs of the project would both want, one line each."""
    found = [*_of_variables("env", project.env)]
    for kind, table in (
        ("services", project.services),
        ("tasks", project.tasks),
        ("tests", project.tests),
    ):
        for name, one in table.items():
            found += _of(f"{kind}.{name}", one)
    return tuple(dict.fromkeys(found))


def _of(path: str, one: Service | Task | TestSuite) -> Iterator[str]:
    inside = isinstance(one, Service) and one.kind == "container"
    if inside:
        # What a container listens on inside is its own: only its published ports could collide.
        return
    if one.run:
        yield from _of_text(f"{path}.run", one.run)
    yield from _of_variables(f"{path}.env", one.env)
    if isinstance(one, Service) and one.ready is not None:
        yield from _of_text(f"{path}.ready", one.ready.value)


def _of_variables(path: str, variables: dict[str, str | Secret]) -> Iterator[str]:
    for name, value in variables.items():
        if isinstance(value, Secret):
            continue
        if name.endswith("PORT") and _PORT_VALUE.fullmatch(value):
            yield _port(f"{path}.{name}", value)
        else:
            yield from _of_text(f"{path}.{name}", value)


def _of_text(path: str, text: str) -> Iterator[str]:
    for pattern in _PORTS:
        for match in pattern.finditer(text):
            yield _port(path, match.group(1))
    for pattern in _NAMES:
        for match in pattern.finditer(text):
            yield f"{path} has the fixed name {match.group(1)}: put {{{{env}}}} into it"
    if _COMPOSE.search(text):
        yield f"{path} runs docker compose by itself: [compose] gives each env its own containers"


def _port(path: str, number: str) -> str:
    return f"{path} has the fixed port {number}: name it in [ports] and write {{{{port.NAME}}}}"
