"""Lines in memory as the blocks in which they came, opened only where somebody looks.

Every line has a number that stays with it for ever, however much comes and goes at either end.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from hive_tui.model.log_block import LogBlock
from hive_tui.model.wire import LogLine

_OPENED = 8
"""Blocks whose lines are at hand."""


class Stretch(Sequence[LogLine]):
    """Lines, oldest first. Positions count from the first one, numbers go on for ever."""

    def __init__(self, blocks: Iterable[LogBlock] = (), first: int = 0) -> None:
        """Hold these blocks; the first line gets the number `first`."""
        self._blocks: list[LogBlock] = []
        self._starts: list[int] = []
        """Number of the first line of each block."""
        self._opened: list[tuple[LogBlock, list[bytes], Sequence[int]]] = []
        self.first = self.last = first
        """Number of the first line, and that past the last one."""
        self.size_bytes = 0
        """Of the texts with their line ends."""
        self.extend(blocks)

    def __len__(self) -> int:
        return self.last - self.first

    @overload
    def __getitem__(self, at: int) -> LogLine: ...

    @overload
    def __getitem__(self, at: slice) -> list[LogLine]: ...

    def __getitem__(self, at: int | slice) -> LogLine | list[LogLine]:
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(len(self)))]
        number = at + (self.first if at >= 0 else self.last)
        if not self.first <= number < self.last:
            raise IndexError(at)
        index = bisect_right(self._starts, number) - 1
        block, texts, ends = self._open(self._blocks[index])
        place = number - self._starts[index]
        return LogLine(block.at, block.source, texts[place].removesuffix(b"\r"), ends[place])

    def __iter__(self) -> Iterator[LogLine]:
        for block in self._blocks:
            yield from block.lines()

    def blocks(self) -> Iterator[tuple[int, LogBlock]]:
        """Every block with the number of its first line, oldest first."""
        return zip(self._starts, self._blocks, strict=True)

    def blocks_before(self, number: int) -> Iterator[tuple[int, LogBlock]]:
        """What lies before a number, the newest first; the first one may be a part of a block."""
        index = bisect_right(self._starts, number - 1)
        for at in range(index - 1, -1, -1):
            start, block = self._starts[at], self._blocks[at]
            whole = number >= self.last or start + block.count <= number
            yield start, block if whole else block.part(0, number - start)

    def blocks_from(self, number: int) -> Iterator[tuple[int, LogBlock]]:
        """What lies from a number on, the oldest first; the first one may be a part of a block."""
        index = max(0, bisect_right(self._starts, number) - 1)
        for at in range(index, len(self._blocks)):
            start, block = self._starts[at], self._blocks[at]
            skip = number - start
            if skip <= 0:
                yield start, block
            elif skip < block.count:
                yield number, block.part(skip, block.count)

    def extend(self, blocks: Iterable[LogBlock]) -> None:
        """Add blocks after the last line."""
        for block in blocks:
            self._blocks.append(block)
            self._starts.append(self.last)
            self.last += block.count
            self.size_bytes += len(block.text)

    def prepend(self, blocks: Sequence[LogBlock]) -> None:
        """Add blocks, oldest first, before the first line."""
        starts: list[int] = []
        for block in reversed(blocks):
            self.first -= block.count
            starts.append(self.first)
            self.size_bytes += len(block.text)
        self._blocks[:0] = blocks
        self._starts[:0] = reversed(starts)

    def cut_head(self, count: int) -> list[LogBlock]:
        """Let the oldest lines go; returns them."""
        gone, kept = self._split(self.first + count)
        self._hold(kept, self.first + count)
        return gone

    def cut_tail(self, count: int) -> None:
        """Let the newest lines go."""
        self._hold(self._split(self.last - count)[0], self.first)

    def _hold(self, blocks: Iterable[LogBlock], first: int) -> None:
        self._blocks, self._starts, self._opened = [], [], []
        self.first = self.last = first
        self.size_bytes = 0
        self.extend(blocks)

    def _split(self, number: int) -> tuple[list[LogBlock], list[LogBlock]]:
        before = [block for _, block in self.blocks_before(number)]
        return before[::-1], [block for _, block in self.blocks_from(number)]

    def _open(self, block: LogBlock) -> tuple[LogBlock, list[bytes], Sequence[int]]:
        for opened in self._opened:
            if opened[0] is block:
                return opened
        texts = block.texts()
        opened = (block, texts, block.offsets(texts))
        self._opened = [opened, *self._opened[: _OPENED - 1]]
        return opened
