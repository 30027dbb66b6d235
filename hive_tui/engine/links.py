"""Dependency folders and copies of an env: what is missing of them, and how each is made.

A folder stands for its key: the lock files that say what is in it. Where the env's key is another
one than the main checkout's, or than the one that its own folder was made for, it gets its own by
`install`. What lies where, and all copying, is the driver's business.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable

from hive_tui.engine.live import LiveEnv
from hive_tui.engine.protocols import Linked, Lying
from hive_tui.engine.state import LinkRecord
from hive_tui.model.errors import HiveError
from hive_tui.model.plan import StepKind
from hive_tui.model.project import Link

log = logging.getLogger(__name__)

INSTALLED = "installed"
INSTALLING = "installing"
"""An install that was begun: it failed, or ended with the daemon, unless it is `INSTALLED` next."""

FOUND = "found"
"""Somebody else has made it: it counts as made for the key that it was first seen with."""

_SHARED = frozenset({"symlink", "hardlink", "overlay"})
"""Modes in which an install could reach the main checkout's files, or fail for its links."""


def decide(
    link: Link, lying: Lying, record: LinkRecord | None, ours: str, theirs: str
) -> StepKind | None:
    """The step that one dependency folder lacks; `None` where it lacks none. Pure.

    Args:
        link: What hive.toml says of it.
        lying: What is there.
        record: What was made last; `None`: nothing by us.
        ours: Fingerprint of the env's key; "" for a link without one.
        theirs: The main checkout's.
    """
    able = StepKind.INSTALL if link.install is not None else None
    if lying.kind == "symlink":
        return None if ours == theirs else able or StepKind.LINK
    if lying.kind == "empty" and link.mode == "overlay":
        return StepKind.LINK
    if lying.kind != "nothing":
        behind = record is not None and (record.mode == INSTALLING or record.key != ours)
        return able if behind else None
    if not lying.source:
        return able
    if able is not None and (ours != theirs or (link.mode == "auto" and _by_store(lying))):
        return able
    return StepKind.LINK


def _by_store(lying: Lying) -> bool:
    """Whether the package manager's store makes a better folder than a link would be.

    A folder of the env's own costs next to nothing then, and a link would be shared; where blocks
    can be shared that is faster still, unless the folder is no good in another place.
    """
    return lying.fixed or (lying.store is not None and not lying.reflinks)


def key_of(link: Link) -> tuple[str, ...]:
    """The link's key as patterns: paths count from the top."""
    return tuple("/" + path.lstrip("/") for path in link.key)


async def lacks(live: LiveEnv) -> frozenset[str]:
    """Ids of the copy, link and install steps that have something to do in an env.

    One without a worktree has nothing yet.
    """
    root, worktree = live.project.root, live.record.worktree
    found = {
        f"{StepKind.COPY}:{path}"
        for path in live.project.copies
        if os.path.lexists(os.path.join(root, path))
        and not os.path.lexists(os.path.join(worktree, path))
    }
    needs = await asyncio.gather(*(_need(live, link) for link in live.project.links))
    for link, need in zip(live.project.links, needs, strict=True):
        if need is not None:
            found.add(f"{need}:{link.path}")
    return frozenset(found)


async def _need(live: LiveEnv, link: Link) -> StepKind | None:
    lying = await look(live, link)
    ours, theirs = await keys(live, link)
    record = live.links.get(link.path)
    if record is None and lying.kind == "own" and link.key:
        record = note(live, link, FOUND, ours)
    return decide(link, lying, record, ours, theirs)


async def look(live: LiveEnv, link: Link) -> Lying:
    """What is there of a dependency folder."""
    root, worktree = live.project.root, live.record.worktree
    source, target = os.path.join(root, link.path), os.path.join(worktree, link.path)
    return await live.world.folders.lying(source, target)


async def keys(live: LiveEnv, link: Link) -> tuple[str, str]:
    """Fingerprints of the key in the env (or of the commit that it is made of) and in main."""
    if not link.key:
        return "", ""
    folders, root, record = live.world.folders, live.project.root, live.record
    if os.path.isdir(record.worktree):
        ours = folders.fingerprint(record.worktree, key_of(link))
    else:
        commit = record.base_commit if record.branch_made else record.branch
        ours = folders.committed(root, commit, key_of(link))
    theirs = folders.fingerprint(root, key_of(link))
    found = await asyncio.gather(ours, theirs)
    return found[0], found[1]


