"""Which steps a transition has to run, decided from what is wanted and what is observed.

Pure: nothing here looks at the world or runs anything.
"""

from __future__ import annotations

import difflib
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TypeVar

import msgspec

from hive_tui.model.environment import ServiceState, Wanted
from hive_tui.model.errors import NotFoundError
from hive_tui.model.plan import Plan, Step, StepKind, Transition
from hive_tui.model.project import Project, Service, When

Named = TypeVar("Named")

WORKTREE_LANE = "worktree"
"""Lane of checkouts: several at once only make each other slower."""

CONTAINER_LANE = "container"
"""Lane of container starts."""

INSTALL_TIMEOUT_S = 1800.0
INSTALL_RETRIES = 1
"""For the install of a dependency folder: networks fail now and then."""
BUILD_TIMEOUT_S = 3600.0
"""For the build of an image."""

_AFTER = {
    Transition.SPAWN: Wanted.COLD,
    Transition.WARM: Wanted.WARM,
    Transition.COOL: Wanted.COLD,
    Transition.START: Wanted.COLD,
    Transition.STOP: Wanted.STOPPED,
    Transition.FREEZE: Wanted.FROZEN,
    Transition.THAW: Wanted.WARM,
    Transition.DESTROY: Wanted.STOPPED,
}

_LAUNCHED = frozenset({ServiceState.STARTING, ServiceState.UNHEALTHY})
_RUNNING = _LAUNCHED | {ServiceState.READY}


class Observed(msgspec.Struct, frozen=True):
    """What of an env is there, as far as a plan has to know."""

    worktree: bool
    """True where the worktree exists."""
    services: dict[str, ServiceState] = {}
    """By name; one that is missing here is stopped."""
    done: frozenset[str] = frozenset()
    """Tasks that need not run: succeeded, and their inputs have not changed since."""
    lacks: frozenset[str] | None = None
    """Ids of the copy, link and install steps that have something to do; `None`: nobody looked,
    then a spawn copies and links everything."""
    built: frozenset[str] = frozenset()
    """Services whose image is there, built of what is in the worktree now."""
    shared: frozenset[str] = frozenset()
    """Services that the env has in common with others: it never takes them down."""
    parted: frozenset[str] = frozenset()
    """Shared services of which the env has its part, made in their present run."""
    seeded: frozenset[str] = frozenset()
    """Shared services whose template is there, made of what is in the worktree now."""
    outgrown: frozenset[str] = frozenset()
    """Services that run for the env alone, and are shared by now: they make room first."""

    def state(self, service: str) -> ServiceState:
        """State of one service."""
        return self.services.get(service, ServiceState.STOPPED)


def make_plan(
    project: Project,
    transition: Transition,
    observed: Observed,
    *,
    services: frozenset[str] | None = None,
    suites: tuple[str, ...] = (),
) -> Plan:
    """The steps that are still missing; none where the transition has nothing to do.

    A transition that takes things down halts what has to go and sees to what has to stay: cool
    thaws the cold part, or starts what is missing of it, but runs no task of its own accord.

    Args:
        project: What there is, and who needs whom.
        transition: What is asked for.
        observed: What is there already.
        services: Limits start, warm, cool, stop, freeze and thaw to these (and, where they go up,
            to what they need); `None` for all that the transition is about.
        suites: Which suites to test; empty for all.

    Raises:
        NotFoundError: No such service or suite.
    """
    for name in services or ():
        _find(project.services, name, "service")
    match transition:
        case Transition.SPAWN:
            folders = tuple(_folders(project, observed))
            base = _leaves(folders)
            steps = (*folders, *_up(project, observed, _roots(project, observed, When.COLD), base))
        case Transition.START | Transition.WARM:
            if services is None:
                top = When.WARM if transition is Transition.WARM else When.COLD
                frozen = _in_state(observed, {ServiceState.FROZEN}) & project.services.keys()
                roots = _roots(project, observed, top) | frozen
            else:
                roots = services
            looked = services is None and observed.worktree and observed.lacks is not None
            folders = tuple(_folders(project, observed)) if looked else ()
            steps = (*folders, *_anew(project, observed, roots, _leaves(folders)))
        case Transition.COOL:
            stays = level(project, Wanted.COLD)
            goes = _selected(_not_stopped(observed) - stays, services)
            down = {name for name in stays if observed.state(name) is not ServiceState.READY}
            stay = _up(project, observed, down if services is None else ())
            steps = (*_down(project, goes), *stay)
        case Transition.STOP:
            steps = tuple(_down(project, _selected(_not_stopped(observed), services)))
        case Transition.FREEZE:
            running = _in_state(observed, _RUNNING)
            steps = tuple(_each(StepKind.FREEZE, _selected(running, services)))
        case Transition.THAW:
            frozen = _in_state(observed, {ServiceState.FROZEN})
            steps = tuple(_each(StepKind.THAW, _selected(frozen, services)))
        case Transition.DESTROY:
            halts = tuple(_down(project, _not_stopped(observed)))
            needs = tuple(halt.id for halt in halts)
            steps = (*halts, _step(StepKind.REMOVE, "worktree", needs))
        case Transition.TEST:
            steps = tuple(_tests(project, observed, suites or tuple(project.tests)))
    return Plan(transition=transition, steps=steps)


