"""Commands that show environments: list, status, ports, url."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hive_tui.cli.context import Context
from hive_tui.cli.text import NOTHING, Ink, cells, clip, plain, seconds, size, table
from hive_tui.model.errors import HiveError, UsageError

_STATES = {
    "warm": ("●", "green"),
    "cold": ("○", ""),
    "stopped": ("·", "dim"),
    "frozen": ("❄", "blue"),
    "degraded": ("▲", "yellow"),
    "failed": ("✗", "red"),
}
_MOVING = ("◐", "cyan")
_SERVICES = {
    "ready": ("●", "green"),
    "starting": ("◐", "cyan"),
    "stopped": ("·", "dim"),
    "unhealthy": ("▲", "yellow"),
    "crashed": ("✗", "red"),
    "backoff": ("▲", "yellow"),
    "frozen": ("❄", "blue"),
}
_AGENTS = {
    "starting": ("◐", "cyan"),
    "working": ("◐", "cyan"),
    "waiting": ("◆", "yellow"),
    "done": ("✓", "green"),
    "idle": ("·", "dim"),
    "stuck": ("◔", "yellow"),
    "error": ("✗", "red"),
    "gone": ("·", "dim"),
}
_ASKING = ("waiting", "stuck", "error")
_REASON = 32
"""Cells of what an agent wants; `hive why NAME agent` has all of it."""
_BROKEN = ("crashed", "backoff", "unhealthy")
_TESTS = {
    "passed": ("✓", "green"),
    "failed": ("✗", "red"),
    "error": ("✗", "red"),
    "running": ("◐", "cyan"),
    "cancelled": ("·", "dim"),
    "never": ("·", "dim"),
}


def show_list(args: Namespace, context: Context) -> int:
    """`hive list`: a row per env, and below it the reason where something is wrong."""
    if context.json:
        context.raw(context.connection.call_raw("list", {}))
        return 0
    envs = context.call("list", {})["environments"]
    if not envs:
        context.print("no environments yet: `hive spawn NAME` in a repository makes one")
        return 0
    several = len({env["project"] for env in envs}) > 1
    header = ("NAME", "STATE", "AGENT", "SERVICES", "TESTS", "GIT", "PORTS", "MEMORY")
    rows = [_row(env, several, context.ink) for env in envs]
    width = context.width(context.out)
    first, *lines = _fitting(rows, header, width)
    context.print(context.ink("dim", first))
    for env, line in zip(envs, lines, strict=True):
        context.print(line)
        if env["reason"]:
            reason = "  └ " + plain(env["reason"])
            context.print(context.ink("dim", clip(reason, width) if width else reason))
    return 0


def status(args: Namespace, context: Context) -> int:
    """`hive status`: one env in full."""
    answer = context.call("status", {"env": context.one(args.words)})
    if context.json:
        context.document({"environment": answer["environment"]})
        return 0
    context.print(*_full(answer["environment"], answer.get("detail") or {}, context.ink))
    if forwards := answer.get("forwards"):
        ports = (f"127.0.0.1:{row['port']} -> {plain(row['name'])}" for row in forwards)
        context.print("", "forwarded", *(f"  {port}" for port in ports))
    return 0


def ports(args: Namespace, context: Context) -> int:
    """`hive ports`: each allocated port and who listens on it."""
    params = {"env": context.one(args.words) if args.words else None, "cwd": context.cwd}
    if context.json:
        context.raw(context.connection.call_raw("ports", params))
        return 0
    rows = [_port(row, context.ink) for row in context.call("ports", params)["ports"]]
    if not rows:
        context.print("no named ports")
        return 0
    header = ("ENV", "NAME", "PORT", "STATE", "PROCESS", "SERVICE", "ADDRESS")
    first, *lines = _fitting(rows, header, context.width(context.out))
    context.print(context.ink("dim", first), *lines)
    return 0


def url(args: Namespace, context: Context) -> int:
    """`hive url`: the address of a service."""
    env, rest = context.resolve(args.words)
    if len(rest) > 1:
        raise UsageError(f"url takes one service, not {len(rest)}", hint="hive url NAME SERVICE")
    answer = context.call("url", {"env": env, "service": rest[0] if rest else None})
    if context.json:
        context.document(answer)
        return 0
    found = answer["named"] if args.named else answer["url"]
    if found is None:
        hint = "`hive proxy` says why; `hive proxy on` turns it on"
        raise HiveError("the proxy does not serve", hint=hint, code="no_proxy")
    context.print(plain(found))
    return 0


def state_text(view: Mapping[str, Any], ink: Ink) -> str:
    """An env's state as mark and word, with how far a transition is."""
    state = str(view["state"])
    mark, style = _STATES.get(state, _MOVING)
    words = f"{mark} {plain(state)}"
    if progress := view["progress"]:
        words += f" {progress['done']}/{progress['all']}"
        if progress["eta_s"] is not None:
            words += f" ~{seconds(progress['eta_s'])}"
    return ink(style, words)


