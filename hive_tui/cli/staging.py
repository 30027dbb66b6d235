"""Makes the envs of a sample project, brings each to its state, and removes them all.

What they show is data of `hive_tui.demo`; this says in which order, and waits.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hive_tui.cli.context import Connection, Context, OnEvent, bare
from hive_tui.cli.progress import Progress
from hive_tui.cli.transitions import Job, side_by_side
from hive_tui.demo.repository import make, write
from hive_tui.demo.samples import Sample
from hive_tui.demo.scenes import Scene
from hive_tui.model.errors import HiveError

_PATIENCE_S = 60.0
"""How long the last of an env's states may take once everything was asked for."""
_POLL_S = 0.1


class Staging:
    """One sample project in one home."""

    def __init__(self, context: Context, sample: Sample) -> None:
        """Know of it; nothing is made or asked.

        Args:
            context: The command's.
            sample: What is shown.
        """
        self._context = context
        self._sample = sample
        self._folder = context.home.state / sample.folder
        """What holds the repository and worktrees."""
        self._repo = self._folder / "shop"

    def prepare(self, *, patient: bool) -> None:
        """Make the repository and its envs, and bring each to its state.

        Args:
            patient: Wait for what happens by itself too, the crash loop.

        Raises:
            HiveError: Something of it could not be made.
        """
        context, sample = self._context, self._sample
        self._refuse_another()
        if sample.contained:
            self._need_engine()
        if not self._repo.exists():
            if self._envs():  # their repository was deleted under them
                self._forget()
            context.note("making the sample project")
        make(self._folder, context.environ, seed=str(self._folder), sample=sample)
        envs = self._envs()
        missing = [scene for scene in sample.scenes if not _reached(scene, envs)]
        now = [scene for scene in missing if scene is not sample.last]
        if missing:
            context.note("bringing up its environments")
            there = {env["name"] for env in envs}
            for scene in sample.scenes:  # in turn, since that is the order in which they are shown
                if scene.name not in there:
                    self._spawn(scene)
            self._do("demo", [self._staging(scene) for scene in now])
            if patient:
                self._wait(now)
        if sample.last is not None and sample.last in missing:
            warm = {"env": self._id(sample.last), "transition": "warm", "wait": False}
            context.call("transition", warm)

    def reset(self) -> tuple[list[str], bool]:
        """Remove envs, registration and folder, each of which may be gone already.

        Returns:
            Names of the envs that there were, and whether there was anything.

        Raises:
            HiveError: Something of it stays.
        """
        known: list[str] = []
        if self._folder.exists() or self._context.home.database.exists():
            known = self._forget()
        there = self._delete()
        return known, bool(known) or there

    # --- making ----------------------------------------------------------------------------------

    def _spawn(self, scene: Scene) -> None:
        """Make an env, cold, with its draft."""
        wish = {"cwd": str(self._repo), "name": scene.name, "reuse_branch": True}
        self._do("spawn", [Job(scene.name, lambda link, put: link.call("spawn", wish, put))])
        if scene.draft is not None:
            write(Path(self._view(self._context.connection, scene)["worktree"]), scene.draft)

    def _staging(self, scene: Scene) -> Job:
        """What brings an env to its state and tests it, each where it is needed."""

        def ask(link: Connection, on_event: OnEvent) -> Any:
            done: Any = {"env": scene.name, "outcome": "unchanged", "error": None}
            view = self._view(link, scene)
            if view["wanted"] != scene.wanted or view["state"] not in scene.states:
                cold = "start" if view["wanted"] == "stopped" else "cool"
                word = "warm" if scene.wanted == "warm" else cold
                wish = {"env": self._id(scene), "transition": word}
                done = link.call("transition", wish, on_event)
            if not done["error"] and not scene.tested(self._view(link, scene)):
                link.call("test", {"env": self._id(scene)}, on_event)
            return done

        return Job(scene.name, ask)

    def _do(self, what: str, jobs: Sequence[Job]) -> None:
        """Run jobs side by side with their progress on standard error.

        Raises:
            HiveError: One of them failed; the others have ended.
        """
        with Progress(self._context, several=True) as progress:
            results = side_by_side(what, jobs, self._context, progress)
        for result, _ in results:
            if error := result["error"]:
                again = f"`{self._sample.command} --reset` removes all of it; then try again"
                hint = error["hint"] or again
                if self._sample.images and "the image " in error["message"]:
                    hint += f"\n{self._other_images()}"
                raise HiveError(
                    f"{bare(result['env'])}: {error['message']}",
                    hint=hint,
                    code=error["code"],
                    env=error["env"],
                )

    def _wait(self, scenes: Sequence[Scene]) -> None:
        """Wait until envs show what they are meant to; say so where one never does."""
        deadline = time.monotonic() + _PATIENCE_S
        while left := [scene for scene in scenes if not _reached(scene, self._envs())]:
            if time.monotonic() > deadline:
                names = ", ".join(scene.name for scene in left)
                again = f"`{self._sample.command} --reset` and start anew"
                self._context.note(f"not as the demo means it: {names}; {again}")
                return
            time.sleep(_POLL_S)

    # --- refusing --------------------------------------------------------------------------------

    def _refuse_another(self) -> None:
        """Raise where the sample's name belongs to another project.

        Raises:
            HiveError: It does.
        """
        root = self._registered()
        if root is not None and not _same(Path(root), self._repo):
            raise HiveError(
                f"a project {self._sample.project} of your own is at {root}",
                hint="set HIVE_HOME to an empty folder and try the demo there",
                code="project_exists",
            )

    def _need_engine(self) -> None:
        """Raise where containers cannot run.

        Raises:
            HiveError: No engine answers, or not this user.
        """
        engine = self._context.call("engine")
        if engine["problem"] is not None:
            raise HiveError(
                f"this demo needs a container engine: {engine['problem']}",
                hint=f"{engine['hint']}; `hive demo` alone needs none",
                code="no_engine",
            )

    def _other_images(self) -> str:
        """How the demo is made to use other images."""
        names = ", ".join(
            f"{variable} (now {self._context.environ.get(variable) or usual})"
            for variable, usual in self._sample.images.items()
        )
        return (
            f"or name images that can be had here in {names}; then "
            f"`{self._sample.command} --reset` and `{self._sample.command}`"
        )

    # --- removing --------------------------------------------------------------------------------

    def _forget(self) -> list[str]:
        """Destroy the envs with all that they hold, and the project; the envs' names."""
        root = self._registered()
        if root is None or not _same(Path(root), self._repo):
            return []

        def job(env: str) -> Job:
            params = {"env": env, "force": True, "keep_branch": False, "wait": True}

            def ask(link: Connection, on_event: OnEvent) -> Any:
                done = link.call("destroy", params, on_event)
                if done["error"]:  # its repository may be gone or broken; the folder goes anyway
                    link.call("release", {"env": env})
                return {**done, "outcome": "succeeded", "error": None}

            return Job(env, ask)

        names = [view["name"] for view in self._envs()]
        self._do("destroy", [job(f"{self._sample.project}/{name}") for name in names])
        self._context.call("unregister", {"project": self._sample.project})
        return names

    def _delete(self) -> bool:
        """Delete the sample's folder; True where there was one.

        Raises:
            HiveError: It could not be deleted.
        """
        folder = self._folder
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
                hint=f"`{self._sample.command} --reset` again goes on from there",
                code="demo_failed",
            ) from None
        return there

    # --- looking ---------------------------------------------------------------------------------

    def _registered(self) -> str | None:
        """Where the project of the sample's name is."""
        projects = self._context.call("projects")["projects"]
        mine = (str(one["root"]) for one in projects if one["name"] == self._sample.project)
        return next(mine, None)

    def _envs(self) -> list[dict[str, Any]]:
        """The sample's envs as `hive list --json` has them."""
        found = self._context.call("list")["environments"]
        return [view for view in found if view["project"] == self._sample.project]

    def _view(self, link: Connection, scene: Scene) -> Mapping[str, Any]:
        view: Mapping[str, Any] = link.call("status", {"env": self._id(scene)})["environment"]
        return view

    def _id(self, scene: Scene) -> str:
        return f"{self._sample.project}/{scene.name}"


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def _reached(scene: Scene, envs: Sequence[Mapping[str, Any]]) -> bool:
    return any(view["name"] == scene.name and scene.reached(view) for view in envs)
