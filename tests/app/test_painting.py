"""How much is painted for what: counted, not timed."""

from __future__ import annotations

import pytest
from textual.events import Resize
from textual.geometry import Size
from textual.screen import Screen

from hive_tui.app.widgets.fleet_grid import FleetGrid
from hive_tui.model.environment import EnvState
from hive_tui.model.wire import Delta
from tests.app import scenes
from tests.app.scripted import Driven, driven

MANY = [scenes.env(f"e{at:03}", at, EnvState.WARM) for at in range(300)]


class Paintings:
    """What each painting of a screen was about: the ids of the widgets."""

    def __init__(self) -> None:
        self.seen: list[set[str | None]] = []

    def of(self, *names: str) -> int:
        """Paintings with one of these widgets in them."""
        return sum(bool(painting & set(names)) for painting in self.seen)


@pytest.fixture
def paintings(monkeypatch: pytest.MonkeyPatch) -> Paintings:
    found = Paintings()
    paint = Screen._compositor_refresh

    def noting(screen: Screen[object]) -> None:
        found.seen.append({widget.id for widget in screen._dirty_widgets})
        paint(screen)

    monkeypatch.setattr(Screen, "_compositor_refresh", noting)
    return found


async def test_a_key_that_changes_several_widgets_is_painted_once(paintings: Paintings) -> None:
    async with driven() as it:
        await it.press("l")
        await it.until_shown("following")
        paintings.seen.clear()
        await it.press("f")
        await it.until_shown("held")
        changed = [painting for painting in paintings.seen if "log" in painting]
        assert len(changed) == 1
        assert "foot" in changed[0]


async def test_five_hundred_updates_in_one_frame_are_painted_once_or_twice(
    paintings: Paintings,
) -> None:
    async with driven(scenes.snapshot([scenes.env("a", 0, EnvState.WARM, memory=0)])) as it:
        paintings.seen.clear()
        for at in range(500):
            it.client.say(Delta(envs=(scenes.env("a", 0, EnvState.WARM, memory=at * 10**6),)))
        await it.until_shown("499 MB")
        assert 1 <= paintings.of("fleet") <= 2


async def test_a_storm_of_sizes_ends_at_the_last_one_without_a_layout_for_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layouts = 0
    layout = Screen._refresh_layout

    def counting(screen: Screen[object], *args: object, **kwargs: object) -> None:
        nonlocal layouts
        layouts += 1
        layout(screen, *args, **kwargs)  # type: ignore[arg-type]

    async with driven(scenes.snapshot(MANY)) as it:
        monkeypatch.setattr(Screen, "_refresh_layout", counting)
        sizes = [(20 + 7 * at % 281, 5 + 5 * at % 96) for at in range(200)]
        for width, height in [*sizes, (160, 48)]:
            resize(it, width, height)
        await it.until(lambda: it.app.size == (160, 48))
        await it.until_shown("e000")
        assert layouts < 10
        assert len(it.rows()) == 48
        columns = it.rows()[2].count("▌")
        assert columns == it.app.screen.query_one(FleetGrid).arrangement.columns == 4


async def test_a_change_out_of_sight_paints_no_tile(paintings: Paintings) -> None:
    async with driven(scenes.snapshot(MANY)) as it:
        paintings.seen.clear()
        await it.say(Delta(envs=(scenes.env("e299", 299, EnvState.FROZEN),)))
        assert paintings.of("fleet") == 0
        await it.press("end")
        await it.until_shown("e299")
        assert "frozen" in it.text()


async def test_the_fleet_keeps_the_tiles_of_a_few_screens_only() -> None:
    async with driven(scenes.snapshot(MANY)) as it:
        for _ in range(60):
            await it.press("pagedown")
        grid = it.app.screen.query_one(FleetGrid)
        assert grid.selected == "shop/e299"
        assert 0 < len(grid._inked) <= 250
        assert 0 < len(grid._painted) <= 250


def resize(it: Driven, width: int, height: int) -> None:
    """As the terminal does it: nobody waits until it is drawn."""
    size = Size(width, height)
    it.app._driver._size = (width, height)  # type: ignore[union-attr]
    it.app.post_message(Resize(size, size))
