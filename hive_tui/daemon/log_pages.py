"""Logs for who scrolls: the last lines with their places, what follows, and pages from any place.

A page is a short look. How far a long search is, and whether it still goes on, is the asker's own
affair: it asks for the next page, or not. Which env and which sources is settled by the caller.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from hive_tui.daemon.server import Emit
from hive_tui.drivers.log_reading import LogReader
from hive_tui.drivers.log_scan import Page
from hive_tui.model.log_filter import LogFilter
from hive_tui.model.wire import LogLine

LOOK_S = 0.2
"""For how long a page is looked for; who finds too little in it asks for the next one."""
PAGE_BYTES = 512 * 1024
"""What the lines of a page may take."""

Mask = Callable[[bytes], bytes]


class PageParams(msgspec.Struct, frozen=True):
    """What `logs.page` takes beside the env."""

    sources: tuple[str, ...] = ()
    at: dict[str, int] | None = None
    """Offset per source; `None`: the end, or where it looks forward, the start."""
    back: bool = True
    lines: int = 500
    wanted: LogFilter = LogFilter()


class LogPages:
    """Answers about the logs of an env, by its uid, with secrets masked."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader

    async def follow(
        self, uid: str, sources: Sequence[str], params: Mapping[str, Any], mask: Mask, emit: Emit
    ) -> Any:
        """The last lines as a page, or none where it goes on `from` a place; then what follows."""
        asked = msgspec.convert(params.get("from"), dict[str, int] | None)
        lines = 0 if asked else int(params.get("lines", 200))
        page = await self._look(uid, sources, PageParams(at=asked, lines=lines), mask)
        reached = dict(page.end)
        await emit(_page(page))
        batches = self._reader.follow(uid, sources, offsets=reached, halves=True)
        async with contextlib.aclosing(batches):
            async for batch in batches:
                reached.update((line.source, line.end) for line in batch)
                names = sources or self._reader.sources(uid)
                halves = {
                    name: self._reader.half(uid, name, reached.get(name, 0)) for name in names
                }
                await emit(
                    {
                        "lines": rows(batch, mask),
                        "ends": [line.end for line in batch],
                        "high": {name: self._reader.end(uid, name) for name in names},
                        "halves": {
                            name: encoded(mask(half)) for name, half in halves.items() if half
                        },
                    }
                )
        return {}

    async def page(
        self, uid: str, sources: Sequence[str], params: Mapping[str, Any], mask: Mask
    ) -> dict[str, Any]:
        """What a look of at most `LOOK_S` brings, and how far it came.

        Raises:
            msgspec.ValidationError: `params` are not `PageParams`.
        """
        asked = msgspec.convert(params, PageParams)
        return _page(await self._look(uid, sources, asked, mask))

    async def _look(self, uid: str, sources: Sequence[str], asked: PageParams, mask: Mask) -> Page:
        def look() -> Page:
            scan = self._reader.scan(
                uid,
                sources,
                at=asked.at,
                back=asked.back,
                lines=asked.lines,
                most_bytes=PAGE_BYTES,
                wanted=asked.wanted,
                mask=mask,
            )
            try:
                scan.run(LOOK_S)
                return scan.page()
            finally:
                scan.close()

        return await asyncio.to_thread(look)


def _page(page: Page) -> dict[str, Any]:
    return {
        "lines": rows(page.lines, bytes),
        "ends": [line.end for line in page.lines],
        "start": page.start,
        "end": page.end,
        "low": page.low,
        "high": page.high,
        "complete": page.complete,
    }


def rows(lines: Iterable[LogLine], mask: Mask) -> list[tuple[float, str, str]]:
    """Lines as they go over the wire."""
    return [(line.at, line.source, encoded(mask(line.text))) for line in lines]


def encoded(text: bytes) -> str:
    """Bytes as they go over the wire."""
    return base64.b64encode(text).decode()
