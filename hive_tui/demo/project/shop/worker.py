"""Ships open orders, and now and then plays a customer who places one."""

from __future__ import annotations

import random
import sqlite3
import time
from contextlib import closing

from shop.database import connect
from shop.output import speak
from shop.prices import total

PAUSE_S = 0.5
CUSTOMERS = 0.2
"""Chance of a new order after each pause."""
KEPT = 200
"""Orders that the database keeps; the oldest go first."""

log = speak()


def place(database: sqlite3.Connection) -> None:
    """Order something."""
    product = random.choice(database.execute("SELECT id, cents FROM products").fetchall())
    quantity = random.randint(1, 12)
    database.execute(
        "INSERT INTO orders (product_id, quantity, cents) VALUES (?, ?, ?)",
        (product["id"], quantity, total(product["cents"], quantity)),
    )
    database.execute("DELETE FROM orders WHERE id <= (SELECT max(id) FROM orders) - ?", (KEPT,))


def ship(database: sqlite3.Connection) -> None:
    """Ship the oldest open order, if there is one."""
    order = database.execute("SELECT min(id) AS id FROM orders WHERE NOT shipped").fetchone()
    if order["id"] is not None:
        database.execute("UPDATE orders SET shipped = 1 WHERE id = ?", (order["id"],))
        log.info("shipped order %d", order["id"])


def work() -> None:
    """Go on for ever."""
    with closing(connect()) as database:
        log.info("worker is up")
        while True:
            time.sleep(PAUSE_S)
            if random.random() < CUSTOMERS:
                place(database)
            ship(database)
            database.commit()


if __name__ == "__main__":
    work()
