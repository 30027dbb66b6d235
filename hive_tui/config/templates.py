"""`{{names}}` in hive.toml: which there are, what they stand for, and how they reach a shell.

Values are data. A value that a shell could read as anything else reaches it as an environment
variable, so that no name, branch or folder is ever parsed as code.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from enum import Enum
from pathlib import Path

import msgspec

from hive_tui.config.quoting import Quotes
from hive_tui.model.environment import EnvRecord
from hive_tui.model.errors import HiveError
from hive_tui.model.project import Project, Secret

KNOWN = (
    "env",
    "env.slug",
    "env.index",
    "branch",
    "project",
    "worktree",
    "repo",
    "report",
    "template",
)
"""All names but `port.NAME`, of which there is one for each name in `[ports]`."""

_TEMPLATE = re.compile(r"\{\{([^{}]*)\}\}")
_PORT = "port."
_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=-]+")
_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")
_NOT_IN_VARIABLE = re.compile(r"[^A-Z0-9]")
_SLUG_LENGTH = 40


class Place(Enum):
    """Where a text stands, which decides what it may refer to."""

    ENV = "env"
    """Anything that is used once the env exists."""
    SUITE = "suite"
    """A test suite: also `report`."""
    PART = "part"
    """What an env has at a shared service: also `template`."""
    SHARED = "shared"
    """What all envs have in common: nothing of a single env."""
    BRANCH = "branch"
    """`[project] branch`, used before anything of the env exists."""
    WORKTREES = "worktrees"
    """`[project] worktrees`, used once the branch is known."""
    NOWHERE = "nowhere"
    """A text that is taken literally."""


_NAMES = {
    Place.ENV: tuple(name for name in KNOWN if name not in ("report", "template")),
    Place.SUITE: tuple(name for name in KNOWN if name != "template"),
    Place.PART: tuple(name for name in KNOWN if name != "report"),
    Place.SHARED: ("project", "repo"),
    Place.BRANCH: ("env", "project"),
    Place.WORKTREES: ("env", "project", "branch", "repo"),
    Place.NOWHERE: (),
}


_WITH_PORTS = (Place.ENV, Place.SUITE, Place.PART, Place.SHARED)


class BadTemplate(msgspec.Struct, frozen=True):
    """The first thing in a text that looks like a template and is none."""

    found: str
    """As written, braces included."""
    allowed: tuple[str, ...]
    """Names that may stand there, without braces; empty where templates are not expanded."""


def names(ports: Collection[str], where: Place) -> tuple[str, ...]:
    """What a text at that place may refer to, `port.NAME` included."""
    if where in _WITH_PORTS:
        return (*_NAMES[where], *(f"{_PORT}{name}" for name in ports))
    return _NAMES[where]


def check(text: str, *, ports: Collection[str], where: Place) -> BadTemplate | None:
    """Find the first template in `text` that cannot be expanded; `None` where all can.

    Two opening braces always begin a template: there is no way to write them literally.
    """
    if "{{" not in text:
        return None
    for match in _TEMPLATE.finditer(text):
        name = match.group(1).strip()
        is_port = where in _WITH_PORTS and name.startswith(_PORT)
        if name not in _NAMES[where] and not (is_port and name.removeprefix(_PORT) in ports):
            return BadTemplate(match.group(0), names(ports, where))
    rest = _TEMPLATE.sub("", text)
    if "{{" in rest:
        return BadTemplate(rest[rest.index("{{") :], names(ports, where))
    return None


def filled(text: str) -> str:
    """The text with something plausible in place of every template, to judge its form by."""
    return _TEMPLATE.sub(lambda match: "1" if _PORT in match.group(1) else "x", text)


def values(project: Project, record: EnvRecord) -> dict[str, str]:
    """What each name stands for in one env: all but `report`, which the caller adds."""
    ports = {f"port.{name}": str(port) for name, port in project.ports_at(record.port_base).items()}
    return {
        "env": record.name,
        "env.slug": record.slug,
        "env.index": str(record.index),
        "branch": record.branch,
        "project": project.name,
        "worktree": record.worktree,
        "repo": project.root,
        **ports,
    }


def expand(text: str, values: Mapping[str, str]) -> str:
    """Replace every template by its value, once: templates in values stay as they are.

    Raises:
        HiveError: A name has no value here (code `unknown_template`).
    """
    return _TEMPLATE.sub(lambda match: _value(match, values), text)


def shell(text: str, values: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Turn a command with templates into a script for `/bin/sh -c` and its extra environment.

    A value of harmless characters is written into the script. Any other goes into a variable
    `HIVE_ARG_<n>`, and the script refers to it in the way that the quotes around it ask for, so
    that the shell passes it on byte for byte.

    Raises:
        HiveError: A name has no value here (code `unknown_template`).
    """
    quotes = Quotes()
    script: list[str] = []
    variables: dict[str, str] = {}
    end = 0
    for match in _TEMPLATE.finditer(text):
        before = text[end : match.start()]
        end = match.end()
        quotes.read(before)
        script.append(_close(before, quotes))
        value = _value(match, values)
        if _PLAIN.fullmatch(value):
            script.append(value)
        else:
            variable = next(
                (name for name, known in variables.items() if known == value),
                f"HIVE_ARG_{len(variables) + 1}",
            )
            variables[variable] = value
            script.append(quotes.reference(variable))
        quotes.pass_value()
    script.append(text[end:])
    return "".join(script), variables


