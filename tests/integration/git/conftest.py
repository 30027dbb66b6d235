"""Fixtures of the git tests: a repository of its own for each, and no settings from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from hive_tui.drivers.worktrees import GitWorktrees
from tests.integration.git.repos import IDENTITY, Repo


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM"):
        monkeypatch.setenv(name, IDENTITY[name])


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "shop")


@pytest.fixture
def worktrees() -> GitWorktrees:
    return GitWorktrees(now=lambda: 1_795_000_000.0)
