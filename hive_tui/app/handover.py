"""Giving the terminal to another program and getting it back, whatever became of the program."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence

from textual.app import App


async def hand_over(
    app: App[None], command: Sequence[str], *, cwd: str, env: Mapping[str, str], greeting: str
) -> int:
    """Run a program in the person's terminal; the dashboard works on meanwhile, unseen.

    Two facts about Textual 8 shape this. A suspended app still queues repaints for a writer that
    no longer runs, and a full queue blocks the loop: `batch_update` keeps repaints from being
    made. And `suspend` does not take the terminal back when its body raises: so nothing leaves
    the body but a value.

    Args:
        app: Whose terminal it is.
        command: Program and arguments.
        cwd: Folder to run it in.
        env: Its whole environment.
        greeting: A line that is written before it starts.

    Returns:
        Its exit status, negative for a signal.

    Raises:
        SuspendNotSupported: The app has no terminal to give.
        OSError: The program could not be started.
    """
    failure: BaseException | None = None
    status = 0
    with app.suspend(), app.batch_update():
        try:
            sys.stdout.write(greeting + "\n")
            sys.stdout.flush()
            status = await _run(command, cwd, env)
        except BaseException as error:  # raised again below, once the terminal is back
            failure = error
        _take_terminal_back()
    if failure is not None:
        raise failure
    return status


async def _run(command: Sequence[str], cwd: str, env: Mapping[str, str]) -> int:
    process = await asyncio.create_subprocess_exec(*command, cwd=cwd, env=env)
    try:
        return await process.wait()
    except asyncio.CancelledError:
        process.send_signal(signal.SIGHUP)  # a shell at its prompt ignores SIGTERM
        await process.wait()
        raise


def _take_terminal_back() -> None:
    """Be the terminal's foreground group again: a shell that was killed leaves its own there."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return  # no terminal, nothing to take
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        os.tcsetpgrp(terminal, os.getpgrp())
    except OSError:
        pass  # the terminal hung up meanwhile
    finally:
        signal.signal(signal.SIGTTOU, before)
        os.close(terminal)
