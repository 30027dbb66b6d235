"""A container's output: frames, and how far it has come."""

from __future__ import annotations

import struct
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hive_tui.drivers.docker import log_position
from hive_tui.drivers.docker.frames import Frames, timed
from hive_tui.drivers.docker.log_position import Position


@given(st.lists(st.binary(max_size=50)), st.integers(1, 20))
def test_frames_come_out_as_they_went_in_however_they_are_cut(texts: list[bytes], cut: int) -> None:
    data = b"".join(struct.pack(">BxxxL", 1, len(text)) + text for text in texts)
    frames = Frames()
    found: list[bytes] = []
    for at in range(0, len(data), cut):
        found += frames.feed(data[at : at + cut])
    assert found == texts


def test_a_frame_is_a_time_and_a_text() -> None:
    assert timed(b"2026-01-01T00:00:00.5Z a b\n") == (b"2026-01-01T00:00:00.5Z", b"a b\n")
    assert timed(b"2026-01-01T00:00:00.5Z \n")[1] == b"\n"


def test_a_position_is_asked_for_to_the_nanosecond() -> None:
    assert Position("1970-01-01T00:00:01.000000002Z").since == "1.000000002"
    assert Position("1970-01-01T00:01:00Z").since == "60.000000000"
    assert Position().since == "0"


def test_frames_of_one_time_are_counted() -> None:
    first = Position().after("t1", 5)
    second = first.after("t1", 9)
    assert (first.same, second.same, second.after("t2", 10).same) == (1, 2, 1)


def test_a_position_survives_and_a_broken_one_is_the_beginning(tmp_path: Path) -> None:
    file = tmp_path / "x.out"
    assert log_position.load(file) == Position()
    log_position.keep(file, Position("t", 2, 99))
    assert log_position.load(file) == Position("t", 2, 99)
    file.write_bytes(b"{")
    assert log_position.load(file) == Position()
