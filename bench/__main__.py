"""Runs the benchmarks: `python -m bench [THEME…] [--quick]`. What it measures is in its themes."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import os
import platform
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from bench import (
    agents,
    containers,
    cpu,
    dashboard,
    data,
    figures,
    fleet,
    links,
    memory,
    proxy,
    readiness,
    scheduler,
    spawn,
    stack,
    warm,
    windows,
)
from bench.figures import Figure

Theme = Callable[[bool, contextlib.ExitStack], list[Figure]]
"""Measures: (quick, what closes at the end) -> figures."""

THEMES: dict[str, Theme] = {
    "warm": warm.measure,
    "cpu": cpu.measure,
    "scheduler": scheduler.measure,
    "readiness": readiness.measure,
    "containers": containers.measure,
    "stack": stack.measure,
    "data": data.measure,
    "spawn": spawn.measure,
    "links": links.measure,
    "fleet": fleet.measure,
    "memory": memory.measure,
    "windows": windows.measure,
    "proxy": proxy.measure,
    "dashboard": dashboard.measure,
    "agents": agents.measure,
}

OUT = Path(__file__).with_name("out")


def main() -> None:
    """Run the themes, print the table and keep it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("themes", nargs="*", metavar="THEME", help=", ".join(THEMES))
    parser.add_argument("--quick", action="store_true", help="fewer rounds, smaller graphs")
    asked = parser.parse_args()
    if unknown := set(asked.themes) - THEMES.keys():
        parser.error(f"no such theme: {', '.join(sorted(unknown))}; there are {', '.join(THEMES)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    found: list[Figure] = []
    with contextlib.ExitStack() as closing:
        for name in asked.themes or THEMES:
            began = time.monotonic()
            print(f"{name} …", flush=True)
            found += THEMES[name](asked.quick, closing)
            print(f"{name}: measured in {time.monotonic() - began:.0f} s", flush=True)
    print()
    print(figures.table(found))
    OUT.mkdir(exist_ok=True)
    (OUT / "figures.json").write_bytes(msgspec.json.format(msgspec.json.encode(_document(found))))


def _document(found: list[Figure]) -> dict[str, object]:
    """The figures and what they were measured on."""
    return {
        "at": datetime.datetime.now(datetime.UTC),
        "system": platform.platform(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "figures": [{**msgspec.to_builtins(figure), "ok": figure.ok} for figure in found],
    }


if __name__ == "__main__":
    main()
