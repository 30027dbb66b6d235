"""The command palette: every action of the screen in front, found by any of its words."""

from __future__ import annotations

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from hive_tui.app.actions import Action
from hive_tui.app.screens.base import HiveScreen

_HIDDEN = ("app.palette", "logs.source")


class ActionCommands(Provider):
    """Offers the registry's actions. One that is not possible says why when chosen."""

    async def discover(self) -> Hits:
        """All of them, while nothing is typed."""
        for action in self._actions():
            yield DiscoveryHit(action.palette, self._run(action), help=_help(action))

    async def search(self, query: str) -> Hits:
        """Those that match, by name or by what they do."""
        matcher = self.matcher(query)
        for action in self._actions():
            score = max(matcher.match(action.palette), matcher.match(action.help) * 0.5)
            if score > 0:
                shown = matcher.highlight(action.palette)
                yield Hit(score, shown, self._run(action), help=_help(action))

    def _actions(self) -> list[Action]:
        screen = self.screen
        if not isinstance(screen, HiveScreen):
            return []
        return [
            action for action in screen.hive.keys.offered(screen.AREA) if action.id not in _HIDDEN
        ]

    def _run(self, action: Action) -> partial[None]:
        screen = self.screen
        assert isinstance(screen, HiveScreen)
        return partial(screen.action_act, action.id)


def _help(action: Action) -> str:
    """What it does, and the key that does the same."""
    return f"{action.shown_key}  {action.help}"
