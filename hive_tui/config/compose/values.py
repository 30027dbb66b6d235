"""Values of a compose file: times, sizes, numbers, words."""

from __future__ import annotations

import re
import shlex
from typing import Any

_UNITS_S = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_TIME = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:us|ms|s|m|h))+")
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(us|ms|s|m|h)")
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?)i?b?", re.IGNORECASE)
_FACTORS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def seconds(value: Any) -> float | None:
    """Seconds of `1m30s`, or of a plain number of seconds; `None` for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    text = str(value).strip()
    if not _TIME.fullmatch(text):
        return float(text) if text.isdecimal() else None
    return sum(float(number) * _UNITS_S[unit] for number, unit in _PART.findall(text))


def size_bytes(value: Any) -> int | None:
    """Bytes of `512m`, `1.5gb` or a plain number; `None` for anything else."""
    match = _SIZE.fullmatch(str(value).strip())
    if isinstance(value, bool) or match is None:
        return None
    return int(float(match.group(1)) * _FACTORS[match.group(2).lower()])


def size_text(amount: int) -> str:
    """The amount as hive.toml has it, in whole megabytes where that is exact."""
    megabytes, rest = divmod(amount, 1 << 20)
    return f"{megabytes}MB" if not rest else f"{amount >> 10}KB"


def number(value: Any) -> float | None:
    """A number that may stand in quotes; `None` for anything else."""
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def whole(value: Any) -> int | None:
    """A whole number that may stand in quotes; `None` for anything else."""
    found = number(value)
    return int(found) if found is not None and found == int(found) else None


def text(value: Any) -> str | None:
    """A scalar as compose hands it on; `None` for what has no value."""
    if value is None or isinstance(value, dict | list | tuple):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def words(value: Any) -> list[str] | None:
    """Words of a command: a list as it is, a text split as a shell would.

    Returns:
        `None` for what is neither, or has a quotation that is not closed.
    """
    if isinstance(value, str):
        try:
            return shlex.split(value)
        except ValueError:
            return None
    if isinstance(value, list):
        found = [text(item) for item in value]
        return None if None in found else [word for word in found if word is not None]
    return None


def truth(value: Any) -> bool | None:
    """A boolean that may stand in quotes; `None` for anything else."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False, "yes": True, "no": False}.get(str(value).lower())
