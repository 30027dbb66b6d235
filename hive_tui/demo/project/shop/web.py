"""The shop's one page: which environment it is, and the data that the API has of it."""

from __future__ import annotations

import argparse
import json
import os
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from typing import Any
from urllib.request import urlopen

from shop import prices
from shop.output import speak

PAGE = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))

log = speak()


def page(products: list[dict[str, Any]], orders: list[dict[str, Any]]) -> str:
    """The page as HTML."""
    env = os.environ.get("HIVE_ENV", "no environment")
    return PAGE.substitute(
        env=escape(env),
        branch=escape(os.environ.get("HIVE_BRANCH", "?")),
        database=escape(Path(os.environ.get("SHOP_DB", "?")).name),
        hue=sum(map(ord, env)) * 47 % 360,
        products="".join(
            f"<li><b>{escape(one['name'])}</b><span>{prices.text(one['cents'])}</span></li>"
            for one in products
        ),
        orders="".join(
            f"<tr><td>{one['id']}</td><td>{one['quantity']} × {escape(one['name'])}</td>"
            f"<td>{prices.text(one['cents'])}</td>"
            f"<td>{'shipped' if one['shipped'] else 'open'}</td></tr>"
            for one in orders
        ),
    )


class Web(BaseHTTPRequestHandler):
    """Answers one request."""

    api = ""

    def do_GET(self) -> None:
        if self.path != "/":
            self.send_error(404)
            return
        body = page(self._ask("/products"), self._ask("/orders")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _ask(self, path: str) -> list[dict[str, Any]]:
        with urlopen(self.api + path, timeout=5) as answer:
            found: list[dict[str, Any]] = json.load(answer)
            return found

    def log_message(self, format: str, *args: Any) -> None:
        log.info("%s %s", self.command, self.path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--api", required=True)
    arguments = parser.parse_args()
    Web.api = arguments.api
    with ThreadingHTTPServer(("127.0.0.1", arguments.port), Web) as server:
        log.info("the shop is open at http://127.0.0.1:%d/", arguments.port)
        server.serve_forever()
