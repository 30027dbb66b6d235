"""What `hive doctor` says of dependency folders, of a project and of its envs. Changes nothing."""

from __future__ import annotations

from typing import Any

from hive_tui.engine import links
from hive_tui.engine.hive import Hive
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.protocols import Lying
from hive_tui.model.errors import HiveError
from hive_tui.model.project import Link, Project

Row = dict[str, Any]

_DANGERS = {
    "hardlink": "a file that is edited in place changes in every env and in the main checkout",
    "overlay": "renames of its folders fail, changes of the main checkout's show through, and "
    "mounts go with a reboot until the next warm",
}
_SHARING = ("symlink", "hardlink", "overlay")


async def run(hive: Hive) -> list[Row]:
    """A row for each link that there is something to say about."""
    rows: list[Row] = []
    for project in hive.projects.values():
        envs = [live for live in hive.envs.values() if live.record.project == project.name]
        for link in project.links:
            lying = await hive.world.folders.lying(f"{project.root}/{link.path}", "/nowhere/x")
            rows += _rows(project, link, lying)
            for live in envs:
                try:
                    rows += await _env_rows(live, link)
                except HiveError as error:
                    rows.append(_row(live.project, link, False, error.message, error.hint))
    return rows


def _row(project: Project, link: Link, ok: bool, message: str, hint: str | None) -> Row:
    name = f"link {project.name}:{link.path}"
    return {"name": name, "ok": ok, "message": message, "hint": None if ok else hint}


def _rows(project: Project, link: Link, lying: Lying) -> list[Row]:
    """What is to be said of a link whatever the envs are."""
    rows = []
    if lying.build_cache and link.mode in _SHARING:
        message = f"its content follows from one branch, and mode {link.mode} shares it with others"
        rows.append(_row(project, link, False, message, 'leave the link out, or mode = "copy"'))
    elif link.mode in _DANGERS:
        rows.append(_row(project, link, True, f"{link.mode}: {_DANGERS[link.mode]}", None))
    if lying.store is not None and link.mode != "symlink":
        how = f'install = "{lying.store_install}"'
        if link.install is not None:
            message = f"{lying.store} fills it out of its own store"
            rows.append(_row(project, link, True, message, None))
        elif lying.fixed and link.mode != "auto":
            message = f"{lying.store}: it holds absolute paths, a {link.mode} of it runs main's"
            rows.append(_row(project, link, False, message, f'mode = "auto" and {how}'))
        else:
            message = f"{lying.store} could fill it out of its own store: {how} in its [[link]]"
            rows.append(_row(project, link, True, message, None))
    return rows


async def _env_rows(live: LiveEnv, link: Link) -> list[Row]:
    """What is wrong with a folder in one env."""
    if live.trouble is not None or live.operation is not None:
        return []
    if await links.written_through(live, link):
        how = f"`{link.install or 'install'}` in {live.project.root}, then hive warm"
        text = links.through_text(live, link)
        return [_row(live.project, link, False, text, f"{how} {live.record.name}")]
    ours, theirs = await links.keys(live, link)
    kind = (await links.look(live, link)).kind
    record = live.links.get(link.path)
    behind = kind == "symlink" and ours != theirs
    behind = behind or (kind == "own" and record is not None and record.key != ours)
    if not behind:
        return []
    message = f"{live.record.name}: {', '.join(link.key)} has changed since it was filled"
    hint = f"hive warm {live.record.name}"
    if link.install is None and kind == "own":
        hint = "say how to fill it: `install` in its [[link]]"
    return [_row(live.project, link, False, message, hint)]
