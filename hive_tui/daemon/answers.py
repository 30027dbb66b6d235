"""What is answered out of the engine's values: reasons, ports, names, URLs. Changes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from hive_tui.engine import ports, routing
from hive_tui.engine.container_spec import published
from hive_tui.engine.folding import stamp
from hive_tui.engine.hive import Hive
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.plan import level
from hive_tui.engine.showing import test_view
from hive_tui.model.environment import EnvDetail, ServiceState, TestState, Wanted
from hive_tui.model.errors import NotFoundError
from hive_tui.model.plan import Plan


def words(hive: Hive, params: Mapping[str, Any]) -> list[str]:
    """Names for the shell's completion; empty rather than an error."""
    what = params.get("what")
    if what == "envs":
        names = [live.record.name for live in hive.envs.values()]
        return sorted({n if names.count(n) == 1 else live for live, n in _named(hive)})
    if what == "projects":
        return [view.name for view in hive.project_views()]
    try:
        name = params.get("env")
        live = hive.env(str(name)) if name else hive.env_at(str(params.get("cwd") or "/"))
    except NotFoundError:
        live = None
    if live is None:
        return []
    if what == "snapshots":
        return [manifest.label for manifest in hive.snapshots.all(live)]
    return list(live.project.tests if what == "suites" else live.project.services)


def _named(hive: Hive) -> Iterable[tuple[str, str]]:
    return ((live.id, live.record.name) for live in hive.envs.values())


def url(live: LiveEnv, service: str | None) -> str:
    """Where a service answers, by number, which every program can resolve.

    Raises:
        NotFoundError: No such service, or none that has a port.
    """
    return f"http://127.0.0.1:{port_of(live, service)}/"


def port_of(live: LiveEnv, service: str | None) -> int:
    """The port at which a service answers; without one, the service that a browser would want.

    Raises:
        NotFoundError: No such service, or none that has a port.
    """
    project = live.project
    if service is not None and service not in project.services:
        raise NotFoundError(
            f"{live.record.name} has no service {service!r}",
            hint=f"services: {', '.join(project.services) or 'none'}",
            code="no_service",
            env=live.record.name,
        )
    names = [service] if service is not None else routing.web_first(project.services)
    for name in names:
        if (port := routing.main_port(project, project.services[name])) is not None:
            return project.ports_at(live.record.port_base)[port]
    raise NotFoundError(
        f"{live.record.name}: no service with a named port"
        if service is None
        else f"{live.record.name}: {service} uses no named port",
        hint="name one in [ports] and use {{port.NAME}} in the service's command",
        code="no_port",
        env=live.record.name,
    )


def port_rows(
    hive: Hive, envs: Iterable[LiveEnv], named: Mapping[tuple[str, int], str]
) -> list[dict[str, Any]]:
    """Rows of `hive ports`: every named port, and whatever else listens in the blocks.

    Args:
        hive: All that there is.
        envs: Whose ports.
        named: Id of an env and port -> its address at the proxy.
    """
    world = hive.world
    scan = world.listening.scan()
    rows: list[dict[str, Any]] = []
    for live in envs:
        base = live.record.port_base
        found = ports.port_map(
            env=live.record.name,
            base=base,
            size=live.record.port_size,
            names={port: name for name, port in live.project.ports_at(base).items()},
            scan=scan,
            members={
                pid: name
                for name, unit in live.units.items()
                if unit.identity is not None
                for pid in world.processes.members(unit.identity)
            },
            owner=world.listening.owner,
            program=world.program,
            published=_published(live),
        )
        rows += [{**row, "url": named.get((live.id, row["port"]))} for row in found]
    return rows


def forward_rows(hive: Hive, envs: Iterable[LiveEnv]) -> list[dict[str, Any]]:
    """Rows of `hive ports` for the fixed ports that lead to these envs."""
    shown = {(live.record.project, live.record.name) for live in envs}
    return [
        {
            "env": view.env,
            "name": f"{view.name} (forwarded)",
            "port": view.port,
            "listening": True,
            "pid": os.getpid(),
            "process": "hive",
            "service": None,
            "foreign": False,
            "url": None,
        }
        for view in hive.forwarding.views(hive.projects.values())
        if (view.project, view.env) in shown
    ]


