"""An event loop whose clock jumps to the next timer instead of waiting. Waits for nothing real."""

from __future__ import annotations

import asyncio
import contextvars
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class VirtualLoop(asyncio.SelectorEventLoop):
    """Counts its turns and timers; blocks never."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.turns = 0
        self.timers = 0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return self.seconds

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        self.timers += 1
        return super().call_at(when, callback, *args, context=context)


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        self._loop.turns += 1
        if timeout is None:
            raise AssertionError("everything waits and no timer is set: a deadlock")
        if timeout > 0:
            self._loop.seconds += timeout
        return super().select(0)


class LoopClock:
    """The engine's clock on the virtual loop's time."""

    def now(self) -> float:
        return 1_700_000_000.0 + self.monotonic()

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine function on a virtual loop of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main())


def loop() -> VirtualLoop:
    """The virtual loop that runs."""
    running = asyncio.get_running_loop()
    assert isinstance(running, VirtualLoop)
    return running
