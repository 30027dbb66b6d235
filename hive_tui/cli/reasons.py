"""Commands that explain: why things are so, what would run, what ran and where its time went."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hive_tui.cli.context import Context, bare, encode
from hive_tui.cli.text import plain, seconds, size
from hive_tui.cli.waterfall import Bar, waterfall
from hive_tui.model.errors import HiveError, UsageError

_NOTICED_S = 0.02
"""Waits shorter than this are not worth a person's time."""
_MEASURED_S = 0.0005
"""Losses shorter than this would read `0 ms`."""
_LOSSES = (
    ("queue_s", "waiting for a slot or a lane"),
    ("spawn_s", "starting processes"),
    ("detection_s", "seeing that something is ready"),
    ("other_s", "between steps"),
)


def why(args: Namespace, context: Context) -> int:
    """`hive why`: each cell with its source, its evidence and what would change it."""
    env, rest = context.resolve(args.words)
    params = {"env": env, "topic": _topic(rest)}
    if context.json:
        context.raw(context.connection.call_raw("why", params))
        return 0
    reasons = context.call("why", params)["reasons"]
    if not reasons:
        context.print("nothing to explain: nothing is known yet")
    for at, reason in enumerate(reasons):
        if at:
            context.print("")
        since = f"  since {plain(reason['since'])}" if reason.get("since") else ""
        context.print(
            f"{context.ink('bold', plain(reason['cell']))}: {plain(reason['state'])}{since}"
        )
        if reason.get("source"):
            context.print(f"  source   {plain(reason['source'])}")
        for line in reason.get("evidence", ()):
            context.print(f"  evidence {plain(line)}")
        if reason.get("change"):
            context.print(f"  change   {plain(reason['change'])}")
    return 0


def plan(args: Namespace, context: Context) -> int:
    """`hive plan`: the steps that are missing, when each would start, and the critical path."""
    env, rest = context.resolve(args.words)
    if len(rest) > 1:
        raise UsageError(
            f"plan takes one transition, not {len(rest)}", hint="hive plan NAME TRANSITION"
        )
    params = {"env": env, "transition": rest[0] if rest else None}
    if context.json:
        context.raw(context.connection.call_raw("plan", params))
        return 0
    answer = context.call("plan", params)
    if not answer["steps"]:
        context.print(f"{plain(answer['transition'])} {plain(bare(env))}: nothing to do")
    else:
        count = len(answer["steps"])
        steps = f"{count} step{'s' if count != 1 else ''}"
        context.print(
            f"{plain(answer['transition'])} {plain(bare(env))}: {steps} in about "
            f"{seconds(answer['makespan_s'])}, critical path (*) "
            f"{seconds(answer['critical_path_s'])}"
        )
        bars = [_planned(step) for step in answer["steps"]]
        context.print(*waterfall(bars, width=context.width(context.out), ink=context.ink))
    if (memory := answer.get("memory")) and answer["steps"]:
        context.print(f"  memory: {plain(memory['words'])}")
        for relief in memory["relief"]:
            frees = size(relief["frees_bytes"])
            context.print(f"  --make-room: {relief['transition']} {plain(relief['name'])}, {frees}")
    for step in answer.get("skipped", ()):
        context.print(f"  {plain(step['name'])} is skipped: {plain(step['reason'])}")
    context.print(*map(_sharing, answer.get("sharing", ())))
    return 0


def _sharing(row: Mapping[str, Any]) -> str:
    """What a service saves in memory by being shared, or would save."""
    name, envs, saves = plain(row["service"]), row["envs"], row["saves_bytes"]
    amount = "an amount not measured yet" if saves is None else f"about {size(saves)} of memory"
    if row["scope"] == "shared":
        return f"  {name} is shared by {envs} env{'s' if envs != 1 else ''}: saves {amount}"
    return f'  {name} runs in {envs} envs: scope = "shared" would save {amount}'


def trace(args: Namespace, context: Context) -> int:
    """`hive trace`: the last transition, for people or as a file for trace viewers."""
    env = context.one(args.words)
    if args.chrome is not None:
        return _chrome(env, args.chrome, context)
    params = {"env": env, "chrome": False, "lost": not context.json}
    if context.json:
        context.raw(context.connection.call_raw("trace", params))
        return 0
    answer = context.call("trace", params)
    context.print(
        f"{plain(answer['transition'])} {plain(bare(env))} {plain(answer['outcome'])} in "
        f"{seconds(answer['makespan_s'])}, critical path (*) {seconds(answer['critical_path_s'])}"
    )
    bars = [_traced(step) for step in answer["steps"]]
    context.print(*waterfall(bars, width=context.width(context.out), ink=context.ink))
    if lost := answer.get("lost"):
        parts = (
            f"{word} {seconds(lost[key])}"
            for key, word in _LOSSES
            if lost.get(key, 0) >= _MEASURED_S
        )
        context.print(f"lost on the way: {', '.join(parts) or 'nothing'}")
    return 0


def _topic(rest: list[str]) -> str | None:
    """What the words after the env ask about: `None` for everything, `test unit` for a suite."""
    if len(rest) > 2 or (len(rest) == 2 and rest[0] not in {"test", "service", "task"}):
        raise UsageError(
            "why takes one topic: a service, `agent`, or `test SUITE`",
            hint="for example `hive why auth api`",
        )
    return " ".join(rest) or None


def _planned(step: Mapping[str, Any]) -> Bar:
    start = step.get("start_s")
    expected = step.get("expected_s")
    end = None if start is None else start + (expected or 0.0)
    unknown = "time not known yet" if expected is None else ""
    needs = ", ".join(map(plain, step.get("needs", ())))
    note = f"needs {needs}" if needs else ""
    return Bar(
        plain(step["name"]),
        start,
        end,
        known=expected is not None,
        critical=bool(step.get("critical")),
        note="; ".join(part for part in (unknown, note) if part),
    )


def _traced(step: Mapping[str, Any]) -> Bar:
    """A step as it ran, and in words what it waited for and how far the estimate was off."""
    start, end, queued = step.get("started_s"), step.get("ended_s"), step.get("queued_s") or 0.0
    notes = [] if step["outcome"] == "succeeded" else [plain(step["outcome"])]
    if queued >= _NOTICED_S:
        notes.append(f"queued {seconds(queued)}")
    if step.get("expected_s") is not None:
        notes.append(f"expected {seconds(step['expected_s'])}")
    return Bar(
        plain(step["name"]),
        start,
        end,
        ready_s=None if start is None else start - queued,
        critical=bool(step.get("critical")),
        note=", ".join(notes),
    )


def _chrome(env: str, target: str, context: Context) -> int:
    answer = context.call("trace", {"env": env, "chrome": True})
    if target == "-":
        context.document(answer)
        return 0
    path = Path(context.cwd, target)
    try:
        path.write_text(encode(answer), encoding="utf-8")
    except OSError as error:
        raise HiveError(
            f"cannot write {path}: {error.strerror}", hint="name another file with --chrome"
        ) from None
    if context.json:
        context.document({"path": str(path)})
    else:
        context.print(f"{plain(path)}: open it in chrome://tracing or ui.perfetto.dev")
    return 0
