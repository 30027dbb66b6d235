"""Files of a main checkout that hive.toml refers to, and a memory of which were read."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path

from hive_tui.config.composing import Files

_LARGEST = 1024 * 1024


class CheckoutFiles:
    """Files below one folder."""

    def __init__(self, root: Path) -> None:
        """Read files of the checkout at `root`, absolute and resolved."""
        self._root = root

    def read(self, path: str) -> str:
        """The text of a file.

        Raises:
            OSError: It is not there, cannot be read, is larger than 1 MB, or lies outside.
            UnicodeDecodeError: It is not UTF-8.
        """
        place = (self._root / path).resolve()
        if not place.is_relative_to(self._root):
            raise OSError(errno.EACCES, "it lies outside of the repository")
        with place.open("rb") as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise OSError(errno.EFBIG, "it is larger than 1 MB")
        return data.decode("utf-8-sig")


class Recorded:
    """Files that remembers what was read, so that a change can be noticed."""

    def __init__(self, files: Files | None) -> None:
        """Read from `files`; `None` has none."""
        self._files = files
        self.texts: dict[str, str | None] = {}
        """Path to text; `None` for what could not be read."""

    def read(self, path: str) -> str:
        """As `Files`; each file is read once."""
        if self.texts.get(path) is None:
            self.texts[path] = None
            if self._files is None:
                raise FileNotFoundError(errno.ENOENT, "there are no files here")
            self.texts[path] = self._files.read(path)
        return self.texts[path] or ""

    def digest(self, text: str) -> str:
        """SHA-256, in hex, of a text and all that was read for it."""
        found = hashlib.sha256(text.encode())
        for path, read in self.texts.items():
            found.update(f"\0{path}\0{read}".encode())
        return found.hexdigest()
