"""What the envs of the demo with containers show, as data."""

from __future__ import annotations

from hive_tui.demo.scenes import Commit, Edit, Scene

PROJECT = "demo-stack"
"""The name in that sample's hive.toml."""

ORDERS = Scene(
    "order-history",
    commits=(
        Commit(
            "Show twenty orders, not eight",
            (Edit("shop/api.py", "ORDER BY id DESC LIMIT 8", "ORDER BY id DESC LIMIT 20"),),
        ),
    ),
    suite="passed",
)

CACHE = Scene(
    "longer-cache",
    commits=(
        Commit(
            "Keep the products for a minute", (Edit("shop/api.py", "KEPT_S = 5", "KEPT_S = 60"),)
        ),
    ),
    draft=Edit("NOTES.md", "", "- tell Redis when a price changes\n"),
    suite="passed",
)

STOCK = Scene(
    "stock-levels",  # its content of `inputs` is another one, so it has a template of its own
    commits=(
        Commit(
            "Know how many pieces there are",
            (
                Edit(
                    "migrations/003_stock.sql",
                    "",
                    "ALTER TABLE products ADD COLUMN stock integer NOT NULL DEFAULT 0;\n",
                ),
            ),
        ),
    ),
    suite="passed",
)

SCENES = (ORDERS, CACHE, STOCK)
