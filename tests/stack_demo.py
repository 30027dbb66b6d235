"""The demo with containers, in a home of a test's own: its stack stands for a real product's."""

from __future__ import annotations

import json
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hive_tui.demo.stack_scenes import SCENES
from tests import engines, images
from tests.hives import Yard
from tests.stacks import Stack

NAMES = [scene.name for scene in SCENES]


@contextmanager
def home(variables: Mapping[str, str] | None = None, *, host: str | None = None) -> Iterator[Stack]:
    """An empty home, at which nothing is left afterwards, with images that can be had here.

    Args:
        variables: More of them for the commands.
        host: The engine's address, the usual one where left out.
    """
    yard = Yard(Path(tempfile.mkdtemp(prefix="hv-")))
    yard.repo.mkdir()
    yard.extra |= {
        "HIVE_DEMO_POSTGRES": images.postgres(),
        "HIVE_DEMO_REDIS": engines.redis(),
        **(variables or {}),
    }
    stack = Stack(yard, host)
    try:
        yield stack
    finally:
        stack.close()


def show(stack: Stack) -> None:
    """Make the demo, and take its repository for the yard's."""
    stack.yard.hive("demo", "--containers", "--no-dashboard")
    stack.yard.repo = stack.yard.home / "demo-stack/shop"
    stack.yard.trees = stack.yard.home / "demo-stack/worktrees"


def listed(stack: Stack) -> list[dict[str, Any]]:
    """All envs."""
    found: list[dict[str, Any]] = stack.yard.hive("list", "--json").json["environments"]
    return found


def ask(stack: Stack, env: str, path: str, method: str = "GET") -> Any:
    """What an env's API answers."""
    address = stack.yard.hive("url", env, "api").out.strip().rstrip("/")
    request = urllib.request.Request(address + path, method=method)
    return json.load(urllib.request.urlopen(request, timeout=10))


def order(stack: Stack, env: str) -> str:
    """Order something and wait until it is in the database; the ticket."""
    ticket = str(ask(stack, env, "/orders?product=1&quantity=2", "POST")["ticket"])
    stack.yard.until(lambda: ticket in tickets(stack, env), "the order is in the database")
    return ticket


def tickets(stack: Stack, env: str) -> list[str]:
    """Orders that are in the database."""
    return [row[0] for row in ask(stack, env, "/orders")]
