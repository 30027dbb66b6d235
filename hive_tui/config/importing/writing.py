"""The text of a hive.toml out of a draft, commented so that a person can correct it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from hive_tui.config.importing.found import Containers, Folder, Service, Suite, Task, Variable
from hive_tui.config.importing.settling import Draft

_HEAD = """\
# What an environment of this repository consists of; `hive schema` has every key.
# Comments say where a line comes from. What begins with `# ?` could not be known: read it first.
# Try it with `hive spawn try --warm`, and take that one away with `hive destroy try`.
"""

EXAMPLE = """\
# Nothing was found that says how this repository runs (no compose file, no Procfile, no scripts).
# Take the marks off what you need:

# [ports]
# names = { web = 0 }           # offsets in the block of ports that each environment gets

# [tasks.build]                 # runs to its end
# run = "make build"
# inputs = ["src/**"]           # skipped while these have not changed

# [services.web]                # keeps running
# run = "python -m http.server {{port.web}} --bind 127.0.0.1"
# needs = ["build"]
# ready = { tcp = "web" }

# [tests.unit]
# run = "make test"
"""

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_WIDEST = 100
_SHOWN = 8


def write(draft: Draft) -> str:
    """The whole text; its tables in the order of the reference page."""
    return "\n".join([_HEAD, *_sections(draft)])


def _sections(draft: Draft) -> Iterator[str]:
    if draft.remarks:
        yield "".join(f"# ? {_comment(remark)}\n" for remark in draft.remarks)
    yield _project(draft)
    if draft.ports:
        yield _ports(draft)
    if draft.variables:
        yield "[env]                           # for every process of an environment\n" + "".join(
            _variable(variable) for variable in draft.variables
        )
    if draft.containers is not None:
        yield _compose(draft.containers)
    for folder in draft.folders:
        yield _link(folder)
    for name in draft.copies:
        yield f"[[copy]]                        # not in git\npath = {quoted(name)}\n"
    for task in draft.tasks:
        yield _task(task)
    for service in draft.services:
        yield _service(service)
    for suite in draft.suites:
        yield _suite(suite)
    if not (draft.services or draft.tasks or draft.suites or draft.containers):
        yield EXAMPLE


def _project(draft: Draft) -> str:
    base = f"base = {quoted(draft.base)}" if draft.base else '# base = "main"'
    return (
        "[project]\n"
        f"{base:<31} # branch that environments start from\n"
        '# worktrees = "~/hive/{{project}}/{{env}}"\n'
    )


def _ports(draft: Draft) -> str:
    lines = [f"{'[ports.names]':<31} # offsets in each environment's block of 1000"]
    for name, offset in draft.ports.items():
        line, number = f"{name} = {offset}", draft.origins.get(name)
        lines.append(line if number is None else f"{line:<31} # after {number}")
    return "\n".join(lines) + "\n"


def _variable(variable: Variable) -> str:
    line = f"{variable.name} = {quoted(variable.value)}"
    if variable.known:
        return f"{line}     # {_comment(variable.origin)}\n"
    why = "has a fixed port of this machine in it, the same for all environments"
    if "{{port." in variable.value:
        why = "has a password in it: fill it in, or make it a { secret = … }"
    return f"# ? {_comment(variable.origin)} {why}:\n# {line}\n"


def _compose(containers: Containers) -> str:
    value = _list(containers.files)
    if len(containers.files) == 1:
        value = quoted(containers.files[0])
    lines = [
        f"{'[compose]':<31} # its services as they are; [services.NAME] adds to one",
        f"file = {value}     # {_comment(_some(containers.services))}",
    ]
    if containers.ignore:
        lines.append("# ? these cannot be taken over (see above); may they be left out?")
        lines.append(f"ignore = {_list(containers.ignore)}")
    return "\n".join(lines) + "\n"


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _link(folder: Folder) -> str:
    lines = [
        *_notes(folder.notes),
        "[[link]]                        # taken from the main checkout",
    ]
    lines.append(f"path = {quoted(folder.path)}     # {_comment(folder.origin)}")
    if folder.mode is not None:
        lines.append(f"mode = {quoted(folder.mode)}")
    if folder.key:
        lines.append(f"key = {_list(folder.key)}")
    if folder.install is not None:
        lines.append(f"install = {quoted(folder.install)}")
    return "\n".join(lines) + "\n"


def _task(task: Task) -> str:
    lines = [*_notes(task.notes), f"[tasks.{task.name}]", _run(task.run, task.origin)]
    lines += _common(task.cwd, task.needs, task.env)
    if task.when is not None:
        lines.append(f"when = {quoted(task.when)}")
    if task.inputs:
        lines.append(f"inputs = {_list(task.inputs)}")
    elif task.when is None:
        lines.append('# inputs = ["src/**"]           # skip it while these have not changed')
    return "\n".join(lines) + "\n"


def _service(service: Service) -> str:
    lines = [*_notes(service.notes), f"[services.{service.name}]"]
    lines.append(_run(service.run, service.origin))
    lines += _common(service.cwd, service.needs, service.env)
    lines += _ready(service)
    for key in ("when", "restart"):
        if (value := getattr(service, key)) is not None:
            lines.append(f"{key} = {quoted(value)}")
    stop = {"signal": service.signal and quoted(service.signal), "grace": service.grace_s}
    if any(value is not None for value in stop.values()):
        pairs = (f"{key} = {value}" for key, value in stop.items() if value is not None)
        lines.append(f"stop = {{ {', '.join(pairs)} }}")
    return "\n".join(lines) + "\n"


def _ready(service: Service) -> list[str]:
    if (ready := service.ready) is not None:
        more = f", timeout = {ready.timeout_s:g}" if ready.timeout_s is not None else ""
        return [f"ready = {{ {ready.kind} = {quoted(ready.value)}{more} }}"]
    if service.port is None:
        return []
    line = f"ready = {{ tcp = {quoted(service.name)} }}"
    return [line if service.port.sure else f"# ? {line}   # if it listens on PORT"]


def _suite(suite: Suite) -> str:
    lines = [*_notes(suite.notes), f"[tests.{suite.name}]", _run(suite.run, suite.origin)]
    return "\n".join([*lines, *_common(suite.cwd, (), {})]) + "\n"


def _common(cwd: str | None, needs: Iterable[str], env: Mapping[str, str]) -> list[str]:
    lines = [] if cwd is None else [f"cwd = {quoted(cwd)}"]
    if needs := tuple(needs):
        lines.append(f"needs = {_list(needs)}")
    if env:
        pairs = [f"{name} = {quoted(value)}" for name, value in env.items()]
        line = f"env = {{ {', '.join(pairs)} }}"
        lines += [line] if len(line) <= _WIDEST else [f"env.{pair}" for pair in pairs]
    return lines


def _run(run: str, origin: str) -> str:
    """The command; one of several lines as it is, with its origin before it."""
    if "\n" not in run:
        return f"run = {quoted(run)}     # {_comment(origin)}"
    lines = [quoted(line)[1:-1] for line in run.split("\n")]
    return f'# {_comment(origin)}\nrun = """\n' + "\n".join(lines) + '"""'


def _notes(notes: Iterable[str]) -> list[str]:
    return [f"# ? {_comment(note)}" for note in notes]


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(quoted(text) for text in texts)}]"


def quoted(text: str) -> str:
    """A TOML string: JSON's escapes are TOML's too, and texts here hold no control characters."""
    return json.dumps(text, ensure_ascii=False)


def _comment(text: str) -> str:
    """The text as it may stand in a comment: on one line, without control characters."""
    return "".join(char if char.isprintable() else " " for char in text)
