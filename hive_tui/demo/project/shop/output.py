"""How the programs of the shop speak: one line with its time, on standard error."""

from __future__ import annotations

import logging


def speak() -> logging.Logger:
    """The program's logger, ready for use."""
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", level=logging.INFO)
    return logging.getLogger("shop")
