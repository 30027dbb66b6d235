"""What the engine asks of terminals and of coding-agent programs. Drivers implement these."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from hive_tui.engine.agents.books import Book, Told
from hive_tui.engine.agents.events import Event
from hive_tui.engine.agents.evidence import Loop, Native, Registry, Stance
from hive_tui.engine.agents.launches import Start, Wish
from hive_tui.engine.agents.prompts import Prompt
from hive_tui.engine.agents.records import Record
from hive_tui.engine.agents.signals import Question, Signal

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
    """One kind of coding agent. Knows how to start it, how to read it and how to answer it.

    It decides no state: it turns what the program says into signals and evidence, and `derive.py`
    decides.
    """

    @property
    def kind(self) -> str:
        """`claude`, `codex`, `opencode`, `gemini` or `generic`."""
        ...

    @property
    def has_hooks(self) -> bool:
        """Whether it tells anything by itself."""
        ...

    @property
    def paste_pause_s(self) -> float:
        """Between a pasted prompt and Enter."""
        ...

    @property
    def skill_file(self) -> str:
        """Path of the skill in the agent's folder."""
        ...

    @property
    def interrupt_keys(self) -> tuple[str, ...]:
        """What a person would press to end its turn."""
        ...

    @property
    def takes_prompts(self) -> bool:
        """Whether its own interface does, beside its screen."""
        ...

    async def prepare(self, wish: Wish, argv: Sequence[str], env: Mapping[str, str]) -> Wish:
        """Find out what has to be known before it starts; the wish with that.

        Args:
            wish: What is to be started.
            argv: Its command of hive.toml, to which flags can be added.
            env: Its environment.
        """
        ...

    def start(self, wish: Wish) -> Start:
        """Flags, environment and files of a start."""
        ...

    def signal(self, event: Event) -> Signal | None:
        """What a hook told."""
        ...

    def record(self, line: bytes) -> Record | None:
        """What a record of the conversation's file tells."""
        ...

    def title(self, shown: str) -> Stance | None:
        """What the title of its window means."""
        ...

    def dialog(self, lines: Sequence[str]) -> str:
        """A dialog of its start that its screen shows, in words; empty: none that is known."""
        ...

    def prompt_line(self, lines: Sequence[bytes], cursor: tuple[int, int] | None) -> str | None:
        """What stands in the prompt line of its screen; empty: nothing.

        Args:
            lines: Of its screen, with colours.
            cursor: Column and row; `None` where it is hidden.

        Returns:
            `None` where no prompt line is seen: something else may take what is typed.
        """
        ...

    def can_answer(self, question: Question) -> bool:
        """Whether `answer` can reach it without the agent's own screen."""
        ...

    def answer(
        self, question: Question, choice: str, option: int | None = None, text: str = ""
    ) -> str | None:
        """What is sent for a choice; `None` where it fits no such question.

        Args:
            question: What is asked.
            choice: `once`, `always`, `deny` or `option`.
            option: Of a question, from 1.
            text: Why it is denied, or a free answer.
        """
        ...

    def goes_on(self, text: str) -> str | None:
        """What the waiting hook of a turn's end prints so that the agent goes on with a text.

        `None` where the end of its turn cannot be held.
        """
        ...


Stop = Callable[[], None]


class Sources(Protocol):
    """Where evidence comes from, but for the terminal. All callbacks run on the loop."""

    def hooks(self, env_uid: str, heard: Callable[[Sequence[bytes]], None]) -> Stop:
        """Tell all lines of an env's event file, those of before first."""
        ...

    def records(self, path: str, heard: Callable[[Sequence[bytes]], None]) -> Stop:
        """Tell the newest records of a conversation's file, and all that come."""
        ...

    def registry(self, kind: str, pid: int, changed: Callable[[Registry | None], None]) -> Stop:
        """Tell what an agent keeps of itself, whenever that changes.

        Args:
            kind: Of the agent; nothing is told of one that keeps nothing.
            pid: Of the program in its window.
            changed: Takes it; `None` where there is nothing of a living process.
        """
        ...

    def native(self, book: Book, changed: Callable[[Native | None, Told], None]) -> Stop:
        """Tell what an agent's own interface says; nothing of one that has none."""
        ...

    async def reply(self, book: Book, question: Question, body: str) -> bool:
        """Send an answer to whoever waits for it; False where nobody does any more."""
        ...

    async def prompt(self, book: Book, text: str) -> bool:
        """Give a prompt to an agent whose driver `takes_prompts`; False: it did not take it."""
        ...

    def loop(self, worktree: str) -> Loop | None:
        """The loop that a worktree says its agent is in."""
        ...

    def free_port(self) -> int:
        """A port of 127.0.0.1 that nobody listens on."""
        ...


class Sandbox(Protocol):
    """Walls around an agent."""

    def wrap(
        self, argv: Sequence[str], *, worktree: str, folder: str, env: Mapping[str, str]
    ) -> tuple[str, ...]:
        """The command line that runs a program behind walls, in its worktree. Blocks: tries them.

        Args:
            argv: Program and arguments.
            worktree: Where it may write.
            folder: Of the env's agent: what is told and asked goes through it.
            env: Its environment: tells where its caches and its own settings are.

        Raises:
            HiveError: Walls cannot be built here, with the remedy.
        """
        ...


class Books(Protocol):
    """What has to be known of an agent after the daemon ended, and the files of its start."""

    def folder(self, env_uid: str) -> str:
        """Of the env's agent."""
        ...

    def events(self, env_uid: str) -> str:
        """Path of the event file."""
        ...

    def read(self, env_uid: str) -> Book | None:
        """What was written last; `None` where there is nothing that can be read."""
        ...

    def write(self, book: Book) -> None:
        """Keep it, all or nothing.

        Raises:
            HiveError: The disk refused.
        """
        ...

    def prompts(self, env_uid: str) -> tuple[Prompt, ...]:
        """What was kept of the prompts that wait; none where that cannot be read."""
        ...

    def keep_prompts(self, env_uid: str, prompts: Sequence[Prompt]) -> None:
        """Keep all prompts that wait, all or nothing.

        Raises:
            HiveError: The disk refused.
        """
        ...

    def put_files(self, env_uid: str, files: Mapping[str, str]) -> None:
        """Write the files of a start into the folder.

        Raises:
            HiveError: The disk refused.
        """
        ...

    def tidy(self, env_uid: str) -> None:
        """Remove what hooks of a former start left behind."""
        ...

    def forget(self, env_uid: str) -> None:
        """Delete the folder."""
        ...
