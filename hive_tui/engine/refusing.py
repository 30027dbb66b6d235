"""Says what a destroy would lose, and refuses it. Finds nothing out."""

from __future__ import annotations

from hive_tui.engine.protocols import Losses
from hive_tui.model.errors import RefusedError

_NAMED = 3
"""So many files are named, the rest are counted."""


def describe(losses: Losses) -> tuple[str, ...]:
    """One line per kind of work that would be lost; none where nothing would."""
    lines = []
    if losses.uncommitted:
        lines.append(_files("uncommitted change", losses.uncommitted))
    if losses.untracked:
        lines.append(_files("untracked file", losses.untracked))
    if losses.commits:
        plural = "" if losses.commits == 1 else "s"
        lines.append(f"{losses.commits} commit{plural} on no other branch and on no remote")
    if losses.detached:
        lines.append("a detached HEAD at a commit that nothing else holds")
    if losses.unknown is not None:
        lines.append(f"it cannot be told what would be lost: {losses.unknown}")
    return tuple(lines)


def refusal(env: str, losses: Losses) -> RefusedError:
    """The error for an env, by its bare name, with work that is nowhere else."""
    return RefusedError(
        f"{env}: destroying it would lose " + "; ".join(describe(losses)),
        hint="commit, push or merge it, or use --force (which keeps a recovery ref)",
        code="dirty_worktree",
        env=env,
    )


def _files(what: str, paths: tuple[str, ...]) -> str:
    shown = ", ".join(paths[:_NAMED]) + (", …" if len(paths) > _NAMED else "")
    return f"{len(paths)} {what}{'' if len(paths) == 1 else 's'}: {shown}"
