"""Commands that change environments: spawn, warm, stop, destroy and their like.

Each asks the daemon, shows progress and prints one result per env. A command that is interrupted
only stops watching: the daemon goes on.
"""

from __future__ import annotations

import os
import threading
from argparse import Namespace
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple

from hive_tui.cli.context import (
    Connection,
    Context,
    OnEvent,
    bare,
    error_object,
    exit_status_of,
    nothing_left,
)
from hive_tui.cli.progress import Progress
from hive_tui.cli.text import plain, seconds
from hive_tui.model.errors import HiveError, UsageError, to_wire

_TAIL_LINES = 10
"""Last lines of a failed step's log that are printed."""

Ask = Callable[[Connection, OnEvent], Any]
"""Does the call for one env and returns the daemon's result object."""


class DetachedError(HiveError):
    """Ctrl-C during a wait: the command stops watching, the daemon goes on."""

    exit_status: ClassVar[int] = 130
    default_code: ClassVar[str] = "interrupted"


class Job(NamedTuple):
    """One env's part of a command."""

    env: str
    """`project/name`, or the bare name where there is no env yet."""
    ask: Ask


def spawn(args: Namespace, context: Context) -> int:
    """`hive spawn`: a new env."""
    params = {
        "cwd": context.cwd,
        "name": args.name,
        "base": args.base,
        "branch": args.branch,
        "reuse_branch": args.reuse_branch,
        "warm": args.warm,
        **_room(args),
        "wait": not args.no_wait,
        "allow": args.allow or [],
        "deny": args.deny or [],
        "agent": args.agent,
        "prompt": args.prompt,
    }
    if source := getattr(args, "from"):
        params["from"] = source
    job = Job(args.name, lambda link, on_event: link.call("spawn", params, on_event))
    return carry_out("spawn", [job], context)


def warm(args: Namespace, context: Context) -> int:
    """`hive warm`: everything ready, if it fits into the memory."""
    return _each("warm", args, context, **_room(args))


def cool(args: Namespace, context: Context) -> int:
    """`hive cool`: back to cold."""
    return _each("cool", args, context)


def start(args: Namespace, context: Context) -> int:
    """`hive start`: from stopped to cold, or single services."""
    return _services("start", args, context) if args.service else _each("start", args, context)


def stop(args: Namespace, context: Context) -> int:
    """`hive stop`: nothing runs, or single services do not."""
    return _services("stop", args, context) if args.service else _each("stop", args, context)


def freeze(args: Namespace, context: Context) -> int:
    """`hive freeze`: every process paused."""
    return _each("freeze", args, context)


def thaw(args: Namespace, context: Context) -> int:
    """`hive thaw`: go on after freeze."""
    return _each("thaw", args, context)


def restart(args: Namespace, context: Context) -> int:
    """`hive restart`: single services."""
    env, services = context.resolve(args.words)
    if not services:
        raise UsageError(
            "restart needs the name of a service",
            hint=f"`hive status {bare(env)}` shows its services",
            env=bare(env),
        )
    return carry_out("restart", [_service_job(env, "restart", services, args)], context)


def destroy(args: Namespace, context: Context) -> int:
    """`hive destroy`: remove envs, unless work would be lost."""

    def job(env: str) -> Job:
        params = {
            "env": env,
            "force": args.force,
            "keep_branch": args.keep_branch,
            "wait": not args.no_wait,
        }
        return Job(env, lambda link, on_event: link.call("destroy", params, on_event))

    return carry_out("destroy", _jobs(args.words, job, context), context)


def undo(args: Namespace, context: Context) -> int:
    """`hive undo`: take the last destroyed env back."""
    answer = context.call("undo")
    if context.json:
        context.document(answer)
        return 0
    context.print(f"{plain(answer['env'])} is back", *map(plain, answer.get("notes", ())))
    return 0


