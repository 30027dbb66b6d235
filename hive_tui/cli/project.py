"""Commands about a project and its machine: init, schema, doctor."""

from __future__ import annotations

import os
import shutil
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from hive_tui.cli.context import Context
from hive_tui.cli.text import plain
from hive_tui.model.errors import HiveError, UsageError


def init(args: Namespace, context: Context) -> int:
    """`hive init`: a `hive.toml` to start from, written by the daemon into the repository.

    With `--stdout` or `--diff` nothing is written.
    """
    if args.stdout and args.diff:
        raise UsageError("--stdout and --diff are two ways to look", hint="give one of them")
    look = args.stdout or args.diff
    answer = context.call("init", {"cwd": context.cwd, "force": args.force, "write": not look})
    if context.json:
        context.document(answer)
    elif args.stdout:
        context.print(*map(plain, answer["text"].splitlines()))
    elif args.diff:
        context.print(*(_coloured(line, context) for line in answer["diff"].splitlines()))
        if not answer["diff"]:
            context.print("hive.toml is what `hive init` would write")
    else:
        _show_written(answer, context)
    return 0


def _show_written(answer: dict[str, Any], context: Context) -> None:
    unknown = sum(line.startswith("# ? ") for line in answer["text"].splitlines())
    context.print(f"wrote {plain(answer['path'])}:", "")
    context.print(*(f"  {plain(line)}" for line in answer["text"].splitlines()))
    if answer.get("kept"):
        context.print("", f"The old one is {plain(answer['kept'])}.")
    if unknown:
        lines = "1 line begins" if unknown == 1 else f"{unknown} lines begin"
        context.print("", f"{lines} with `# ?`: what could not be known. Read them first.")
    context.print(
        "",
        "Next: read it through; `hive doctor` checks it and this machine; `git add hive.toml`;",
        "`hive spawn NAME --warm` makes an environment; `hive plan NAME` shows what it does.",
        "Worktrees that are there already: `hive adopt --all`.",
    )


def _coloured(line: str, context: Context) -> str:
    colours = {"+": "green", "-": "red", "@": "cyan"}
    colour = colours.get(line[:1])
    return context.ink(colour, plain(line)) if colour else plain(line)


def schema(args: Namespace, context: Context) -> int:
    """`hive schema`: the JSON Schema of hive.toml, for editors; always one JSON document."""
    context.document(context.call("schema"))
    return 0


def doctor(args: Namespace, context: Context) -> int:
    """`hive doctor`: what is wrong here and its remedy; exit status 1 where anything is."""
    checks = local_checks(context)
    try:
        known = context.call("doctor", {"cwd": context.cwd})["checks"]
    except HiveError as error:
        known = [_check("daemon", False, error.message, error.hint)]
    better = {check["name"] for check in known}
    checks = [*(check for check in checks if check["name"] not in better), *known]
    sound = all(check["ok"] for check in checks)
    if context.json:
        context.document({"checks": checks})
        return 0 if sound else 1
    ink = context.ink
    for check in checks:
        mark = ink("green", "✓") if check["ok"] else ink("red", "✗")
        text = [*str(check["message"]).splitlines(), *([check["hint"]] if check["hint"] else [])]
        context.print(f"{mark} {plain(check['name'])}: {plain(text[0])}")
        context.print(*(f"    {plain(line)}" for line in text[1:]))
    return 0 if sound else 1


def local_checks(context: Context) -> list[dict[str, Any]]:
    """What can be told without a daemon: the interpreter, git, the terminal, the hive's folders."""
    python = ".".join(map(str, sys.version_info[:3]))
    git = shutil.which("git", path=context.environ.get("PATH"))
    encoding = (getattr(context.out, "encoding", None) or "utf-8").lower().replace("-", "")
    return [
        _check("python", sys.version_info >= (3, 11), python, "install Python 3.11 or newer"),
        _check("git", git is not None, git or "not on PATH", "install git 2.34 or newer"),
        _check(
            "characters",
            encoding == "utf8",
            f"the terminal speaks {encoding}",
            "set LANG to a UTF-8 locale, for example C.UTF-8",
        ),
        _folder("state", context.home.state),
        _folder("configuration", context.home.config),
        _folder("socket", context.home.socket.parent),
        *_keymap(context.home.keymap),
    ]


def _keymap(file: Path) -> list[dict[str, Any]]:
    """What cannot be used of the user's keys; nothing where there is no such file."""
    if not file.exists():
        return []
    from hive_tui.app.keymap import load

    found = load(file)
    said = "\n".join([str(file), *found.problems])
    hint = "mend these lines; the dashboard takes the file up as it is saved"
    return [_check("keymap", not found.problems, said, hint)]


def _folder(name: str, path: Path) -> dict[str, Any]:
    """Whether a folder of the hive can be written, or made where it is not there yet."""
    there = path
    while not there.exists() and there != there.parent:
        there = there.parent
    ok = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    message = str(path) if ok else f"{there} cannot be written"
    return _check(name, ok, message, f"make {there} yours, or set HIVE_HOME to another folder")


def _check(name: str, ok: bool, message: str, hint: str | None) -> dict[str, Any]:
    return {"name": name, "ok": ok, "message": message, "hint": None if ok else hint}
