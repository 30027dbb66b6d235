"""Blocks and the lines that they are made of are the same, whichever way one goes."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_tui.model.log_block import LogBlock, packed
from hive_tui.model.wire import LogLine

TEXTS = st.lists(st.binary(max_size=9).map(lambda text: text.replace(b"\n", b"-")), min_size=1)


def raw(texts: list[bytes]) -> LogBlock:
    """Lines as they lie in a file, from its offset 100 on."""
    text = b"".join(text + b"\n" for text in texts)
    return LogBlock(1.0, "api", 100 + len(text), text)


def expected(texts: list[bytes]) -> list[LogLine]:
    lines, at = [], 100
    for text in texts:
        at += len(text) + 1
        lines.append(LogLine(1.0, "api", text.removesuffix(b"\r"), at))
    return lines


@given(TEXTS)
def test_every_line_is_there_with_its_place(texts: list[bytes]) -> None:
    block = raw(texts)
    assert block.lines() == expected(texts)
    assert block.count == len(texts)
    assert msgspec.json.decode(msgspec.json.encode(block), type=LogBlock) == block


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["api", "web"]), st.binary())))
def test_lines_of_any_kind_are_packed_without_loss(rows: list[tuple[int, str, bytes]]) -> None:
    lines = [
        LogLine(float(at), source, text.replace(b"\n", b"").removesuffix(b"\r"), 7 * number)
        for number, (at, source, text) in enumerate(rows)
    ]
    lines = [msgspec.structs.replace(line, text=line.text.rstrip(b"\r")) for line in lines]
    assert [line for block in packed(lines) for line in block.lines()] == lines


@given(TEXTS, st.data())
def test_a_part_and_a_choice_keep_the_places_of_their_lines(
    texts: list[bytes], data: st.DataObject
) -> None:
    block = raw(texts)
    first = data.draw(st.integers(0, len(texts) - 1))
    past = data.draw(st.integers(first + 1, len(texts)))
    some = sorted(data.draw(st.sets(st.integers(0, len(texts) - 1), min_size=1)))
    every = expected(texts)
    assert block.part(first, past).lines() == every[first:past]
    assert block.only(some).lines() == [every[at] for at in some]
    assert block.only(some).part(0, 1).lines() == [every[some[0]]]


@pytest.mark.parametrize("secret", [b"two", b"e\nt", b"t", b"nowhere"])
def test_a_mask_changes_texts_and_neither_their_number_nor_their_places(secret: bytes) -> None:
    block = raw([b"one", b"two", b"", b"three"])
    masked = block.masked(lambda text: text.replace(secret, b"**"))
    assert [line.end for line in masked.lines()] == [line.end for line in block.lines()]
    assert [line.text for line in masked.lines()] == [
        line.text.replace(secret, b"**") for line in block.lines()
    ]


def test_a_line_without_an_end_is_one_line() -> None:
    assert LogBlock(1.0, "api", 9, b"half").lines() == [LogLine(1.0, "api", b"half", 9)]