def adopt(args: Namespace, context: Context) -> int:
    """`hive adopt`: take in an existing worktree, or all of the repository's."""
    if args.all:
        if args.path or args.name:
            raise UsageError("--all takes every worktree", hint="leave PATH and --name out")
        return _adopt_all(context)
    if not args.path:
        raise UsageError(
            "which worktree?", hint="give its folder, or --all for every one of this repository"
        )
    path = os.path.abspath(os.path.join(context.cwd, os.path.expanduser(args.path)))
    answer = context.call("adopt", {"path": path, "name": args.name, "cwd": context.cwd})
    if context.json:
        context.document(answer)
    else:
        context.print(f"adopted as {plain(answer['env'])}")
    return 0


def _adopt_all(context: Context) -> int:
    answer = context.call("adopt_all", {"cwd": context.cwd})
    if context.json:
        context.document(answer)
        return 0
    for one in answer["adopted"]:
        context.print(f"adopted {plain(one['worktree'])} as {plain(one['env'])}")
    for one in answer["skipped"]:
        context.print(f"left {plain(one['worktree'])}: {plain(one['reason'])}")
    if not answer["adopted"]:
        context.print("nothing to adopt")
    return 0


def release(args: Namespace, context: Context) -> int:
    """`hive release`: let an env go and leave its worktree."""
    answer = context.call("release", {"env": context.one(args.words)})
    if context.json:
        context.document(answer)
    else:
        context.print(f"{plain(answer['env'])} is released; its worktree and branch are left")
    return 0


def _room(args: Namespace) -> dict[str, str]:
    """What happens where a warm does not fit; empty: it is refused.

    Raises:
        UsageError: More than one way is asked for.
    """
    ways = {"make": args.make_room, "wait": args.wait, "over": args.over_limit}
    asked = [way for way, given in ways.items() if given]
    if len(asked) > 1:
        raise UsageError(
            "--make-room, --wait and --over-limit exclude each other", hint="give one of them"
        )
    return {"room": asked[0]} if asked else {}


def _each(transition: str, args: Namespace, context: Context, **more: str) -> int:
    def job(env: str) -> Job:
        params = {"env": env, "transition": transition, "wait": not args.no_wait, **more}
        return Job(env, lambda link, on_event: link.call("transition", params, on_event))

    return carry_out(transition, _jobs(args.words, job, context), context)


def _services(action: str, args: Namespace, context: Context) -> int:
    env, rest = context.resolve(args.words)
    nothing_left(rest)
    return carry_out(action, [_service_job(env, action, args.service, args)], context)


def _service_job(env: str, action: str, services: Sequence[str], args: Namespace) -> Job:
    params = {
        "env": env,
        "action": action,
        "services": list(services),
        "wait": not args.no_wait,
    }
    return Job(env, lambda link, on_event: link.call("service", params, on_event))


def _jobs(words: Sequence[str], job: Callable[[str], Job], context: Context) -> list[Job]:
    """One job per env that the words name; a word that names none fails as a job of its own.

    A single name that is wrong fails the command instead: there is nothing to run beside it.
    """
    if len(words) <= 1:
        found = context.call("envs", {"words": list(words), **context.place})
        return [job(env) for env in found["envs"]]
    jobs: dict[str, Job] = {}
    for word in words:
        try:
            found = context.call("envs", {"words": [word], **context.place})
        except HiveError as error:
            if error.exit_status == HiveError.exit_status:
                raise
            jobs[word] = Job(word, _raising(error))
        else:
            jobs |= {env: job(env) for env in found["envs"]}
    return list(jobs.values())


def _raising(error: HiveError) -> Ask:
    def ask(_link: Connection, _on_event: OnEvent) -> Any:
        raise error

    return ask


