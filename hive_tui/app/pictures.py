"""Pictures of the dashboard as SVG, drawn from a snapshot without a terminal.

`python -m hive_tui.app.pictures SNAPSHOT.json FOLDER` draws the fleet and its first env that needs
a person at three sizes, and the fleet in every theme. The snapshot is what a subscription begins
with.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from hive_tui.app.app import HiveApp
from hive_tui.app.themes import DEFAULT, load_all, shipped
from hive_tui.app.triage import needs
from hive_tui.client.protocol import HiveClient, OnEvent, OnState
from hive_tui.model.errors import HiveError
from hive_tui.model.wire import Snapshot, Update

SIZES = ((80, 24), (120, 36), (200, 60))


class StillClient(HiveClient):
    """A client of a hive that never changes."""

    def __init__(self, snapshot: Snapshot, answers: dict[str, Any] | None = None) -> None:
        """Create the client.

        Args:
            snapshot: All that it knows.
            answers: Results by method; any other call fails.
        """
        self.on_state: OnState | None = None
        self._snapshot = snapshot
        self._answers = answers or {}

    async def connect(self) -> None:
        """Nothing to reach."""

    async def call(
        self, method: str, params: dict[str, Any] | None = None, on_event: OnEvent | None = None
    ) -> Any:
        """The prepared answer.

        Raises:
            HiveError: None was prepared.
        """
        if method not in self._answers:
            raise HiveError(f"a still hive does not answer {method}")
        return self._answers[method]

    async def updates(self) -> AsyncIterator[Update]:
        """The snapshot, and then nothing for ever."""
        yield self._snapshot
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Nothing to drop."""


async def draw(
    snapshot: Snapshot,
    *,
    size: tuple[int, int],
    theme: str = DEFAULT,
    keys: Sequence[str] = (),
    answers: dict[str, Any] | None = None,
    now: float | None = None,
) -> str:
    """One picture.

    Args:
        snapshot: What is shown.
        size: Cells and rows.
        theme: Name of a theme that comes with the product.
        keys: Pressed before the picture is taken.
        answers: Results of calls by method.
        now: Seconds since the epoch; the present where left out.

    Returns:
        The SVG document.
    """
    moment = time.time() if now is None else now
    app = HiveApp(StillClient(snapshot, answers), theme=theme, clock=lambda: moment)
    async with app.run_test(size=size) as pilot:
        while len(app.state.envs) != len(snapshot.envs):
            await pilot.pause(0.01)
        await pilot.press(*keys)
        await pilot.pause()
        return app.export_screenshot(title="hive", simplify=True)


async def draw_all(
    snapshot: Snapshot, folder: Path, *, answers: dict[str, Any] | None = None
) -> list[Path]:
    """The pictures of the README and the docs, written into a folder; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []

    def write(name: str, document: str) -> None:
        file = folder / f"{name}.svg"
        file.write_text(document, "utf-8")
        files.append(file)

    for size in SIZES:
        write(f"fleet-{size[0]}x{size[1]}", await draw(snapshot, size=size, answers=answers))
    for theme in load_all([shipped()])[0]:
        document = await draw(snapshot, size=SIZES[1], theme=theme.name, answers=answers)
        write(f"fleet-{theme.name}", document)
    to_first_need = ("tab", "enter") if needs(snapshot.envs) else ("enter",)
    if snapshot.envs:
        for size in SIZES:
            document = await draw(snapshot, size=size, keys=to_first_need, answers=answers)
            write(f"env-{size[0]}x{size[1]}", document)
    return files


def main(arguments: Sequence[str]) -> int:
    """Draw the pictures of a snapshot file; returns the exit status."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m hive_tui.app.pictures SNAPSHOT.json FOLDER\n")
        return 2
    snapshot = msgspec.json.decode(Path(arguments[0]).read_bytes(), type=Snapshot)
    for file in asyncio.run(draw_all(snapshot, Path(arguments[1]))):
        sys.stdout.write(f"{file}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