def variables(project: Project, record: EnvRecord, *, secrets: Mapping[str, str]) -> dict[str, str]:
    """What every process of an env sees: `[env]` of hive.toml, expanded, and `HIVE_…`.

    Raises:
        HiveError: A secret has no value (code `secret_missing`).
    """
    known = values(project, record)
    own = {
        name: _secret(value, secrets, record) if isinstance(value, Secret) else expand(value, known)
        for name, value in project.env.items()
    }
    ports = {
        port_variable(name): str(port) for name, port in project.ports_at(record.port_base).items()
    }
    return {
        **own,
        "HIVE_ENV": record.name,
        "HIVE_PROJECT": project.name,
        "HIVE_WORKTREE": record.worktree,
        "HIVE_REPO": project.root,
        "HIVE_BRANCH": record.branch,
        "HIVE_INDEX": str(record.index),
        "HIVE_PORT_BASE": str(record.port_base),
        **ports,
    }


def port_variable(name: str) -> str:
    """The variable that tells a process the port of that name: `HIVE_PORT_<NAME>`."""
    return f"HIVE_PORT_{_NOT_IN_VARIABLE.sub('_', name.upper())}"


def branch_for(project: Project, env: str) -> str:
    """The branch that a new env of that name gets."""
    return expand(project.branch, {"env": env, "project": project.name})


def worktree_for(project: Project, env: str, branch: str) -> str:
    """The absolute path of a new env's worktree; a relative one counts from the main checkout."""
    known = {"env": env, "project": project.name, "branch": branch, "repo": project.root}
    path = Path(project.root) / Path(expand(project.worktrees, known)).expanduser()
    return os.path.normpath(path)


def slug(name: str, taken: Collection[str]) -> str:
    """A name for databases and the like: `[a-z0-9_]`, at most 40 characters, not in `taken`."""
    stem = _NOT_IN_SLUG.sub("_", name.lower()).strip("_")[:_SLUG_LENGTH] or "env"
    candidate, number = stem, 2
    while candidate in taken:
        ending = f"_{number}"
        candidate = stem[: _SLUG_LENGTH - len(ending)] + ending
        number += 1
    return candidate


def _value(match: re.Match[str], values: Mapping[str, str]) -> str:
    try:
        return values[match.group(1).strip()]
    except KeyError:
        raise HiveError(
            f"{match.group(0)} has no value here",
            hint=f"names that have one: {', '.join(sorted(values))}",
            code="unknown_template",
        ) from None


def _secret(value: Secret, secrets: Mapping[str, str], record: EnvRecord) -> str:
    try:
        return secrets[value.secret]
    except KeyError:
        raise HiveError(
            f"{record.name}: the secret {value.secret!r} is not set",
            hint="add it to the secrets file (`hive doctor` says where)",
            code="secret_missing",
            env=record.name,
        ) from None


def _close(before: str, quotes: Quotes) -> str:
    """The text before a value, so that its last character does not act on the value."""
    if quotes.escaping:
        return before[:-1] if quotes.inside == "" else before + "\\"
    if quotes.expanding:
        return before[:-1] + "\\$"
    return before
