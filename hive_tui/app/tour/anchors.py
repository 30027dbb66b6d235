"""Where on a screen that stands which a step of the tour speaks of.

Found in what is drawn, by what has to stand there: a tile may be drawn otherwise, and the tour
still points at the right cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len
from textual.geometry import Region
from textual.widget import Widget

from hive_tui.app.lines import ascii_only
from hive_tui.app.marks import of_env, of_service
from hive_tui.app.screens.base import HiveScreen
from hive_tui.app.tour.steps import Anchor
from hive_tui.app.triage.trouble import trouble
from hive_tui.app.views.keys import cells_of
from hive_tui.app.views.look import Look
from hive_tui.app.views.tile import verdict_of
from hive_tui.app.widgets.fleet_grid import FleetGrid
from hive_tui.app.widgets.log_view import LogView
from hive_tui.app.widgets.rows import Pages, Rows
from hive_tui.model.environment import EnvDetail, TestState

_LOG_ROWS, _LOG_CELLS = 3, 60
_MOST_WORDS = 12
"""Rows of what is broken that are lit at most."""


class Spot(NamedTuple):
    """Something on the screen."""

    widget: Widget
    """What draws it."""
    region: Region
    """Its cells on the screen."""
    around: Region
    """What it belongs to; the same where it stands for itself."""
    exact: bool = True
    """False where it is not drawn at this size, and this is what it would belong to."""


def find(screen: HiveScreen, anchor: Anchor, env: EnvDetail) -> Spot | None:
    """Where something stands; `None` where the screen has no place for it."""
    if anchor in (Anchor.NEEDS, Anchor.KEYS, Anchor.QUIT):
        return _in_foot(screen, anchor)
    if anchor is Anchor.HEAD:
        return _rows(screen.query_one("#head", Rows), 0, 1)
    if anchor is Anchor.WORDS:
        return _words(screen, env)
    if anchor is Anchor.LOG:
        view = screen.query_one(LogView)
        lines = view.region
        lit = Region(lines.x, lines.y, min(lines.width, _LOG_CELLS), min(lines.height, _LOG_ROWS))
        return Spot(view, lit, lit)
    return _in_tile(screen, anchor, env)


def _in_tile(screen: HiveScreen, anchor: Anchor, env: EnvDetail) -> Spot | None:
    grid = screen.query_one(FleetGrid)
    tile = grid.region_of(env.id)
    if tile is None:
        return None
    if anchor is Anchor.TILE:
        return Spot(grid, tile, tile)
    look = screen.hive.look()
    for text in _texts(anchor, env, look):
        wanted = ascii_only(text) if look.plain else text
        found = _cells(grid, tile, wanted)
        if found is not None:
            if anchor is Anchor.THING:
                found = Region(tile.x, found.y, tile.width, 1)
            return Spot(grid, found, tile)
    return Spot(grid, tile, tile, exact=False)


def _texts(anchor: Anchor, env: EnvDetail, look: Look) -> list[str]:
    """What stands in the tile where the anchor is; one of these."""
    view = env.view
    if anchor is Anchor.STATE:
        mark = of_env(view.state, view.progress.done if view.progress else 0)
        return [f"{mark.sign(look.plain)} {mark.word}", mark.word]
    if anchor is Anchor.THING:
        wrong = trouble(env)
        told = [wrong.text[:12]] if wrong is not None else []
        moving = [f"{view.progress.done}/{view.progress.all}"] if view.progress else []
        return moving + told
    if anchor is Anchor.VERDICT:
        tests = sorted(view.tests, key=lambda test: test.state is not TestState.FAILED)
        run = [test for test in tests if test.state is not TestState.NEVER]
        return ["".join(span.text for span in verdict_of(test, look)) for test in run]
    if anchor is Anchor.DOTS:
        dots = "".join(of_service(service.state).sign(look.plain) for service in view.services)
        return [dots, " ready"]
    named = [f"{name} {port}" for name, port in view.ports.names.items()]
    return ["  ".join(named[:count]) for count in range(len(named), 0, -1)]


def _in_foot(screen: HiveScreen, anchor: Anchor) -> Spot | None:
    foot = screen.query_one("#foot", Rows)
    height = foot.region.height
    if not height:
        return None
    if anchor is Anchor.KEYS:
        return _rows(foot, height - 1, 1)
    if anchor is Anchor.NEEDS:
        texts = [foot.render_line(row).text for row in range(height)]
        at = next((row for row, text in enumerate(texts) if text.startswith(" needs you")), None)
        return _rows(foot, at, 1) if at is not None else None
    width = screen.app.size.width
    cells = cells_of("app.quit", screen.AREA, screen.situation(), width, screen.hive.keys)
    row = _rows(foot, height - 1, 1)
    if cells is None:
        return row
    quit_ = Region(foot.region.x + cells[0], row.region.y, cells[1], 1)
    return Spot(foot, quit_, row.region)


def _words(screen: HiveScreen, env: EnvDetail) -> Spot | None:
    """What is broken on the page of an env: heading and last lines."""
    page = screen.query_one(Pages)
    wrong = trouble(env)
    if wrong is None:
        return None
    texts = [page.render_line(row).text.rstrip() for row in range(page.size.height)]
    bars = ("  │ ", "  | ")
    lit = [row for row, text in enumerate(texts) if text.startswith(bars)]
    if not lit:
        return _rows(screen.query_one("#head", Rows), 0, 1)
    first = max(0, lit[0] - 1)
    last = _run(lit)[-1]
    height = min(last - first + 1, _MOST_WORDS)
    width = max(cell_len(_left_column(text)) for text in texts[first : first + height])
    region = Region(page.region.x, page.region.y + first, max(20, width), height)
    region = region.intersection(page.region)
    return Spot(page, region, region)


def _left_column(text: str) -> str:
    """The text up to the gap before a second column."""
    body = text.lstrip()
    head, _, _ = body.partition("     ")
    return " " * (len(text) - len(body)) + head


def _run(rows: Sequence[int]) -> list[int]:
    """The first rows that follow upon each other."""
    run = [rows[0]]
    for row in rows[1:]:
        if row != run[-1] + 1:
            break
        run.append(row)
    return run


def _cells(widget: Widget, within: Region, text: str) -> Region | None:
    """Where a text is drawn within a part of a widget."""
    own = widget.region
    for y in range(max(within.y, own.y), min(within.bottom, own.bottom)):
        strip = widget.render_line(y - own.y).crop(within.x - own.x, within.right - own.x)
        before, found, _ = strip.text.partition(text)
        if found and text:
            return Region(within.x + cell_len(before), y, cell_len(text), 1)
    return None


def _rows(widget: Widget, first: int, count: int) -> Spot:
    own = widget.region
    region = Region(own.x, own.y + first, own.width, count)
    return Spot(widget, region, region)
