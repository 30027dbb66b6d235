"""One document out of all compose files: overrides, `include`, `extends`, paths from one folder."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from typing import Protocol

import msgspec

from hive_tui.config.compose.env_files import EnvFileError
from hive_tui.config.compose.env_files import read as read_env
from hive_tui.config.compose.interpolation import Values, interpolate
from hive_tui.config.compose.merging import cleared, merge
from hive_tui.config.compose.report import Report
from hive_tui.config.yaml_text import Node, YamlError
from hive_tui.config.yaml_text import read as read_yaml

_DEEPEST = 20
_EMPTY = Node({})


class Files(Protocol):
    """The files of a main checkout."""

    def read(self, path: str) -> str:
        """The text of a file by its path from the checkout's root.

        Raises:
            OSError: It is not there, cannot be read or is too large.
            UnicodeDecodeError: It is not UTF-8.
        """
        ...


class Gatherer:
    """Reads compose files, each once, and puts them together."""

    def __init__(self, files: Files, values: Values, report: Report) -> None:
        """Take what gives the files and the values of names, and what is told of problems."""
        self._files = files
        self._values = values
        self._report = report
        self._read: dict[str, Node] = {}

    def gather(self, names: Sequence[str]) -> Node:
        """The merged document of the files in their order; paths count from the first's folder."""
        base = posixpath.dirname(names[0]) if names else ""
        return self._merged(names, base, 0)

    def env_file(self, path: str, node: Node, where: str, *, required: bool) -> dict[str, str]:
        """Variables of a file; nothing, and a problem, where it cannot be used."""
        try:
            return read_env(self._files.read(path), self._values.known)
        except FileNotFoundError:
            if required:
                self._report.refuse(node, where, f"there is no file {path}")
        except (OSError, UnicodeDecodeError, EnvFileError) as error:
            self._report.refuse(node, where, f"{path} cannot be read: {reason(error)}")
        return {}

    def _merged(self, names: Sequence[str], base: str, depth: int) -> Node:
        whole = _EMPTY
        for name in names:
            whole = merge(whole, self._document(name, base, depth))
        return cleared(whole)

    def _document(self, name: str, base: str, depth: int) -> Node:
        """One file with what it includes, each service with what it extends."""
        document = self._parsed(name)
        if not isinstance(document.value, dict):
            return _EMPTY
        document = interpolate(document, self._values, self._report)
        included = _EMPTY
        for item in (document.get("include") or _EMPTY).each():
            included = merge(included, self._included(item, base, depth))
        table = {key: node for key, node in document.value.items() if key != "include"}
        if "services" in table:
            services = {
                service: self._extended(node, table["services"], name, base, (service,))
                for service, node in table["services"].items()
            }
            table["services"] = msgspec.structs.replace(table["services"], value=services)
        for kind in ("secrets", "configs"):
            if kind in table:
                table[kind] = _each(table[kind], lambda node: _moved(node, "file", base))
        return merge(included, msgspec.structs.replace(document, value=table))

    def _included(self, item: Node, base: str, depth: int) -> Node:
        path = item.get("path") or item
        names = [node.value for node in path.each()] or [path.value]
        if depth >= _DEEPEST or not all(isinstance(name, str) for name in names):
            self._report.wrong(item, "include", "paths of compose files, not of this one")
            return _EMPTY
        names = [anchored(name, base) for name in names]
        folder = item.get("project_directory")
        inner = posixpath.dirname(names[0])
        if folder is not None and isinstance(folder.value, str):
            inner = anchored(folder.value, base)
        if (env := item.get("env_file")) is not None:
            self._report.refuse(env, "include.env_file", "values of one included file only")
        return self._merged(names, inner, depth + 1)

    def _extended(
        self, service: Node, siblings: Node, file: str, base: str, seen: tuple[str, ...]
    ) -> Node:
        """The service over what it extends, with paths that count from the checkout's root."""
        own = _rebased(service, base)
        extends = service.get("extends")
        if extends is None:
            return own
        target = extends.get("service") or extends
        other = extends.get("file")
        key = f"services.{seen[0]}.extends"
        if not isinstance(target.value, str) or len(seen) > _DEEPEST:
            self._report.wrong(extends, key, "the name of a service, without a circle")
            return own
        if other is not None and isinstance(other.value, str):
            file = anchored(other.value, base)
            base = posixpath.dirname(file)
            document = interpolate(self._parsed(file), self._values, self._report)
            siblings = document.get("services") or _EMPTY
        found = siblings.get(target.value)
        mark = f"{file}#{target.value}"
        if found is None or mark in seen:
            what = "extends itself" if found is not None else f"is not in {file}"
            self._report.refuse(extends, key, f"the service {target.value} {what}")
            return own
        under = self._extended(found, siblings, file, base, (*seen, mark))
        table = {name: node for name, node in own.value.items() if name != "extends"}
        return merge(under, msgspec.structs.replace(own, value=table))

    def _parsed(self, name: str) -> Node:
        if name in self._read:
            return self._read[name]
        document = _EMPTY
        here = Node(None, 1, name)
        try:
            document = read_yaml(self._files.read(name), name)
            if not isinstance(document.value, dict):
                self._report.broken(here, "the file holds no mapping")
        except YamlError as error:
            self._report.broken(Node(None, error.line, name), error.reason)
        except (OSError, UnicodeDecodeError) as error:
            self._report.broken(here, f"the file cannot be read: {reason(error)}")
        self._read[name] = document
        return document


