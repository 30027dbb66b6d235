"""Lines of a log by the block: one source's, of one time, and as they lie in the file.

A block is what goes over the wire and what the dashboard keeps. Its lines are told apart only
where somebody looks at them: a flood costs by the block and not by the line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, groupby, pairwise

import msgspec

from hive_tui.model.wire import LogLine


class LogBlock(msgspec.Struct, frozen=True, array_like=True):
    """At least one line."""

    at: float
    """Seconds since the epoch, UTC, of every line."""
    source: str
    end: int
    """Offset past the last line in its source's file; 0 where that was not asked for."""
    text: bytes
    """The lines with their ends. Of one that is not finished, or a part of a very long one, alone
    and without an end."""
    ends: tuple[int, ...] = ()
    """Offset past each line; empty where the text is that of the file, so that it can be counted.
    """

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self.ends) or self.text.count(b"\n") + (not self.text.endswith(b"\n"))

    def texts(self) -> list[bytes]:
        """Every line without its end."""
        texts = self.text.split(b"\n")
        if self.text.endswith(b"\n"):
            texts.pop()
        return texts

    def offsets(self, texts: Iterable[bytes]) -> Sequence[int]:
        """Offset past each line, with the `texts` at hand."""
        if self.ends:
            return self.ends
        begin = self.end - len(self.text)
        offsets = list(accumulate((len(text) + 1 for text in texts), initial=begin))[1:]
        offsets[-1] = self.end
        return offsets

    def lines(self) -> list[LogLine]:
        """The lines, each by itself."""
        texts = self.texts()
        return [
            LogLine(self.at, self.source, text.removesuffix(b"\r"), end)
            for text, end in zip(texts, self.offsets(texts), strict=True)
        ]

    def part(self, first: int, past: int) -> LogBlock:
        """The lines of these positions, at least one."""
        texts = self.texts()
        offsets = self.offsets(texts)
        begin = sum(map(len, texts[:first])) + first
        size = sum(map(len, texts[first:past])) + past - first
        text = self.text[begin : begin + size]
        return LogBlock(self.at, self.source, offsets[past - 1], text, self.ends[first:past])

    def only(self, positions: Sequence[int]) -> LogBlock:
        """The lines of these positions, at least one, in order."""
        texts = self.texts()
        offsets = self.offsets(texts)
        ends = tuple(offsets[at] for at in positions)
        text = b"".join(texts[at] + b"\n" for at in positions)
        return LogBlock(self.at, self.source, ends[-1], text, ends)

    def masked(self, mask: Callable[[bytes], bytes]) -> LogBlock:
        """The same with every line masked by itself, so that none is lost."""
        if mask(self.text) == self.text:
            return self
        texts = self.texts()
        ends = tuple(self.offsets(texts))
        last = b"\n" if self.text.endswith(b"\n") else b""
        text = b"\n".join(map(mask, texts)) + last
        return LogBlock(self.at, self.source, self.end, text, ends)


def packed(lines: Iterable[LogLine]) -> Iterator[LogBlock]:
    """Lines in blocks, in the same order."""
    for (at, source), run in groupby(lines, lambda line: (line.at, line.source)):
        same = list(run)
        counted = all(b.end - a.end == len(b.text) + 1 for a, b in pairwise(same))
        ends = () if counted and same[-1].end else tuple(line.end for line in same)
        text = b"".join(line.text + b"\n" for line in same)
        yield LogBlock(at, source, same[-1].end, text, ends)
