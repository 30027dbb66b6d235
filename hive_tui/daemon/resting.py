"""What is answered about memory and rest: what an env takes, and what happens to it and when."""

from __future__ import annotations

from typing import Any

from hive_tui.daemon.answers import row
from hive_tui.engine.activity import Activity
from hive_tui.engine.idleness import Rest
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.reckoning import measured
from hive_tui.engine.room import Room
from hive_tui.model.amounts import lapse, size
from hive_tui.model.environment import Wanted

_VERBS = {"freeze": "it is frozen", "cool": "it is cooled", "stop": "it is stopped"}


def memory_reason(live: LiveEnv, room: Room) -> dict[str, Any]:
    """What the env takes of the memory, of which service, and what a warm would need."""
    taken = measured(live)
    evidence = [f"{name} {size(taken[name])}" for name in sorted(taken, key=lambda n: -taken[n])]
    if room.starts:
        evidence.append(f"a warm {room.words}")
        if not room.fits:
            evidence += [f"would make room: {relief.words}" for relief in room.relief]
    if live.record.wanted is Wanted.FROZEN:
        evidence.append("frozen: its memory stays taken; only cool or stop gives it back")
    change = f"hive cool {live.record.name}" if taken else f"hive warm {live.record.name}"
    total = size(live.memory_bytes) if live.memory_bytes else "nothing"
    source = "its processes, shared pages divided by those who share them"
    return row("memory", total, None, source, evidence, change)


def idle_reason(live: LiveEnv, rest: Rest) -> dict[str, Any]:
    """How long nobody has touched it, and what comes next."""
    activity = live.activity
    evidence = [f"last touched by: {activity.last}", next_words(rest)]
    change = f"hive unpin {live.record.name}" if activity.pinned else "any command about it"
    return row("idle", idle_words(activity), None, "what is done in it", evidence, change)


def idle_words(activity: Activity) -> str:
    """`for 25 min`, or `no` in the first seconds."""
    return f"for {lapse(activity.idle_s)}" if activity.idle_s >= 1 else "no"


def next_words(rest: Rest) -> str:
    """What comes next: `in 12 min it is frozen`, `pinned: …`."""
    if rest.transition is None:
        return "nothing happens to it any more"
    verb = _VERBS[rest.transition.value]
    if rest.blocked is not None:
        return f"it is left as it is: {rest.blocked}"
    return f"{verb} now" if rest.in_s <= 0 else f"in {lapse(rest.in_s)} {verb}"


def idle_row(live: LiveEnv, rest: Rest) -> dict[str, Any]:
    """One env of `hive idle`."""
    return {
        "env": live.record.name,
        "project": live.record.project,
        "wanted": live.record.wanted.value,
        "idle_s": round(live.activity.idle_s, 1),
        "last": live.activity.last,
        "pinned": live.activity.pinned,
        "next": rest.transition.value if rest.transition is not None else None,
        "in_s": round(max(0.0, rest.in_s), 1) if rest.transition is not None else None,
        "blocked": rest.blocked,
        "words": next_words(rest),
    }
