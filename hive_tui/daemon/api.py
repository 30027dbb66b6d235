"""The methods that clients call: parameters in, plain values out. The engine does the work."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from hive_tui import __version__
from hive_tui.config import importing, schema
from hive_tui.config.secrets import used
from hive_tui.daemon import answers, checks
from hive_tui.daemon.server import Emit, Handler
from hive_tui.drivers.log_reading import LogReader
from hive_tui.engine import trace as traces
from hive_tui.engine.destroying import describe
from hive_tui.engine.hive import Hive
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.plan import restart_plan
from hive_tui.engine.spawning import Wish
from hive_tui.engine.testing import Testing
from hive_tui.engine.transitions import Ended, Result, plan_for
from hive_tui.model.environment import TestState
from hive_tui.model.errors import NotFoundError, RefusedError, UsageError
from hive_tui.model.home import Home
from hive_tui.model.plan import Outcome, Plan, Transition
from hive_tui.model.project import Secret
from hive_tui.model.wire import LogLine

Params = dict[str, Any]

_ENCODE = msgspec.json.Encoder()
_ASKABLE = (
    Transition.WARM,
    Transition.COOL,
    Transition.START,
    Transition.STOP,
    Transition.FREEZE,
    Transition.THAW,
)


class Api:
    """Every method of the daemon, but for the subscription."""

    def __init__(
        self,
        hive: Hive,
        testing: Testing,
        reader: LogReader,
        home: Home,
        pid: int,
        stop: Callable[[], None],
    ) -> None:
        """Create it.

        Args:
            hive: The envs.
            testing: Runs suites.
            reader: Reads logs.
            home: Where this hive lives.
            pid: Of this daemon.
            stop: Ends the daemon once the answer is out.
        """
        self._hive = hive
        self._testing = testing
        self._reader = reader
        self._home = home
        self._pid = pid
        self._stop = stop

    def handlers(self) -> dict[str, Handler]:
        """Method name -> what answers it."""
        return {
            "resolve": self._resolve,
            "envs": self._envs,
            "list": self._list,
            "status": self._status,
            "projects": self._projects,
            "register": self._register,
            "unregister": self._unregister,
            "spawn": self._spawn,
            "transition": self._transition,
            "service": self._service,
            "destroy": self._destroy,
            "losses": self._losses,
            "undo": self._undo,
            "adopt": self._adopt,
            "release": self._release,
            "logs": self._logs,
            "ports": self._ports,
            "url": self._url,
            "environ": self._environ,
            "test": self._test,
            "why": self._why,
            "plan": self._plan,
            "trace": self._trace,
            "complete": self._complete,
            "focus": self._focus,
            "init": self._init,
            "schema": self._schema,
            "doctor": self._doctor,
            "daemon.status": self._daemon_status,
            "daemon.stop": self._daemon_stop,
        }

    # --- finding -----------------------------------------------------------------------------

    async def _resolve(self, params: Params, emit: Emit) -> Any:
        live, rest = self._hive.resolve(params.get("words") or [], _text(params, "cwd"))
        return {"env": live.id, "rest": rest}

    async def _envs(self, params: Params, emit: Emit) -> Any:
        words = params.get("words") or []
        if not words:
            return {"envs": [self._hive.resolve([], _text(params, "cwd"))[0].id]}
        return {"envs": [self._hive.env(word).id for word in words]}

    async def _list(self, params: Params, emit: Emit) -> Any:
        views = [live.detail().view for live in self._sorted()]
        return msgspec.Raw(_ENCODE.encode({"environments": views}))

    async def _status(self, params: Params, emit: Emit) -> Any:
        detail = self._env(params).detail()
        return {"environment": detail.view, "detail": detail}

    async def _projects(self, params: Params, emit: Emit) -> Any:
        return {"projects": self._hive.project_views()}

    async def _complete(self, params: Params, emit: Emit) -> Any:
        return {"words": answers.words(self._hive, params)}

    def _sorted(self) -> list[LiveEnv]:
        return sorted(self._hive.envs.values(), key=lambda e: (e.record.project, e.record.index))

    def _env(self, params: Params) -> LiveEnv:
        return self._hive.env(_text(params, "env"))

    def _fresh(self, params: Params) -> LiveEnv:
        """The env, with its project's newest hive.toml."""
        live = self._env(params)
        self._hive.refresh(live)
        return live

    # --- projects ----------------------------------------------------------------------------

    async def _register(self, params: Params, emit: Emit) -> Any:
        return {"project": (await self._hive.register(_text(params, "cwd"))).name}

    async def _unregister(self, params: Params, emit: Emit) -> Any:
        self._hive.unregister(_text(params, "project"))
        return {}

    async def _init(self, params: Params, emit: Emit) -> Any:
        place = await self._hive.world.worktrees.place(_text(params, "cwd"))
        path = Path(place.root, "hive.toml")
        if path.exists() and not params.get("force"):
            raise RefusedError(
                f"{path} exists already",
                hint="edit it, or write it anew with --force",
                code="exists",
            )
        text = importing.propose(path.parent)
        path.write_text(text, encoding="utf-8")
        return {"path": str(path), "text": text}

    async def _schema(self, params: Params, emit: Emit) -> Any:
        return schema.json_schema()

    async def _doctor(self, params: Params, emit: Emit) -> Any:
        return {"checks": await checks.run(self._hive, self._home, _text(params, "cwd"))}

    # --- transitions -------------------------------------------------------------------------

    async def _spawn(self, params: Params, emit: Emit) -> Any:
        project = await self._hive.register(_text(params, "cwd"))
        wish = Wish(
            name=_text(params, "name"),
            base=params.get("base"),
            branch=params.get("branch"),
            reuse_branch=bool(params.get("reuse_branch")),
            warm=bool(params.get("warm")),
        )
        async with Progress(emit) as progress:
            return _result(
                await self._hive.spawning.spawn(
                    project, wish, watch=progress.put, wait=_waits(params)
                )
            )

    async def _transition(self, params: Params, emit: Emit) -> Any:
        word = _text(params, "transition")
        if word not in _ASKABLE:
            raise UsageError(f"unknown transition {word!r}", hint=f"one of {', '.join(_ASKABLE)}")
        # A stop needs nothing of a newer hive.toml, and must work where that is broken.
        live = self._env(params) if word == Transition.STOP else self._fresh(params)
        async with Progress(emit) as progress:
            return _result(
                await self._hive.transitions.request(
                    live, Transition(word), watch=progress.put, wait=_waits(params)
                )
            )

    async def _service(self, params: Params, emit: Emit) -> Any:
        live = self._fresh(params)
        names = frozenset(params.get("services") or [])
        for name in names:
            self._known_service(live, name)
        action = params.get("action")
        make: Callable[[], Awaitable[Plan]] | None = None
        transition = Transition.START
        if action == "stop":
            transition = Transition.STOP
        elif action == "restart":

            async def make() -> Plan:
                return restart_plan(live.project, names, await answers.observed(live))

        elif action != "start":
            raise UsageError(f"unknown action {action!r}", hint="start, stop or restart")
        async with Progress(emit) as progress:
            return _result(
                await self._hive.transitions.request(
                    live,
                    transition,
                    watch=progress.put,
                    wait=_waits(params),
                    services=names,
                    make=make,
                )
            )

    async def _destroy(self, params: Params, emit: Emit) -> Any:
        live = self._env(params)
        async with Progress(emit) as progress:
            ended = await self._hive.destroying.destroy(
                live,
                force=bool(params.get("force")),
                keep_branch=bool(params.get("keep_branch")),
                watch=progress.put,
                wait=_waits(params),
            )
        return {**_result(ended), "recovery": ended.result.recovery}

    async def _losses(self, params: Params, emit: Emit) -> Any:
        losses = await self._hive.destroying.losses(self._env(params))
        return {"lines": describe(losses), "nothing": losses.nothing}

    async def _undo(self, params: Params, emit: Emit) -> Any:
        live, notes = await self._hive.destroying.undo(self._hive.project)
        return {"env": live.id, "notes": notes}

    async def _adopt(self, params: Params, emit: Emit) -> Any:
        path = _text(params, "path")
        project = await self._hive.register(path)
        live = await self._hive.spawning.adopt(project, path, params.get("name"))
        return {"env": live.id}

    async def _release(self, params: Params, emit: Emit) -> Any:
        live = self._env(params)
        await self._hive.destroying.release(live)
        return {"env": live.id}

    async def _focus(self, params: Params, emit: Emit) -> Any:
        self._hive.world.scheduler.focus(params.get("env"))
        return {}

    # --- tests -------------------------------------------------------------------------------

    async def _test(self, params: Params, emit: Emit) -> Any:
        live = self._fresh(params)
        suites = tuple(params.get("suites") or [])
        async with Progress(emit) as progress:
            await self._testing.run(live, suites, watch=progress.put, wait=_waits(params))
        tests, outcome = [], Outcome.SUCCEEDED
        for name in suites or tuple(live.project.tests):
            verdict = live.verdicts.get(name)
            view = msgspec.to_builtins(live.test_view(name))
            failures = verdict.failures if verdict is not None else ()
            tests.append({**view, "failures": msgspec.to_builtins(failures)})
            if view["state"] != TestState.PASSED:
                outcome = Outcome.FAILED
        return {"tests": tests, "outcome": outcome, "error": None}

    # --- looking -----------------------------------------------------------------------------

    async def _logs(self, params: Params, emit: Emit) -> Any:
        live = self._env(params)
        uid = live.record.uid
        known = self._hive.world.logs.sources(uid)
        sources = tuple(params.get("sources") or ())
        for name in sources:
            if name not in known and name not in self._sources(live):
                raise NotFoundError(
                    f"{live.record.name} has no service, task or suite {name!r}",
                    hint=f"there are: {', '.join(sorted({*known, *self._sources(live)}))}",
                    code="no_service",
                    env=live.record.name,
                )
        lines, since = int(params.get("lines", 200)), params.get("since")
        grep = _pattern(params.get("grep"))
        follow = bool(params.get("follow"))
        mask = answers.masker(used(live.project, self._hive.world.secrets()))

        def read() -> tuple[list[LogLine], dict[str, int]]:
            if follow:
                return self._reader.read_with_offsets(
                    uid, sources, lines=lines, since=since, grep=grep
                )
            return self._reader.read(uid, sources, lines=lines, since=since, grep=grep), {}

        found, offsets = await asyncio.to_thread(read)
        await emit(_lines(found, mask))
        if follow:
            batches = self._reader.follow(uid, sources, offsets=offsets, grep=grep)
            async with contextlib.aclosing(batches):
                async for batch in batches:
                    await emit(_lines(batch, mask))
        return {}

    def _sources(self, live: LiveEnv) -> set[str]:
        project = live.project
        return {*project.services, *project.tasks, *project.tests}

    async def _ports(self, params: Params, emit: Emit) -> Any:
        envs = [self._env(params)] if params.get("env") else self._sorted()
        return {"ports": answers.port_rows(self._hive, envs)}

    async def _url(self, params: Params, emit: Emit) -> Any:
        return {"url": answers.url(self._env(params), params.get("service"))}

    async def _environ(self, params: Params, emit: Emit) -> Any:
        live = self._env(params)
        variables = self._hive.world.launcher.variables(live.project, live.record)
        hidden = [n for n, v in live.project.env.items() if isinstance(v, Secret)]
        return {"variables": variables, "secrets": hidden, "worktree": live.record.worktree}

    async def _why(self, params: Params, emit: Emit) -> Any:
        return {"reasons": answers.why(self._env(params), params.get("topic"))}

    async def _plan(self, params: Params, emit: Emit) -> Any:
        live = self._fresh(params)
        word = str(params.get("transition") or Transition.WARM.value)
        if word not in (*_ASKABLE, Transition.DESTROY, Transition.TEST):
            raise UsageError(
                f"unknown transition {word!r}", hint=f"one of {', '.join(_ASKABLE)}, destroy, test"
            )
        plan = await plan_for(live, Transition(word))
        world = self._hive.world
        preview = traces.preview(
            plan,
            world.store.learned(live.project.name),
            world.scheduler.slots,
            world.scheduler.lanes,
        )
        return {**preview, "skipped": answers.skipped(live, plan)}

    async def _trace(self, params: Params, emit: Emit) -> Any:
        live = self._env(params)
        running = live.operation
        trace = running.trace() if running is not None else live.last
        if trace is None:
            raise NotFoundError(
                f"{live.record.name}: nothing has run yet",
                hint=f"hive warm {live.record.name}",
                code="no_trace",
                env=live.record.name,
            )
        if params.get("chrome"):
            return traces.chrome(trace)
        if params.get("lost"):
            return {**traces.contract(trace), "lost": traces.lost(trace)}
        return traces.contract(trace)

    def _known_service(self, live: LiveEnv, name: str) -> None:
        if name not in live.project.services:
            raise NotFoundError(
                f"{live.record.name} has no service {name!r}",
                hint=f"services: {', '.join(live.project.services) or 'none'}",
                code="no_service",
                env=live.record.name,
            )

    # --- the daemon --------------------------------------------------------------------------

    async def _daemon_status(self, params: Params, emit: Emit) -> Any:
        return {
            "running": True,
            "pid": self._pid,
            "version": __version__,
            "socket": str(self._home.socket),
            "home": str(self._home.state),
        }

    async def _daemon_stop(self, params: Params, emit: Emit) -> Any:
        self._stop()
        return {}


