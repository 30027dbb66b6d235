"""`hive demo`: makes the sample project's envs, brings each to its state, and removes them all.

What they show is data of `hive_tui.demo`; this says in which order, and waits.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sys
import time
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hive_tui.cli.context import Connection, Context, OnEvent, bare
from hive_tui.cli.progress import Progress
from hive_tui.cli.transitions import DetachedError, Job, side_by_side
from hive_tui.demo.repository import make, write
from hive_tui.demo.scenes import PROJECT, SCENES, Scene
from hive_tui.model.errors import HiveError

_PATIENCE_S = 60.0
"""How long the last of an env's states may take once everything was asked for."""
_POLL_S = 0.1

LAST = SCENES[-1]
"""The env that is warming when the demo is shown, so it is warmed last."""


def run(args: Namespace, context: Context) -> int:
    """`hive demo`: make what is missing, then open the dashboard or print the list.

    Raises:
        HiveError: Something of it could not be made; a second try goes on from there.
        DetachedError: Ctrl-C.
    """
    with _interruptible(), _alone(context):
        if args.reset:
            return _reset(context)
        shown = not (args.no_dashboard or context.json)
        if shown and not (sys.stdin.isatty() and context.out.isatty()):
            context.note("the dashboard needs a terminal; this prints the list instead")
            shown = False
        _prepare(context, patient=not shown)
    if shown:
        context.close()
        from hive_tui.app.main import run as open_dashboard

        return open_dashboard(context.home)
    from hive_tui.cli.overview import show_list

    return show_list(args, context)


def make_ready(context: Context) -> None:
    """Make what is missing of the demo, up to the env that warms while it is shown.

    Raises:
        HiveError: Something of it could not be made; a second try goes on from there.
        DetachedError: Ctrl-C.
    """
    with _interruptible(), _alone(context):
        _prepare(context, patient=False)


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Say how to go on after Ctrl-C.

    Raises:
        DetachedError: Ctrl-C.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise DetachedError(
            "stopped half way",
            hint="`hive demo` goes on from here, `hive demo --reset` removes all of it",
        ) from None


def _prepare(context: Context, *, patient: bool) -> None:
    """Make the repository and its envs, and bring each to its state.

    Args:
        context: The command's.
        patient: Wait for what happens by itself too, the crash loop.
    """
    folder = _folder(context)
    repo = folder / "shop"
    _refuse_another(context, repo)
    if not repo.exists():
        if _envs(context):  # their repository was deleted under them
            _forget(context)
        context.note("making the sample project")
    make(folder, context.environ, seed=str(folder))
    envs = _envs(context)
    missing = [scene for scene in SCENES if not _reached(scene, envs)]
    if missing:
        context.note("bringing up its environments")
        there = {env["name"] for env in envs}
        for scene in SCENES:  # in turn, since that is the order in which they are shown
            if scene.name not in there:
                _spawn(scene, repo, context)
        _do("demo", [_staging(scene) for scene in missing if scene is not LAST], context)
        if patient:
            _wait(context, [scene for scene in missing if scene is not LAST])
    if LAST in missing:
        warm = {"env": _id(LAST), "transition": "warm", "wait": False}
        context.call("transition", warm)


def _spawn(scene: Scene, repo: Path, context: Context) -> None:
    """Make an env, cold, with its draft."""
    wish = {"cwd": str(repo), "name": scene.name, "reuse_branch": True}
    _do("spawn", [Job(scene.name, lambda link, put: link.call("spawn", wish, put))], context)
    if scene.draft is not None:
        write(Path(_view(context.connection, scene)["worktree"]), scene.draft)


def _staging(scene: Scene) -> Job:
    """What brings an env to its state and tests it, each where it is needed."""

    def ask(link: Connection, on_event: OnEvent) -> Any:
        done: Any = {"env": scene.name, "outcome": "unchanged", "error": None}
        view = _view(link, scene)
        if view["wanted"] != scene.wanted or view["state"] not in scene.states:
            cold = "start" if view["wanted"] == "stopped" else "cool"
            word = "warm" if scene.wanted == "warm" else cold
            done = link.call("transition", {"env": _id(scene), "transition": word}, on_event)
        if not done["error"] and not scene.tested(_view(link, scene)):
            link.call("test", {"env": _id(scene)}, on_event)
        return done

    return Job(scene.name, ask)


