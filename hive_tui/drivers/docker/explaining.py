"""What the end of a container means beyond its exit status. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hive_tui.engine.container_protocols import Contained

OUT_OF_MEMORY = "the kernel killed it: out of memory"
_NOT_STARTED = (126, 127)


def explain(run: Contained, state: Mapping[str, Any]) -> str | None:
    """In words; `None` where the exit status says all.

    Args:
        run: The run that ended.
        state: The engine's state of its container.
    """
    code = state.get("ExitCode")
    if state.get("OOMKilled"):
        return f"{OUT_OF_MEMORY} (exit {code}); raise `memory` in hive.toml"
    error = str(state.get("Error") or "")
    if error and code in _NOT_STARTED:
        return f"it could not be started: {error}"
    return None
