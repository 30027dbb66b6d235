"""Values that are kept out of hive.toml: where they come from, and how they stay unseen."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from hive_tui.model.errors import ConfigError
from hive_tui.model.project import Project, Secret

MASK = "•••"

_SHORTEST_LINE = 8
"""Characters from which on a single line of a longer secret is masked by itself."""


class Secrets(Mapping[str, str]):
    """Secrets by name. Printing it shows no values."""

    def __init__(self, file: Mapping[str, str], environ: Mapping[str, str]) -> None:
        """Look in the file first, then in the environment."""
        self._values = {**environ, **file}

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Secrets({len(self._values)} names)"


def read(path: Path, environ: Mapping[str, str]) -> Secrets:
    """Read the secrets file: TOML, one `NAME = "value"` a line.

    Args:
        path: The file; a missing one has no secrets.
        environ: The daemon's environment, which gives what the file does not.

    Raises:
        ConfigError: Others may read the file, or it is not a flat table of texts. No value is
            ever part of the message. Code `secrets_open` or `secrets`.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & ~0o600:
                raise ConfigError(
                    f"{path} has mode {mode:04o}; secrets need 0600",
                    hint=f"run: chmod 600 {path}",
                    code="secrets_open",
                )
            data = file.read()
    except FileNotFoundError:
        return Secrets({}, environ)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}", hint="check its owner", code="secrets"
        ) from error
    return Secrets(_texts(path, data), environ)


def used(project: Project, secrets: Mapping[str, str]) -> tuple[str, ...]:
    """The values of the secrets that the project names: those that have to be masked."""
    tables = (
        project.env,
        *(service.env for service in project.services.values()),
        *(task.env for task in project.tasks.values()),
        *(suite.env for suite in project.tests.values()),
    )
    names = {v.secret for table in tables for v in table.values() if isinstance(v, Secret)}
    return tuple(secrets[name] for name in sorted(names) if name in secrets)


def mask(text: str, values: Iterable[str]) -> str:
    """The text with `•••` in place of every secret, the longest first.

    Of a secret of several lines each longer line is masked too, because logs come line by line.
    """
    for value in _hidden(values):
        text = text.replace(value, MASK)
    return text


class Masker:
    """The same for many pieces of a log as they are on the disk."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        """Hide these values; none hide nothing."""
        self._hidden = [value.encode() for value in _hidden(values)]

    def __call__(self, line: bytes) -> bytes:
        """A finished line, or several."""
        for value in self._hidden:
            line = line.replace(value, MASK.encode())
        return line

    def unfinished(self, line: bytes) -> bytes:
        """As much of a line that still grows as cannot be the beginning of a secret."""
        while held := max((_begun(value, line) for value in self._hidden), default=0):
            line = line[:-held]
        return self(line)


def _hidden(values: Iterable[str]) -> list[str]:
    """What is replaced, the longest first."""
    hidden = {value for value in values if value}
    hidden |= {
        line
        for value in hidden
        if "\n" in value
        for line in value.splitlines()
        if len(line) >= _SHORTEST_LINE
    }
    return sorted(hidden, key=len, reverse=True)


def _begun(value: bytes, line: bytes) -> int:
    """How many bytes of a value a line ends in the middle of; 0 where it does not."""
    last = line[-1:]
    at = value.rfind(last, 0, -1) if last else -1
    while at >= 0:
        if line.endswith(value[: at + 1]):
            return at + 1
        at = value.rfind(last, 0, at)
    return 0


def _texts(path: Path, data: bytes) -> dict[str, str]:
    try:
        document = tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        # The parser's own message may quote what it stumbled over, and so a secret.
        raise ConfigError(
            f"{path} is not valid TOML", hint='write NAME = "value", one a line', code="secrets"
        ) from None
    wrong = [name for name, value in document.items() if not isinstance(value, str)]
    if wrong:
        raise ConfigError(
            f"{path}: {', '.join(wrong)}: found something else than text",
            hint='write NAME = "value", one a line',
            code="secrets",
        )
    return document
