"""What a command gets from the world: folders, streams, the terminal, the daemon.

Commands reach the daemon only through a `Context`, so tests give them a scripted one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import IO, TYPE_CHECKING, Any, Protocol

from hive_tui.cli.text import Ink
from hive_tui.model.errors import HiveError, NotFoundError

if TYPE_CHECKING:
    from hive_tui.model.home import Home

OnEvent = Callable[[Any], None]


class OutputClosedError(Exception):
    """Nobody reads standard output any more.

    Not an `OSError`: a call to the daemon that prints its events would take that for its own.
    """


class Connection(Protocol):
    """One connection to the daemon, used by one thread at a time."""

    def call(
        self, method: str, params: dict[str, Any] | None = None, on_event: OnEvent | None = None
    ) -> Any:
        """Ask and wait; raises the `HiveError` that the daemon answers with."""

    def call_raw(self, method: str, params: dict[str, Any] | None = None) -> bytes:
        """Ask, and return the result as the JSON that came."""

    def close(self) -> None: ...


class Connect(Protocol):
    """Opens connections; `start` says whether a daemon is started where none runs."""

    def __call__(self, *, start: bool = True) -> Connection: ...


class Context:
    """The world of one command."""

    def __init__(
        self,
        *,
        cwd: str,
        environ: Mapping[str, str],
        connect: Connect | None = None,
        json: bool = False,
        out: IO[str] | None = None,
        err: IO[str] | None = None,
    ) -> None:
        """Create the context.

        Args:
            cwd: The caller's folder; names are inferred from it.
            environ: The caller's environment.
            connect: How to reach the daemon; `None` for the home's own socket.
            json: Print one JSON document instead of text.
            out: Standard output; `None` for the process's own.
            err: Standard error; `None` for the process's own.
        """
        self.cwd = cwd
        self.environ = environ
        self.json = json
        self.out = out or sys.stdout
        self.err = err or sys.stderr
        self._connect = connect
        self._connection: Connection | None = None
        self.ink = Ink(self.colours(self.out))

    @property
    def home(self) -> Home:
        """The folders of this hive."""
        from hive_tui.model.home import locate

        return locate(self.environ, uid=os.getuid())

    @property
    def place(self) -> dict[str, Any]:
        """Where the command was given: by its folder, and by the env that started it."""
        project, env = (self.environ.get(f"HIVE_{name}") for name in ("PROJECT", "ENV"))
        return {"cwd": self.cwd, "inside": f"{project}/{env}" if project and env else None}

    @property
    def connection(self) -> Connection:
        """The command's own connection, opened at its first use; starts a daemon if it has to."""
        if self._connection is None:
            self._connection = self.connect()
        return self._connection

    def connect(self, *, start: bool = True) -> Connection:
        """Open one more connection, for another thread. Whoever opens it closes it."""
        if self._connect is not None:
            return self._connect(start=start)
        from hive_tui.client.calls import connect

        return connect(self.home, start=start)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def call(
        self, method: str, params: dict[str, Any] | None = None, on_event: OnEvent | None = None
    ) -> Any:
        return self.connection.call(method, params, on_event)

    def resolve(self, words: list[str]) -> tuple[str, list[str]]:
        """Read an env's id off the front of the words, or infer it from the folder.

        Returns:
            `project/name`, and the words that are left.
        """
        answer = self.call("resolve", {"words": words, **self.place})
        return answer["env"], list(answer["rest"])

    def one(self, words: list[str]) -> str:
        """The env that the words name, where they may name nothing else.

        Raises:
            NotFoundError: A word is left over, so it was meant as a name and there is no such env.
        """
        env, rest = self.resolve(words)
        nothing_left(rest)
        return env

    def print(self, *lines: str) -> None:
        """Write lines to standard output, at once.

        Raises:
            OutputClosedError: Nobody reads it any more.
        """
        try:
            self.out.write("".join(line + "\n" for line in lines))
            self.out.flush()
        except BrokenPipeError:
            raise OutputClosedError from None

    def document(self, value: Any) -> None:
        """Write the command's one JSON document."""
        self.print(encode(value))

    def raw(self, document: bytes) -> None:
        """Write a JSON document as the daemon encoded it."""
        self.print(document.decode())

    def note(self, text: str) -> None:
        """Write a message for people to standard error."""
        self.err.write(text + "\n")
        self.err.flush()

    def colours(self, stream: IO[str]) -> bool:
        """Whether a stream takes colours: a terminal that is not dumb, and no NO_COLOR."""
        if self.environ.get("NO_COLOR") or self.environ.get("TERM", "dumb") == "dumb":
            return False
        return stream.isatty()

    def width(self, stream: IO[str]) -> int | None:
        """Columns of the terminal behind a stream; `None` where there is none."""
        try:
            return os.get_terminal_size(stream.fileno()).columns or None
        except (OSError, ValueError):
            return None


def encode(value: Any) -> str:
    """A value as JSON on one line."""
    import json

    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def bare(env: str) -> str:
    """The env's name without its project."""
    return env.rpartition("/")[2]


def nothing_left(rest: list[str]) -> None:
    """Raise for words that a command has no use for.

    Raises:
        NotFoundError: There are some; the first was meant as the name of an env.
    """
    if rest:
        raise NotFoundError(
            f"no environment is called {rest[0]!r}",
            hint="`hive list` shows them all",
            code="not_found",
        )


def exit_status_of(error: Mapping[str, Any] | None, outcome: str | None) -> int:
    """Exit status for a result of the daemon.

    Args:
        error: The contract's error object, perhaps with the `status` that came over the wire.
        outcome: The outcome of a transition or of a run of suites; `None` where nobody waited.
    """
    if outcome in {"succeeded", "unchanged", None} and error is None:
        return 0
    if outcome == "refused":
        return 4
    return int((error or {}).get("status") or HiveError.exit_status) or 1


def error_object(error: Mapping[str, Any]) -> dict[str, Any]:
    """The contract's error object, without what only the wire has."""
    return {key: error.get(key) for key in ("code", "message", "hint", "env")}
