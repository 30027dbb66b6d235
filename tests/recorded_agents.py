"""What real agents told while they worked on scripted tasks, as it was recorded."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hive_tui.drivers.agents import claude_hooks, gemini_hooks
from hive_tui.engine.agents.events import Event
from hive_tui.engine.agents.evidence import Evidence, Process
from hive_tui.engine.agents.hearing import Heard, hear
from hive_tui.engine.agents.signals import Signal

FOLDER = Path(__file__).parent / "recordings" / "agents"
RUN, PID = "run-1", 21


def records(name: str) -> Iterator[dict[str, Any]]:
    """The lines of a recording."""
    for line in (FOLDER / f"{name}.jsonl").read_text().splitlines():
        yield json.loads(line)


def kind(name: str) -> str:
    """Which agent was recorded."""
    return name.split("_")[0]


def events(name: str) -> list[Event]:
    """The hooks of a recording, as lines of an event file tell them."""
    return [
        Event(r["t"], kind(name), RUN, PID, payload=r["payload"])
        for r in records(name)
        if r["event"] != "NOTIFY"
    ]


def begin(name: str) -> float:
    """When the first hook of a recording told something."""
    return events(name)[0].at


def signal(event: Event) -> Signal | None:
    """What a hook told, by the agent's own driver."""
    match event.agent:
        case "gemini":
            return gemini_hooks.signal(event)
        case "codex":
            return claude_hooks.signal(event, joins=True)
    return claude_hooks.signal(event)


def fold(told: Iterable[Event], heard: Heard | None = None) -> Heard:
    """What is known after some events."""
    heard = heard or Heard(run=RUN)
    for event in told:
        if (found := signal(event)) is not None:
            heard = hear(heard, found)
    return heard


def evidence(name: str, second: float, **more: Any) -> tuple[Evidence, float]:
    """What was known at a second of a recording, counted from its first hook; and the time then."""
    start = begin(name)
    now = start + second
    told = [event for event in events(name) if event.at <= now]
    found = Evidence(
        kind=kind(name),
        launched_at=start - 2,
        process=Process(PID, start - 2),
        heard=fold(told),
    )
    for field, value in more.items():
        found = _with(found, field, value)
    return found, now


def _with(found: Evidence, field: str, value: Any) -> Evidence:
    import msgspec

    return msgspec.structs.replace(found, **{field: value})
