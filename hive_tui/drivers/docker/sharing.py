"""Work that several ask for at once, and that is done once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass
class _Work:
    """Something under way."""

    task: asyncio.Task[Any]
    waiting: int = 0


class Shared:
    """Works under way, by what they are about."""

    def __init__(self) -> None:
        self._works: dict[str, _Work] = {}

    async def once(self, key: str, begin: Callable[[], Awaitable[T]]) -> T:
        """Begin it, or join it where it is under way. It is cancelled once nobody waits for it."""
        work = self._works.get(key)
        if work is None:
            work = self._works[key] = _Work(asyncio.ensure_future(begin()))
            work.task.add_done_callback(lambda _: self._works.pop(key, None))
        work.waiting += 1
        try:
            result: T = await asyncio.shield(work.task)
            return result
        finally:
            work.waiting -= 1
            if not work.waiting and not work.task.done():
                work.task.cancel()
                await asyncio.gather(work.task, return_exceptions=True)
