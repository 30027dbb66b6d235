"""Times and amounts as hive.toml writes them: `"30m"`, `"never"`, `"75%"`, `"12GB"`."""

from __future__ import annotations

import re

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES = {"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
_DURATION = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)([smhd])")
_SIZE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) ?(KB|MB|GB|TB)")
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?) ?%")


def duration_s(text: str) -> float | None:
    """Seconds of a time such as `30m`, `2h` or `1d`; `None` for `never`.

    Raises:
        ValueError: It is neither, or zero.
    """
    if text == "never":
        return None
    match = _DURATION.fullmatch(text)
    seconds = float(match.group(1)) * _SECONDS[match.group(2)] if match else 0.0
    if seconds <= 0:
        raise ValueError(text)
    return seconds


def memory_bytes(text: str, total_bytes: int) -> int:
    """Bytes of a size such as `12GB` (of 1024 MB each), or of a share such as `75%`.

    Args:
        text: As in `[limits] memory`.
        total_bytes: What the machine has, for shares.

    Raises:
        ValueError: It is neither, zero, or a share above 100 %.
    """
    if match := _SIZE.fullmatch(text):
        amount = int(float(match.group(1)) * _BYTES[match.group(2)])
        if amount > 0:
            return amount
    elif match := _SHARE.fullmatch(text):
        share = float(match.group(1))
        if 0 < share <= 100:
            return int(total_bytes * share / 100)
    raise ValueError(text)