def test_text(suite: Mapping[str, Any], ink: Ink) -> str:
    """One suite's verdict: `unit ✓ 41`, `unit ✗ 2/43`, `unit ◐ running`; stale ones say so."""
    state = str(suite["state"])
    mark, style = _TESTS.get(state, ("?", ""))
    passed, failed = suite["passed"] or 0, suite["failed"] or 0
    words = plain(state)
    if state == "passed":
        words = str(passed) if suite["passed"] is not None else ""
    elif state == "failed" and failed:
        words = f"{failed}/{passed + failed}"
    stale = " ◌ stale" if suite["stale"] else ""
    verdict = f"{mark} {words}".rstrip() + stale
    return f"{plain(suite['name'])} {ink('dim' if stale else style, verdict)}"


def git_text(git: Mapping[str, Any] | None) -> str:
    """Commits and changes against the base: `↑2 ↓1 ~3 +120 -8`; `clean` where there are none."""
    if git is None:
        return ""
    parts = [
        f"{mark}{git[key]}"
        for mark, key in (("↑", "ahead"), ("↓", "behind"), ("~", "dirty"))
        if git[key]
    ]
    if git["insertions"] or git["deletions"]:
        parts.append(f"+{git['insertions']} -{git['deletions']}")
    return " ".join(parts) or "clean"


def _fitting(rows: Sequence[Sequence[str]], header: Sequence[str], width: int | None) -> list[str]:
    """The table in the terminal's width: columns go from the right, name and state stay."""
    for columns in range(len(header), 2, -1):
        lines = table([row[:columns] for row in rows], header=header[:columns])
        if width is None or max(map(cells, lines)) <= width:
            return lines
    return table([row[:2] for row in rows], header=header[:2])


def _row(env: Mapping[str, Any], several: bool, ink: Ink) -> Sequence[str]:
    name = f"{env['project']}/{env['name']}" if several else env["name"]
    block = env["ports"]
    return (
        ink("bold", plain(name)),
        state_text(env, ink),
        _agent(env["agent"], ink),
        _services(env["services"], ink),
        "  ".join(test_text(suite, ink) for suite in env["tests"] if suite["state"] != "never"),
        git_text(env["git"]),
        f"{block['base']}-{block['base'] + block['size'] - 1}",
        size(env["memory_bytes"]) if env["memory_bytes"] else "",
    )


def _agent(agent: Mapping[str, Any] | None, ink: Ink) -> str:
    """Its kind and state, and what it wants where it wants something."""
    if agent is None or agent["state"] == "none":
        return ""
    state = str(agent["state"])
    mark, style = _AGENTS.get(state, ("?", ""))
    text = ink(style, f"{mark} {plain(agent['kind'])} {state}")
    wants = state in _ASKING and agent["reason"]
    return f"{text} {clip(plain(agent['reason']), _REASON)}" if wants else text


def _services(services: Sequence[Mapping[str, Any]], ink: Ink) -> str:
    """How many are ready, and the first that is broken by name."""
    if not services:
        return ""
    ready = sum(service["state"] == "ready" for service in services)
    text = f"{ready}/{len(services)}"
    for service in services:
        if service["state"] in _BROKEN:
            return text + " " + ink("red", f"{plain(service['name'])} {service['state']}")
    return text


def _port(row: Mapping[str, Any], ink: Ink) -> Sequence[str]:
    state = ink("green", "listening") if row["listening"] else "free"
    if row["foreign"]:
        state = ink("red", "taken by a stranger")
    process = f"{plain(row['process'] or '?')} ({row['pid']})" if row["pid"] else NOTHING
    return (
        plain(row["env"]),
        plain(row["name"]),
        str(row["port"]),
        state,
        process,
        plain(row["service"] or NOTHING),
        plain(row.get("url") or NOTHING),
    )


