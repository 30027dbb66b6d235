"""What can be told from a command alone: its port, whether it runs on, whether it may be taken."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

_USES_PORT = re.compile(r"\$\{?PORT\b")
_NUMBER = r"(?<![0-9.])([1-9][0-9]{1,4})(?![0-9.])"
_PORT_WORDS = (
    re.compile(rf"--port[= ]{_NUMBER}"),
    re.compile(rf"(?:^|[\s;&])(?:[A-Z]+_)?PORT={_NUMBER}"),
    re.compile(rf"(?<!/)(?:0\.0\.0\.0|127\.0\.0\.1|localhost|\[::\]|\s):{_NUMBER}(?!/)"),
    re.compile(rf"\b(?:http\.server|runserver)\s+{_NUMBER}"),
    re.compile(
        rf"\b(?:next|rails|puma|flask|http-server|serve|nuxt|astro|hugo|php)\b[^;&|]*?"
        rf"\s-[pl][= ]?{_NUMBER}"
    ),
)
_LOCAL = re.compile(r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0):([1-9][0-9]{1,4})(?![0-9])")
_RUNS_ON = re.compile(
    r"\b(?:dev|serve|server|start|watch|up|runserver|uvicorn|gunicorn|nodemon|worker|celery|sidekiq"
    r"|hypercorn|webpack-dev-server|storybook|tail)\b|--watch\b"
)
_ENDS = re.compile(
    r"\b(?:install|ci|build|migrate|seed|compile|sync|copy|cp|generate|bundle|setup)\b"
)

OPTIONS = {
    "vite": "--port {port} --strictPort",
    "astro": "--port {port}",
    "ng": "--port {port}",
    "storybook": "--port {port}",
    "wrangler": "--port {port}",
    "webpack-dev-server": "--port {port}",
}
"""Programs that take their port as an option and not from PORT."""

READERS = {
    "next",
    "nuxt",
    "nuxi",
    "react-scripts",
    "remix",
    "remix-serve",
    "react-router-serve",
    "gatsby",
    "expo",
}
"""Programs that are known to listen on PORT."""

DEFAULT_PORTS = {
    "vite": 5173,
    "next": 3000,
    "nuxt": 3000,
    "nuxi": 3000,
    "react-scripts": 3000,
    "astro": 4321,
    "ng": 4200,
    "storybook": 6006,
    "wrangler": 8787,
    "gatsby": 8000,
    "rails": 3000,
    "uvicorn": 8000,
    "gunicorn": 8000,
    "flask": 5000,
    "runserver": 8000,
}
"""Where they listen if nobody says otherwise: only used to name the offset after."""


def usable(run: object) -> bool:
    """Whether the text can stand in hive.toml as a command."""
    if not isinstance(run, str) or not run.strip() or "{{" in run:
        return False
    return all(char.isprintable() or char in "\t\n" for char in run)


def why_not(run: object) -> str:
    """Why a text that is not usable is left out."""
    if not isinstance(run, str) or not run.strip():
        return "it has no command"
    return "its command holds two braces" if "{{" in run else "its command holds odd characters"


def joined(words: Iterable[Any]) -> str:
    """A command line for a shell out of a list of words."""
    return shlex.join(str(word) for word in words)


def reads_port(run: str) -> bool:
    """Whether the command itself refers to PORT."""
    return _USES_PORT.search(run) is not None


def port_in(run: str) -> int | None:
    """The port number that a command names as its own; `None` where it names none."""
    for pattern in _PORT_WORDS:
        if match := pattern.search(run):
            number = int(match.group(1))
            if 80 <= number <= 65535:
                return number
    return None


def default_port(run: str) -> int | None:
    """Where the first known program of a command listens by default."""
    return next((DEFAULT_PORTS[word] for word in run.split() if word in DEFAULT_PORTS), None)


def with_ports(text: str, names: Mapping[int, str]) -> str:
    """The text with the known numbers, where they mean ports, replaced by their names."""
    for number, name in names.items():
        text = re.sub(
            rf"(?P<before>--port[= ]|PORT=|(?:0\.0\.0\.0|127\.0\.0\.1|localhost|\[::\]|\s):"
            rf"|(?:http\.server|runserver)\s+|\s-[pl][= ]?){number}(?![0-9.])",
            lambda match, name=name: f"{match['before']}{{{{port.{name}}}}}",  # type: ignore[misc]
            text,
        )
    return text


def local_port(text: str) -> int | None:
    """The number of a port of this machine in a URL or an address; `None` without one."""
    match = _LOCAL.search(text)
    return int(match.group(1)) if match else None


def collides(what: str, number: int) -> str:
    """A note on a port that stands where hive.toml cannot reach it."""
    return f"the {what} has the port {number} in it: take PORT there, or two environments collide"


def runs_on(run: str) -> bool:
    """Whether the command looks like a server or a watcher rather than one that ends."""
    return _RUNS_ON.search(run) is not None and not _ENDS.search(run)
