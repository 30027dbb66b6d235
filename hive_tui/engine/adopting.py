"""Takes in all worktrees of a repository that somebody else made, and says which it left.

Owns none of them: neither their folders nor their branches are ever deleted.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping

import msgspec

from hive_tui.engine.protocols import Listed
from hive_tui.engine.spawning import NAME, Spawning
from hive_tui.engine.world import World
from hive_tui.model.errors import HiveError
from hive_tui.model.project import Project

_LONGEST = 32


class Choice(msgspec.Struct, frozen=True):
    """What becomes of one worktree."""

    worktree: str
    branch: str | None
    name: str | None = None
    """Of the env that it becomes; `None` where it is left."""
    reason: str | None = None
    """Why it is left."""


class Adopted(msgspec.Struct, frozen=True):
    """What became of all worktrees of a repository."""

    taken: tuple[Choice, ...] = ()
    left: tuple[Choice, ...] = ()


def choose(
    listed: Iterable[Listed],
    *,
    root: str,
    envs: Mapping[str, str],
    spares: Collection[str],
    names: Collection[str],
) -> tuple[Choice, ...]:
    """Which worktrees become envs, under which names, and why the others do not.

    Args:
        listed: All worktrees of the repository.
        root: Main checkout.
        envs: Worktree to the name of the env that it is already; paths are resolved.
        spares: Worktrees that this hive prepared ahead.
        names: Names that envs of the project have.
    """
    taken = set(names)
    choices: list[Choice] = []
    for one in listed:
        reason = _reason(one, root, envs, spares)
        name = None if reason else _name(one, taken)
        if reason is None and name is None:
            reason = "no name for it is free: `hive adopt PATH --name NAME`"
        if name is not None:
            taken.add(name)
        choices.append(Choice(one.path, one.branch, name, reason))
    return tuple(choices)


class Adopting:
    """Adopts what others made."""

    def __init__(self, world: World, spawning: Spawning) -> None:
        self._world = world
        self._spawning = spawning

    async def adopt_all(self, project: Project) -> Adopted:
        """Take in every worktree that is not the main one, an env or a spare already."""
        store = self._world.store
        records = store.envs()
        choices = choose(
            await self._world.worktrees.listed(project.root),
            root=project.root,
            envs={os.path.realpath(record.worktree): record.name for record in records},
            spares={os.path.realpath(spare.folder) for spare in store.spares()},
            names={record.name for record in records if record.project == project.name},
        )
        taken: list[Choice] = []
        left: list[Choice] = []
        for choice in choices:
            if choice.name is None:
                left.append(choice)
                continue
            try:
                await self._spawning.adopt(project, choice.worktree, choice.name)
            except HiveError as error:
                left.append(msgspec.structs.replace(choice, name=None, reason=error.message))
            else:
                taken.append(choice)
        return Adopted(tuple(taken), tuple(left))


def _reason(one: Listed, root: str, envs: Mapping[str, str], spares: Collection[str]) -> str | None:
    path = os.path.realpath(one.path)
    if one.bare or path == os.path.realpath(root):
        return "it is the main checkout"
    if path in envs:
        return f"it is the env {envs[path]} already"
    if path in spares or os.path.basename(path).startswith(".hive-spare-"):
        return "it is a spare one, prepared for the next spawn"
    if one.gone:
        return "its folder is gone: `git worktree prune` forgets it"
    return None


def _name(one: Listed, taken: Collection[str]) -> str | None:
    """A free name out of the folder's, or else the branch's; numbered where both are taken."""
    stems = [_stem(text) for text in (os.path.basename(one.path), one.branch or "")]
    stems = [stem for stem in stems if stem]
    numbered = (f"{stem[: _LONGEST - 3].rstrip('-')}-{n}" for stem in stems for n in range(2, 100))
    free = (name for name in (*stems, *numbered) if name not in taken)
    return next((name for name in free if NAME.fullmatch(name)), None)


def _stem(text: str) -> str:
    stem = re.sub(r"[^a-z0-9-]+", "-", text.lower()).strip("-")
    return re.sub(r"^[^a-z]+", "", stem)[:_LONGEST].rstrip("-")