def restart_plan(project: Project, services: Collection[str], observed: Observed) -> Plan:
    """Halt these services and start them again, with what is missing of their needs.

    What needs them is left alone.

    Raises:
        NotFoundError: No such service.
    """
    for name in services:
        _find(project.services, name, "service")
    up = (name for name in services if observed.state(name) is not ServiceState.STOPPED)
    halts = tuple(_down(project, frozenset(up)))
    stopped = dict.fromkeys(services, ServiceState.STOPPED)
    halted = msgspec.structs.replace(observed, services={**observed.services, **stopped})
    after = {halt.target: (halt.id,) for halt in halts}
    steps = (*halts, *_up(project, halted, services, after=after))
    return Plan(transition=Transition.START, steps=steps)


def _anew(
    project: Project, observed: Observed, roots: frozenset[str], base: tuple[str, ...]
) -> Iterator[Step]:
    """Everything missing, after what runs for the env alone has made room for what is shared."""
    goes = observed.outgrown & _closure(project, sorted(roots)).keys()
    halts = tuple(_down(project, goes))
    stopped = dict.fromkeys(goes, ServiceState.STOPPED)
    after = msgspec.structs.replace(observed, services={**observed.services, **stopped})
    yield from halts
    halted = {halt.target: (halt.id,) for halt in halts}
    yield from _up(project, after, roots, base, halted)


def level(project: Project, wanted: Wanted) -> frozenset[str]:
    """Services that have to be ready in a state: those meant for it, and all that they need.

    A service that only a task needs is not among them: it may go once the task is done.
    """
    if wanted is Wanted.STOPPED:
        return frozenset()
    when = {When.COLD} if wanted is Wanted.COLD else {When.COLD, When.WARM}
    meant = (name for name, service in project.services.items() if service.when in when)
    return frozenset(_closure(project, meant)) & project.services.keys()


def needed(project: Project, names: Iterable[str]) -> frozenset[str]:
    """Services among the names and all that they need, through tasks too."""
    known = (name for name in names if name in project.services)
    return frozenset(_closure(project, known)) & project.services.keys()


def in_order(project: Project, service: str) -> tuple[str, ...]:
    """A service and the services that it needs, needs first."""
    return tuple(name for name in _closure(project, (service,)) if name in project.services)


def after(transition: Transition) -> Wanted:
    """What is wanted of an env once the transition was asked for.

    Raises:
        ValueError: The transition does not change what is wanted (test).
    """
    if transition not in _AFTER:
        raise ValueError(f"{transition.value} does not change what is wanted")
    return _AFTER[transition]


def _roots(project: Project, observed: Observed, top: When) -> frozenset[str]:
    """What has to be up or done by itself: the services of the level and its missing tasks."""
    wanted = Wanted.WARM if top is When.WARM else Wanted.COLD
    when = {When.SPAWN, When.COLD, top}
    tasks = (name for name, task in project.tasks.items() if task.when in when)
    return level(project, wanted) | (frozenset(tasks) - observed.done)


