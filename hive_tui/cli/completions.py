"""Shell completion: what the word under the cursor may become.

The scripts of `cli.scripts` call `hive __complete WORDS…` for the names of envs, services and
suites. It never starts a daemon, and stays silent where it has nothing to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hive_tui.cli.context import Connection, Context
from hive_tui.cli.table import BY_NAME, JSON, NAMES, Command
from hive_tui.cli.text import plain
from hive_tui.model.errors import HiveError, NotFoundError

TRANSITIONS = ("warm", "cool", "start", "stop", "freeze", "thaw", "destroy")


def complete(words: Sequence[str], context: Context) -> int:
    """`hive __complete WORDS…`: one candidate a line for the last word; the exit status is 0."""
    try:
        for word in candidates(words, context):
            if plain(word) == word:
                context.print(word)
    except HiveError:
        return 0
    finally:
        context.close()
    return 0


def candidates(words: Sequence[str], context: Context) -> list[str]:
    """What the last word may become.

    Args:
        words: The words after `hive`, the last one perhaps empty or half typed.
        context: Whose daemon is asked, if one runs.

    Raises:
        HiveError: No daemon runs, or it does not answer.
    """
    prefix = words[-1] if words else ""
    if len(words) <= 1:
        return starting(prefix, BY_NAME)
    command = BY_NAME.get(words[0])
    if command is None or "--" in words[:-1]:
        return []
    if prefix.startswith("-"):
        return starting(prefix, options(command))
    valued = [one for one in command.arguments if words[-2] in one.flags and one.metavar]
    given = _positionals(command, words[1:-1])
    if valued:
        return starting(prefix, _known((valued[0].complete,), given[:1], context))
    choices = [choice for one in command.arguments if one.positional for choice in one.choices]
    if choices:
        return [] if given else starting(prefix, choices)
    if not given and any(one.complete == "envs" for one in command.arguments):
        return starting(prefix, _known(("envs", *command.words), (), context))
    if NAMES in command.arguments:
        return [env for env in starting(prefix, _known(("envs",), (), context)) if env not in given]
    return starting(prefix, _known(command.words, given[:1], context)) if given else []


def options(command: Command) -> list[str]:
    """Every spelling of every option of a command."""
    own = [flag for one in command.arguments if not one.positional for flag in one.flags]
    return [*own, "--help", *JSON.flags]


def starting(prefix: str, words: Iterable[str]) -> list[str]:
    """The words that start with a prefix, in their order."""
    return [word for word in words if word.startswith(prefix)]


def _positionals(command: Command, words: Sequence[str]) -> list[str]:
    """The words that are neither options nor values of options."""
    takes_value = {
        flag
        for one in command.arguments
        if not one.positional and one.metavar
        for flag in one.flags
    }
    found: list[str] = []
    value_next = False
    for word in words:
        if value_next:
            value_next = False
        elif word.startswith("-"):
            value_next = word in takes_value
        else:
            found.append(word)
    return found


def _known(kinds: Sequence[str | None], named: Sequence[str], context: Context) -> list[str]:
    """Words of the given kinds: `envs`, `services`, `suites`, `snapshots` or `transitions`.

    Args:
        kinds: What is asked for; other kinds have no words.
        named: The env's name, or nothing for the one of the folder.
        context: Whose daemon is asked.
    """
    found: list[str] = list(TRANSITIONS) if "transitions" in kinds else []
    asked = [kind for kind in kinds if kind in {"envs", "services", "suites", "snapshots"}]
    if not asked:
        return found
    link = context.connect(start=False)
    try:
        for kind in asked:
            env = None if kind == "envs" else _env(link, named, context)
            if kind == "envs" or env is not None:
                params = {"what": kind, "env": env, "cwd": context.cwd}
                found += link.call("complete", params)["words"]
    finally:
        link.close()
    return found


def _env(link: Connection, named: Sequence[str], context: Context) -> str | None:
    """The id of the env that is named or that the folder belongs to; `None` for neither."""
    try:
        found = link.call("resolve", {"words": list(named), **context.place})
    except NotFoundError:
        return None
    return str(found["env"])
