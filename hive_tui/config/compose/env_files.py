"""Files of `NAME=value` lines: `.env` and whatever `env_file` names."""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import suppress

from hive_tui.config.compose.interpolation import InterpolationError, Values


class EnvFileError(ValueError):
    """A line of the file cannot be read."""


def read(text: str, known: Mapping[str, str]) -> dict[str, str]:
    """The variables of a file, their own references filled in.

    Args:
        text: The file's text.
        known: Values that come from elsewhere; they go before the file's own.

    Raises:
        EnvFileError: A line is no assignment, or refers to something in a way that fails.
    """
    from dotenv.parser import parse_stream

    found: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text)):
        line = binding.original.line
        if binding.error:
            raise EnvFileError(f"line {line} is no NAME=value")
        if binding.key is None:
            continue
        value = known.get(binding.key, "") if binding.value is None else binding.value
        if not _literal(binding.original.string):
            # A dollar sign in a password stays, as a shell would leave it.
            with suppress(InterpolationError):
                value = Values({**found, **known}).fill(value)
        if "{{" in value:
            raise EnvFileError(f"line {line} holds two braces, which begin a template in hive")
        found[binding.key] = value
    return found


def _literal(line: str) -> bool:
    """Whether the value stands in single quotes, where a dollar sign is just one."""
    return line.partition("=")[2].lstrip().startswith("'")