def _closure(project: Project, names: Iterable[str]) -> dict[str, None]:
    """The names and all that they need, through tasks too, needs first."""
    found: dict[str, None] = {}
    stack = [(name, False) for name in names]
    while stack:
        name, expanded = stack.pop()
        if expanded:
            found[name] = None
        elif name not in found:
            stack.append((name, True))
            stack.extend((need, False) for need in reversed(project.needs_of(name)))
    return found


def _up(
    project: Project,
    observed: Observed,
    names: Iterable[str],
    base: tuple[str, ...] = (),
    after: Mapping[str, tuple[str, ...]] | None = None,
) -> Iterator[Step]:
    """Everything missing of the names and their needs.

    `base` is needed by all that touches the worktree, `after` by the preparation of one service.
    """
    for name in _closure(project, sorted(names)):
        needs = _met_by(project, observed, name)
        if name in project.services:
            service = project.services[name]
            first = (*base, *(after or {}).get(name, ()))
            yield from _service(service, observed, first, needs)
            if _parts(service, observed):
                yield from _part(service, observed, base)
        elif name not in observed.done:
            task = project.tasks[name]
            yield Step(
                id=f"{StepKind.TASK}:{name}",
                kind=StepKind.TASK,
                target=name,
                needs=(*base, *needs),
                slots=task.slots,
                timeout_s=task.timeout_s,
                retries=task.retries,
            )


def _service(
    service: Service, observed: Observed, first: tuple[str, ...], needs: tuple[str, ...]
) -> Iterator[Step]:
    state = observed.state(service.name)
    if state is ServiceState.READY:
        return
    if state is ServiceState.FROZEN:
        yield _step(StepKind.THAW, service.name)
        return
    launched: tuple[str, ...] = ()
    if state not in _LAUNCHED:
        if service.build is not None and service.name not in observed.built:
            build = Step(
                id=f"{StepKind.BUILD}:{service.name}",
                kind=StepKind.BUILD,
                target=service.name,
                needs=first,
                slots=1,
                timeout_s=BUILD_TIMEOUT_S,
            )
            first = (build.id,)
            yield build
        prepare = _step(StepKind.PREPARE, service.name, first)
        lane = CONTAINER_LANE if service.contained else None
        start = _step(StepKind.START, service.name, (prepare.id, *needs), lane=lane)
        launched = (start.id,)
        yield prepare
        yield start
    yield _step(StepKind.READY, service.name, launched)


def _parts(service: Service, observed: Observed) -> bool:
    """Whether the env's part of a shared service has to be made."""
    per_env = service.per_env
    if per_env is None or per_env.create is None or not service.shared:
        return False
    up = observed.state(service.name) in _RUNNING
    return not up or service.name not in observed.parted


def _part(service: Service, observed: Observed, base: tuple[str, ...]) -> Iterator[Step]:
    """Make the env's part of a shared service that is ready, and its template before."""
    needs = base
    if observed.state(service.name) is not ServiceState.READY:
        needs = (*base, f"{StepKind.READY}:{service.name}")
    per_env = service.per_env
    if per_env is not None and per_env.template and service.name not in observed.seeded:
        seed = Step(
            id=_part_id(StepKind.SEED, service.name),
            kind=StepKind.SEED,
            target=f"{service.name}-{StepKind.SEED}",
            needs=needs,
            slots=1,
            timeout_s=per_env.seed_timeout_s,
        )
        needs = (seed.id,)
        yield seed
    yield _step(StepKind.CREATE, f"{service.name}-{StepKind.CREATE}", needs)


def _part_id(kind: StepKind, service: str) -> str:
    """Id of a step about a part; its target is the name of its log."""
    return f"{kind}:{service}-{kind}"


def _met_by(project: Project, observed: Observed, name: str) -> tuple[str, ...]:
    """Ids of the steps whose ends meet the needs of a service, task or suite.

    A task that is done passes its own needs on: what it prepared is of no use without them.
    """
    found: list[str] = []
    seen: set[str] = set()
    ahead = deque(project.needs_of(name))
    while ahead:
        need = ahead.popleft()
        if need in seen:
            continue
        seen.add(need)
        if need in observed.done:
            ahead.extend(project.needs_of(need))
        elif need in project.tasks:
            found.append(f"{StepKind.TASK}:{need}")
        elif need in project.services and _parts(project.services[need], observed):
            found.append(_part_id(StepKind.CREATE, need))
        elif observed.state(need) is ServiceState.FROZEN:
            found.append(f"{StepKind.THAW}:{need}")
        elif observed.state(need) is not ServiceState.READY:
            found.append(f"{StepKind.READY}:{need}")
    return tuple(found)


