"""`python -m bench.watched FILE`: the dashboard, which notes in a file how late its loop runs.

Each line of the file: when, on the clock of `time.perf_counter`, and how late, both in seconds.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

from hive_tui.app.main import dashboard
from hive_tui.model.home import locate

BEAT_S = 0.005


async def main(noted: Path) -> None:
    """Show the dashboard with a beat beside it; write the file when it is left."""
    late: list[str] = []

    async def beat() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(BEAT_S)
            now = time.perf_counter()
            late.append(f"{now} {now - before - BEAT_S}\n")

    beating = asyncio.create_task(beat())
    await dashboard(locate(os.environ, uid=os.getuid())).run_async()
    beating.cancel()
    noted.write_text("".join(late))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