class Progress:
    """Carries progress events from the engine, which never waits, to a client that may be slow.

    Only the newest event of each step is kept for a client that has fallen behind.
    """

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._pending: dict[object, dict[str, Any]] = {}
        self._there = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Progress:
        self._pump = asyncio.ensure_future(self._run())
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        if exc[0] is None:
            await self._flush()

    def put(self, event: dict[str, Any]) -> None:
        """Take one event."""
        key = (event.get("kind"), event.get("step"), event.get("state"))
        self._pending[key] = event
        self._there.set()

    async def _run(self) -> None:
        while True:
            await self._there.wait()
            self._there.clear()
            await self._flush()

    async def _flush(self) -> None:
        while self._pending:
            await self._emit(self._pending.pop(next(iter(self._pending))))


def _text(params: Params, name: str) -> str:
    value = params.get(name)
    if not isinstance(value, str) or not value:
        raise UsageError(f"the parameter {name!r} is missing", code="bad_params")
    return value


def _lines(lines: Iterable[LogLine], mask: Callable[[bytes], bytes]) -> Any:
    return {
        "lines": [
            [line.at, line.source, base64.b64encode(mask(line.text)).decode()] for line in lines
        ]
    }


def _waits(params: Params) -> bool:
    return bool(params.get("wait", True))


def _result(ended: Ended) -> dict[str, Any]:
    result: Result = ended.result
    return {
        "env": result.env,
        "transition": result.transition,
        "outcome": result.outcome,
        "makespan_s": result.makespan_s,
        "error": result.error,
    }


def _pattern(text: Any) -> re.Pattern[str] | None:
    if not text:
        return None
    try:
        return re.compile(str(text))
    except re.error as error:
        raise UsageError(f"--grep: {error}", hint="it is a Python regular expression") from error
