"""What a person put off, in a file that all dashboards of a home share."""

from __future__ import annotations

from pathlib import Path

import msgspec

from hive_tui.app.triage.kept import Kept
from hive_tui.app.whole_files import write_whole


class Keeping:
    """Reads and writes the file. Without one everything is kept for this dashboard alone."""

    def __init__(self, file: Path | None) -> None:
        """Read nothing yet.

        Args:
            file: Where; `None` for nowhere.
        """
        self._file = file
        self._seen: tuple[int, int] | None = None
        self.kept = Kept()

    def look(self) -> bool:
        """Take what another dashboard wrote; whether there was something new.

        A file that cannot be read is one in which nothing was put off: all of it asks again.
        """
        if self._file is None or (mark := self._fingerprint()) == self._seen:
            return False
        self._seen, before = mark, self.kept
        try:
            self.kept = msgspec.json.decode(self._file.read_bytes(), type=Kept)
        except (OSError, msgspec.DecodeError):
            self.kept = Kept()
        return self.kept != before

    def keep(self, kept: Kept) -> str | None:
        """Write another value; why that could not be done, or `None`.

        It holds for this dashboard in any case.
        """
        if kept == self.kept:
            return None
        self.kept = kept
        if self._file is None:
            return None
        try:
            write_whole(self._file, msgspec.json.encode(kept))
        except OSError as error:
            return f"it is kept for this dashboard alone: {error}"
        self._seen = self._fingerprint()
        return None

    def _fingerprint(self) -> tuple[int, int] | None:
        try:
            found = self._file.stat() if self._file is not None else None
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_ino) if found else None
