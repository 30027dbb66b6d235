"""Fixtures of the faults of git: the same as those of its integration tests."""

from __future__ import annotations

from tests.integration.git.conftest import _no_settings_from_outside, repo, worktrees

__all__ = ["_no_settings_from_outside", "repo", "worktrees"]
