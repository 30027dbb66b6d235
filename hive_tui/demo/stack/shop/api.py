"""The shop's data as JSON. Products come from PostgreSQL and are kept in Redis for a while.

`GET /healthz`, `/products`, `/orders`; `POST /orders?product=1&quantity=2` puts one into the queue.
"""

from __future__ import annotations

import argparse
import json
import secrets
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from shop.output import speak
from shop.postgres import Postgres
from shop.redis import Redis

KEPT_S = 5
PRODUCTS = "SELECT id, name, cents FROM products ORDER BY name"
ORDERS = "SELECT ticket, product, quantity FROM orders ORDER BY id DESC LIMIT 8"

log = speak()


class Api(BaseHTTPRequestHandler):
    """Answers one request."""

    def do_GET(self) -> None:
        match urlsplit(self.path).path:
            case "/" | "/products":
                self._products()
            case "/orders":
                with Postgres() as database:
                    self._send(database.rows(ORDERS))
            case "/healthz":
                with Postgres() as database, Redis() as redis:
                    self._send([database.rows("SELECT 1"), redis.ask("PING")])
            case _:
                self.send_error(404)

    def do_POST(self) -> None:
        wish = {name: int(each[0]) for name, each in parse_qs(urlsplit(self.path).query).items()}
        ticket = secrets.token_hex(8)
        order = {"ticket": ticket, "product": wish["product"], "quantity": wish["quantity"]}
        with Redis() as redis:
            redis.ask("LPUSH", "orders", json.dumps(order))
        self._send({"ticket": ticket})

    def _products(self) -> None:
        with Redis() as redis:
            kept = redis.ask("GET", "products")
            if kept is None:
                with Postgres() as database:
                    kept = json.dumps(database.rows(PRODUCTS))
                redis.ask("SET", "products", kept, "EX", KEPT_S)
                log.info("read the products from the database")
        self._send(json.loads(str(kept)))

    def _send(self, answer: Any) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        if self.path != "/healthz":
            log.info("%s %s", self.command, self.path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    port = parser.parse_args().port
    with ThreadingHTTPServer(("127.0.0.1", port), Api) as server:
        log.info("api of this environment on port %d", port)
        server.serve_forever()
