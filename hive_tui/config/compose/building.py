"""`build` of a compose service as hive.toml has it."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from hive_tui.config.compose import keys, values
from hive_tui.config.compose.merging import as_table
from hive_tui.config.compose.report import Report
from hive_tui.config.yaml_text import Node


def build(node: Node, path: str, known: Mapping[str, str], report: Report) -> dict[str, Any] | None:
    """Context, Dockerfile, arguments and stage; `None` where it cannot be built here."""
    context = node.get("context") if isinstance(node.value, dict) else node
    for key, child in node.items():
        if reason := keys.BUILD_REFUSED.get(key):
            report.refuse(child, f"{path}.{key}", reason)
        elif key in keys.BUILD_HARMLESS:
            report.note(child, f"{path}.{key}", "left out: it is about how, not what, is built")
        elif key not in keys.BUILD_TAKEN and not key.startswith("x-"):
            report.unknown(child, f"{path}.{key}", key, keys.BUILD_TAKEN)
    folder = context.value if context is not None else "."
    if not isinstance(folder, str) or "://" in folder or folder.startswith(("git@", "/", "~")):
        report.refuse(node, path, "a context that is no folder of the repository")
        return None
    if folder.startswith(".."):
        report.refuse(node, path, f"{folder} lies outside of the repository")
        return None
    table: dict[str, Any] = {"context": folder}
    if (dockerfile := _text(node, "dockerfile")) is not None:
        file = posixpath.normpath(dockerfile)
        if file.startswith(("/", "..")):
            report.refuse(node, f"{path}.dockerfile", f"{file} lies outside of its context")
        else:
            table["dockerfile"] = file
    if (target := _text(node, "target")) is not None:
        table["target"] = target
    if (args := node.get("args")) is not None:
        pairs = {
            name: known.get(name) if child.value is None else values.text(child.value)
            for name, child in as_table(args).items()
        }
        table["args"] = {name: value for name, value in pairs.items() if value is not None}
    return table


def _text(node: Node, key: str) -> str | None:
    child = node.get(key)
    return child.value if child is not None and isinstance(child.value, str) else None
