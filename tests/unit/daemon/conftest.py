from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hive_tui.daemon.store import SqliteStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore.open(tmp_path / "hive.db", now=lambda: 1_700_000_000.25)
    yield opened
    opened.close()
