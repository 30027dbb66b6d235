"""Themes from TOML files: those that come with the product and those of the user. Validated."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec
from textual.color import Color, ColorParseError
from textual.theme import Theme

from hive_tui.model.errors import ConfigError

DEFAULT = "hive-dark"

VARIABLES = ("muted", "dim", "info", "lift", "edge")
"""Colours of ours beside Textual's: quiet text, quieter text, frozen, the selection, rules.

In the style sheet their names start with `hive-`.
"""

Colour = str


class Colours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The colours of a theme file, as `#rrggbb` or by CSS name."""

    background: Colour
    foreground: Colour
    surface: Colour
    panel: Colour
    primary: Colour
    secondary: Colour
    accent: Colour
    success: Colour
    warning: Colour
    error: Colour
    muted: Colour
    dim: Colour
    info: Colour
    lift: Colour
    edge: Colour


class ThemeFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a themes folder."""

    name: str
    dark: bool
    colors: Colours


def shipped() -> Path:
    """The folder of the product's own themes, in a wheel or in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "themes"
    return inside if inside.is_dir() else package.parent / "themes"


def load(file: Path) -> Theme:
    """Read one theme.

    Raises:
        ConfigError: The file cannot be read, has unknown or missing keys, or a value is no colour.
    """
    hint = f"correct {file.name} or take it out of {file.parent}"
    try:
        table = tomllib.loads(file.read_text("utf-8"))
        if wrong := _wrong_key(table):
            raise ConfigError(f"theme {file.name}: {wrong}", hint=hint)
        parsed = msgspec.convert(table, ThemeFile)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"theme {file.name}: {error}", hint=hint) from error
    except msgspec.ValidationError as error:
        raise ConfigError(f"theme {file.name}: {error}", hint=hint) from error
    colours = msgspec.structs.asdict(parsed.colors)
    for key, value in colours.items():
        try:
            Color.parse(value)
        except ColorParseError as error:
            raise ConfigError(
                f"theme {file.name}: colors.{key}: {value!r} is no colour", hint=hint
            ) from error
    own = {f"hive-{key}": colours.pop(key) for key in VARIABLES}
    own |= {
        "block-cursor-background": colours["primary"],
        "scrollbar": own["hive-edge"],
        "scrollbar-hover": own["hive-dim"],
        "scrollbar-active": own["hive-muted"],
        "scrollbar-background": colours["background"],
        "scrollbar-background-hover": colours["background"],
        "scrollbar-background-active": colours["background"],
        "input-selection-background": own["hive-lift"],
    }
    return Theme(name=parsed.name, dark=parsed.dark, variables=own, **colours)


def _wrong_key(table: dict[str, Any]) -> str | None:
    """The first key that is unknown or missing, in words; `None` where there is none."""
    colors = table.get("colors")
    parts = (("", table, ThemeFile), ("colors.", colors, Colours))
    for prefix, found, shape in parts:
        if not isinstance(found, dict):
            continue
        allowed = shape.__struct_fields__
        for key in found.keys() - set(allowed):
            near = get_close_matches(key, allowed, n=1)
            meant = f"; did you mean {prefix}{near[0]}?" if near else f": {', '.join(allowed)}"
            return f"{prefix}{key} is no key of a theme{meant}"
        if missing := [key for key in allowed if key not in found]:
            return f"{prefix}{missing[0]} is missing"
    return None


def load_all(folders: Iterable[Path]) -> tuple[list[Theme], list[ConfigError]]:
    """All themes of the folders and what is wrong with those that cannot be used.

    A theme of a later folder replaces one of the same name of an earlier folder. A folder that
    does not exist has none.
    """
    themes: dict[str, Theme] = {}
    broken: list[ConfigError] = []
    for folder in folders:
        for file in sorted(folder.glob("*.toml")):
            try:
                theme = load(file)
            except ConfigError as error:
                broken.append(error)
            else:
                themes[theme.name] = theme
    return list(themes.values()), broken


def fingerprint(folders: Iterable[Path]) -> tuple[tuple[str, int, int], ...]:
    """What the folders hold, without reading it: each theme file's path, time and size."""
    found: list[tuple[str, int, int]] = []
    for folder in folders:
        for file in sorted(folder.glob("*.toml")):
            try:
                stat = file.stat()
            except OSError:
                continue  # taken away between the two looks
            found.append((str(file), stat.st_mtime_ns, stat.st_size))
    return tuple(found)
