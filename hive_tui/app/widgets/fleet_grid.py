"""The fleet: one widget drawn line by line, however many envs there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from rich.segment import Segment
from textual.events import Click, Resize
from textual.filter import LineFilter
from textual.geometry import Region, Size, clamp
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from hive_tui.app.lines import Line, faded, fit, lifted
from hive_tui.app.paint import ROLE_CLASSES, Paint
from hive_tui.app.state import Sample
from hive_tui.app.views import tile as views
from hive_tui.app.views.look import Look
from hive_tui.model.environment import EnvDetail

TILE_CELLS = 38
"""Narrowest tile, its gap included, before there is one column less."""

WIDEST_CELLS = 60
"""Widest tile: a few envs on a wide terminal are not drawn out further."""

TABLE_WIDTH, TABLE_HEIGHT = 40, 12
"""Cells and rows of the terminal under which the fleet is a table."""

_FULL_WIDTH = 100
_GAP = 2

_TILES_KEPT = 250
"""Painted tiles that are kept, more than any terminal shows: scrolling back costs little."""

_Ink = tuple[list[Segment], ...]
"""The lines of a tile in colours, each exactly as wide as the tile."""


class Arrangement(msgspec.Struct, frozen=True):
    """Where tiles stand."""

    columns: int
    width: int
    """Cells per tile, its gap included."""
    rows: int
    """Lines of text in a tile; 1: a table."""
    pitch: int
    """Rows from one tile to the next."""

    def region(self, at: int) -> Region:
        """Where the tile number `at` stands, before scrolling."""
        row, column = divmod(at, self.columns)
        return Region(column * self.width, row * self.pitch, self.width, self.pitch)

    def height(self, count: int) -> int:
        """Rows that so many tiles take."""
        return -(-count // self.columns) * self.pitch


def arrange(count: int, width: int, height: int, screen: tuple[int, int]) -> Arrangement:
    """Columns by width; whole tiles where there is room for them.

    Args:
        count: Number of envs.
        width: Cells of the widget.
        height: Rows of the widget.
        screen: Cells and rows of the terminal: a small one gets a table.
    """
    if screen[0] < TABLE_WIDTH or screen[1] < TABLE_HEIGHT:
        return Arrangement(1, max(1, width), 1, 1)
    columns = max(1, min(width // TILE_CELLS, count))
    cells = min(width // columns, WIDEST_CELLS)
    whole = Arrangement(columns, cells, views.FULL, views.FULL + 1)
    if screen[0] >= _FULL_WIDTH or whole.height(count) <= height + 1:
        return whole
    return Arrangement(columns, cells, views.SHORT, views.SHORT + 1)


class FleetGrid(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows every env as a tile, one of them selected.

    The selection is kept by id, so that an env that comes or goes does not move it.
    """

    COMPONENT_CLASSES = set(ROLE_CLASSES)
    DEFAULT_CSS = "FleetGrid { height: 1fr; width: 1fr; }"

    class Opened(Message):
        """The user chose an env with the mouse."""

        def __init__(self, env: str) -> None:
            super().__init__()
            self.env = env

    class Selected(Message):
        """Another env is selected."""

        def __init__(self, env: str | None) -> None:
            super().__init__()
            self.env = env

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._paint = Paint(self)
        self._order: list[str] = []
        self._envs: Mapping[str, EnvDetail] = {}
        self._history: Mapping[str, Sequence[Sample]] = {}
        self._painted: dict[str, tuple[Line, ...]] = {}
        self._inked: dict[tuple[str, bool, bool], _Ink] = {}
        """By env, whether it is marked and whether it is selected."""
        self._plan: Arrangement | None = None
        """For which the tiles were painted."""
        self._top = 0
        """Row of the fleet at the upper edge, while lines are painted."""
        self._cells = 0
        """Cells of a line, while lines are painted."""
        self._look = Look()
        self._faded = False
        self._selected: str | None = None
        self._marked: frozenset[str] = frozenset()

    @property
    def marked(self) -> tuple[str, ...]:
        """Ids of the marked envs that are shown, as the tiles stand."""
        return tuple(env for env in self._order if env in self._marked)

    @property
    def count(self) -> int:
        """Number of tiles."""
        return len(self._order)

    @property
    def selected(self) -> str | None:
        """Id of the selected env; `None` where there is none."""
        return self._selected

    def region_of(self, env: str) -> Region | None:
        """Where the tile of an env stands on the screen; `None` where it is not in sight."""
        at = self._at(env)
        if at is None:
            return None
        plan = self.arrangement
        place = plan.region(at).translate(self.region.offset - self.scroll_offset)
        width = plan.width - (_GAP if plan.rows > 1 else 0)
        tile = Region(place.x, place.y, width, plan.rows).intersection(self.region)
        return tile if tile.area else None

    @property
    def arrangement(self) -> Arrangement:
        """How the tiles stand now."""
        size = self.app.size
        return arrange(
            len(self._order), self.size.width, self.size.height, (size.width, size.height)
        )

    def put(
        self,
        envs: Mapping[str, EnvDetail],
        history: Mapping[str, Sequence[Sample]],
        look: Look,
        *,
        out_of_date: bool = False,
    ) -> None:
        """Show these envs; only the tiles that look different are painted again.

        Args:
            envs: By id, in the order of the tiles.
            history: What each env took lately, by id.
            look: Time and terminal. A new time alone repaints only tiles whose age shows it.
            out_of_date: True while the daemon is out of reach: all is dimmed.
        """
        before, self._envs = self._envs, envs
        order = list(envs)
        everything = (
            order != self._order
            or self.arrangement != self._plan
            or self._faded != out_of_date
            or msgspec.structs.replace(look, now=self._look.now) != self._look
        )
        self._order, self._faded = order, out_of_date
        self._keep_selection(before)
        aged = look.now != self._look.now
        changed = [
            at
            for at, env in enumerate(order)
            if everything
            or before[env] is not envs[env]
            or self._history.get(env) != history.get(env)
        ]
        self._history, self._look = history, look
        for at in changed:
            self._forget(order[at])
        if aged and not everything:
            changed += [at for at in range(len(order)) if self._aged(order[at])]
        if everything:
            self._measure()
            self.refresh()
        else:
            self._repaint(changed)

    def mark(self) -> None:
        """Mark the selected env, or take its mark away; then select the next one."""
        at = self._at(self._selected)
        if at is None:
            return
        self._marked ^= {self._order[at]}
        self._repaint([at])
        self.select_at(min(at + 1, len(self._order) - 1))

    def unmark(self) -> None:
        """Take all marks away."""
        places = [at for at, env in enumerate(self._order) if env in self._marked]
        self._marked = frozenset()
        self._repaint(places)

    def move(self, columns: int = 0, rows: int = 0) -> None:
        """Select the tile so many columns and rows away; at the edge it stays."""
        if not self._order:
            return
        at = self._at(self._selected) or 0
        to = at + columns + rows * self.arrangement.columns
        if rows and not 0 <= to < len(self._order):
            to = at if abs(rows) == 1 else clamp(to, 0, len(self._order) - 1)
        self.select(self._order[clamp(to, 0, len(self._order) - 1)])

    def move_page(self, pages: int) -> None:
        """Select a tile one screenful away."""
        self.move(rows=pages * max(1, self.size.height // self.arrangement.pitch))

    def select_at(self, at: int) -> None:
        """Select the tile of a place; -1 is the last. A place without a tile is ignored."""
        if -1 <= at < len(self._order) and self._order:
            self.select(self._order[at])

    def select(self, env: str) -> None:
        """Select an env and scroll to it. Unknown ids are ignored."""
        if env not in self._envs or env == self._selected:
            return
        places = [at for each in (self._selected, env) if (at := self._at(each)) is not None]
        self._selected = env
        self._repaint(places)
        self._reveal()
        self.post_message(self.Selected(env))

    def notify_style_update(self) -> None:
        """Take the new colours."""
        super().notify_style_update()
        self._paint.forget()
        self._inked.clear()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Colours are those of the roles: nothing has to be searched for others."""
        return self._paint.filters()

    def on_resize(self, _: Resize) -> None:
        """Arrange the tiles anew."""
        self._measure()
        self._reveal()

    def on_click(self, event: Click) -> None:
        """A click selects, a second one opens."""
        plan = self.arrangement
        column = event.x // plan.width
        row = (event.y + round(self.scroll_offset.y)) // plan.pitch
        at = row * plan.columns + column
        if column < plan.columns and at < len(self._order):
            self.select(self._order[at])
            if event.chain >= 2:
                self.post_message(self.Opened(self._order[at]))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Paint some rows; what is the same for all of them is looked up once."""
        plan = self.arrangement
        if plan != self._plan:
            self._plan = plan
            self._painted.clear()
            self._inked.clear()
        self._top, self._cells = round(self.scroll_offset.y), self.size.width
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Paint one row of the screen: one line of each tile of a row of tiles."""
        plan = self._plan
        assert plan is not None, "lines are painted by render_lines"
        row, part = divmod(y + self._top, plan.pitch)
        first = row * plan.columns
        shown = self._order[first : first + plan.columns] if part < plan.rows else []
        segments: list[Segment] = []
        for env in shown:
            segments += self._ink(env, plan)[part]
        missing = self._cells - plan.width * len(shown)
        if missing > 0:
            segments.append(Segment(" " * missing, self._paint.style("text")))
        return Strip(segments, self._cells)

    def _ink(self, env: str, plan: Arrangement) -> _Ink:
        key = (env, env in self._marked, env == self._selected)
        ink = self._inked.get(key)
        if ink is None:
            lines: Iterable[Line] = self._lines(env, plan)
            if key[1]:
                lines = (views.marked(line, self._look) for line in lines)
            if key[2]:
                first, *others = lines
                lines = map(lifted, (views.pointed(first, self._look), *others))
            ink = tuple(self._paint.segments(fit(line, plan.width)) for line in lines)
            self._inked[key] = ink
            if len(self._inked) > _TILES_KEPT:
                del self._inked[next(iter(self._inked))]
        return ink

    def _lines(self, env: str, plan: Arrangement) -> tuple[Line, ...]:
        lines = self._painted.get(env)
        if lines is None:
            lines = self._painted[env] = self._draw(self._envs[env], plan)
            if len(self._painted) > _TILES_KEPT:
                del self._painted[next(iter(self._painted))]
        return lines

    def _forget(self, env: str) -> None:
        """Paint a tile anew when it is next seen."""
        self._painted.pop(env, None)
        for marked in (False, True):
            for selected in (False, True):
                self._inked.pop((env, marked, selected), None)

    def _draw(self, detail: EnvDetail, plan: Arrangement) -> tuple[Line, ...]:
        if plan.rows == 1:
            lines: tuple[Line, ...] = (views.row(detail, plan.width, self._look),)
        else:
            history = self._history.get(detail.id, ())
            lines = views.tile(detail, plan.width - _GAP, plan.rows, self._look, history)
        return tuple(faded(line) for line in lines) if self._faded else lines

    def _aged(self, env: str) -> bool:
        """Draw a tile again that tells an age; whether it says something else than before."""
        before = self._painted.get(env)
        if before is None or self._plan is None or not views.ages(self._envs[env], self._look):
            return False
        now = self._draw(self._envs[env], self._plan)
        if now == before:
            return False
        self._forget(env)
        self._painted[env] = now
        return True

    def _keep_selection(self, before: Mapping[str, EnvDetail]) -> None:
        """After an env went away, its neighbour is selected."""
        if self._selected in self._envs:
            return
        old = list(before)
        at = old.index(self._selected) if self._selected and self._selected in before else 0
        self._selected = self._order[min(at, len(self._order) - 1)] if self._order else None
        self.post_message(self.Selected(self._selected))

    def _measure(self) -> None:
        plan = self.arrangement
        height = plan.height(len(self._order)) - (plan.pitch - plan.rows)
        self.virtual_size = Size(self.size.width, max(0, height))

    def _repaint(self, places: Iterable[int]) -> None:
        """Paint the tiles of some places again, those that are in sight."""
        plan, offset = self.arrangement, self.scroll_offset
        window = self.size.region
        seen = (plan.region(at).translate(-offset) for at in places)
        if regions := [region for region in seen if region.overlaps(window)]:
            self.refresh(*regions)

    def _reveal(self) -> None:
        at = self._at(self._selected)
        if at is not None:
            self.scroll_to_region(
                self.arrangement.region(at), animate=False, force=True, immediate=True
            )

    def _at(self, env: str | None) -> int | None:
        """Place of an env; `None` where there is none of that id."""
        return self._order.index(env) if env is not None and env in self._envs else None
