from __future__ import annotations

from collections.abc import Sequence

from hive_tui.app.state import Sample
from hive_tui.app.views.look import Look
from hive_tui.app.views.tile import FULL, tile
from hive_tui.model.environment import EnvDetail
from tests.app import scenes


def last_row(detail: EnvDetail, width: int, history: Sequence[Sample]) -> str:
    line = tile(detail, width, FULL, Look(scenes.NOW), history)[-1]
    return "".join(span.text for span in line)


GROWS = tuple(Sample(each * 100_000_000, each * 10) for each in range(1, 9))


def test_memory_and_processor_each_stand_beside_what_they_were_lately() -> None:
    assert "▁▂▃▄▅▆▇█ 1.2 GB  ▁▂▃▄▅▆▇█ 4%" in last_row(scenes.auth(), 58, GROWS)


def test_a_narrow_tile_has_a_shorter_history_and_keeps_the_lines_changed() -> None:
    row = last_row(scenes.auth(), 36, GROWS)
    assert "▅▆▇█ 1.2 GB  ▅▆▇█ 4%" in row
    assert row.endswith("+120 -8")


def test_what_never_changed_has_no_history() -> None:
    assert "▌ 1.2 GB  4%" in last_row(scenes.auth(), 58, [Sample(1, 1), Sample(1, 1)])


def test_a_branch_of_another_name_stands_out_more_than_one_of_the_same() -> None:
    roles = [
        tile(detail, 40, FULL, Look(scenes.NOW))[1][2].role
        for detail in (scenes.auth(), scenes.fleet()[3])
    ]
    assert roles == ["muted", "dim"]
