"""Fills the database that every new environment gets a copy of: `HIVE_TEMPLATE` is its name."""

from __future__ import annotations

import csv
import os
from pathlib import Path

from shop.migrate import migrate
from shop.output import speak
from shop.postgres import Postgres

PUT = "INSERT INTO products (name, cents) VALUES ($1, $2)"

log = speak()

with Postgres(os.environ["HIVE_TEMPLATE"]) as template:
    migrate(template)
    with Path("catalog/products.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            template.rows(PUT, row["name"], row["cents"])
    log.info("seeded %s", os.environ["HIVE_TEMPLATE"])