def _published(live: LiveEnv) -> dict[int, ports.Published]:
    """Port -> container, of all that run in the env. Unseen, it counts as there."""
    found = {}
    for name, unit in live.units.items():
        if (run := unit.contained) is None:
            continue
        inside = live.world.containers.listening(run)
        program = live.world.program(run.pid) if run.pid else "container"
        for port, number in published(live.project, live.record, unit.service).items():
            listening = inside is None or inside.get(number, False)
            found[port] = ports.Published(name, listening, run.pid or None, program)
    return found


def shared_memory(hive: Hive, live: LiveEnv) -> list[dict[str, Any]]:
    """What sharing saves in memory, or would save, as far as it was measured.

    Of a shared service, what each further env that uses it would take; of a container that
    several envs run for themselves, what all but one of them take.
    """
    rows: list[dict[str, Any]] = []
    envs = [env for env in hive.envs.values() if env.record.project == live.record.project]
    for name, service in live.project.services.items():
        if live.common is not None and live.shares(name):
            users = len(live.common.users_of(name))
            each = live.common.service_memory.get(name)
            saves = None if each is None else each * max(0, users - 1)
        elif service.contained:
            found = [env.service_memory[name] for env in envs if name in env.service_memory]
            users, saves = len(found), sum(found) - max(found, default=0)
        else:
            continue
        if users > 1 or live.shares(name):
            row = {"service": name, "scope": service.scope.value, "envs": users}
            rows.append({**row, "saves_bytes": saves})
    return rows


def skipped(live: LiveEnv, plan: Plan) -> list[dict[str, str]]:
    """What a warm would leave out, and why."""
    planned = {step.target for step in plan.steps}
    rows = []
    for name, task in live.project.tasks.items():
        if name not in planned and name in live.tasks:
            why = (
                "its inputs have not changed" if task.inputs else "it has run since the env came up"
            )
            rows.append({"name": name, "reason": why})
    for name, unit in live.units.items():
        if name not in planned and unit.state is ServiceState.READY:
            rows.append({"name": name, "reason": "it is ready"})
    return rows


def why(
    live: LiveEnv, topic: str | None, more: Iterable[dict[str, Any]] = ()
) -> list[dict[str, Any]]:
    """The reason for each cell of the env's row, or for one service, task or suite.

    Args:
        live: The env.
        topic: What is asked about; `None` for everything.
        more: Reasons that the env does not know by itself.

    Raises:
        NotFoundError: No such topic.
    """
    detail = live.detail()
    rows = [_env_reason(live, detail)]
    rows += [_service_reason(live, detail, name) for name in live.units]
    rows += [_task_reason(live, detail, name) for name in live.project.tasks]
    rows += [_test_reason(live, detail, name) for name in live.project.tests]
    if live.boundaries:
        rows.append(_boundary_reason(live, detail))
    rows += more
    if topic is None:
        return rows
    word = topic.split()[-1]
    if word == "agent" and live.agent is None:
        raise NotFoundError(
            f"{live.record.name} has no agent",
            hint=f"`hive agent start {live.record.name}` starts one",
            code="no_agent",
            env=live.record.name,
        )
    found = [row for row in rows if row["cell"].split()[-1] == word]
    if not found:
        raise NotFoundError(
            f"{live.record.name} has no service, task or suite {topic!r}",
            hint="there are: " + ", ".join(row["cell"] for row in rows),
            code="no_topic",
            env=live.record.name,
        )
    return found


