"""What was written to agents, so that it can be written again."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import msgspec

from hive_tui.app.whole_files import write_whole

KEPT = 100


def remembered(texts: tuple[str, ...], new: str) -> tuple[str, ...]:
    """The texts with a new one at the end: each once, at most `KEPT`."""
    return (*(text for text in texts if text != new), new)[-KEPT:]


class PromptHistory:
    """The texts of a home, read when they are first wanted."""

    def __init__(self, file: Path | None) -> None:
        """Read nothing yet.

        Args:
            file: Where they are kept, for their owner's eyes; `None` for nowhere.
        """
        self._file = file
        self._own: tuple[str, ...] = ()
        """Those of this dashboard, which may not have reached the file."""

    @property
    def texts(self) -> tuple[str, ...]:
        """Oldest first. A file that cannot be read holds none."""
        texts: tuple[str, ...] = ()
        if self._file is not None:
            with suppress(OSError, msgspec.DecodeError):
                texts = msgspec.json.decode(self._file.read_bytes(), type=tuple[str, ...])
        for own in self._own:
            texts = remembered(texts, own)
        return texts

    def remember(self, text: str) -> None:
        """Keep one more; where it cannot be written it is kept for this dashboard."""
        self._own = remembered(self._own, text)
        if self._file is not None:
            with suppress(OSError):
                write_whole(self._file, msgspec.json.encode(self.texts))