def _full(env: Mapping[str, Any], detail: Mapping[str, Any], ink: Ink) -> list[str]:
    """The lines of `hive status`."""
    lines = [
        f"{ink('bold', plain(env['project'] + '/' + env['name']))}  {state_text(env, ink)}"
        + (f"  (wanted {plain(env['wanted'])})" if env["wanted"] != env["state"] else ""),
    ]
    if env["reason"]:
        lines.append(f"  {plain(env['reason'])}")
    based = f" from {plain(detail['base'])}" if detail.get("base") else ""
    block = env["ports"]
    facts = [
        ("branch", f"{plain(env['branch'])}{based}  {git_text(env['git'])}".rstrip()),
        ("worktree", plain(env["worktree"])),
        ("ports", f"{block['base']}-{block['base'] + block['size'] - 1}  {_named(block)}".rstrip()),
        ("memory", size(env["memory_bytes"])),
        ("cpu", NOTHING if env["cpu_percent"] is None else f"{env['cpu_percent']:.1f} %"),
    ]
    if agent := env["agent"]:
        why = f": {plain(agent['reason'])}" if agent["reason"] else ""
        facts.append(("agent", f"{plain(agent['kind'])} {plain(agent['state'])}{why}"))
    if last := detail.get("last"):
        took = f"{plain(last['transition'])} {plain(last['outcome'])} in"
        facts.append(("last", f"{took} {seconds(last['makespan_s'])}"))
    lines += [f"  {key:<9} {value}" for key, value in facts]
    extra = {one["name"]: one for one in detail.get("services", ())}
    lines += _section("services", (_service(one, extra, ink) for one in env["services"]))
    lines += _section("tasks", (_task(one, ink) for one in detail.get("tasks", ())))
    lines += _section("tests", (_suite(one, ink) for one in env["tests"]))
    waiting = ((plain(one["step"]), plain(one["reason"])) for one in detail.get("waiting", ()))
    lines += _section("waiting", waiting)
    if failure := detail.get("failure"):
        lines += ["", ink("red", f"failed: {plain(failure['step'])}: {plain(failure['reason'])}")]
        lines += [f"  │ {plain(line)}" for line in failure.get("tail", ())]
    return lines


def _section(title: str, rows: Iterable[Sequence[str]]) -> list[str]:
    lines = table(rows)
    return ["", title, *(f"  {line}" for line in lines)] if lines else []


def _named(block: Mapping[str, Any]) -> str:
    return "  ".join(f"{plain(name)} {port}" for name, port in block["names"].items())


def _service(
    service: Mapping[str, Any], extra: Mapping[str, Mapping[str, Any]], ink: Ink
) -> Sequence[str]:
    mark, style = _SERVICES.get(service["state"], ("?", ""))
    more = extra.get(service["name"], {})
    restarts = service["restarts"]
    return (
        plain(service["name"]),
        ink(style, f"{mark} {plain(service['state'])}"),
        f"pid {service['pid']}" if service["pid"] else "",
        " ".join(f":{port}" for port in more.get("ports", ())),
        size(more["memory_bytes"]) if more.get("memory_bytes") else "",
        f"{restarts} restart{'s' if restarts != 1 else ''}" if restarts else "",
        f"exit {service['exit_code']}" if service["exit_code"] is not None else "",
        "shared" if service.get("scope") == "shared" else "",
        plain(more.get("reason") or ""),
    )


def _task(task: Mapping[str, Any], ink: Ink) -> Sequence[str]:
    state = str(task["state"])
    took = task.get("duration_s")
    return (
        plain(task["name"]),
        ink("red" if state == "failed" else "", plain(state)),
        seconds(took) if took is not None else "",
        plain(task.get("reason") or ""),
    )


def _suite(suite: Mapping[str, Any], ink: Ink) -> Sequence[str]:
    took, commit = suite["duration_s"], suite["commit"]
    skipped = f"{suite['skipped']} skipped" if suite["skipped"] else ""
    return (
        test_text(suite, ink),
        skipped,
        seconds(took) if took is not None else "",
        f"at {plain(commit)[:10]}" if commit else "",
    )
