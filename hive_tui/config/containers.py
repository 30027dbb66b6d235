"""Texts of hive.toml that are about containers: mounts, words, sizes. Pure."""

from __future__ import annotations

import ipaddress
import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from hive_tui.config.units import memory_bytes
from hive_tui.model.project import Mount

LEAST_BYTES = 6 * 1024 * 1024
"""Less memory than that no container engine gives."""

_TEMPLATE = re.compile(r"\{\{\s*([^{}\s]*)\s*\}\}")
_VOLUME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_PLATFORM = re.compile(r"[a-z0-9]+/[a-z0-9_]+(/[a-z0-9.]+)?")


def words(text: str) -> tuple[str, ...]:
    """The words of a command as a shell would see them; templates stay whole.

    Raises:
        ValueError: A quotation is not closed.
    """
    return tuple(shlex.split(_TEMPLATE.sub(r"{{\1}}", text)))


def size_bytes(text: str) -> int:
    """Bytes of a size such as `512MB`.

    Raises:
        ValueError: It is no size, or less than a container needs.
    """
    amount = memory_bytes(text, 0)
    if amount < LEAST_BYTES:
        raise ValueError(text)
    return amount


def mount(text: str) -> Mount:
    """A mount out of `source:/path` or `source:/path:ro`.

    Raises:
        ValueError: It is none; or a relative folder that is outside of the worktree.
    """
    parts = text.split(":")
    if len(parts) not in (2, 3) or parts[2:] not in ([], ["ro"], ["rw"]):
        raise ValueError(text)
    found = Mount(parts[0], parts[1], read_only=parts[2:] == ["ro"])
    if not found.target.startswith("/") or not found.source:
        raise ValueError(text)
    if found.is_volume and not _VOLUME.fullmatch(found.source):
        raise ValueError(text)
    if found.source.startswith(".") and ".." in PurePosixPath(found.source).parts:
        raise ValueError(text)
    return found


def mounts(given: Mapping[str, str] | Iterable[str]) -> tuple[Mount, ...]:
    """The mounts of a service, whose texts are sound."""
    if isinstance(given, Mapping):
        return tuple(Mount(name, target) for name, target in given.items())
    return tuple(mount(text) for text in given)


def tmpfs(given: Iterable[str]) -> dict[str, str]:
    """Path -> options, out of `/path` or `/path:options`."""
    return {path: options for path, _, options in (text.partition(":") for text in given)}


def is_address(text: str) -> bool:
    """Whether it can stand for a host name."""
    if text == "host-gateway":
        return True
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_platform(text: str) -> bool:
    """Whether it names an operating system and a processor."""
    return _PLATFORM.fullmatch(text) is not None
