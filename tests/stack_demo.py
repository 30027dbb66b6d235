"""The demo with containers, in a home of a test's own: its stack stands for a real product's."""

from __future__ import annotations

import tempfile
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
def home(variables: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """An empty home, at which nothing is left afterwards, with images that can be had here."""
    yard = Yard(Path(tempfile.mkdtemp(prefix="hv-")))
    yard.repo.mkdir()
    yard.extra |= {
        "HIVE_DEMO_POSTGRES": images.postgres(),
        "HIVE_DEMO_REDIS": engines.redis(),
        **(variables or {}),
    }
    stack = Stack(yard)
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
