"""The user's settings file: `[notify]` in `settings.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from hive_tui.app.notifying.policy import Settings


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    notify: Settings = Settings()


def load(file: Path | None) -> tuple[Settings, str | None]:
    """The settings, and what is wrong with the file; a broken one leaves all as usual."""
    if file is None:
        return Settings(), None
    try:
        return msgspec.convert(tomllib.loads(file.read_text("utf-8")), _File).notify, None
    except FileNotFoundError:
        return Settings(), None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        return Settings(), f"{file}: {error}; notifications are as usual until it is mended"
