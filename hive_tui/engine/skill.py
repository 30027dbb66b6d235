"""What a coding agent reads about the env that it works in, made of what is so right now.

Pure: facts out of a live env, text out of facts and a template. Facts leave out what changes by
the second, so that the text is only written again when there is something else to say.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hive_tui.config.sharing import service_ports
from hive_tui.config.templates import port_variable
from hive_tui.engine.live import LiveEnv
from hive_tui.model.project import Project, ReadyKind, Service

NAME = "hive"
"""Of the skill, and so of the folder that holds it."""
FILE = "SKILL.md"

_LINKED = ("symlink", "hardlink")
"""Ways of taking a dependency folder in which a write goes through to the main checkout's."""


class ServiceFact(msgspec.Struct, frozen=True):
    """One service of the env, or one that it shares."""

    name: str
    state: str
    where: str | None
    """URL of one that speaks HTTP, else `127.0.0.1:PORT`; `None` where it has no port."""
    shared: bool
    when: str


class PortFact(msgspec.Struct, frozen=True):
    """One named port."""

    name: str
    number: int
    variable: str
    service: str | None
    """Who listens on it; `None` where no service says so."""
    shared: bool


class CheckFact(msgspec.Struct, frozen=True):
    """One suite."""

    name: str
    run: str
    """First line of its command, as hive.toml has it."""
    watched: bool


class TaskFact(msgspec.Struct, frozen=True):
    """One task that a person or an agent may want to see again."""

    name: str
    run: str


class FolderFact(msgspec.Struct, frozen=True):
    """A dependency folder that came from the main checkout."""

    path: str
    mode: str
    linked: bool
    """True where a write into it changes the main checkout's files."""
    install: str | None


class SkillFacts(msgspec.Struct, frozen=True):
    """All that the text is made of."""

    env: str
    project: str
    branch: str
    base: str
    worktree: str
    main: str
    first_port: int
    last_port: int
    services: tuple[ServiceFact, ...]
    ports: tuple[PortFact, ...]
    checks: tuple[CheckFact, ...]
    tasks: tuple[TaskFact, ...]
    folders: tuple[FolderFact, ...]
    forwarded: dict[int, str]
    """Fixed ports that one env at a time has, and the names of what they lead to."""
    program: str = "hive"
    """How the commands of the product are called from inside the env."""


def facts(live: LiveEnv, *, program: str = "hive") -> SkillFacts:
    """What is so in an env.

    Args:
        live: The env.
        program: Name, or absolute path, by which its processes find the product's commands.
    """
    record, project = live.record, live.project
    numbers = project.ports_at(record.port_base)
    owners = _owners(project)
    return SkillFacts(
        env=record.name,
        project=record.project,
        branch=record.branch,
        base=record.base,
        worktree=record.worktree,
        main=project.root,
        first_port=record.port_base,
        last_port=record.port_base + record.port_size - 1,
        services=tuple(_service(live, service, numbers) for service in project.services.values()),
        ports=tuple(
            PortFact(
                name,
                number,
                port_variable(name),
                owners.get(name),
                name in project.shared_ports,
            )
            for name, number in sorted(numbers.items(), key=lambda item: item[1])
        ),
        checks=tuple(
            CheckFact(suite.name, _first_line(suite.run), bool(suite.watch))
            for suite in project.tests.values()
        ),
        tasks=tuple(TaskFact(task.name, _first_line(task.run)) for task in project.tasks.values()),
        folders=tuple(_folders(live)),
        forwarded=dict(project.forward),
        program=program,
    )


def render(found: SkillFacts, template: str) -> str:
    """The text of an env's skill.

    Args:
        found: What is so in the env.
        template: Jinja's language; sees the fields of the facts by their names.

    Raises:
        jinja2.TemplateError: The template names something that there is not.
    """
    import jinja2  # only where an agent works does anybody need it

    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # it is Markdown; `code` and `cell` make values harmless in it
    )
    environment.filters |= {"code": code, "cell": cell}
    return environment.from_string(template).render(msgspec.structs.asdict(found))


def code(text: object) -> str:
    """A value as a span of code, whatever stands in it; in a table `cell` has to follow."""
    plain = _one_line(str(text))
    longest = max((len(run) for run in _runs(plain, "`")), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{plain}{pad}{fence}"


def cell(text: object) -> str:
    """Text, spans of code too, for a table: nothing of it ends a cell or a row."""
    return _one_line(str(text)).replace("|", "\\|")


def _owners(project: Project) -> dict[str, str]:
    """Port name -> the service that most likely listens on it: who names it first of its ports."""
    used = {name: service_ports(project, spec) for name, spec in project.services.items()}
    found: dict[str, str] = {}
    for at in range(max(map(len, used.values()), default=0)):
        for service, names in used.items():
            if at < len(names):
                found.setdefault(names[at], service)
    return found


def _service(live: LiveEnv, service: Service, numbers: dict[str, int]) -> ServiceFact:
    where = None
    if used := service_ports(live.project, service):
        http = service.ready is not None and service.ready.kind is ReadyKind.HTTP
        address = f"127.0.0.1:{numbers[used[0]]}"
        where = f"http://{address}/" if http else address
    return ServiceFact(
        service.name,
        live.units[service.name].state.value,
        where,
        service.shared,
        service.when.value,
    )


def _folders(live: LiveEnv) -> Iterable[FolderFact]:
    for link in live.project.links:
        record = live.links.get(link.path)
        mode = record.mode if record is not None else "missing"
        install = _first_line(link.install) if link.install else None
        yield FolderFact(link.path, mode, mode in _LINKED, install)


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _runs(text: str, sign: str) -> list[str]:
    """Every longest run of one sign."""
    rest = "".join(c if c == sign else " " for c in text)
    return rest.split()