def carry_out(transition: str, jobs: Sequence[Job], context: Context) -> int:
    """Run jobs side by side, print what became of each, and return the worst exit status.

    Raises:
        HiveError: There is one job and it was wrong from the start (exit status 2 or 3): nothing
            was attempted, so there is no result to print.
        DetachedError: Ctrl-C; the transitions go on in the daemon.
    """
    with Progress(context, several=len(jobs) > 1) as progress:
        try:
            results = side_by_side(transition, jobs, context, progress)
        except KeyboardInterrupt:
            names = ", ".join(bare(job.env) for job in jobs)
            raise DetachedError(
                f"stopped watching; {transition} of {names} goes on",
                hint="`hive list` shows how far it is",
            ) from None
    worst = max((status for _, status in results), default=0)
    if context.json:
        context.document({"results": [_as_json(result) for result, _ in results]})
        return worst
    for result, _ in results:
        _say(transition, result, context)
    return worst


def side_by_side(
    transition: str, jobs: Sequence[Job], context: Context, progress: Progress
) -> list[tuple[dict[str, Any], int]]:
    """Run jobs; the result object of each with its exit status, in the order of the jobs.

    Raises:
        HiveError: There is one job and it was wrong from the start (exit status 2 or 3).
    """
    if len(jobs) == 1:
        link = context.connection  # without a daemon nothing was attempted either
        try:
            answer = jobs[0].ask(link, progress.reporter(bare(jobs[0].env)))
        except HiveError as error:
            if error.exit_status in {2, 3}:
                raise
            return [_failed(transition, jobs[0].env, error)]
        return [_ended(answer)]
    slots: list[tuple[dict[str, Any], int] | Exception | None] = [None] * len(jobs)

    def work(at: int, job: Job) -> None:
        try:
            link = context.connect()
            try:
                slots[at] = _ended(job.ask(link, progress.reporter(bare(job.env))))
            finally:
                link.close()
        except HiveError as error:
            slots[at] = _failed(transition, job.env, error)
        except Exception as bug:
            slots[at] = bug

    threads = [
        threading.Thread(target=work, args=(at, job), daemon=True) for at, job in enumerate(jobs)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results = []
    for slot in slots:
        if isinstance(slot, Exception):
            raise slot
        if slot is not None:
            results.append(slot)
    return results


def _ended(answer: dict[str, Any]) -> tuple[dict[str, Any], int]:
    error = answer.get("error")
    return {**answer, "error": error}, exit_status_of(error, answer["outcome"])


def _as_json(result: dict[str, Any]) -> dict[str, Any]:
    """The result object of the contract, whose error has no log lines."""
    error = result["error"]
    return {**result, "error": error_object(error) if error else None}


def _failed(transition: str, env: str, error: HiveError) -> tuple[dict[str, Any], int]:
    """The result object for a job that the daemon answered with an error."""
    return {
        "env": bare(env),
        "transition": transition,
        "outcome": "refused" if error.exit_status == 4 else "failed",
        "makespan_s": 0.0,
        "error": error_object({**to_wire(error), "env": error.env or bare(env)}),
    }, error.exit_status


def _say(transition: str, result: dict[str, Any], context: Context) -> None:
    """Print one result: what was reached on standard output, what went wrong on standard error."""
    name, outcome = plain(result["env"]), result["outcome"]
    error = result["error"]
    if error is None:
        took = result.get("makespan_s")
        words = {
            "succeeded": f"{transition} succeeded" + (f" in {seconds(took)}" if took else ""),
            "unchanged": f"{transition}: nothing to do",
            None: f"{transition} is under way; `hive list` shows how far it is",
        }.get(outcome, f"{transition} {outcome}")
        context.print(f"{name}: {words}")
        if recovery := result.get("recovery"):
            context.print(f"{name}: what was lost can be found at {plain(recovery)} for 30 days")
        return
    message = str(error["message"]).removeprefix(f"{result['env']}: ")
    context.note(f"hive: {name}: {transition} {plain(outcome or 'failed')}: {_lines(message)}")
    for line in error.get("tail", ())[-_TAIL_LINES:]:
        context.note(f"      │ {plain(line)}")
    if error.get("hint"):
        context.note(f"      {_lines(error['hint'])}")


def _lines(text: str) -> str:
    return "\n      ".join(plain(line) for line in text.splitlines())
