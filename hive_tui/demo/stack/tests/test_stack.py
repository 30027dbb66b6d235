"""The stack as a customer sees it: both servers, both processes."""

from __future__ import annotations

import json
import os
import time
import unittest
import urllib.request
from typing import Any

from shop.postgres import Postgres, PostgresError

ADDRESS = f"http://127.0.0.1:{os.environ['HIVE_PORT_API']}"
PATIENCE_S = 10


def ask(path: str, method: str = "GET") -> Any:
    """What the API answers."""
    request = urllib.request.Request(ADDRESS + path, method=method)
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        return json.load(answer)


class Stack(unittest.TestCase):
    """Products and orders."""

    def test_the_seeded_products_are_there(self) -> None:
        self.assertIn("Queen marker", [name for _, name, _ in ask("/products")])

    def test_an_order_goes_through_the_queue_into_the_database(self) -> None:
        ticket = ask("/orders?product=1&quantity=2", "POST")["ticket"]
        deadline = time.monotonic() + PATIENCE_S
        while ticket not in [one for one, _, _ in ask("/orders")]:
            self.assertLess(time.monotonic(), deadline, "the worker does not write it")
            time.sleep(0.05)

    def test_the_database_refuses_an_order_of_nothing(self) -> None:
        with Postgres() as database, self.assertRaises(PostgresError):
            database.rows("INSERT INTO orders (ticket, product, quantity) VALUES ('x', 1, 0)")