def anchored(path: str, base: str) -> str:
    """A path from the checkout's root; one that is absolute, or a template, stays as it is."""
    if path.startswith(("/", "~", "{{")):
        return path
    return posixpath.normpath(posixpath.join(base, path))


def _rebased(service: Node, base: str) -> Node:
    """The service with all its relative paths counted from the checkout's root."""
    if not isinstance(service.value, dict):
        return Node({}, service.line, service.file)
    table = dict(service.value)
    if (build := table.get("build")) is not None:
        table["build"] = _moved(build, "context", base)
    if (env_file := table.get("env_file")) is not None:
        items = env_file.each() or (env_file,)
        moved = tuple(_moved(item, "path", base) for item in items)
        table["env_file"] = msgspec.structs.replace(env_file, value=moved)
    if (volumes := table.get("volumes")) is not None:
        mounts = tuple(_mount(item, base) for item in volumes.each())
        table["volumes"] = msgspec.structs.replace(volumes, value=mounts)
    return msgspec.structs.replace(service, value=table)


def _moved(node: Node, key: str, base: str) -> Node:
    """A path, or a mapping with one at `key`, counted from the root."""
    if isinstance(node.value, str):
        if "://" in node.value or node.value.startswith("git@"):
            return node
        return msgspec.structs.replace(node, value=anchored(node.value, base))
    inner = node.get(key)
    if inner is None or not isinstance(inner.value, str):
        return node
    return msgspec.structs.replace(node, value={**node.value, key: _moved(inner, key, base)})


def _mount(node: Node, base: str) -> Node:
    if isinstance(node.value, str) and node.value.startswith("."):
        source, colon, rest = node.value.partition(":")
        path = anchored(source, base)
        path = path if path.startswith(".") else f"./{path}"
        return msgspec.structs.replace(node, value=f"{path}{colon}{rest}")
    kind = node.get("type")
    return _moved(node, "source", base) if kind is not None and kind.value == "bind" else node


def _each(node: Node, change: object) -> Node:
    assert callable(change)
    return msgspec.structs.replace(node, value={key: change(child) for key, child in node.items()})


def reason(error: Exception) -> str:
    """Why a file cannot be read, in words."""
    if isinstance(error, OSError):
        return error.strerror or "no access"
    return "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
