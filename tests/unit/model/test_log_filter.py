"""What a filter keeps is what a person sees, and the probe never misses a line that it keeps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_tui.model.levels import Level
from hive_tui.model.log_filter import LogFilter
from hive_tui.model.log_probe import LogProbe


@pytest.mark.parametrize(
    ("raw", "text", "kept"),
    [
        (b"GET /items", "get", True),
        (b"GET /items", "post", False),
        (b"er\x1b[31mr\x1b[0mor", "error", True),
        (b"\x1b[31mred", "31m", False),
        (b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\s", "links", True),
        (b"\x1b]8;;http://x\x1b\\link", "http", False),
        (b"10%\r50%\r100%", "50%", False),
        (b"10%\r50%\r100%\r", "100%", True),
        ("Ünter den Linden".encode(), "üNTER", True),
        ("Straße".encode(), "STRAßE", True),
        (b"\xff\xfe", "\ufffd", True),
        (b"", "x", False),
    ],
)
def test_a_text_is_looked_for_in_what_a_person_sees(raw: bytes, text: str, kept: bool) -> None:
    assert LogFilter((text,)).keeps(raw) is kept


def test_all_texts_and_the_level_have_to_fit() -> None:
    wanted = LogFilter(("api", "db"), Level.WARNING)
    assert wanted.keeps(b"WARN api waits for db")
    assert not wanted.keeps(b"WARN api waits")
    assert not wanted.keeps(b"api waits for db")


@pytest.mark.parametrize(
    ("narrow", "wide", "narrows"),
    [
        (LogFilter(("error",)), LogFilter(("err",)), True),
        (LogFilter(("err",)), LogFilter(("error",)), False),
        (LogFilter(("ERR", "x")), LogFilter(("err",)), True),
        (LogFilter(), LogFilter(), True),
        (LogFilter(), LogFilter((), Level.ERROR), False),
        (LogFilter((), Level.ERROR), LogFilter((), Level.WARNING), True),
    ],
)
def test_it_is_known_which_filter_keeps_less(
    narrow: LogFilter, wide: LogFilter, narrows: bool
) -> None:
    assert narrow.narrows(wide) is narrows


BITS = (b"a", b"A", b"b", b"\x1b[1m", b"\x1b]0;t\x07", b"\r", b"err", b"or", b"warn", b"\xc3\xa4")
LINES = st.lists(st.lists(st.sampled_from(BITS), max_size=6).map(b"".join), min_size=1, max_size=8)
TEXTS = st.sampled_from(["a", "ab", "aa", "ä", "error", ""])


@given(lines=LINES, text=TEXTS, least=st.sampled_from(Level))
def test_the_probe_misses_no_line_that_is_kept(lines: list[bytes], text: str, least: Level) -> None:
    wanted = LogFilter((text,) if text else (), least)
    data = b"\n".join(lines) + b"\n"
    found = [data[start:end] for start, end in LogProbe(wanted).lines(data)]
    kept = [line for line in lines if wanted.keeps(line)]
    assert [line for line in found if wanted.keeps(line)] == kept
