"""Whether one text of hive.toml is what its kind asks for. Pure; looks at nothing but the text."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Collection
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import msgspec
import pathspec

from hive_tui.config import containers, templates
from hive_tui.config.problems import KeyPath, Problem, listed, show, unknown_name
from hive_tui.config.schema import Kind
from hive_tui.config.templates import Place
from hive_tui.config.units import duration_s, memory_bytes

_PLACES = {
    Kind.TEMPLATE: Place.ENV,
    Kind.COMMAND: Place.ENV,
    Kind.FOLDER: Place.ENV,
    Kind.REGEX: Place.ENV,
    Kind.URL: Place.ENV,
    Kind.FILE: Place.ENV,
    Kind.WORDS: Place.ENV,
    Kind.MOUNT: Place.ENV,
    Kind.BRANCH: Place.BRANCH,
    Kind.WORKTREES: Place.WORKTREES,
}
NO_PORTS = "no name, for [ports] has no names"
_NO_STEPS = "no name, for there is no service or task"
_NO_SUITES = "no name, for [tests] has none"
_MAY_BE_EMPTY = {Kind.TEMPLATE}
_HOST = re.compile(r"[A-Za-z0-9._:-]+")


class Names(msgspec.Struct, frozen=True):
    """What the file defines and texts refer to, in the order of the file."""

    ports: Collection[str] = ()
    """Of the block that each env gets."""
    shared_ports: Collection[str] = ()
    """Of services that all envs share, beyond those of the block."""
    shared: Collection[str] = ()
    """Services that all envs share."""
    steps: Collection[str] = ()
    """Services and tasks."""
    suites: Collection[str] = ()


def check(kind: Kind, text: str, path: KeyPath, names: Names) -> Problem | None:
    """Judge one text.

    Args:
        kind: What the text means.
        text: As in the file.
        path: Where it stands: texts under `tests` may also refer to `{{report}}`.
        names: What may be referred to.
    """
    if kind is Kind.STEP:
        return _step(text, path, names)
    if kind is Kind.SUITE:
        return None if text in names.suites else unknown_name(path, text, names.suites, _NO_SUITES)
    if kind is Kind.PORT:
        if text in names.ports or text in names.shared_ports:
            return None
        return unknown_name(path, text, (*names.ports, *names.shared_ports), NO_PORTS)
    if "\0" in text:
        return Problem(path, show(text), f"{kind}, without NUL characters")
    place = _PLACES.get(kind, Place.NOWHERE)
    if place is Place.ENV:
        place = _place(path, names)
    if bad := templates.check(text, ports=(*names.ports, *names.shared_ports), where=place):
        allowed = listed(bad.allowed, "no templates here")
        return Problem(path, show(bad.found), allowed, bad.found.strip("{} "), bad.allowed)
    if not text.strip() and kind not in _MAY_BE_EMPTY:
        return Problem(path, show(text), str(kind))
    reason = _flaw(kind, text)
    return None if reason is None else Problem(path, show(text), reason)


def _place(path: KeyPath, names: Names) -> Place:
    """Where a text of an env stands in the file, which decides what it may refer to."""
    if path[0] == "tests":
        return Place.SUITE
    if path[0] == "services" and path[1] in names.shared:
        return Place.PART if path[2] == "per_env" else Place.SHARED
    return Place.ENV


def _step(text: str, path: KeyPath, names: Names) -> Problem | None:
    if text in names.steps:
        return None
    if text in names.suites:
        return Problem(path, f"{show(text)}, a test", listed(names.steps, _NO_STEPS))
    return unknown_name(path, text, names.steps, _NO_STEPS)


def _flaw(kind: Kind, text: str) -> str | None:
    """What would be allowed instead; `None` where the text is fine."""
    match kind:
        case Kind.FOLDER | Kind.PATH:
            bad = not _is_inside(templates.filled(text), itself=kind is Kind.FOLDER)
        case Kind.GLOB:
            bad = not _is_glob(text)
        case Kind.INSIDE:
            bad = not text.startswith("/")
        case Kind.DURATION:
            bad = not _converts(duration_s, text)
        case Kind.MEMORY:
            bad = not _converts(lambda value: memory_bytes(value, 1), text)
        case Kind.SIZE:
            bad = not _converts(containers.size_bytes, text)
        case Kind.WORDS:
            bad = not _converts(containers.words, text)
        case Kind.MOUNT:
            bad = not _converts(containers.mount, text)
        case Kind.TMPFS:
            bad = not text.startswith("/")
        case Kind.ADDRESS:
            bad = not containers.is_address(text)
        case Kind.PLATFORM:
            bad = not containers.is_platform(text)
        case Kind.URL:
            bad = not _is_url(templates.filled(text))
        case Kind.WORKTREES:
            bad = not re.search(r"\{\{\s*(env|branch)\s*\}\}", text)
        case Kind.REGEX:
            fault = _regex_fault(templates.filled(text))
            return fault and f"a regular expression ({fault})"
        case _:
            bad = False
    return str(kind) if bad else None


def _is_inside(text: str, *, itself: bool) -> bool:
    """Whether it is a relative path that stays in the repository and out of git's own folder."""
    parts = PurePosixPath(text).parts
    if text.startswith(("/", "~")) or ".." in parts or parts[:1] == (".git",):
        return False
    return bool(parts) or itself


def _is_glob(text: str) -> bool:
    pattern = text.removeprefix("!")
    if pattern.startswith(("/", "~", "#")) or ".." in pattern.split("/"):
        return False
    try:
        spec = pathspec.GitIgnoreSpec.from_lines([text])
    except (ValueError, re.error):
        return False
    return all(pattern.include is not None for pattern in spec.patterns)


def _is_url(text: str) -> bool:
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        return False
    if not text.isprintable() or " " in text or url.scheme not in ("http", "https"):
        return False
    return _HOST.fullmatch(url.hostname or "") is not None and port != 0


def _regex_fault(text: str) -> str | None:
    """Why it does not compile over bytes, which is what logs are made of."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            re.compile(text.encode())
    except (re.error, OverflowError, RecursionError) as error:
        return str(error)
    return None


def _converts(convert: Callable[[str], object], text: str) -> bool:
    try:
        convert(text)
    except ValueError:
        return False
    return True
