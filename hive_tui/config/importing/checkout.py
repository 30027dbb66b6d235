"""The files of a main checkout as sources read them: bounded, never through git, never written."""

from __future__ import annotations

import json
import tomllib
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import pygit2

from hive_tui.config.yaml_text import Node, YamlError, read

_LARGEST = 1024 * 1024
_LARGEST_JSONC = 64 * 1024
"""The parser of JSON with comments is slow, and such files are written by hand."""

_GLOBBED = 200


class UnreadableError(Exception):
    """A file is there and cannot be used."""

    def __init__(self, name: str, reason: str) -> None:
        """Keep the file's name, and the reason as the end of a sentence."""
        super().__init__(f"{name} could not be read: {reason}")


class Checkout:
    """A repository's main checkout."""

    def __init__(self, root: Path) -> None:
        """Look at the checkout at `root`, which may be no repository at all."""
        self.root = root

    def has(self, name: str) -> bool:
        """Whether there is a file of that name."""
        return (self.root / name).is_file()

    def first(self, *names: str) -> str | None:
        """The first of the names that is a file."""
        return next((name for name in names if self.has(name)), None)

    def text(self, name: str) -> str:
        """The text of a file.

        Raises:
            UnreadableError: It is too large, not UTF-8, or cannot be opened.
        """
        try:
            with (self.root / name).open("rb") as file:
                data = file.read(_LARGEST + 1)
        except OSError as error:
            raise UnreadableError(name, error.strerror or "no access") from error
        if len(data) > _LARGEST:
            raise UnreadableError(name, "it is larger than 1 MB")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise UnreadableError(name, "it is not UTF-8") from error

    def json(self, name: str) -> dict[str, Any]:
        """The object in a JSON file."""
        try:
            value = json.loads(self.text(name))
        except (ValueError, RecursionError) as error:
            raise UnreadableError(name, "it is not valid JSON") from error
        return _table(value, name)

    def jsonc(self, name: str) -> dict[str, Any]:
        """The object in a JSON file that may hold comments and commas too many."""
        import json5

        text = self.text(name)
        if len(text) > _LARGEST_JSONC:
            raise UnreadableError(name, "it is larger than 64 KB")
        try:
            value = json5.loads(text)
        except (ValueError, RecursionError) as error:
            raise UnreadableError(name, "it is not valid JSON with comments") from error
        return _table(value, name)

    def toml(self, name: str) -> dict[str, Any]:
        """The tables of a TOML file."""
        try:
            return tomllib.loads(self.text(name))
        except (ValueError, RecursionError) as error:
            raise UnreadableError(name, "it is not valid TOML") from error

    def yaml(self, name: str) -> Node:
        """The first document of a YAML file."""
        try:
            return read(self.text(name), name)
        except YamlError as error:
            raise UnreadableError(name, f"line {error.line}: {error.reason}") from error

    def tracked(self, name: str) -> bool:
        """Whether git has the file; False where its index cannot be read."""
        return name in self._tracked

    def glob(self, pattern: str) -> tuple[str, ...]:
        """Files and folders that a pattern names, in order; nothing outside the checkout."""
        if inside(pattern) is None:
            return ()
        try:
            found = sorted(
                path.relative_to(self.root).as_posix()
                for path, _ in zip(self.root.glob(pattern), range(_GLOBBED), strict=False)
            )
        except (OSError, ValueError, NotImplementedError, IndexError):
            return ()
        return tuple(found)

    @cached_property
    def _tracked(self) -> frozenset[str]:
        try:
            return frozenset(entry.path for entry in pygit2.Repository(str(self.root)).index)
        except pygit2.GitError:
            return frozenset()


def inside(path: object) -> str | None:
    """A relative path that stays in the repository, tidied; `None` for anything else."""
    if not isinstance(path, str) or not path.strip() or not path.isprintable():
        return None
    if "{{" in path or "$" in path:
        return None
    pure = PurePosixPath(path.strip())
    if pure.is_absolute() or ".." in pure.parts or pure.parts[:1] in ((), ("~",), (".git",)):
        return None
    return None if str(pure).startswith("~") else str(pure)


def _table(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UnreadableError(name, "it holds no object")
    return value
