"""Pictures of the dashboard as SVG, drawn without a terminal from a hive as it was at one moment.

`python -m hive_tui.app.pictures FOLDER` looks at the hive of `HIVE_HOME` and draws every screen at
three sizes in every theme that comes with the product. It changes nothing in the hive.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from hive_tui.app import svg
from hive_tui.app.app import HiveApp
from hive_tui.app.themes import DEFAULT, load_all, shipped
from hive_tui.client.protocol import HiveClient, OnEvent, OnState
from hive_tui.client.stream import Client
from hive_tui.model.errors import HiveError
from hive_tui.model.home import locate
from hive_tui.model.wire import Snapshot, Update

SIZES = ((80, 24), (120, 36), (200, 60))

SCREENS: dict[str, tuple[str, ...]] = {
    "fleet": (),
    "env": ("tab", "enter"),
    "logs": ("tab", "l"),
    "destroy": ("D",),
    "new": ("n",),
    "messages": ("m",),
    "help": ("question_mark",),
}
"""Name of a picture -> keys that lead to what it shows, from the fleet."""

_LINES = 200


class Moment(msgspec.Struct, frozen=True):
    """A hive at one moment, with what the screens ask beside it."""

    snapshot: Snapshot
    at: float
    """Seconds since the epoch."""
    answers: dict[str, Any] = {}
    """Method, or method and env id with a blank between -> result."""
    events: dict[str, list[Any]] = {}
    """The same keys -> events before the result."""


class StillClient(HiveClient):
    """A client of a hive that never changes."""

    def __init__(self, moment: Moment) -> None:
        self.on_state: OnState | None = None
        self._moment = moment

    async def connect(self) -> None:
        """Nothing to reach."""

    async def call(
        self, method: str, params: dict[str, Any] | None = None, on_event: OnEvent | None = None
    ) -> Any:
        """The prepared answer; one that follows never ends.

        Raises:
            HiveError: None was prepared.
        """
        env = (params or {}).get("env")
        for key in (f"{method} {env}", method):
            for event in self._moment.events.get(key, ()) if on_event else ():
                if on_event is not None:
                    on_event(event)
            if (params or {}).get("follow"):
                await asyncio.Event().wait()
            if key in self._moment.answers:
                return self._moment.answers[key]
        raise HiveError(f"a still hive does not answer {method}")

    async def updates(self) -> AsyncIterator[Update]:
        """The snapshot, and then nothing for ever."""
        yield self._moment.snapshot
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Nothing to drop."""


async def look_at(client: HiveClient) -> Moment:
    """The hive behind a client as it is now.

    Raises:
        HiveError: The daemon cannot be reached.
    """
    await client.connect()
    snapshot = await _snapshot(client)
    answers: dict[str, Any] = {"focus": {}}
    events: dict[str, list[Any]] = {}
    for env in (detail.id for detail in snapshot.envs):
        asked: dict[str, dict[str, Any]] = {
            "trace": {"chrome": False},
            "ports": {"cwd": "/"},
            "losses": {},
            "logs": {
                "sources": [],
                "lines": _LINES,
                "since": None,
                "grep": None,
                "follow": False,
            },
        }
        for method, more in asked.items():
            heard = events.setdefault(f"{method} {env}", [])
            try:
                answers[f"{method} {env}"] = await client.call(
                    method, {"env": env, **more}, heard.append
                )
            except HiveError:
                continue  # an env that was never in motion has no trace
    return Moment(snapshot, time.time(), answers, events)


def without_paths(moment: Moment, names: Mapping[str, str]) -> Moment:
    """The moment with folders of this machine under other names, in logs too.

    Args:
        moment: As it was seen.
        names: Path -> what stands for it; longer paths go first.
    """
    ordered = sorted(names.items(), key=lambda pair: -len(pair[0]))

    def other(text: str) -> str:
        for path, name in ordered:
            text = text.replace(path, name)
        return text

    def lines(event: Any) -> Any:
        if not isinstance(event, dict) or "lines" not in event:
            return event
        rows = [
            [at, source, b64encode(other(b64decode(text).decode("utf-8", "replace")).encode())]
            for at, source, text in event["lines"]
        ]
        return {"lines": rows}

    events = {key: [lines(event) for event in heard] for key, heard in moment.events.items()}
    plain = msgspec.structs.replace(moment, events={})
    renamed = msgspec.json.decode(other(msgspec.json.encode(plain).decode()), type=Moment)
    return msgspec.structs.replace(renamed, events=events)


async def _snapshot(client: HiveClient) -> Snapshot:
    async for update in client.updates():
        if isinstance(update, Snapshot):
            return update
    raise HiveError("the daemon ended the subscription before it began")


async def draw(
    moment: Moment,
    *,
    size: tuple[int, int],
    theme: str = DEFAULT,
    keys: Sequence[str] = (),
) -> str:
    """One picture.

    Args:
        moment: What is shown.
        size: Cells and rows.
        theme: Name of a theme that comes with the product.
        keys: Pressed before the picture is taken.

    Returns:
        The SVG document.
    """
    app = HiveApp(StillClient(moment), theme=theme, clock=lambda: moment.at)
    async with app.run_test(size=size) as pilot:
        while len(app.state.envs) != len(moment.snapshot.envs):
            await pilot.pause(0.01)
        await pilot.press(*keys)
        for _ in range(3):  # what a screen asks for comes in workers, and is drawn after them
            await pilot.pause(0.05)
        compositor = app.screen._compositor
        behind = app._background_screens
        update: Any = compositor.render_update(full=True, screen_stack=behind, simplify=True)
        background = app.theme_variables["background"]
        return svg.document([[*row] for row in update.strips], size[0], background.lower())


async def draw_all(moment: Moment, folder: Path) -> list[Path]:
    """Every screen at every size in every theme, written into a folder; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    for theme in load_all([shipped()])[0]:
        for cells, rows in SIZES:
            for name, keys in SCREENS.items():
                file = folder / f"{name}-{cells}x{rows}-{theme.name}.svg"
                drawn = await draw(moment, size=(cells, rows), theme=theme.name, keys=keys)
                file.write_text(drawn, "utf-8")
                files.append(file)
    return files


async def draw_home(folder: Path) -> list[Path]:
    """The pictures of the hive of `HIVE_HOME`, without the paths of this machine."""
    home = locate(os.environ, uid=os.getuid())
    client = Client(home)
    try:
        moment = await look_at(client)
    finally:
        await client.close()
    names = {str(home.state): "~/hive", sys.base_prefix: "/usr", str(Path.home()): "~"}
    return await draw_all(without_paths(moment, names), folder)


def main(arguments: Sequence[str]) -> int:
    """Draw the pictures; returns the exit status."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m hive_tui.app.pictures FOLDER\n")
        return 2
    for file in asyncio.run(draw_home(Path(arguments[0]))):
        sys.stdout.write(f"{file}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
