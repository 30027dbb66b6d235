"""`hive send`: prompts to coding agents, and those that wait."""

from __future__ import annotations

import sys
from argparse import Namespace
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hive_tui.cli.context import Context, bare, nothing_left
from hive_tui.cli.text import plain
from hive_tui.model.errors import HiveError, NotFoundError, UsageError

_SIDE_BY_SIDE = 16
_SHOWN = 60
"""Characters of a prompt in a list."""


def send(args: Namespace, context: Context) -> int:
    """`hive send`: give a prompt, list those that wait, or take one back."""
    words: list[str] = args.words
    if args.cancel is not None:
        env, rest = context.resolve(words)
        nothing_left(rest)
        return _cancel(env, args.cancel, context)
    if args.all:
        text = _text(words)
        if not text:
            raise UsageError("--all needs a prompt", hint='`hive send --all "run the tests"`')
        return _broadcast(text, queue=not args.no_queue, context=context)
    env, words = context.resolve(words)
    text = _text(words)
    if not text:
        if words:
            raise UsageError("the prompt is empty", hint="say what is to be done")
        return _list(env, context)
    answer = context.call("agent.send", {"env": env, "text": text, "queue": not args.no_queue})
    if context.json:
        context.document(answer)
    else:
        context.print(_line(bare(env), answer))
    return _status(answer)


def _text(words: list[str]) -> str:
    """The prompt: the words, or standard input for `-`."""
    if words != ["-"]:
        return " ".join(words)
    return sys.stdin.buffer.read().decode("utf-8", "replace").strip()


def _broadcast(text: str, *, queue: bool, context: Context) -> int:
    """Send to all agents side by side: each may take seconds to show that it took it."""
    rows = context.call("list")["environments"]
    envs = [f"{row['project']}/{row['name']}" for row in rows if row["agent"]]
    if not envs:
        raise NotFoundError(
            "there is no agent", hint="`hive agent start NAME` starts one", code="no_agent"
        )

    def ask(env: str) -> dict[str, Any]:
        link = context.connect()
        try:
            sent: dict[str, Any] = link.call(
                "agent.send", {"env": env, "text": text, "queue": queue}
            )
        except HiveError as error:
            told = {**error.as_json(), "env": bare(env)}
            return {"env": bare(env), "delivered": False, "queued": False, "error": told}
        finally:
            link.close()
        return sent

    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        answers = list(pool.map(ask, envs))
    if context.json:
        context.document({"prompts": answers})
    else:
        context.print(*(_line(answer["env"], answer) for answer in answers))
    return max(map(_status, answers))


def _list(env: str, context: Context) -> int:
    answer = context.call("agent.queue", {"env": env})
    if context.json:
        context.document(answer)
        return 0
    queued = answer["queued"]
    if not queued:
        context.print(f"{plain(bare(env))}: no prompt waits")
        return 0
    for prompt in queued:
        first = plain(" ".join(prompt["text"].split()))
        first = first if len(first) <= _SHOWN else first[: _SHOWN - 1] + "…"
        stands = f"not delivered: {prompt['problem']}" if prompt["problem"] else "waits"
        context.print(f"{plain(prompt['id'])}  {first}", f"          {plain(stands)}")
    if answer["held"]:
        context.print(f"{plain(bare(env))}: {plain(answer['held'])}")
    return 0


def _cancel(env: str, prompt: str, context: Context) -> int:
    answer = context.call("agent.unqueue", {"env": env, "id": prompt})
    if context.json:
        context.document(answer)
    else:
        context.print(f"{plain(bare(env))}: taken back: {plain(prompt)}")
    return 0


def _line(env: str, answer: dict[str, Any]) -> str:
    why = (answer.get("error") or {}).get("message") or answer.get("reason")
    if answer["delivered"]:
        stands = "delivered"
    else:
        stands = f"queued ({answer['id']})" if answer["queued"] else "not delivered"
    return plain(f"{env}: {stands}" + (f": {why}" if why else ""))


def _status(answer: dict[str, Any]) -> int:
    return 0 if answer["delivered"] or answer["queued"] else 1
