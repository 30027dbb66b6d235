"""From a key to what it draws, under load, and how late the dashboard's loop is meanwhile.

Beside it the floor: a Textual app that does nothing but answer a key with a word.
"""

from __future__ import annotations

import sys
import time

from bench.figures import Figure, median, quantile
from bench.shown import SETTLED_S, busy, terminal, watched
from bench.terminals import COLUMNS, ROWS, Terminal
from hive_tui.app.widgets.fleet_grid import arrange

FLEET = "dashboard, 200 envs, 1,000 changes a second"
KEYS = "dashboard, 20 envs warm, a log of 10,000 lines a second"
SCROLL = "dashboard, 500 envs, 200 changes a second"

MANY = 500

_REPEAT_S = 1 / 30
"""Between two keys of one that is held down."""

_DOWN, _HOME, _PAGE_DOWN = "\x1b[B", "\x1b[H", "\x1b[6~"

_HELLO = """
from textual.app import App
from textual.widgets import Static
class Hello(App):
    count = 0
    def compose(self):
        yield Static("hello")
    def on_key(self):
        self.count += 1
        self.query_one(Static).update(f"pressed {self.count}.")
Hello().run()
"""


def measure(rounds: int) -> list[Figure]:
    """Marks in a fleet in motion, keys beside a log, a key held down in a long fleet.

    Args:
        rounds: Keys of each kind.
    """
    floor = _floor(rounds)
    return [*_marks(rounds, floor), *_keys(rounds, floor), *_scroll(rounds, floor)]


def _floor(rounds: int) -> list[float]:
    with busy("--envs", "1") as made, terminal(made, sys.executable, "-c", _HELLO) as shown:
        shown.until("hello")
        time.sleep(SETTLED_S)
        return [_held(shown, f"pressed {at}.", "x") for at in range(1, rounds + 1)]


def _marks(rounds: int, floor: list[float]) -> list[Figure]:
    words = [f"{at} env{'s' if at > 1 else ''} marked" for at in range(1, rounds + 1)]
    load = ("--envs", "200", "--changes", "1000")
    with busy(*load) as made, watched(made) as (shown, late_ms):
        shown.until("env30")
        time.sleep(SETTLED_S)
        keys_ms = [_held(shown, word, " ") for word in words]
    return _responses(FLEET, "mark an env", keys_ms, late_ms, floor)


def _keys(rounds: int, floor: list[float]) -> list[Figure]:
    load = ("--envs", "50", "--moving", "20", "--changes", "200", "--lines", "10000")
    with busy(*load) as made, watched(made) as (shown, late_ms):
        shown.until("env30")
        shown.until("following", "l")
        time.sleep(SETTLED_S)
        keys_ms = []
        for _ in range(rounds // 2):
            keys_ms.append(shown.until(" held", "f") * 1e3)
            time.sleep(0.1)
            keys_ms.append(shown.until(" following", "f") * 1e3)
            time.sleep(0.1)
    return _responses(KEYS, "hold the log, or follow", keys_ms, late_ms, floor)


def _scroll(rounds: int, floor: list[float]) -> list[Figure]:
    """Down by one row and by one page, each key as soon as a keyboard repeats it.

    A key is painted when the last env of the row is there that it brought into sight.
    """
    plan = arrange(MANY, COLUMNS - 2, ROWS - 6, (COLUMNS, ROWS))
    page, rows = (ROWS - 6) // plan.pitch, MANY // plan.columns
    last = [f"env{(row + 1) * plan.columns - 1}" for row in range(rows)]
    keys_ms: list[float] = []
    took_s = 0.0
    load = ("--envs", str(MANY), "--moving", "20", "--changes", "200")
    with busy(*load) as made, watched(made) as (shown, late_ms):
        shown.until("env30")
        time.sleep(SETTLED_S)
        while len(keys_ms) < rounds:
            for key, step in ((_DOWN, 1), (_PAGE_DOWN, page)):
                shown.until(last[page], _PAGE_DOWN)
                began = time.perf_counter()
                words = last[page + step : -1 : step]
                keys_ms += [_held(shown, word, key) for word in words]
                took_s += time.perf_counter() - began
                shown.until("env0 ", _HOME)
    return [
        *_responses(SCROLL, "down and page down", keys_ms, late_ms, floor),
        Figure(
            SCROLL, "keys followed a second, of 30", len(keys_ms) / took_s, aim=27.0, at_least=True
        ),
    ]


def _held(shown: Terminal, word: str, key: str) -> float:
    """Milliseconds from a key to its word; returns when a held key would come again."""
    pressed = time.perf_counter()
    took_s = shown.until(word, key)
    time.sleep(max(0.0, pressed + _REPEAT_S - time.perf_counter()))
    return took_s * 1e3


def _responses(
    theme: str, key: str, keys_ms: list[float], late_ms: list[float], floor: list[float]
) -> list[Figure]:
    bare = f"a bare Textual app {median(floor):.0f}, p99 {quantile(floor, 0.99):.0f} ms"
    return [
        Figure(
            theme,
            f"key to paint ({key}), p99",
            quantile(keys_ms, 0.99),
            "ms",
            aim=50.0,
            beside=f"median {median(keys_ms):.0f} ms of {len(keys_ms)}; {bare}",
        ),
        Figure(
            theme,
            "the loop is late, p99",
            quantile(late_ms, 0.99),
            "ms",
            aim=16.0,
            beside=f"at most {max(late_ms):.0f} ms",
        ),
    ]
