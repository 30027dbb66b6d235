"""Renders a page for each product in each language into `.data/pages`."""

from __future__ import annotations

import csv
import time
from pathlib import Path

from shop import prices
from shop.output import speak

CATALOG = Path("catalog")
PAGES = Path(".data/pages")
EFFORT_S = 0.1
"""What a page takes: a stand-in for images, bundles and translations."""


def build() -> None:
    """Render everything anew."""
    log = speak()
    languages = (CATALOG / "languages.txt").read_text().split()
    with (CATALOG / "products.csv").open(newline="") as file:
        products = list(csv.DictReader(file))
    for at, language in enumerate(languages, 1):
        folder = PAGES / language
        folder.mkdir(parents=True, exist_ok=True)
        for number, product in enumerate(products, 1):
            time.sleep(EFFORT_S)
            heading = f"{product['name']}, {prices.text(int(product['cents']))}"
            (folder / f"{number}.html").write_text(f"<h1>{heading}</h1>\n", encoding="utf-8")
        log.info("%s: %d pages (%d of %d)", language, len(products), at, len(languages))


if __name__ == "__main__":
    build()