def note(live: LiveEnv, link: Link, mode: str, key: str, stamp: str = "") -> LinkRecord:
    """Remember what a folder was made of."""
    now = live.world.clock.now()
    record = LinkRecord(live.record.uid, link.path, mode, key, stamp, now)
    live.links[link.path] = record
    live.world.store.put_link(record)
    return record


async def copy(live: LiveEnv, path: str) -> None:
    """Do a copy step."""
    done = await live.world.folders.copy(
        os.path.join(live.project.root, path),
        os.path.join(live.record.worktree, path),
        progress=lambda files, size: _copying(live, path, files, size),
    )
    _tell(live, path, done)


async def make(live: LiveEnv, path: str) -> None:
    """Do a link step."""
    link = next(entry for entry in live.project.links if entry.path == path)
    ours, theirs = await keys(live, link)
    done = await live.world.folders.link(
        os.path.join(live.project.root, path),
        os.path.join(live.record.worktree, path),
        # what will be changed to fit must not change the main checkout's
        link.mode if ours == theirs else "copy",
        owner=live.record.uid,
        replace=ours != theirs,
        progress=lambda files, size: _copying(live, path, files, size),
    )
    _tell(live, path, done)
    if done.mode not in ("missing", "existing"):
        # without `install` the copy is as near to the env's key as it ever gets
        key = theirs if link.install is not None else ours
        note(live, link, done.mode, key, (await look(live, link)).stamp)


async def install(live: LiveEnv, link: Link, run: Callable[[], Awaitable[None]]) -> None:
    """Do an install step: make way, then let the package manager fill the env's own folder.

    Args:
        live: The env.
        link: Its link.
        run: Runs the install command to its end.
    """
    lying, record = await look(live, link), live.links.get(link.path)
    if lying.kind == "symlink" and record is not None and await written_through(live, link):
        live.event("link.written_through", through_text(live, link), level="error")
    note(live, link, INSTALLING, "")
    shared = record is not None and record.mode in _SHARED and lying.kind != "nothing"
    if shared or lying.kind in ("symlink", "overlay"):
        target = os.path.join(live.record.worktree, link.path)
        await live.world.folders.clear(target, live.record.uid)
    await run()
    note(live, link, INSTALLED, (await keys(live, link))[0])


async def written_through(live: LiveEnv, link: Link) -> bool:
    """Whether somebody seems to have installed into the main checkout's folder through a link.

    The folder has changed since it was linked, the main checkout's key has not, and the env's has.
    """
    record = live.links.get(link.path)
    if record is None or record.mode != "symlink" or not link.key:
        return False
    ours, theirs = await keys(live, link)
    stamp = (await look(live, link)).stamp
    return theirs == record.key and ours != theirs and stamp != record.stamp


def through_text(live: LiveEnv, link: Link) -> str:
    """What to say of that."""
    how = link.install or "install"
    return (
        f"{live.record.name}: {link.path} was a link into the main checkout, whose folder was "
        f"changed through it: run `{how}` in {live.project.root}"
    )


async def remount(live: LiveEnv) -> None:
    """Mount an env's overlays again, which go with a reboot."""
    for link in live.project.links:
        record = live.links.get(link.path)
        if record is None or record.mode != "overlay" or not os.path.isdir(live.record.worktree):
            continue
        if (await look(live, link)).kind == "empty":
            try:
                await make(live, link.path)
            except HiveError as error:
                live.event("link.failed", f"{live.record.name}: {error}", level="error")


def _copying(live: LiveEnv, path: str, files: int, size: int) -> None:
    for feed in live.feeds:
        feed.copying(path, files, size)


def _tell(live: LiveEnv, path: str, done: Linked) -> None:
    for text in done.notes:
        live.event("link.note", f"{live.record.name}: {path}: {text}")
        for feed in live.feeds:
            feed.note(path, text)
