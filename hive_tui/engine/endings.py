"""How the end of a process or container is said."""

from __future__ import annotations

import signal


def ending(code: int | None) -> str:
    """`exit 2`, `killed by SIGTERM`; where nobody saw it, that it was killed."""
    if code is None:
        return "was killed"
    if code >= 0:
        return f"exit {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
