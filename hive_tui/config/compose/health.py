"""A health check of a compose file as hive's readiness: the same command at hive's own pace."""

from __future__ import annotations

import shlex
from typing import Any

from hive_tui.config.compose import values
from hive_tui.config.compose.report import Report
from hive_tui.config.yaml_text import Node

_LEAST_TIMEOUT_S = 60.0
_MOST_TIMEOUT_S = 86400.0
_INTERVAL_S = 30.0
_TIMEOUT_S = 30.0
_RETRIES = 3
_KNOWN = {"test", "interval", "timeout", "retries", "start_period", "start_interval", "disable"}


def ready(node: Node | None, path: str, report: Report) -> dict[str, Any] | None:
    """`ready` for hive.toml: the check's command, and as long as compose would have waited."""
    if node is None or values.truth(node.plain().get("disable") if _table(node) else None):
        return None
    for key, child in node.items():
        if key not in _KNOWN and not key.startswith("x-"):
            report.unknown(child, f"{path}.{key}", key, _KNOWN)
    test = node.get("test")
    if test is None:
        return None
    command = _command(test.plain())
    if command is None:
        report.wrong(test, f"{path}.test", 'a command, or a list that begins with "CMD"')
    if not command:
        return None
    return {"exec": command, "timeout": _timeout(node, path, report)}


def _table(node: Node) -> bool:
    return isinstance(node.value, dict)


def _command(test: Any) -> str | None:
    """The command line; empty for `NONE`, `None` for what is no test."""
    if isinstance(test, str):
        return test
    if not isinstance(test, list) or not test:
        return None
    kind, words = test[0], [str(word) for word in test[1:]]
    if kind == "NONE":
        return ""
    if kind == "CMD":
        return shlex.join(words) or None
    return " ".join(words) or None if kind == "CMD-SHELL" else None


def _timeout(node: Node, path: str, report: Report) -> float:
    def time(key: str, default: float) -> float:
        child = node.get(key)
        if child is None or child.value is None:
            return default
        found = values.seconds(child.value)
        if found is None:
            report.wrong(child, f"{path}.{key}", "a time such as 10s or 1m30s")
        return default if found is None else found

    retries = node.get("retries")
    tries = values.whole(retries.value) if retries is not None else _RETRIES
    each = time("interval", _INTERVAL_S) + time("timeout", _TIMEOUT_S)
    whole = time("start_period", 0.0) + each * (tries or _RETRIES)
    return min(max(whole, _LEAST_TIMEOUT_S), _MOST_TIMEOUT_S)
