"""Methods that find projects and envs, and set projects up."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from hive_tui.config import loading, schema
from hive_tui.config.templates import branch_for
from hive_tui.daemon import answers, checks, terminal_checks
from hive_tui.daemon.first_file import difference, set_aside, write_new
from hive_tui.daemon.methods.params import Params, env_of, sorted_envs, text
from hive_tui.daemon.server import Emit, Handler
from hive_tui.engine.hive import Hive
from hive_tui.engine.proxying import Proxying
from hive_tui.engine.terminals import Terminals
from hive_tui.model.home import Home

_ENCODE = msgspec.json.Encoder()


class Finding:
    """Which projects and envs there are."""

    def __init__(self, hive: Hive, home: Home, terminals: Terminals, proxying: Proxying) -> None:
        self._hive = hive
        self._home = home
        self._terminals = terminals
        self._proxying = proxying

    def handlers(self) -> dict[str, Handler]:
        """Method name -> what answers it."""
        return {
            "resolve": self._resolve,
            "envs": self._envs,
            "list": self._list,
            "status": self._status,
            "projects": self._projects,
            "branches": self._branches,
            "complete": self._complete,
            "register": self._register,
            "unregister": self._unregister,
            "init": self._init,
            "schema": self._schema,
            "doctor": self._doctor,
            "engine": self._engine,
        }

    async def _resolve(self, params: Params, emit: Emit) -> Any:
        words, inside = params.get("words") or [], params.get("inside")
        live, rest = self._hive.resolve(words, text(params, "cwd"), inside)
        return {"env": live.id, "rest": rest}

    async def _envs(self, params: Params, emit: Emit) -> Any:
        words = params.get("words") or []
        if not words:
            inside = params.get("inside")
            return {"envs": [self._hive.resolve([], text(params, "cwd"), inside)[0].id]}
        return {"envs": [self._hive.env(word).id for word in words]}

    async def _list(self, params: Params, emit: Emit) -> Any:
        views = [live.detail().view for live in sorted_envs(self._hive)]
        return msgspec.Raw(_ENCODE.encode({"environments": views}))

    async def _status(self, params: Params, emit: Emit) -> Any:
        live = env_of(self._hive, params)
        detail, views = live.detail(), self._hive.forwarding.views([live.project])
        forwards = [view for view in views if view.env == live.record.name]
        return {"environment": detail.view, "detail": detail, "forwards": forwards}

    async def _projects(self, params: Params, emit: Emit) -> Any:
        return {"projects": self._hive.project_views()}

    async def _branches(self, params: Params, emit: Emit) -> Any:
        project = self._hive.project(text(params, "project"))
        worktrees = self._hive.world.worktrees
        names, taken = await worktrees.branches(project.root)
        base = project.base or await worktrees.default_branch(project.root)
        branch = branch_for(project, "{env}")
        return {"branches": names, "checked_out": taken, "base": base, "branch": branch}

    async def _complete(self, params: Params, emit: Emit) -> Any:
        return {"words": answers.words(self._hive, params)}

    async def _register(self, params: Params, emit: Emit) -> Any:
        return {"project": (await self._hive.register(text(params, "cwd"))).name}

    async def _unregister(self, params: Params, emit: Emit) -> Any:
        await self._hive.unregister(text(params, "project"))
        return {}

    async def _init(self, params: Params, emit: Emit) -> Any:
        from hive_tui.config.importing.proposal import propose  # with parsers that only it needs

        place = await self._hive.world.worktrees.place(text(params, "cwd"))
        path = Path(place.root, loading.FILE)
        proposal = await asyncio.to_thread(propose, path.parent)
        kept: Path | None = None
        if params.get("write", True):
            if params.get("force"):
                kept = set_aside(path)
            write_new(path, proposal)
            return {"path": str(path), "text": proposal, "kept": kept and str(kept)}
        return {"path": str(path), "text": proposal, "diff": difference(path, proposal)}

    async def _schema(self, params: Params, emit: Emit) -> Any:
        return schema.json_schema()

    async def _engine(self, params: Params, emit: Emit) -> Any:
        return msgspec.to_builtins(await self._hive.world.containers.status())

    async def _doctor(self, params: Params, emit: Emit) -> Any:
        cwd, proxy = text(params, "cwd"), self._proxying.view()
        found = await checks.run(self._hive, self._home, proxy, cwd)
        return {"checks": [*found, *terminal_checks.rows(self._terminals)]}
