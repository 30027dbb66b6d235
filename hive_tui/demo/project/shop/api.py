"""The shop's data as JSON: `/healthz`, `/products` and `/orders` (the newest eight)."""

from __future__ import annotations

import argparse
import json
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from shop.database import connect
from shop.output import speak

QUERIES = {
    "/healthz": "SELECT count(*) AS products FROM products",
    "/products": "SELECT name, cents FROM products ORDER BY name",
    "/orders": "SELECT orders.id, name, quantity, orders.cents, shipped FROM orders "
    "JOIN products ON products.id = product_id ORDER BY orders.id DESC LIMIT 8",
}

log = speak()


class Api(BaseHTTPRequestHandler):
    """Answers one request."""

    def do_GET(self) -> None:
        query = QUERIES.get(self.path)
        if query is None:
            self.send_error(404)
            return
        with closing(connect()) as database:
            rows = [dict(row) for row in database.execute(query)]
        body = json.dumps(rows).encode()
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
