"""Keeps the books of agents as files, and the files of their starts."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from hive_tui.engine.agents.books import Book
from hive_tui.engine.agents.prompts import Prompt
from hive_tui.model.errors import HiveError

EVENTS, ASIDE, BOOK, PROMPTS = "events.jsonl", "events.1.jsonl", "agent.json", "prompts.json"


class BookFiles:
    """One folder per env, for the user alone. Implements `Books`."""

    def __init__(self, folder: Path) -> None:
        """Create it; touches no disk.

        Args:
            folder: Holds a folder per env uid.
        """
        self._folder = folder

    def folder(self, env_uid: str) -> str:
        """Of the env's agent."""
        return str(self._folder / env_uid)

    def events(self, env_uid: str) -> str:
        """Path of the event file."""
        return str(self._folder / env_uid / EVENTS)

    def read(self, env_uid: str) -> Book | None:
        """What was written last; `None` where there is nothing that can be read."""
        try:
            return msgspec.json.decode((self._folder / env_uid / BOOK).read_bytes(), type=Book)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None

    def write(self, book: Book) -> None:
        """Keep it, all or nothing."""
        self.put_files(book.env_uid, {BOOK: msgspec.json.encode(book).decode()})

    def prompts(self, env_uid: str) -> tuple[Prompt, ...]:
        """What was kept of the prompts that wait; a file that cannot be read is put aside."""
        path = self._folder / env_uid / PROMPTS
        try:
            return msgspec.json.decode(path.read_bytes(), type=tuple[Prompt, ...])
        except OSError:
            return ()
        except (msgspec.DecodeError, UnicodeDecodeError):
            with contextlib.suppress(OSError):
                path.rename(path.with_name(PROMPTS + ".unreadable"))
            return ()

    def keep_prompts(self, env_uid: str, prompts: Sequence[Prompt]) -> None:
        """Keep all prompts that wait, all or nothing."""
        self.put_files(env_uid, {PROMPTS: msgspec.json.encode(prompts).decode()})

    def put_files(self, env_uid: str, files: Mapping[str, str]) -> None:
        """Write files into the folder, each all or nothing."""
        try:
            for folder in (self._folder, self._folder / env_uid):
                folder.mkdir(0o700, parents=True, exist_ok=True)
            for name, content in files.items():
                path = self._folder / env_uid / name
                path.parent.mkdir(0o700, parents=True, exist_ok=True)
                half = path.with_name(path.name + ".new")
                fd = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
                with open(fd, "w", encoding="utf-8") as file:
                    file.write(content)
                half.replace(path)
        except OSError as error:
            raise HiveError(
                f"what belongs to an agent cannot be written: {error.strerror}",
                hint=f"make room on the disk of {self._folder}, or give the folder back its rights",
                code="agent_folder",
            ) from error

    def tidy(self, env_uid: str) -> None:
        """Remove the pipes of hooks that were killed."""
        for pipe in (self._folder / env_uid).glob("ask-*"):
            with contextlib.suppress(OSError):
                pipe.unlink()

    def forget(self, env_uid: str) -> None:
        """Delete the folder."""
        with contextlib.suppress(OSError):
            shutil.rmtree(self._folder / env_uid)
