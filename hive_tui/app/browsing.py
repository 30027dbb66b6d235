"""Opening a URL in the person's browser, without a word of the browser's on the dashboard."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping

PATIENCE_S = 3.0
"""A browser that is still there after so long has opened: some end only when they are closed."""

_PROGRAM = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"


async def open_in_browser(url: str, environ: Mapping[str, str]) -> bool:
    """Open a URL in a process of its own, so that nothing waits for it or is drawn over by it.

    Args:
        url: Where to.
        environ: Environment of this process. `TERM` is kept from it: browsers that draw into the
            terminal would have to share it with the dashboard.

    Returns:
        False where there is no browser that could be started.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _PROGRAM, url),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: value for name, value in environ.items() if name != "TERM"},
        start_new_session=True,
    )
    try:
        return await asyncio.wait_for(process.wait(), PATIENCE_S) == 0
    except TimeoutError:
        return True
