from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from hive_tui.app import figures
from hive_tui.app.lines import (
    Span,
    ascii_only,
    beside,
    cut,
    fit,
    joined,
    runs,
    safe,
    side_by_side,
    width_of,
    wrapped,
)
from hive_tui.app.state import Sample
from hive_tui.app.views.look import Look
from hive_tui.app.views.tile import FULL, tile
from hive_tui.app.views.waterfall import TraceStep, TraceView, parse, waterfall
from hive_tui.model.environment import EnvState
from tests.app import scenes

texts = st.text(st.characters(blacklist_categories=["Cs"]), max_size=40).map(safe)
lines = st.lists(st.builds(Span, texts), max_size=5).map(tuple)


@given(lines, st.integers(0, 60))
def test_a_cut_line_never_takes_more_cells_than_there_are(line: tuple[Span, ...], w: int) -> None:
    assert width_of(cut(line, w)) <= w


@given(lines, st.integers(0, 60))
def test_a_fitted_line_takes_exactly_its_cells(line: tuple[Span, ...], width: int) -> None:
    assert width_of(fit(line, width)) == width


@given(lines, lines, st.integers(1, 60))
def test_two_ends_of_a_row_take_exactly_its_cells(
    left: tuple[Span, ...], right: tuple[Span, ...], width: int
) -> None:
    assert width_of(beside(left, right, width)) == width


@given(st.text(max_size=60))
def test_safe_text_has_no_control_and_no_direction_mark(text: str) -> None:
    shown = safe(text)
    assert not any(ord(each) < 32 or 127 <= ord(each) < 160 for each in shown)
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200f")
    shown.encode("utf-8")


@given(st.text(max_size=80), st.text(max_size=80), st.integers(20, 60), st.booleans())
def test_every_tile_has_exactly_its_rows_and_cells(
    name: str, reason: str, width: int, plain: bool
) -> None:
    detail = scenes.env("x", 0, EnvState.DEGRADED, branch=name, reason=reason, memory=2, cpu=61.0)
    history = (Sample(1, 0), Sample(2, 61))
    drawn = tile(detail, width, FULL, Look(scenes.NOW, plain), history)
    assert [width_of(line) for line in drawn] == [width] * FULL


def test_what_does_not_fit_ends_with_an_ellipsis() -> None:
    assert cut((Span("abc"), Span("defgh")), 5) == (Span("abc"), Span("d…"))
    assert cell_len(cut((Span("漢字漢字"),), 4)[0].text) <= 4


def test_empty_parts_leave_no_gap() -> None:
    assert joined([(), (Span("a"),), (), (Span("b"),)]) == (Span("a"), Span("  "), Span("b"))


def test_two_columns_keep_the_right_one_in_place() -> None:
    rows = side_by_side([(Span("a"),)], [(Span("x"),), (Span("y"),)], 4, 2)
    assert ["".join(span.text for span in row) for row in rows] == ["a     x", "      y"]


def test_a_long_paragraph_is_wrapped_and_cut_at_the_end() -> None:
    rows = wrapped("one two three four five six", 9, most=2)
    assert ["".join(span.text for span in row) for row in rows] == ["one two", "three fo…"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0.0 s"), (8.14, "8.1 s"), (12.4, "12 s"), (200, "3m20"), (8040, "2h14"), (3e5, "3d")],
)
def test_durations(value: float, shown: str) -> None:
    assert figures.seconds(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0 kB"), (212_000_000, "212 MB"), (1_210_000_000, "1.2 GB")]
)
def test_amounts_of_memory(value: int, shown: str) -> None:
    assert figures.size(value) == shown


def test_a_broken_time_has_no_age() -> None:
    assert figures.since("yesterday", scenes.NOW) == ""
    assert figures.since(None, scenes.NOW) == ""
    assert figures.since(scenes.ago(190), scenes.NOW) == "3m"


def test_a_meter_takes_its_cells_whatever_the_share() -> None:
    for share in (-1.0, 0.0, 0.5, 1.0, 7.0):
        assert len("".join(figures.meter(share, 12))) == 12


def test_the_longest_path_stays_where_a_waterfall_is_too_long() -> None:
    steps = tuple(
        TraceStep(f"s{at}", started_s=at, ended_s=at + 0.1, outcome="succeeded") for at in range(40)
    )
    path = TraceStep("path", started_s=0.0, ended_s=0.05, outcome="succeeded", critical=True)
    drawn = waterfall(TraceView("warm", "succeeded", 40.0, 0.05, (*steps, path)), 60, Look())
    text = ["".join(span.text for span in line) for line in drawn]
    assert any("path" in line for line in text[1:])
    assert text[-2].strip() == "and 27 shorter ones"
    assert all(width_of(line) <= 60 for line in drawn)


def test_what_is_not_a_trace_is_none() -> None:
    assert parse({"traceEvents": []}) is None
    assert parse(None) is None


def test_ascii_takes_the_same_cells_and_keeps_what_our_signs_say() -> None:
    for text in ("plain", "took 1 s · path…", "日本 é", "↑3 ↓2"):
        assert ascii_only(text).isascii()
        assert cell_len(ascii_only(text)) == cell_len(text)
    assert ascii_only("↑3 … “x”") == '^3 ~ "x"'


@given(st.lists(st.builds(Span, texts, st.sampled_from(["text", "bad"]), st.booleans())))
def test_runs_say_the_same_in_fewer_spans_and_keep_the_colour_of_all_but_blanks(
    line: list[Span],
) -> None:
    def cells(spans: list[Span]) -> list[tuple[str, str, bool]]:
        return [
            (char, "" if char.isspace() else span.role, span.lifted)
            for span in spans
            for char in span.text
        ]

    assert cells(runs(line)) == cells(line)
    assert len(runs(line)) <= len(line)


def test_blanks_are_no_runs_of_their_own() -> None:
    line = [Span("▌", "good"), Span(" "), Span("auth", "good"), Span("   "), Span("warm", "muted")]
    assert runs(line) == [Span("▌ auth   ", "good"), Span("warm", "muted")]
