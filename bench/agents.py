"""What it costs an agent to tell something, and how soon it is known how the agent stands.

The hook command is run as an agent's shell runs it. The way of an event is measured from before it
is written until `derive` has answered, with 30 agents that are followed at once; neither the socket
nor the screen is in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.figures import Figure, median, quantile, spread
from hive_tui.drivers.agents import claude_hooks, hook
from hive_tui.drivers.agents.tails import Tails
from hive_tui.engine.agents.derive import derive
from hive_tui.engine.agents.events import decode
from hive_tui.engine.agents.evidence import Evidence, Process
from hive_tui.engine.agents.hearing import Heard, hear

AGENTS = 30
HOOK = f"agents: the hook command, beside an interpreter that does nothing, {AGENTS} followed"

_STOP = {"session_id": "s", "hook_event_name": "Stop", "last_assistant_message": "done " * 100}


def measure(quick: bool, stack: contextlib.ExitStack) -> list[Figure]:
    """Run the theme.

    Args:
        quick: Fewer rounds.
        stack: Closed at the end of the run.
    """
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hb-")))
    rounds = 30 if quick else 200
    python = [sys.executable, "-I", "-S"]
    small = msgspec.json.encode(_STOP)
    large = msgspec.json.encode({**_STOP, "tool_response": "x" * 5_000_000})
    plain = [_run([*python, "-c", "pass"], folder, small) for _ in range(rounds)]
    told = [_run([*python, hook.__file__, "claude"], folder, small) for _ in range(rounds)]
    huge = [_run([*python, hook.__file__, "claude"], folder, large) for _ in range(rounds // 10)]
    ways = asyncio.run(_ways(folder / "followed", rounds * 5))
    beside = f"an interpreter that does nothing: {median(plain):.1f} ms"
    return [
        Figure(HOOK, "hook, median", median(told), "ms", aim=30.0, beside=beside),
        Figure(HOOK, "hook, p95", quantile(told, 0.95), "ms", beside=spread(told, " ms")),
        Figure(HOOK, "hook with 5 MB, median", median(huge), "ms"),
        Figure(HOOK, "event written -> state known, median", median(ways), "ms"),
        Figure(HOOK, "event written -> state known, p99", quantile(ways, 0.99), "ms", aim=150.0),
    ]


def _run(command: Sequence[str], folder: Path, payload: bytes) -> float:
    """One run in milliseconds, as an agent starts a hook: by a shell that becomes it."""
    env = {"HIVE_EVENTS": str(folder / "events.jsonl"), "PATH": os.defpath}
    begun = time.perf_counter()
    shell = ["/bin/sh", "-c", "exec " + shlex.join(command)]
    subprocess.run(shell, input=payload, env=env, check=True)
    return (time.perf_counter() - begun) * 1000


async def _ways(folder: Path, rounds: int) -> list[float]:
    """How long each of some events took, in milliseconds."""
    tails, known = Tails(), asyncio.Event()
    heard = [Heard() for _ in range(AGENTS)]

    def follow(number: int) -> None:
        def told(lines: Sequence[bytes]) -> None:
            for line in lines:
                event = decode(line)
                signal = claude_hooks.signal(event) if event is not None else None
                if signal is not None:
                    heard[number] = hear(heard[number], signal)
            now = time.time()
            evidence = Evidence("claude", now - 60, Process(1, now - 60), heard=heard[number])
            if derive(evidence, now).since:
                known.set()

        tails.follow(folder / str(number) / "events.jsonl", told)

    for number in range(AGENTS):
        follow(number)
    dice, found = random.Random(1), []
    for _ in range(rounds):
        known.clear()
        payload = msgspec.json.encode(_STOP)
        line = hook.line(payload, b'"v":1,"t":%.3f,"agent":"claude",' % time.time())
        path = folder / str(dice.randrange(AGENTS)) / "events.jsonl"
        begun = time.perf_counter()
        with path.open("ab", buffering=0) as file:
            file.write(line)
        await known.wait()
        found.append((time.perf_counter() - begun) * 1000)
    tails.close()
    return found
