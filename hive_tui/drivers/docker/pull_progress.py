"""Folds what the engine says while it fetches an image into a few lines for people. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

EVERY_S = 1.0
"""Least time between two lines of the same pull."""
_MEGABYTE = 1_000_000


class PullProgress:
    """The layers of one pull."""

    def __init__(self, image: str, clock: Callable[[], float]) -> None:
        self._image = image
        self._clock = clock
        self._layers: dict[str, tuple[int, int]] = {}
        self._done: set[str] = set()
        self._said_at = float("-inf")
        self._said = ""

    def feed(self, message: Mapping[str, Any]) -> str | None:
        """Take one message; the line to show now, if any."""
        layer, status = str(message.get("id") or ""), str(message.get("status") or "")
        detail = message.get("progressDetail") or {}
        if not layer or not status:
            return None
        if status == "Downloading" and isinstance(detail.get("total"), int):
            self._layers[layer] = (int(detail.get("current") or 0), int(detail["total"]))
        elif status in ("Pulling fs layer", "Waiting"):
            self._layers.setdefault(layer, (0, 0))
        elif status in ("Download complete", "Pull complete", "Already exists"):
            total = self._layers.get(layer, (0, 0))[1]
            self._layers[layer] = (total, total)
            if status != "Download complete":
                self._done.add(layer)
        else:
            return None
        return self._line()

    def _line(self) -> str | None:
        now = self._clock()
        if now - self._said_at < EVERY_S:
            return None
        current = sum(done for done, _ in self._layers.values()) / _MEGABYTE
        total = sum(size for _, size in self._layers.values()) / _MEGABYTE
        line = (
            f"pulling {self._image}: {len(self._done)} of {len(self._layers)} layers, "
            f"{current:.1f} of {total:.1f} MB"
        )
        if line == self._said:
            return None
        self._said, self._said_at = line, now
        return line


def error_in(message: Mapping[str, Any]) -> str | None:
    """What went wrong, where a message of a stream says that something did."""
    detail = message.get("errorDetail")
    if isinstance(detail, dict) and detail.get("message"):
        return str(detail["message"])
    found = message.get("error")
    return str(found) if found else None