def _env_reason(live: LiveEnv, detail: EnvDetail) -> dict[str, Any]:
    view = detail.view
    evidence = [f"wanted: {view.wanted}"]
    if view.reason is not None:
        evidence.append(view.reason)
    if detail.failure is not None:
        evidence += [f"| {line}" for line in detail.failure.tail]
    evidence += [f"{waiting.step} waits for {waiting.reason}" for waiting in detail.waiting]
    if view.progress is not None:
        eta = f", about {view.progress.eta_s:.1f} s left" if view.progress.eta_s else ""
        evidence.append(f"{view.progress.done} of {view.progress.all} steps done{eta}")
    change = f"hive warm {view.name}" if view.state != "warm" else f"hive cool {view.name}"
    if view.progress is not None:
        change = "the end of the transition; or the opposite one, which cancels it"
    return row(
        "env", view.state.value, detail.since, "what is wanted and observed", evidence, change
    )


def _boundary_reason(live: LiveEnv, detail: EnvDetail) -> dict[str, Any]:
    allowed, denied = live.boundaries.allow, live.boundaries.deny
    evidence = [f"may write: {', '.join(allowed) or 'all of the worktree'}"]
    if denied:
        evidence.append(f"may not write: {', '.join(denied)}")
    evidence += [f"| {one.path}: {one.reason}" for one in detail.trespasses]
    return row(
        "boundaries",
        f"{len(detail.trespasses)} crossed" if detail.trespasses else "kept",
        None,
        "what git says was changed since the base; only a sandbox is a wall",
        evidence,
        "undo these changes, or allow the paths in [boundaries]",
    )


def _service_reason(live: LiveEnv, detail: EnvDetail, name: str) -> dict[str, Any]:
    unit = live.units[name]
    view = unit.view()
    evidence = []
    if view.pid is not None:
        evidence.append(f"pid {view.pid}, {view.restarts} restarts")
    if unit.reason is not None:
        evidence.append(unit.reason)
    evidence += [f"| {line}" for line in unit.failure_tail]
    evidence += [f"waits for {w.reason}" for w in detail.waiting if w.step == name]
    ready = unit.service.ready
    runs = "its container" if unit.service.contained else "its process"
    source = runs if ready is None else f"{runs} and its {ready.kind} probe"
    change = f"hive restart {live.record.name} {name}"
    if view.state is ServiceState.STOPPED:
        wanted = name in level(live.project, Wanted.WARM)
        change = (
            f"hive warm {live.record.name}"
            if wanted
            else f"hive start {live.record.name} --service {name}"
        )
    return row(f"service {name}", view.state.value, view.since, source, evidence, change)


def _task_reason(live: LiveEnv, detail: EnvDetail, name: str) -> dict[str, Any]:
    view = next(task for task in detail.tasks if task.name == name)
    task = live.project.tasks[name]
    evidence = []
    if view.duration_s is not None:
        evidence.append(f"took {view.duration_s:.1f} s")
    if view.reason is not None:
        evidence.append(f"waits for {view.reason}")
    if detail.failure is not None and detail.failure.step == name:
        evidence += [detail.failure.reason, *(f"| {line}" for line in detail.failure.tail)]
    change = "it runs each time the env goes up"
    if task.inputs:
        change = f"a change in {', '.join(task.inputs)}"
    return row(f"task {name}", view.state, view.at, "its exit status", evidence, change)


def _test_reason(live: LiveEnv, detail: EnvDetail, name: str) -> dict[str, Any]:
    view = test_view(live, name)
    verdict = live.verdicts.get(name)
    evidence = []
    if verdict is not None:
        evidence.append(f"on commit {verdict.commit[:12]}")
        if verdict.reason is not None:
            evidence.append(verdict.reason)
        evidence += [f"{failure.name}: {failure.message}" for failure in verdict.failures[:10]]
    if view.stale:
        evidence.append("stale: the commit or the files have changed since")
    since = stamp(verdict.at) if verdict is not None else None
    change = f"hive test {live.record.name} {name}"
    if view.state is TestState.PASSED and not view.stale:
        change = "a new commit or a changed file makes it stale"
    return row(
        f"test {name}", view.state.value, since, "its report and exit status", evidence, change
    )


def row(
    cell: str, state: str, since: str | None, source: str, evidence: list[str], change: str
) -> dict[str, Any]:
    """One reason, as `hive why` prints it."""
    return {
        "cell": cell,
        "state": state,
        "since": since,
        "source": source,
        "evidence": evidence,
        "change": change,
    }
