"""Names of keys: as Textual calls them, as people write them. Pure."""

from __future__ import annotations

import unicodedata
from difflib import get_close_matches

_RENAMED = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
"""Unicode's name of a character -> Textual's, where the two differ."""

_UNICODE = {ours: theirs for theirs, ours in _RENAMED.items()}

_SHOWN = {
    "escape": "esc",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "pgup",
    "pagedown": "pgdn",
}

_ALIASES = {
    "esc": "escape",
    "return": "enter",
    "pgup": "pageup",
    "pgdn": "pagedown",
    "pgdown": "pagedown",
    "del": "delete",
    "ins": "insert",
    "?": "question_mark",
    "ctrl+i": "tab",
    "ctrl+m": "enter",
}
"""Other names, and keys that no terminal tells apart."""

_MOVING = frozenset(["up", "down", "left", "right", "tab", "home", "end", "pageup", "pagedown"])
"""Keys that may come with shift."""

_NAMED = _MOVING | {
    *["enter", "escape", "space", "backspace", "delete", "insert"],
    *(f"f{number}" for number in range(1, 25)),
}

_MODIFIERS = ("ctrl", "shift", "alt")


def named(character: str) -> str:
    """Textual's name of the key of a printable character."""
    if character.isalnum():
        return character
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return _RENAMED.get(name, name) or character


_PUNCTUATION = {named(char): char for char in map(chr, range(33, 127)) if not char.isalnum()}


def shown(key: str) -> str:
    """A key as people write it: `?` for `question_mark`, `ctrl+e` as it is."""
    known = _SHOWN.get(key) or _PUNCTUATION.get(key)
    if known or key in _NAMED or len(key) == 1 or "+" in key:
        return known or key
    try:
        return unicodedata.lookup(_UNICODE.get(key, key).replace("_", " "))
    except KeyError:
        return key


def key_of(name: str) -> str:
    """Textual's name of a key that a person wrote.

    Raises:
        ValueError: There is no such key; the message says which one may be meant.
    """
    if len(name) == 1 and name != " ":
        if not name.isprintable():
            raise ValueError("a control character is no name of a key")
        return named(name)
    if name == " ":
        return "space"
    *modifiers, key = name.strip().lower().split("+")
    whole = "+".join([*modifiers, key])
    if whole in _ALIASES:
        return _ALIASES[whole]
    key = _ALIASES.get(key, key)
    if not modifiers:
        if key in _NAMED or key in _PUNCTUATION:
            return key
        raise ValueError(f"there is no key {name!r}{_near(key)}")
    if not set(modifiers) <= set(_MODIFIERS):
        raise ValueError(f"there is no key {name!r}; ctrl, shift and alt go before a key")
    single = len(key) == 1 and key.isascii() and key.isprintable()
    if not (single or key in _NAMED):
        raise ValueError(f"there is no key {name!r}{_near(key)}")
    if modifiers == ["shift"] and key not in _MOVING:
        if key.isalpha() and single:
            return key.upper()
        raise ValueError(f"no terminal tells {name!r} apart; write the character that it makes")
    return "+".join([*sorted(set(modifiers), key=_MODIFIERS.index), key])


def _near(key: str) -> str:
    near = get_close_matches(key, [*_NAMED, *_PUNCTUATION, *_ALIASES], n=1)
    return f"; did you mean {near[0]!r}?" if near else "; keys are like 'W', 'f5', 'ctrl+e'"
