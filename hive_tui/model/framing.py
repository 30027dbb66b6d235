"""The two numbers of the wire that every side needs, importable without msgspec."""

from __future__ import annotations

PROTOCOL = 1
"""Changes whenever an older client could misread a newer daemon."""

MAX_LINE_BYTES = 32 * 1024 * 1024
"""Longest line that either side accepts."""
