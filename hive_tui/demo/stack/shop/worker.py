"""Takes orders out of Redis and writes them into PostgreSQL, each once, whatever ends meanwhile."""

from __future__ import annotations

import json
import time

from shop.output import speak
from shop.postgres import Postgres, PostgresError
from shop.redis import Redis, RedisError

PAUSE_S = 0.5
PUT = (
    "INSERT INTO orders (ticket, product, quantity) VALUES ($1, $2, $3) "
    "ON CONFLICT (ticket) DO NOTHING"
)

log = speak()


def work(database: Postgres, redis: Redis) -> None:
    """Go on until a server is lost. An order is in one of two lists until it is written."""
    while redis.ask("RPOPLPUSH", "doing", "orders") is not None:
        log.info("begins anew with an order that was cut off")
    log.info("worker is up")
    while True:
        found = redis.ask("BRPOPLPUSH", "orders", "doing", 5)
        if found is not None:
            order = json.loads(str(found))
            database.rows(PUT, order["ticket"], order["product"], order["quantity"])
            redis.ask("LREM", "doing", 1, found)
            log.info("order %s is in the database", order["ticket"])


if __name__ == "__main__":
    while True:
        try:
            with Postgres() as own, Redis() as queue:
                work(own, queue)
        except (OSError, PostgresError, RedisError) as error:
            log.info("%s; trying again", error)
            time.sleep(PAUSE_S)
