"""Lines that are kept by the block are, with their numbers, those that a list would hold."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hive_tui.app.stretch import Stretch
from hive_tui.model.log_block import LogBlock, packed
from hive_tui.model.wire import LogLine

MOVES = st.lists(
    st.tuples(st.sampled_from(["extend", "prepend", "cut_head", "cut_tail"]), st.integers(1, 40)),
    max_size=20,
)


def blocks(first: int, count: int) -> list[LogBlock]:
    """Lines that tell their number, seven in a block at most."""
    return list(
        packed(
            LogLine(float(at // 7), "api", b"row%d" % at, 10 * at + 10)
            for at in range(first, first + count)
        )
    )


def texts(blocks: list[LogBlock]) -> list[bytes]:
    return [line.text for block in blocks for line in block.lines()]


@settings(deadline=None)
@given(MOVES, st.integers(-50, 50))
def test_whatever_comes_and_goes_every_number_stays_with_its_line(
    moves: list[tuple[str, int]], first: int
) -> None:
    stretch, past = Stretch(blocks(first, 30), first), first + 30
    for move, count in moves:
        if move == "extend":
            stretch.extend(blocks(past, count))
            past += count
        elif move == "prepend":
            stretch.prepend(blocks(first - count, count))
            first -= count
        elif move == "cut_head":
            stretch.cut_head(min(count, len(stretch)))
            first = min(past, first + count)
        else:
            stretch.cut_tail(min(count, len(stretch)))
            past = max(first, past - count)
        names = [b"row%d" % number for number in range(first, past)]
        assert (stretch.first, stretch.last) == (first, past)
        assert [line.text for line in stretch] == [line.text for line in stretch[:]] == names
        assert stretch.size_bytes == sum(map(len, names)) + len(names)
        middle = (first + past) // 2
        before = [block for _, block in stretch.blocks_before(middle)][::-1]
        after = [block for _, block in stretch.blocks_from(middle)]
        assert texts(before) == names[: middle - first]
        assert texts(after) == names[middle - first :]
