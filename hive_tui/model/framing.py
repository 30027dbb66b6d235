"""What both ends of the wire have to agree on, importable without msgspec."""

from __future__ import annotations

PROTOCOL = 1
"""Changes whenever an older client could misread a newer daemon."""

MAX_LINE_BYTES = 32 * 1024 * 1024
"""Longest line that either side accepts."""

ANY_PROTOCOL = frozenset({"daemon.stop", "daemon.status"})
"""Methods that a daemon answers to clients of every protocol: with them versions are made equal."""

READY_FD = "HIVE_READY_FD"
"""Variable with the number of the pipe on which a client waits for the daemon that it started."""
