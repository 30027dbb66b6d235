"""What a person wants done, as calls to the daemon. Nothing blocks; every end is told.

An intent runs in a worker of the app. What comes of it shows on the screens by itself; a toast
says how it ended, and why where it could not be done.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from textual.app import App, SuspendNotSupported

from hive_tui.app import figures
from hive_tui.app.browsing import open_in_browser
from hive_tui.app.entering import enter, folder
from hive_tui.app.handover import hand_over
from hive_tui.app.lines import safe
from hive_tui.app.screens.room import RoomDialog
from hive_tui.app.sending import Sender
from hive_tui.model.environment import EnvDetail, EnvState
from hive_tui.model.errors import HiveError, from_wire

if TYPE_CHECKING:
    from hive_tui.client.protocol import HiveClient


class Intents(Sender):
    """Intents about envs."""

    def __init__(
        self, app: App[None], client: HiveClient, words: Callable[[str], str] = str
    ) -> None:
        """Create them, as any sender."""
        super().__init__(app, client, words)
        self.shells = 0
        """How many shells a person came back from."""

    def transition(self, env: EnvDetail, name: str) -> None:
        """Ask for a transition: `warm`, `cool`, `start`, `stop`, `freeze` or `thaw`."""
        self._transition(env, name)

    def _transition(self, env: EnvDetail, name: str, **more: str) -> None:
        def refused(error: HiveError) -> None:
            if error.code == "no_room":
                self._run(self._ask_for_room(env))
            else:
                self._failed(error)

        params = {"env": env.id, "transition": name, "wait": True, **more}
        self._run(
            self._call(
                "transition", params, lambda result: self._told(env.view.name, result), refused
            )
        )

    async def _ask_for_room(self, env: EnvDetail) -> None:
        """Ask who is to make room for an env that did not fit, and do that."""
        try:
            room = await self._client.call("room", {"env": env.id})
        except HiveError as error:
            self._failed(error)
            return

        def answered(way: str | None) -> None:
            if way is not None:
                self._transition(env, "warm", room=way)

        self._app.push_screen(RoomDialog(env.view.name, room), answered)

    def cool(self, env: EnvDetail) -> None:
        """Bring the env to cold, from above or from below."""
        self.transition(env, "start" if env.view.state is EnvState.STOPPED else "cool")

    def freeze(self, envs: Sequence[EnvDetail]) -> None:
        """Freeze those that are not frozen; where all are, thaw them."""
        up = [env for env in envs if env.view.state is not EnvState.FROZEN]
        for env in up or envs:
            self.transition(env, "freeze" if up else "thaw")

    def restart(self, env: EnvDetail, service: str) -> None:
        """Restart one service."""
        params = {"env": env.id, "action": "restart", "services": [service], "wait": True}
        self._send("service", params, lambda result: self._told(env.view.name, result))

    def test(self, env: EnvDetail) -> None:
        """Run all suites; the verdict is told."""

        def verdict(result: Any) -> None:
            suites = result.get("tests") or []
            red = [str(suite.get("name")) for suite in suites if suite.get("state") != "passed"]
            if red:
                self._tell(f"{env.view.name}: {', '.join(red)} red", "warning")
            elif suites:
                self._tell(f"{env.view.name}: {figures.count(len(suites), 'suite')} passed")

        self._send("test", {"env": env.id, "suites": [], "wait": True}, verdict)

    def spawn(
        self, cwd: str, name: str, base: str, warm: bool, *, reuse_branch: bool = False
    ) -> None:
        """Make a new env of the project at `cwd`; `base` may be empty."""
        params: dict[str, Any] = {
            "cwd": cwd,
            "name": name,
            "reuse_branch": reuse_branch,
            "warm": warm,
            "wait": True,
        }
        if base:
            params["base"] = base
        self._send("spawn", params, lambda result: self._told(name, result))

    def begin(self, folder: str) -> None:
        """Write a hive.toml for the repository of a folder, and make it known as a project."""

        def known(_: Any) -> None:
            self._tell("read hive.toml through; `hive doctor` checks it", timeout_s=10)

        def wrote(result: Any) -> None:
            self._tell(f"wrote {result.get('path')}", timeout_s=10)
            self._send("register", {"cwd": folder}, known)

        self._send("init", {"cwd": folder, "force": False}, wrote)

    def destroy(self, env: EnvDetail, *, force: bool) -> None:
        """Destroy the env; `force` after what would be lost was confirmed."""

        def gone(result: Any) -> None:
            self._told(
                env.view.name, result, done=self._words("destroyed; {env.undo} takes it back")
            )
            if result.get("recovery"):
                self._tell(f"what was lost is kept at {result['recovery']}", timeout_s=12)

        params = {"env": env.id, "force": force, "keep_branch": False, "wait": True}
        self._send("destroy", params, gone)

    def undo(self) -> None:
        """Take the env destroyed last back."""

        def back(result: Any) -> None:
            notes = " ".join(str(note) for note in result.get("notes", ()))
            self._tell(f"{result.get('env')} is back, stopped; w brings it up. {notes}".strip())

        self._send("undo", {}, back)

    def browse(self, env: EnvDetail, service: str | None) -> None:
        """Open the URL of the env, or of one of its services, in the browser."""
        params = {"env": env.id, "service": service}
        self._send("url", params, lambda result: self._run(self._browse(_address(result))))

    def copy_url(self, env: EnvDetail, service: str | None) -> None:
        """Copy the URL to the clipboard, through the terminal."""

        def copy(result: Any) -> None:
            url = _address(result)
            self._app.copy_to_clipboard(url)
            self._tell(f"copied {url}")

        self._send("url", {"env": env.id, "service": service}, copy)

    def enter(self, env: EnvDetail, window: str | None = None) -> None:
        """Go into the window of the env's agent, else of a shell; or into the one that is named."""
        params = {"env": env.id, "window": window}
        self._send("terminal.open", params, lambda found: self._run(self._enter(env, found)))

    def forward(self, env: EnvDetail, before: str | None) -> None:
        """Lead the project's fixed ports to the env; let them go where they lead there already.

        Args:
            env: Which env.
            before: Name of another one that has them now.
        """
        name = env.view.name

        def switched(result: Any) -> None:
            rows = result.get("forwards") or ()
            ports = ", ".join(f"{row.get('port')} to {row.get('name')}" for row in rows)
            taken = f"; {before} had them" if before else ""
            self._tell(f"{name}: fixed ports {ports}{taken}", timeout_s=8)

        def let_go(_: Any) -> None:
            ports = ", ".join(map(str, env.fixed_ports))
            self._tell(f"{name}: let the fixed ports go: {ports}")

        off = bool(env.fixed_ports)
        self._send("forward", {"env": env.id, "off": off}, let_go if off else switched)

    def shell(self, env: EnvDetail) -> None:
        """Give the terminal to a shell in the env's worktree, with the env's variables."""
        params = {"env": env.id, "pid": os.getpid(), "what": "a shell"}
        self._send("environ", params, lambda found: self._run(self._shell(env, found)))

    def focus(self, env: str | None) -> None:
        """Tell the scheduler which env the person looks at."""
        self._run(self._quietly("focus", {"env": env}))

    async def _shell(self, env: EnvDetail, found: Any) -> None:
        name = env.view.name
        command = os.environ.get("SHELL") or "/bin/sh"
        worktree = str(found.get("worktree") or env.view.worktree)
        greeting = f"hive: a shell in {safe(name)}, {safe(worktree)}; `exit` comes back"
        try:
            await hand_over(
                self._app,
                [command],
                cwd=worktree,
                env={**os.environ, **(found.get("variables") or {})},
                greeting=greeting,
            )
            self.shells += 1
        except SuspendNotSupported:
            text = f"there is no terminal to give; `hive run {name} -- {command}` in another one"
            self._tell(text, "warning", timeout_s=10)
        except OSError as error:
            self._tell(f"{name}: no shell: {error}", "error", timeout_s=10)
        finally:
            if (lease := found.get("lease")) is not None:
                await self._quietly("release_hold", {"lease": lease})

    async def _enter(self, env: EnvDetail, found: Any) -> None:
        name, window = env.view.name, str(found.get("window") or "")
        title = f"{safe(window)} of {safe(name)}"
        command = [str(word) for word in found.get("command") or ()]
        try:
            await enter(self._app, command, cwd=folder(), environ=os.environ, name=title)
        except SuspendNotSupported:
            text = f"there is no terminal to give; `hive open {name} {window}` in another one"
            self._tell(text, "warning", timeout_s=10)
        except OSError as error:
            self._tell(f"{name}: no terminal: {error}", "error", timeout_s=10)
        except HiveError as error:
            self._failed(error, name)

    async def _browse(self, url: str) -> None:
        if self._app.is_web:
            self._app.open_url(url)  # in the browser that shows the dashboard
        elif not await open_in_browser(url, os.environ):
            self._tell(f"no browser could be opened; y copies {url}", "warning", timeout_s=10)
            return
        self._tell(f"opened {url}")

    def _told(self, name: str, result: Any, done: str | None = None) -> None:
        """Say how a transition ended."""
        outcome = result.get("outcome")
        if error := result.get("error"):
            self._failed(from_wire(error), name)
        elif outcome == "unchanged":
            self._tell(f"{name}: nothing to do")
        elif outcome == "succeeded":
            took = figures.seconds(float(result.get("makespan_s") or 0.0))
            self._tell(f"{name}: {done or result.get('transition')} ({took})")
        elif outcome:
            self._tell(f"{name}: {result.get('transition')} {outcome}", "warning")


def _address(result: Any) -> str:
    """Of what the daemon answers to `url`: by name where the proxy serves, else by number."""
    return str(result.get("named") or result["url"])