def _down(project: Project, names: frozenset[str]) -> Iterator[Step]:
    """Halt the services, each after all of them that need it."""
    users: dict[str, list[str]] = {name: [] for name in names}
    for name in sorted(names):
        seen: set[str] = set()
        stack = list(project.needs_of(name))
        while stack:
            need = stack.pop()
            if need in seen:
                continue
            seen.add(need)
            if need in names:
                users[need].append(f"{StepKind.HALT}:{name}")
            else:
                stack.extend(project.needs_of(need))
    for name in sorted(names):
        yield _step(StepKind.HALT, name, tuple(users[name]))


def _folders(project: Project, observed: Observed) -> Iterator[Step]:
    """The worktree and what is put into it from the main checkout."""
    needs: tuple[str, ...] = ()
    if not observed.worktree:
        worktree = _step(StepKind.WORKTREE, "worktree", lane=WORKTREE_LANE)
        needs = (worktree.id,)
        yield worktree
    copies = [_step(StepKind.COPY, path, needs) for path in project.copies]
    links = [_step(StepKind.LINK, link.path, needs) for link in project.links]
    if observed.lacks is not None:
        copies = [step for step in copies if step.id in observed.lacks]
        links = [step for step in links if step.id in observed.lacks]
    yield from (*copies, *links)
    for link in project.links:
        name = f"{StepKind.INSTALL}:{link.path}"
        if name in (observed.lacks or ()):
            yield Step(
                id=name,
                kind=StepKind.INSTALL,
                target=link.task,
                needs=tuple(copy.id for copy in copies) or needs,  # it may read what is copied
                slots=1,
                timeout_s=INSTALL_TIMEOUT_S,
                retries=INSTALL_RETRIES,
            )


def _tests(project: Project, observed: Observed, suites: Iterable[str]) -> Iterator[Step]:
    chosen = [_find(project.tests, name, "test suite") for name in dict.fromkeys(suites)]
    yield from _up(project, observed, {need for suite in chosen for need in suite.needs})
    for suite in chosen:
        yield Step(
            id=f"{StepKind.SUITE}:{suite.name}",
            kind=StepKind.SUITE,
            target=suite.name,
            needs=_met_by(project, observed, suite.name),
            slots=suite.slots,
            lane=f"suite:{suite.name}",
            timeout_s=suite.timeout_s,
        )


def _each(kind: StepKind, names: Iterable[str]) -> Iterator[Step]:
    return (_step(kind, name) for name in sorted(names))


def _step(
    kind: StepKind, target: str, needs: tuple[str, ...] = (), lane: str | None = None
) -> Step:
    return Step(id=f"{kind}:{target}", kind=kind, target=target, needs=needs, lane=lane)


def _leaves(steps: tuple[Step, ...]) -> tuple[str, ...]:
    """Ids of the steps that no other of them needs."""
    needed = {need for step in steps for need in step.needs}
    return tuple(step.id for step in steps if step.id not in needed)


def _not_stopped(observed: Observed) -> frozenset[str]:
    return _in_state(observed, frozenset(ServiceState) - {ServiceState.STOPPED})


def _in_state(observed: Observed, states: Collection[ServiceState]) -> frozenset[str]:
    """The env's own services in one of the states, also such as the project no longer has."""
    found = (name for name, state in observed.services.items() if state in states)
    return frozenset(found) - observed.shared


def _selected(names: frozenset[str], services: frozenset[str] | None) -> frozenset[str]:
    return names if services is None else names & services


def _find(table: Mapping[str, Named], name: str, word: str) -> Named:
    if name not in table:
        near = difflib.get_close_matches(name, table, n=1)
        known = f"known: {', '.join(table)}" if table else f"hive.toml has no {word}"
        raise NotFoundError(
            f"there is no {word} {name!r}",
            hint=f"did you mean {near[0]!r}?" if near else known,
        )
    return table[name]
