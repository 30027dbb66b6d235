"""The user's keys: `keymap.toml` laid over the registry. Reads one file and changes no screen.

A line that cannot be used is told by name and its action keeps the keys that it has by itself; so
does a line that would put two actions of one screen on one key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from hive_tui.app.action import DIGITS, Action
from hive_tui.app.actions import DEFAULT, Registry
from hive_tui.app.keynames import key_of, shown

NAME = "keymap.toml"

_RESERVED = {
    "ctrl+c": "it copies what is selected and says how to leave",
    "ctrl+q": "it always leaves",
}


class Keymap(msgspec.Struct, frozen=True):
    """What a file makes of the registry."""

    registry: Registry = DEFAULT
    problems: tuple[str, ...] = ()
    """What cannot be used, a sentence each; the keys there are the product's own."""
    changed: int = 0
    """Actions with keys of the user's own."""

    def told(self, most: int = 3) -> str:
        """All of it in one message."""
        more = len(self.problems) - most
        rest = [f"and {more} more; `hive doctor` names them all"] if more > 0 else []
        return "\n".join(
            [f"{NAME}: the usual keys stand in for what is wrong", *self.problems[:most], *rest]
        )


def load(file: Path | None) -> Keymap:
    """The keys of a file; the product's own where there is none."""
    if file is None:
        return Keymap()
    try:
        text = file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return Keymap()
    except OSError as error:
        return Keymap(problems=(f"it cannot be read: {error.strerror}; make it yours",))
    except UnicodeDecodeError:
        return Keymap(problems=("it is no UTF-8 text; write it anew",))
    return parse(text)


def fingerprint(file: Path | None) -> tuple[int, int] | None:
    """What a file is, without reading it: time and size; `None` where there is none."""
    if file is None:
        return None
    try:
        stat = file.stat()
    except OSError:
        return None
    return (stat.st_mtime_ns, stat.st_size)


def parse(text: str) -> Keymap:
    """The keys that the text of a file asks for."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        how = 'a line is like "env.warm" = "W" or "env.warm" = ["W", "f5"]'
        return Keymap(problems=(f"{error}; {how}",))
    problems: list[str] = []
    wanted: dict[str, tuple[str, ...]] = {}
    for action, value in _flat(document):
        keys = _judged(action, value, problems)
        if keys and keys != DEFAULT.by_id[action].keys:
            wanted[action] = keys
    kept = _without_clashes(wanted, problems)
    if not kept:
        return Keymap(problems=tuple(problems))
    actions = [_with(action, kept) for action in DEFAULT.raw]
    return Keymap(Registry(actions), tuple(problems), len(kept))


def _flat(table: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, object]]:
    """Ids and what stands after them, quoted (`"env.warm"`) or not (`env.warm`)."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _judged(action: str, value: object, problems: list[str]) -> tuple[str, ...]:
    """Keys for an action; none where something is wrong with them, which is then told."""
    known = DEFAULT.by_id.get(action)
    if known is None:
        near = get_close_matches(action, DEFAULT.by_id, n=1)
        meant = f"; did you mean {near[0]!r}?" if near else "; docs/screens.md has all of them"
        problems.append(f"there is no action {action!r}{meant}")
        return ()
    if known.keys == DIGITS:
        problems.append(f"{action}: its keys are the digits and stay so")
        return ()
    names = [value] if isinstance(value, str) else value
    sound = isinstance(names, list) and names and all(isinstance(n, str) and n for n in names)
    if not sound or not isinstance(names, list):
        problems.append(f"{action}: a key in quotes is wanted, or a list of some")
        return ()
    keys: list[str] = []
    for name in names:
        try:
            key = key_of(name)
        except ValueError as error:
            problems.append(f"{action}: {error}")
            return ()
        if key in _RESERVED:
            problems.append(f"{action}: {key} cannot be had; {_RESERVED[key]}")
            return ()
        if key not in keys:
            keys.append(key)
    return tuple(keys)


def _without_clashes(
    wanted: Mapping[str, tuple[str, ...]], problems: list[str]
) -> dict[str, tuple[str, ...]]:
    """The lines that leave every key of every screen with one meaning.

    The last line that clashes goes first; that may free keys or take them, so all is looked at
    again until nothing clashes. The product's own keys do not.
    """
    kept = dict(wanted)
    while (found := _clash(kept)) is not None:
        action, other, key, area = found
        problems.append(
            f"{action} and {other} are both on {shown(key)!r} ({area}); "
            f"{action} keeps {shown(DEFAULT.by_id[action].keys[0])!r}"
        )
        del kept[action]
    return kept


def _clash(kept: Mapping[str, tuple[str, ...]]) -> tuple[str, str, str, str] | None:
    """The last line that clashes, with what, on which key and where."""
    for action in reversed(list(kept)):
        for other in DEFAULT.raw:
            if other.id == action:
                continue
            shared = set(kept[action]) & set(kept.get(other.id, other.keys))
            areas = [area for area in DEFAULT.by_id[action].where if area in other.where]
            if shared and areas:
                return action, other.id, min(shared), areas[0]
    return None


def _with(action: Action, kept: Mapping[str, tuple[str, ...]]) -> Action:
    keys = kept.get(action.id)
    return action if keys is None else msgspec.structs.replace(action, keys=keys)
