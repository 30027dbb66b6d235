"""Methods that change envs: transitions, spawn, destroy, tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from hive_tui.daemon.methods.params import (
    ASKABLE,
    Params,
    env_of,
    fresh_env_of,
    known_service,
    patterns,
    result,
    room_mode,
    text,
    waits,
)
from hive_tui.daemon.methods.progress import Progress
from hive_tui.daemon.server import Emit, Handler
from hive_tui.engine.agents.prompts import clean
from hive_tui.engine.agents.supervision import Agents, choose
from hive_tui.engine.hive import Hive
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.observing import observe
from hive_tui.engine.plan import restart_plan
from hive_tui.engine.refusing import describe
from hive_tui.engine.showing import test_view
from hive_tui.engine.spawning import Wish
from hive_tui.engine.testing import Testing
from hive_tui.engine.thrift import Thrift
from hive_tui.model.environment import TestState
from hive_tui.model.errors import RefusedError, UsageError, to_wire
from hive_tui.model.plan import Outcome, Plan, Transition
from hive_tui.model.project import Boundaries, Project


class Changing:
    """What can be asked of envs."""

    def __init__(self, hive: Hive, testing: Testing, thrift: Thrift, agents: Agents) -> None:
        self._hive = hive
        self._testing = testing
        self._thrift = thrift
        self._agents = agents

    def handlers(self) -> dict[str, Handler]:
        """Method name -> what answers it."""
        return {
            "spawn": self._spawn,
            "transition": self._transition,
            "service": self._service,
            "destroy": self._destroy,
            "losses": self._losses,
            "undo": self._undo,
            "adopt": self._adopt,
            "adopt_all": self._adopt_all,
            "release": self._release,
            "focus": self._focus,
            "test": self._test,
        }

    async def _spawn(self, params: Params, emit: Emit) -> Any:
        project = await self._hive.register(text(params, "cwd"))
        agent, prompt = params.get("agent"), str(params.get("prompt") or "")
        if not agent and not prompt:
            return await self._make(project, params, emit)
        prompt = clean(prompt) if prompt else ""
        name = text(params, "name")
        chosen = choose(project, str(agent) if agent else None, name)
        self._agents.check(name)
        if not waits(params):
            raise UsageError("--agent and --no-wait exclude each other", hint="leave one out")
        made = await self._make(project, params, emit)
        if made["outcome"] == Outcome.SUCCEEDED:
            await self._agents.start(self._hive.env(f"{project.name}/{name}"), chosen.name, prompt)
        return made

    async def _make(self, project: Project, params: Params, emit: Emit) -> Any:
        wish = Wish(
            name=text(params, "name"),
            base=params.get("base"),
            branch=params.get("branch"),
            reuse_branch=bool(params.get("reuse_branch")),
            boundaries=Boundaries(patterns(params, "allow"), patterns(params, "deny")),
            warm=room_mode(params) if params.get("warm") else None,
        )
        async with Progress(emit) as progress:
            if params.get("from"):
                return await self._spawn_from(project, wish, params, progress)
            return result(
                await self._hive.spawning.spawn(
                    project, wish, watch=progress.put, wait=waits(params)
                )
            )

    async def _spawn_from(
        self, project: Project, wish: Wish, params: Params, progress: Progress
    ) -> Any:
        """Make an env with the data of another one, or of a snapshot of it."""
        name, _, label = text(params, "from").partition(":")
        if not waits(params):
            raise UsageError("--from and --no-wait exclude each other", hint="leave one out")
        source = self._hive.env(name)
        if source.record.project != project.name:
            raise UsageError(
                f"{source.id} is an env of another project", hint=f"name one of {project.name}"
            )
        snapshots = self._hive.snapshots

        def told(line: str) -> None:
            progress.put({"kind": "line", "step": line, "line": line})

        if label:
            snapshots.find(source, label)
        else:
            label = f"for-{wish.name}"
            await snapshots.save(source, label, force=True, told=told, automatic=True)
        cold = msgspec.structs.replace(wish, warm=None)
        ended = await self._hive.spawning.spawn(project, cold, watch=progress.put)
        if not ended.result.good:
            return result(ended)
        live = self._hive.env(f"{project.name}/{wish.name}")
        await snapshots.bring(live, source.record.uid, label, told=told)
        if wish.warm is not None:
            ended = await self._hive.admission.warm(live, wish.warm, watch=progress.put)
        return result(ended)

    async def _transition(self, params: Params, emit: Emit) -> Any:
        word = text(params, "transition")
        if word not in ASKABLE:
            raise UsageError(f"unknown transition {word!r}", hint=f"one of {', '.join(ASKABLE)}")
        # A stop needs nothing of a newer hive.toml, and must work where that is broken.
        live = (
            env_of(self._hive, params)
            if word == Transition.STOP
            else fresh_env_of(self._hive, params)
        )
        live.activity.touch(f"hive {word}")
        async with Progress(emit) as progress:
            if word == Transition.WARM:
                return result(
                    await self._hive.admission.warm(
                        live, room_mode(params), watch=progress.put, wait=waits(params)
                    )
                )
            return result(
                await self._hive.transitions.request(
                    live, Transition(word), watch=progress.put, wait=waits(params)
                )
            )

    async def _service(self, params: Params, emit: Emit) -> Any:
        live = fresh_env_of(self._hive, params)
        names = frozenset(params.get("services") or [])
        for name in names:
            known_service(live, name)
        action = params.get("action")
        live.activity.touch(f"hive {action}")
        make: Callable[[], Awaitable[Plan]] | None = None
        transition = Transition.START
        if action == "stop":
            transition = Transition.STOP
            await self._let_go(live, frozenset(filter(live.shares, names)))
        elif action == "restart":

            async def make() -> Plan:
                return restart_plan(live.project, names, await observe(live))

        elif action != "start":
            raise UsageError(f"unknown action {action!r}", hint="start, stop or restart")
        async with Progress(emit) as progress:
            return result(
                await self._hive.transitions.request(
                    live,
                    transition,
                    watch=progress.put,
                    wait=waits(params),
                    services=names,
                    make=make,
                )
            )

    async def _let_go(self, live: LiveEnv, names: frozenset[str]) -> None:
        """End an env's use of shared services, which stops those that no other one uses.

        Raises:
            RefusedError: An env needs one of them as it is wanted.
        """
        if live.common is None or not names:
            return
        for name in live.claims & names:
            live.claim(name, wanted=False)
        for name in names:
            if users := live.common.users_of(name):
                who = ", ".join(sorted(user.record.name for user in users))
                raise RefusedError(
                    f"{name} is shared, and needed by {who}",
                    hint=f"`hive cool` or `hive stop` them first; `hive restart {live.record.name} "
                    f"{name}` restarts it for all",
                    code="shared",
                    env=live.record.name,
                )
        live.common.settle()
        await live.common.settled()

    async def _destroy(self, params: Params, emit: Emit) -> Any:
        live = env_of(self._hive, params)
        async with Progress(emit) as progress:
            ended = await self._hive.destroying.destroy(
                live,
                force=bool(params.get("force")),
                keep_branch=bool(params.get("keep_branch")),
                watch=progress.put,
                wait=waits(params),
            )
        return {**result(ended), "recovery": ended.result.recovery}

    async def _losses(self, params: Params, emit: Emit) -> Any:
        losses = await self._hive.destroying.losses(env_of(self._hive, params))
        return {"lines": describe(losses), "nothing": losses.nothing}

    async def _undo(self, params: Params, emit: Emit) -> Any:
        live, notes = await self._hive.destroying.undo(self._hive.project)
        return {"env": live.id, "notes": notes}

    async def _adopt(self, params: Params, emit: Emit) -> Any:
        path = text(params, "path")
        project = await self._hive.register(path)
        live = await self._hive.spawning.adopt(project, path, params.get("name"))
        return {"env": live.id}

    async def _adopt_all(self, params: Params, emit: Emit) -> Any:
        project = await self._hive.register(text(params, "cwd"))
        adopted = await self._hive.adopting.adopt_all(project)
        return {
            "adopted": [
                {
                    "env": f"{project.name}/{one.name}",
                    "worktree": one.worktree,
                    "branch": one.branch,
                }
                for one in adopted.taken
            ],
            "skipped": [
                {"worktree": one.worktree, "branch": one.branch, "reason": one.reason}
                for one in adopted.left
            ],
        }

    async def _release(self, params: Params, emit: Emit) -> Any:
        live = env_of(self._hive, params)
        await self._hive.destroying.release(live)
        return {"env": live.id}

    async def _focus(self, params: Params, emit: Emit) -> Any:
        self._hive.world.scheduler.focus(params.get("env"))
        if params.get("env"):
            env_of(self._hive, params).activity.touch("the dashboard")
        return {}

    async def _test(self, params: Params, emit: Emit) -> Any:
        live = fresh_env_of(self._hive, params)
        suites = tuple(params.get("suites") or [])
        live.activity.touch("hive test")
        await self._thrift.wake(live)
        async with Progress(emit) as progress:
            error = await self._testing.run(live, suites, watch=progress.put, wait=waits(params))
        tests, outcome = [], Outcome.SUCCEEDED if error is None else Outcome.FAILED
        for name in suites or tuple(live.project.tests):
            verdict = live.verdicts.get(name)
            view = msgspec.to_builtins(test_view(live, name))
            failures = verdict.failures if verdict is not None else ()
            tests.append({**view, "failures": msgspec.to_builtins(failures)})
            if view["state"] != TestState.PASSED:
                outcome = Outcome.FAILED
        return {"tests": tests, "outcome": outcome, "error": error and to_wire(error)}
