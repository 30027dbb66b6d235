"""Progress of transitions on standard error: live lines on a terminal, plain lines elsewhere.

It only prints; what the events mean for the exit status is decided by their results.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Self

from hive_tui.cli.context import Context
from hive_tui.cli.text import Ink, clip, plain, seconds, size

_TICK_S = 0.2
"""Between two redraws of the live lines while nothing happens."""
_MARKS = {
    "running": ("◐", "cyan"),
    "retrying": ("◐", "yellow"),
    "succeeded": ("✓", "green"),
    "failed": ("✗", "red"),
    "skipped": ("·", "dim"),
    "cancelled": ("·", "dim"),
}


class _Running(NamedTuple):
    """A step that is under way, as one live line shows it."""

    env: str
    step: str
    since: float
    """Clock of the painter."""
    expected_s: float | None
    note: str


class Progress:
    """Where the progress of one command goes; any thread may report to it.

    Use it as a context manager: at its end no live line is left behind.
    """

    def __init__(
        self, context: Context, *, several: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Create the painter.

        Args:
            context: Whose standard error it writes to.
            several: Whether more than one env reports, so that each line has to name its own.
            clock: Seconds, of any origin.
        """
        self._err = context.err
        self._width = context.width(context.err)
        self._live = context.err.isatty() and context.environ.get("TERM", "dumb") != "dumb"
        self._ink = Ink(context.colours(context.err))
        self._several = several
        self._clock = clock
        self._lock = threading.Lock()
        self._running: dict[tuple[str, str], _Running] = {}
        self._totals: dict[str, str] = {}
        self._drawn = 0
        self._over = threading.Event()
        self._ticker: threading.Thread | None = None

    def __enter__(self) -> Self:
        if self._live:
            self._ticker = threading.Thread(target=self._tick, daemon=True)
            self._ticker.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._over.set()
        if self._ticker is not None:
            self._ticker.join()
        with self._lock:
            self._running.clear()
            self._totals.clear()
            self._draw([])

    def reporter(self, env: str) -> Callable[[Any], None]:
        """A function that takes the progress events of one env."""
        return lambda event: self.feed(env, event)

    def feed(self, env: str, event: Mapping[str, Any]) -> None:
        """Take one progress event; kinds that are not known are passed over."""
        with self._lock:
            match event.get("kind"):
                case "step":
                    self._draw(self._step(env, event))
                case "checkout":
                    self._draw(self._checkout(env, event))
                case "copying":
                    self._copying(env, event)
                case "note":
                    self._draw([self._named(env) + plain(event.get("text", ""))])

    def _step(self, env: str, event: Mapping[str, Any]) -> list[str]:
        """Fold a step's event in; the lines that stay on the screen because of it."""
        step, state = str(event.get("step", "")), str(event.get("state", ""))
        elapsed = float(event.get("elapsed_s") or 0.0)
        if event.get("all"):
            eta = event.get("eta_s")
            left = (
                f", about {seconds(eta)} left"
                if eta is not None and event.get("done") != event["all"]
                else ""
            )
            self._totals[env] = f"{event.get('done', 0)} of {event['all']} steps{left}"
        if state in {"running", "retrying"}:
            since = self._clock() - elapsed
            note = plain(event.get("reason") or "")
            self._running[env, step] = _Running(env, step, since, event.get("expected_s"), note)
            return [self._ended(env, step, state, elapsed, note)] if state == "retrying" else []
        self._running.pop((env, step), None)
        return [self._ended(env, step, state, elapsed, plain(event.get("reason") or ""))]

    def _checkout(self, env: str, event: Mapping[str, Any]) -> list[str]:
        done, total = int(event.get("done") or 0), int(event.get("all") or 0)
        key = (env, "checkout")
        if done < total:
            known = self._running.get(key)
            since = known.since if known else self._clock()
            self._running[key] = _Running(env, "checkout", since, None, f"{done} of {total} files")
            return []
        known = self._running.pop(key, None)
        if known is None:  # over before it was ever shown: the worktree's own line says enough
            return []
        took = self._clock() - known.since
        files = f"{total} file" if total == 1 else f"{total} files"
        return [self._ended(env, "checkout", "succeeded", took, files)]

    def _copying(self, env: str, event: Mapping[str, Any]) -> None:
        key = (env, str(event.get("step", "")))
        if (known := self._running.get(key)) is not None:
            note = f"{event.get('files') or 0} files, {size(event.get('bytes') or 0)}"
            self._running[key] = known._replace(note=note)
            self._draw([])

    def _ended(self, env: str, step: str, state: str, elapsed: float, reason: str) -> str:
        mark, style = _MARKS.get(state, ("?", ""))
        name = f"{mark} " if self._live else ""
        words = {
            "succeeded": f"done in {seconds(elapsed)}",
            "failed": f"failed after {seconds(elapsed)}",
            "retrying": f"failed after {seconds(elapsed)}, trying again",
        }.get(state, state)
        line = f"{self._named(env)}{name}step {plain(step)} … {words}"
        if reason:
            line += f": {reason}" if state != "succeeded" else f" ({reason})"
        return self._ink(style if state != "succeeded" else "", line)

    def _named(self, env: str) -> str:
        return f"{plain(env)}: " if self._several else ""

    def _live_lines(self) -> list[str]:
        now = self._clock()
        lines = []
        for one in self._running.values():
            spent = seconds(max(0.0, now - one.since))
            of = f" of about {seconds(one.expected_s)}" if one.expected_s else ""
            note = f"  {one.note}" if one.note else ""
            lines.append(f"{self._named(one.env)}◐ step {plain(one.step)} … {spent}{of}{note}")
        lines += [f"{self._named(env)}  {total}" for env, total in self._totals.items()]
        return lines

    def _draw(self, stay: list[str]) -> None:
        """Write lines that stay, and the live ones below them where there is a terminal."""
        if not self._live:
            if stay:
                self._err.write("".join(line + "\n" for line in stay))
                self._err.flush()
            return
        width = self._width or 80
        live = [self._ink("cyan", clip(line, width - 1)) for line in self._live_lines()]
        erase = f"\x1b[{self._drawn}A\r\x1b[J" if self._drawn else ""
        self._drawn = len(live)
        self._err.write(erase + "".join(line + "\n" for line in [*stay, *live]))
        self._err.flush()

    def _tick(self) -> None:
        while not self._over.wait(_TICK_S):
            with self._lock:
                if self._running:
                    self._draw([])
