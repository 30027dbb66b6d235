"""The user's own files, themes and keys: read at the start, taken up again as they change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from textual.app import App

from hive_tui.app import keymap, themes
from hive_tui.app.actions import Registry

LOOKED_S = 1.0
"""How often it is looked whether they changed; without reading a file."""


class OwnFiles:
    """Puts themes on the app and tells of other keys. What is broken is told in one toast each."""

    def __init__(
        self,
        app: App[None],
        folders: Sequence[Path],
        keys: Path | None,
        *,
        theme: str | None,
        keys_changed: Callable[[Registry], None],
    ) -> None:
        """Read nothing yet.

        Args:
            app: Wears the themes and tells what is broken.
            folders: With themes; of two of one name the later one counts.
            keys: File with keys of the user's own.
            theme: Name of the first theme; the product's default where left out.
            keys_changed: Gets the actions with the keys that are in force.
        """
        self._app = app
        self._folders = tuple(folders)
        self._keys = keys
        self._first = theme
        self._keys_changed = keys_changed
        self._seen_themes: object = None
        self._seen_keys: object = None

    def open(self) -> None:
        """Put on the first theme and take the keys; no theme but ours and the user's is offered."""
        for name in tuple(self._app.available_themes):
            self._app.unregister_theme(name)
        names = self._read_themes()
        wanted = self._first or themes.DEFAULT
        if wanted in names:
            self._app.theme = wanted
        elif names:
            self._app.theme = names[0]
        self._read_keys()

    def reload(self) -> None:
        """Take what changed; a theme in use that broke or went stays as it was."""
        if themes.fingerprint(self._folders) != self._seen_themes:
            self._reload_themes()
        if keymap.fingerprint(self._keys) != self._seen_keys:
            self._read_keys()

    def _reload_themes(self) -> None:
        before = self._app.current_theme
        names = self._read_themes()
        for gone in set(self._app.available_themes) - {*names, self._app.theme}:
            self._app.unregister_theme(gone)
        if self._app.current_theme != before:
            self._app.mutate_reactive(App.theme)

    def _read_themes(self) -> list[str]:
        """Register what the folders hold; says what is broken. Returns the names."""
        self._seen_themes = themes.fingerprint(self._folders)
        found, broken = themes.load_all(self._folders)
        for theme in found:
            self._app.register_theme(theme)
        for error in broken:
            self._app.notify(error.message, severity="warning", timeout=10)
        return [theme.name for theme in found]

    def _read_keys(self) -> None:
        self._seen_keys = keymap.fingerprint(self._keys)
        found = keymap.load(self._keys)
        if found.problems:
            self._app.notify(found.told(), severity="warning", timeout=12)
        self._keys_changed(found.registry)
