"""Mounts of a service: volumes that each env gets of its own, and folders."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hive_tui.config.compose import values
from hive_tui.config.compose.report import Report
from hive_tui.config.yaml_text import Node

_NOT_IN_NAME = re.compile(r"[^a-z0-9_-]+")
_OPTIONS = {"rw", "ro", "z", "Z", "cached", "delegated", "consistent", "nocopy", "copy"}
_SPREAD = {"private", "rprivate", "shared", "rshared", "slave", "rslave"}
_FOLDER = (".", "/", "~", "{{")


class Volumes:
    """Mounts of all services of a file, and the volumes that they speak of."""

    def __init__(self, declared: Node | None, report: Report) -> None:
        """Judge the volumes that the file declares."""
        self._report = report
        self._external: set[str] = set()
        for name, node in declared.items() if declared is not None else ():
            self._judge(name, node)

    def mounts(self, service: str, node: Node | None) -> tuple[list[str], list[str]]:
        """Mounts as hive.toml has them, and paths that are kept in memory."""
        path = f"services.{service}.volumes"
        found: dict[str, str] = {}
        memory: list[str] = []
        for item in node.each() if node is not None else ():
            made = self._long(service, item, path, memory) if item.get("type") else None
            if item.get("type") is None:
                made = self._short(service, item, path)
            if made is not None:
                target = made.removesuffix(":ro").rpartition(":")[2]
                found[target] = made
        return list(found.values()), memory

    def _judge(self, name: str, node: Node) -> None:
        path = f"volumes.{name}"
        for key, child in node.items():
            if key == "external" and values.truth(child.value):
                text = "a volume from outside of the file, which envs cannot share"
                hint = f'[compose] ignore = ["{path}.external"] gives each env one of its own'
                if not self._report.refuse(child, f"{path}.external", text, hint):
                    self._external.add(name)
            elif key == "name":
                self._report.note(child, f"{path}.name", "each env has a volume of its own")
            elif key == "driver_opts" or (key == "driver" and child.value not in ("local", None)):
                self._report.refuse(child, f"{path}.{key}", "a volume that another driver makes")
            elif key not in ("driver", "labels", "external") and not key.startswith("x-"):
                self._report.unknown(child, f"{path}.{key}", key, ("external", "name", "driver"))

    def _short(self, service: str, node: Node, path: str) -> str | None:
        parts = str(node.value).split(":")
        if not isinstance(node.value, str) or len(parts) > 3:
            self._report.wrong(node, path, "a mount such as ./folder:/path or data:/path:ro")
            return None
        if len(parts) == 1:
            return f"{_volume(f'{service}{parts[0]}')}:{parts[0].rstrip('/') or '/'}"
        source, target = parts[0], parts[1]
        options = set(parts[2].split(",")) if len(parts) == 3 else set()
        if strange := sorted(options - _OPTIONS - _SPREAD):
            self._report.refuse(node, path, f"the option {strange[0]} of a mount")
        if not options.isdisjoint(_SPREAD):
            self._report.refuse(node, path, "mounts that spread to the machine")
        return self._made(source, target, "ro" in options, node, path)

    def _long(self, service: str, node: Node, path: str, memory: list[str]) -> str | None:
        table = node.plain()
        kind, target = table["type"], table.get("target")
        if not isinstance(target, str) or not target.startswith("/"):
            self._report.wrong(node, path, "a target inside the container, absolute")
            return None
        if kind == "tmpfs":
            options = table.get("tmpfs")
            amount = options.get("size") if isinstance(options, dict) else None
            size = values.size_bytes(amount)
            memory.append(f"{target}:size={size}" if size else target)
            return None
        if kind not in ("bind", "volume"):
            self._report.refuse(node, path, f"a mount of the type {kind}")
            return None
        for inner in ("bind", "volume"):
            self._options(node.get(inner), f"{path}.{inner}")
        source = table.get("source")
        if source is None and kind == "volume":
            return f"{_volume(f'{service}{target}')}:{target}"
        if not isinstance(source, str):
            self._report.wrong(node, path, "a source")
            return None
        if kind == "bind" and not source.startswith(_FOLDER):
            source = f"./{source}"
        return self._made(source, target, bool(values.truth(table.get("read_only"))), node, path)

    def _options(self, node: Node | None, path: str) -> None:
        for key, child in node.items() if node is not None else ():
            if key in ("propagation", "subpath", "recursive"):
                self._report.refuse(child, f"{path}.{key}", "an option of a mount")

    def _made(self, source: str, target: str, read_only: bool, node: Node, path: str) -> str | None:
        if not target.startswith("/"):
            self._report.wrong(node, path, "a path inside the container, absolute")
            return None
        ending = f":{target}" + (":ro" if read_only else "")
        if not source.startswith(_FOLDER):
            return None if source in self._external else f"{_volume(source)}{ending}"
        if source == ".." or source.startswith("../"):
            self._report.refuse(node, path, f"{source} lies outside of the repository")
            return None
        if source.startswith(("/", "~")):
            self._report.note(node, path, f"{source} of this machine is the same for all envs")
        return f"{source}{ending}"


def _volume(name: str) -> str:
    """A valid volume name near that of the file."""
    text = _NOT_IN_NAME.sub("-", name.lower()).strip("-")
    return (text if text[:1].isalpha() else f"v-{text}")[:64].rstrip("-")


def files(
    node: Node | None, declared: Node | None, kind: str, path: str, report: Report
) -> Iterator[str]:
    """Mounts of the secrets or configs of a service that are files.

    Args:
        node: The service's list.
        declared: What the whole file declares under the same key.
        kind: `secrets` or `configs`.
        path: Of the list, for messages.
        report: Told of what is no file.
    """
    for item in node.each() if node is not None else ():
        name = str((item.get("source") or item).plain())
        target = item.get("target")
        inside = str(target.value) if target is not None else name
        if not inside.startswith("/"):
            inside = f"/run/secrets/{inside}" if kind == "secrets" else f"/{inside}"
        entry = declared.get(name) if declared is not None else None
        file = entry.get("file") if entry is not None else None
        if file is None or not isinstance(file.value, str):
            report.refuse(item, path, f"{name} is no file of the repository")
        elif file.value.startswith(".."):
            report.refuse(item, path, f"{file.value} lies outside of the repository")
        else:
            source = file.value if file.value.startswith(_FOLDER) else f"./{file.value}"
            yield f"{source}:{inside}:ro"
