"""The shop's database: one SQLite file for each environment, named by `$SHOP_DB`."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path


def connect() -> sqlite3.Connection:
    """Open the environment's database; the file is made where there is none yet."""
    path = Path(os.environ["SHOP_DB"])
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    return connection
