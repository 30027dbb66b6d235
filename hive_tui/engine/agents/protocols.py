"""What the engine asks of terminals and of coding-agent programs. Drivers implement these."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from hive_tui.model.agent import Ask

AGENT_WINDOW, SHELL_WINDOW = "agent", "shell"
"""Windows of every env's session; beside them one per service log, by the service's name."""


class WindowView(msgspec.Struct, frozen=True):
    """One window of an env's terminal session."""

    env_uid: str
    window: str
    pid: int | None
    """Of the program in it; `None` once it ended."""
    title: str = ""
    """As the program set it. Data from outside."""
    command: str = ""
    dead: bool = False
    exit_code: int | None = None
    """Of a dead one; negative for a signal; `None` where nobody knows."""
    active_at: float = 0.0
    """When it printed last, in seconds since the epoch."""


class Screen(msgspec.Struct, frozen=True):
    """What a window shows now."""

    lines: tuple[bytes, ...]
    """Top to bottom, with colours as SGR sequences and nothing else that steers a terminal."""
    cursor: tuple[int, int] | None = None
    """Column and row from 0; `None` where it is hidden."""


class TerminalHost(Protocol):
    """Terminals that outlive daemon and dashboard: one session per env, named windows in it.

    Nothing is spawned on a tick, and what a program prints is not read until somebody looks.
    """

    @property
    def name(self) -> str:
        """`tmux` or `pty`."""
        ...

    @property
    def version(self) -> str:
        """What it is in words: `tmux 3.4`."""
        ...

    async def open(self) -> None:
        """Find what runs, and begin to watch. Starts nothing.

        Raises:
            HiveError: It cannot be used on this machine, with the remedy.
        """
        ...

    async def close(self) -> None:
        """Stop watching; what runs goes on."""
        ...

    async def ensure(
        self,
        env_uid: str,
        window: str,
        argv: Sequence[str],
        *,
        cwd: str,
        env: Mapping[str, str],
        size: tuple[int, int] = (160, 48),
    ) -> WindowView:
        """Start a program in a window that is not there yet or is dead; else leave it be.

        What a dead program left running is ended first. A dead window stays, with what it shows,
        until it is killed; but for `SHELL_WINDOW`, which goes with its shell.

        Args:
            env_uid: Of the env.
            window: Name of the window.
            argv: Program and arguments, run without a shell.
            cwd: Its folder.
            env: All of its environment; `TERM`, `COLORTERM` and `HIVE_RUN_ID` are the host's.
            size: Cells and rows until a person attaches.

        Raises:
            HiveError: There is no such folder or program.
        """
        ...

    async def kill(self, env_uid: str, window: str | None = None) -> None:
        """End a window with all that runs in it, or the whole session. Idempotent."""
        ...

    def windows(self) -> tuple[WindowView, ...]:
        """All windows of this home, as last heard."""
        ...

    def watch(self, changed: Callable[[WindowView], None]) -> Callable[[], None]:
        """Call on the loop when a window's title, command or life changed, or who looks at it.

        One that is gone is told once as dead, with no `exit_code` where nobody saw its end, and is
        not among `windows` any more. Changes are told within a second.

        Returns:
            What stops it.
        """
        ...

    def attached(self, env_uid: str) -> bool:
        """Whether a person looks at one of the env's windows in a terminal."""
        ...

    async def screen(self, env_uid: str, window: str) -> Screen:
        """What it shows now; cheap enough for four times a second.

        Raises:
            HiveError: There is no such window.
        """
        ...

    async def paste(self, env_uid: str, window: str, text: str) -> None:
        """Bracketed paste of a text, not submitted. Control codes are left out of it.

        Raises:
            HiveError: There is no such window, or its program has ended.
        """
        ...

    async def press(self, env_uid: str, window: str, *keys: str) -> None:
        """Press keys by name: `Enter`, `Escape`, `C-c`, or single characters.

        Raises:
            UsageError: One is no key.
            HiveError: There is no such window, or its program has ended.
        """
        ...

    def attach_command(self, env_uid: str, window: str | None = None) -> tuple[str, ...]:
        """The command that shows the session to a person, to be run in a terminal."""
        ...


class Delivery(msgspec.Struct, frozen=True):
    """What became of a prompt or an answer."""

    delivered: bool
    reason: str | None = None
    """Why not, and what to do."""


class AgentDriver(Protocol):
    """One kind of coding agent. Knows how to start it, how to read it and how to speak to it.

    It decides no state: it turns what the program says into evidence (`evidence.py`), and
    `derive.py` decides.
    """

    @property
    def kind(self) -> str:
        """`claude`, `codex`, `opencode`, `gemini` or `generic`."""
        ...

    def can_answer(self, ask: Ask) -> bool:
        """Whether `answer` can reach it without the agent's own screen."""
        ...
