"""The sample projects of `hive demo`: one of processes alone, and one with containers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from hive_tui.demo import scenes, stack_scenes
from hive_tui.demo.scenes import Scene


class Sample(NamedTuple):
    """A project to show."""

    project: str
    """The name in its hive.toml."""
    command: str
    """That makes it."""
    folder: str
    """Below the home's state."""
    files: Path
    """What the repository is made of."""
    scenes: tuple[Scene, ...]
    last: Scene | None = None
    """The env that is warming when it is shown, so it is warmed last."""
    borrowed: tuple[str, ...] = ()
    """Files that it has from the first sample."""
    images: Mapping[str, str] = {}
    """Variable of the caller -> image in hive.toml that it replaces."""

    @property
    def contained(self) -> bool:
        """Whether it needs a container engine."""
        return bool(self.images)


SHOP = Sample(
    project=scenes.PROJECT,
    command="hive demo",
    folder="demo",
    files=Path(__file__).with_name("project"),
    scenes=scenes.SCENES,
    last=scenes.SCENES[-1],
)

STACK = Sample(
    project=stack_scenes.PROJECT,
    command="hive demo --containers",
    folder="demo-stack",
    files=Path(__file__).with_name("stack"),
    scenes=stack_scenes.SCENES,
    borrowed=(".gitignore", "shop/__init__.py", "shop/output.py", "tests/run.py"),
    images={
        "HIVE_DEMO_POSTGRES": "postgres:16-alpine",
        "HIVE_DEMO_REDIS": "redis:7-alpine",
    },
)
