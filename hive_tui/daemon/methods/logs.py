"""Methods that read logs: the last lines and what follows, and pages of them from any place.

`logs` is what commands ask; with `positions` it says with every line where it ends, so that who
scrolls can go on from there by `logs.page` (`log_pages`).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterable, Sequence
from typing import Any

from hive_tui.config.secrets import Masker, used
from hive_tui.daemon.log_pages import LogPages, rows
from hive_tui.daemon.methods.params import Params, env_of
from hive_tui.daemon.server import Emit, Handler
from hive_tui.drivers.log_reading import LogReader
from hive_tui.engine.hive import Hive
from hive_tui.engine.live import LiveEnv
from hive_tui.model.errors import NotFoundError, UsageError
from hive_tui.model.wire import LogLine

_EVENT_BYTES = 1024 * 1024
"""What the lines of one event may take."""


class Logs:
    """What can be asked about the logs of envs."""

    def __init__(self, hive: Hive, reader: LogReader) -> None:
        self._hive = hive
        self._reader = reader
        self._pages = LogPages(reader)

    def handlers(self) -> dict[str, Handler]:
        """Method name -> what answers it."""
        return {"logs": self._logs, "logs.page": self._page}

    async def _logs(self, params: Params, emit: Emit) -> Any:
        live = env_of(self._hive, params)
        if not params.get("follow"):  # a look, which the dashboard takes by itself as well
            return await self._read(live, params, emit)
        with live.activity.hold("its logs are followed"):  # nobody freezes what is being read
            return await self._read(live, params, emit)

    async def _read(self, live: LiveEnv, params: Params, emit: Emit) -> Any:
        sources = self._named(live, params.get("sources") or ())
        uid, mask = _owner(live, sources), self._mask(live)
        if params.get("positions"):
            return await self._pages.follow(uid, sources, params, mask, emit)
        lines, since = int(params.get("lines", 200)), params.get("since")
        grep = _pattern(params.get("grep"))
        follow = bool(params.get("follow"))

        def read() -> tuple[list[LogLine], dict[str, int]]:
            if follow:
                return self._reader.read_with_offsets(
                    uid, sources, lines=lines, since=since, grep=grep
                )
            found = self._reader.read(
                uid, sources, lines=lines, since=since, grep=grep, half=mask.unfinished
            )
            return found, {}

        found, offsets = await asyncio.to_thread(read)
        for part in _in_parts(found):
            await emit({"lines": rows(part, mask)})
        if follow:
            batches = self._reader.follow(uid, sources, offsets=offsets, grep=grep)
            async with contextlib.aclosing(batches):
                async for batch in batches:
                    await emit({"lines": rows(batch, mask)})
        return {}

    async def _page(self, params: Params, emit: Emit) -> Any:
        live = env_of(self._hive, params)
        sources = self._named(live, params.get("sources") or ())
        uid = _owner(live, sources)
        return await self._pages.page(uid, sources, params, self._mask(live))

    def _mask(self, live: LiveEnv) -> Masker:
        return Masker(used(live.project, self._hive.world.secrets()))

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


def _owner(live: LiveEnv, sources: Sequence[str]) -> str:
    """Uid of the env whose logs these are: what is shared logs once, for all.

    Raises:
        UsageError: Some are shared and some are not.
    """
    shared = [name for name in sources if live.shares(name)]
    if shared and len(shared) < len(sources):
        raise UsageError(
            f"{', '.join(shared)} logs for all envs, the others for {live.record.name} alone",
            hint="ask for the shared services by themselves",
        )
    return live.home_of(shared[0]).record.uid if shared else live.record.uid


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
