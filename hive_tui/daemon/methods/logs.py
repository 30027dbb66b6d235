"""Methods that read logs: the last lines and what follows, and pages of them from any place.

`logs` is what commands ask; with `positions` it says with every line where it ends, so that who
scrolls can go on from there by `logs.page`.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from hive_tui.config.secrets import masker, used
from hive_tui.daemon.methods.params import Params, env_of
from hive_tui.daemon.server import Emit, Handler
from hive_tui.drivers.log_reading import LogReader
from hive_tui.drivers.log_scan import LogScan, Page
from hive_tui.engine.hive import Hive
from hive_tui.engine.live import LiveEnv
from hive_tui.model.errors import NotFoundError, UsageError
from hive_tui.model.log_filter import LogFilter
from hive_tui.model.wire import LogLine

SLICE_S = 0.05
"""For how long a scan runs in a thread before it says how far it is, or that nobody waits."""
PAGE_BYTES = 512 * 1024
"""What the lines of a page may take."""
_EVENT_BYTES = 1024 * 1024
"""The same for one event of the last lines."""

Mask = Callable[[bytes], bytes]


class PageParams(msgspec.Struct, frozen=True):
    """What `logs.page` takes beside the env."""

    sources: tuple[str, ...] = ()
    at: dict[str, int] | None = None
    """Offset per source; `None`: the end, or where it looks forward, the start."""
    back: bool = True
    lines: int = 500
    wanted: LogFilter = LogFilter()


class Logs:
    """What can be asked about the logs of envs."""

    def __init__(self, hive: Hive, reader: LogReader) -> None:
        self._hive = hive
        self._reader = reader

    def handlers(self) -> dict[str, Handler]:
        """Method name -> what answers it."""
        return {"logs": self._logs, "logs.page": self._page}

    async def _logs(self, params: Params, emit: Emit) -> Any:
        live = env_of(self._hive, params)
        sources = self._named(live, params.get("sources") or ())
        mask = masker(used(live.project, self._hive.world.secrets()))
        if params.get("positions"):
            return await self._positioned(live.record.uid, sources, params, mask, emit)
        uid = live.record.uid
        lines, since = int(params.get("lines", 200)), params.get("since")
        grep = _pattern(params.get("grep"))
        follow = bool(params.get("follow"))

        def read() -> tuple[list[LogLine], dict[str, int]]:
            if follow:
                return self._reader.read_with_offsets(
                    uid, sources, lines=lines, since=since, grep=grep
                )
            return self._reader.read(uid, sources, lines=lines, since=since, grep=grep), {}

        found, offsets = await asyncio.to_thread(read)
        for part in _in_parts(found):
            await emit({"lines": _rows(part, mask)})
        if follow:
            batches = self._reader.follow(uid, sources, offsets=offsets, grep=grep)
            async with contextlib.aclosing(batches):
                async for batch in batches:
                    await emit({"lines": _rows(batch, mask)})
        return {}

    async def _positioned(
        self, uid: str, sources: Sequence[str], params: Params, mask: Mask, emit: Emit
    ) -> Any:
        """The last lines as a page, or none where it goes `from` a place; then what follows."""
        asked = msgspec.convert(params.get("from"), dict[str, int] | None)
        page = await self._looked(
            uid,
            sources,
            PageParams(at=asked, lines=0 if asked else int(params.get("lines", 200))),
            mask,
        )
        reached = dict(page.end)
        await emit(_page(page, bytes))
        batches = self._reader.follow(uid, sources, offsets=reached, halves=True)
        async with contextlib.aclosing(batches):
            async for batch in batches:
                for line in batch:
                    reached[line.source] = line.end
                names = sources or self._reader.sources(uid)
                await emit(
                    {
                        "lines": _rows(batch, mask),
                        "ends": [line.end for line in batch],
                        "high": {name: self._reader.end(uid, name) for name in names},
                        "halves": {
                            name: _encoded(mask(half))
                            for name in names
                            if (half := self._reader.half(uid, name, reached.get(name, 0)))
                        },
                    }
                )
        return {}

    async def _page(self, params: Params, emit: Emit) -> Any:
        live = env_of(self._hive, params)
        asked = msgspec.convert(params, PageParams)
        mask = masker(used(live.project, self._hive.world.secrets()))
        sources = self._named(live, asked.sources)
        page = await self._looked(live.record.uid, sources, asked, mask, emit)
        return {**_page(page, bytes), "complete": page.complete}

    async def _looked(
        self,
        uid: str,
        sources: Sequence[str],
        asked: PageParams,
        mask: Mask,
        emit: Emit | None = None,
    ) -> Page:
        """Scan in slices, each in a thread; says after each but the last how far it is."""
        scan = await asyncio.to_thread(
            self._reader.scan,
            uid,
            sources,
            at=asked.at,
            back=asked.back,
            lines=asked.lines,
            most_bytes=PAGE_BYTES,
            wanted=asked.wanted,
            mask=mask,
        )
        turn = threading.Lock()  # a slice that is cancelled runs to its end in its thread

        def look() -> bool:
            with turn:
                return scan.run(SLICE_S)

        try:
            while not await asyncio.to_thread(look):
                if emit is not None:
                    await emit({"done": scan.done, "of": scan.total})
            return scan.page()
        finally:
            await asyncio.shield(asyncio.to_thread(_close, scan, turn))

    def _named(self, live: LiveEnv, sources: Iterable[str]) -> tuple[str, ...]:
        """The sources that were asked for.

        Raises:
            NotFoundError: The env has no such source.
        """
        project, asked = live.project, tuple(sources)
        known = {*project.services, *project.tasks, *project.tests}
        for name in asked:
            if name not in known and name not in self._reader.sources(live.record.uid):
                known.update(self._reader.sources(live.record.uid))
                raise NotFoundError(
                    f"{live.record.name} has no service, task or suite {name!r}",
                    hint=f"there are: {', '.join(sorted(known))}",
                    code="no_service",
                    env=live.record.name,
                )
        return asked


def _close(scan: LogScan, turn: threading.Lock) -> None:
    with turn:
        scan.close()


def _page(page: Page, mask: Mask) -> dict[str, Any]:
    return {
        "lines": _rows(page.lines, mask),
        "ends": [line.end for line in page.lines],
        "start": page.start,
        "end": page.end,
        "low": page.low,
        "high": page.high,
    }


def _rows(lines: Iterable[LogLine], mask: Mask) -> list[tuple[float, str, str]]:
    return [(line.at, line.source, _encoded(mask(line.text))) for line in lines]


def _encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


def _in_parts(lines: Sequence[LogLine]) -> Iterable[Sequence[LogLine]]:
    """The lines in lists that one event can carry; one empty list where there are none."""
    first = taken = 0
    for at, line in enumerate(lines):
        taken += len(line.text)
        if taken > _EVENT_BYTES:
            yield lines[first:at]
            first, taken = at, len(line.text)
    yield lines[first:]


def _pattern(text: Any) -> re.Pattern[str] | None:
    if not text:
        return None
    try:
        return re.compile(str(text))
    except re.error as error:
        raise UsageError(f"--grep: {error}", hint="it is a Python regular expression") from error