def _reset(context: Context) -> int:
    """Remove envs, registration and folder; each part may be gone already."""
    folder = _folder(context)
    known: list[str] = []
    if folder.exists() or context.home.database.exists():
        known = _forget(context)
    there = _delete(folder)
    if context.json:
        context.document({"removed": known})
    else:
        context.print("the demo is removed" if known or there else "there is no demo")
    return 0


def _forget(context: Context) -> list[str]:
    """Destroy the demo's envs with all that they hold, and its project; the envs' names."""
    root = _registered(context)
    if root is None or not _same(Path(root), _folder(context) / "shop"):
        return []

    def job(env: str) -> Job:
        params = {"env": env, "force": True, "keep_branch": False, "wait": True}

        def ask(link: Connection, on_event: OnEvent) -> Any:
            done = link.call("destroy", params, on_event)
            if done["error"]:  # its repository may be gone or broken; the folder goes anyway
                link.call("release", {"env": env})
            return {**done, "outcome": "succeeded", "error": None}

        return Job(env, ask)

    names = [view["name"] for view in _envs(context)]
    _do("destroy", [job(f"{PROJECT}/{name}") for name in names], context)
    context.call("unregister", {"project": PROJECT})
    return names


def _delete(folder: Path) -> bool:
    """Delete the demo's folder; True where there was one.

    Raises:
        HiveError: It could not be deleted.
    """
    gone = folder.with_name(folder.name + ".gone")
    there = folder.exists() or gone.exists()
    try:
        if gone.exists():
            shutil.rmtree(gone)
        if folder.exists():
            folder.rename(gone)
            shutil.rmtree(gone)
    except OSError as error:
        raise HiveError(
            f"{error.filename or gone} cannot be deleted: {error.strerror}",
            hint="`hive demo --reset` again goes on from there",
            code="demo_failed",
        ) from None
    return there


def _do(what: str, jobs: Sequence[Job], context: Context) -> None:
    """Run jobs side by side with their progress on standard error.

    Raises:
        HiveError: One of them failed; the others have ended.
    """
    with Progress(context, several=True) as progress:
        results = side_by_side(what, jobs, context, progress)
    for result, _ in results:
        if error := result["error"]:
            raise HiveError(
                f"{bare(result['env'])}: {error['message']}",
                hint=error["hint"] or "`hive demo --reset` removes all of it; then try again",
                code=error["code"],
                env=error["env"],
            )


def _wait(context: Context, scenes: Sequence[Scene]) -> None:
    """Wait until envs show what they are meant to; say so where one never does."""
    deadline = time.monotonic() + _PATIENCE_S
    while left := [scene for scene in scenes if not _reached(scene, _envs(context))]:
        if time.monotonic() > deadline:
            names = ", ".join(scene.name for scene in left)
            context.note(f"not as the demo means it: {names}; `hive demo --reset` and start anew")
            return
        time.sleep(_POLL_S)


def _refuse_another(context: Context, repo: Path) -> None:
    """Raise where the demo's name belongs to another project.

    Raises:
        HiveError: It does.
    """
    root = _registered(context)
    if root is not None and not _same(Path(root), repo):
        raise HiveError(
            f"a project {PROJECT} of your own is at {root}",
            hint="set HIVE_HOME to an empty folder and try the demo there",
            code="project_exists",
        )


def _registered(context: Context) -> str | None:
    """Where the project of the demo's name is."""
    projects = context.call("projects")["projects"]
    return next((str(one["root"]) for one in projects if one["name"] == PROJECT), None)


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def _envs(context: Context) -> list[dict[str, Any]]:
    """The demo's envs as `hive list --json` has them."""
    found = context.call("list")["environments"]
    return [view for view in found if view["project"] == PROJECT]


def _view(link: Connection, scene: Scene) -> Mapping[str, Any]:
    view: Mapping[str, Any] = link.call("status", {"env": _id(scene)})["environment"]
    return view


def _id(scene: Scene) -> str:
    return f"{PROJECT}/{scene.name}"


def _reached(scene: Scene, envs: Sequence[Mapping[str, Any]]) -> bool:
    return any(view["name"] == scene.name and scene.reached(view) for view in envs)


def _folder(context: Context) -> Path:
    """What holds the demo's repository and worktrees."""
    return context.home.state / "demo"


@contextlib.contextmanager
def _alone(context: Context) -> Iterator[None]:
    """Hold the demo of this home; a second command waits for the first."""
    state = context.home.state
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = os.open(state, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise HiveError(
            f"{state} cannot be used: {error.strerror}",
            hint="set HIVE_HOME to a folder of your own",
            code="state_readonly",
        ) from None
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            context.note("another `hive demo` is at work here; waiting for it")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)
