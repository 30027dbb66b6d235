"""Fills the database with the catalog and a few orders; what is there already stays."""

from __future__ import annotations

import csv
import time
from contextlib import closing
from pathlib import Path

from shop.database import connect
from shop.output import speak
from shop.prices import total

EFFORT_S = 0.06
"""What a product takes where it comes from another system."""


def seed() -> None:
    """Add the products that are missing, with one order each."""
    log = speak()
    with closing(connect()) as database, Path("catalog/products.csv").open(newline="") as file:
        for product in csv.DictReader(file):
            time.sleep(EFFORT_S)
            name, cents = product["name"], int(product["cents"])
            added = database.execute(
                "INSERT OR IGNORE INTO products (name, cents) VALUES (?, ?)", (name, cents)
            )
            if added.rowcount:
                database.execute(
                    "INSERT INTO orders (product_id, quantity, cents) VALUES (?, 2, ?)",
                    (added.lastrowid, total(cents, 2)),
                )
                log.info("added %s", name)
        database.commit()


if __name__ == "__main__":
    seed()
