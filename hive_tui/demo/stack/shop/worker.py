"""Takes orders out of Redis and writes them into PostgreSQL."""

from __future__ import annotations

import json

from shop.output import speak
from shop.postgres import Postgres
from shop.redis import Redis

PUT = "INSERT INTO orders (ticket, product, quantity) VALUES ($1, $2, $3)"

log = speak()


def work() -> None:
    """Go on for ever."""
    with Postgres() as database, Redis() as redis:
        log.info("worker is up")
        while True:
            found = redis.ask("BRPOP", "orders", 5)
            if isinstance(found, list):
                order = json.loads(str(found[1]))
                database.rows(PUT, order["ticket"], order["product"], order["quantity"])
                log.info("order %s is in the database", order["ticket"])


if __name__ == "__main__":
    work()
