"""What is for sale."""

from __future__ import annotations

import csv
import unittest
from pathlib import Path

CATALOG = Path(__file__).resolve().parent.parent / "catalog"


class Catalog(unittest.TestCase):
    """The files that pages and database are made from."""

    def setUp(self) -> None:
        with (CATALOG / "products.csv").open(newline="") as file:
            self.products = list(csv.DictReader(file))

    def test_each_product_has_a_name_of_its_own(self) -> None:
        names = [one["name"] for one in self.products]
        self.assertEqual(len(names), len(set(names)))

    def test_nothing_is_free(self) -> None:
        self.assertTrue(all(int(one["cents"]) > 0 for one in self.products))

    def test_no_language_is_listed_twice(self) -> None:
        languages = (CATALOG / "languages.txt").read_text().split()
        self.assertEqual(len(languages), len(set(languages)))
