"""Blocking calls to the daemon, for commands and hooks. Standard library only, and little of it.

It neither starts the daemon itself (`client.starting` does) nor decodes what it may pass through.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from typing import Any

from hive_tui import __version__
from hive_tui.model.errors import HiveError, from_wire
from hive_tui.model.framing import ANY_PROTOCOL, MAX_LINE_BYTES, PROTOCOL
from hive_tui.model.home import Home
from hive_tui.peer import peer_uid

HELLO_TIMEOUT_S = 10.0
"""How long a daemon may take to greet; then it hangs."""


class NoDaemonError(HiveError):
    """No daemon runs for this home."""

    default_code = "no_daemon"


def connect(home: Home, start: bool = True) -> Connection:
    """Reach the daemon.

    Args:
        home: Whose daemon.
        start: Start it where none runs.

    Raises:
        NoDaemonError: None runs and `start` is false.
        HiveError: It cannot be started, hangs, or belongs to another user.
    """
    try:
        return dial(home)
    except NoDaemonError:
        if not start:
            raise
    from hive_tui.client import starting

    starting.ensure(home)
    return dial(home)


def dial(home: Home) -> Connection:
    """Connect to the daemon that runs and exchange greetings.

    Raises:
        NoDaemonError: None runs, or it ends at this moment.
        HiveError: It hangs or belongs to another user.
    """
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        link.settimeout(HELLO_TIMEOUT_S)
        link.connect(str(home.socket))
        check_owner(link, home)
        return Connection(link, home)
    except (FileNotFoundError, ConnectionError):
        link.close()
        raise no_daemon(home) from None
    except TimeoutError:
        link.close()
        raise HiveError(
            f"the daemon at {home.socket} does not answer",
            hint=f"`hive daemon logs` may say why; `kill -9 {_pid(home)}` loses no service",
            code="daemon_stuck",
        ) from None
    except OSError as error:
        link.close()
        raise HiveError(
            f"cannot reach the daemon at {home.socket}: {error.strerror}",
            hint="the socket and its folder have to belong to you",
            code="no_access",
        ) from None
    except BaseException:
        link.close()
        raise


def check_owner(link: Any, home: Home) -> None:
    """Refuse a socket that another user serves: a folder under /tmp can be anybody's.

    Raises:
        HiveError: The other end is not this user (nor root).
    """
    owner = peer_uid(link)
    if owner not in (None, 0, os.getuid()):
        raise HiveError(
            f"{home.socket} is served by another user (uid {owner})",
            hint="remove that folder, or set HIVE_HOME to a folder of your own",
            code="foreign_daemon",
        )


def no_daemon(home: Home) -> NoDaemonError:
    """The error for a home without a daemon."""
    return NoDaemonError(f"no daemon runs at {home.socket}", hint="`hive daemon start`")


def _pid(home: Home) -> str:
    """What the daemon wrote into its lock."""
    try:
        return home.lock.read_text().strip() or "PID"
    except OSError:
        return "PID"


def gone() -> HiveError:
    """The error for a daemon that went away during a call."""
    return HiveError(
        "the daemon went away during the call; services go on",
        hint="`hive list` starts it again and shows what became of it",
        code="disconnected",
    )


def version_mismatch(version: str) -> HiveError:
    """The error for a daemon that speaks another protocol."""
    return HiveError(
        f"daemon {version} runs, this is {__version__}, and they do not understand each other",
        hint="`hive daemon stop`, then try again; services go on",
        code="version",
    )


class Connection:
    """An open line to the daemon; one call at a time."""

    def __init__(self, link: socket.socket, home: Home) -> None:
        """Greet over a connected socket, whose owner this becomes.

        Raises:
            ConnectionError: The other side closed before it greeted.
        """
        self._link = link
        self._reader = link.makefile("rb")
        self._calls = 0
        hello = {"version": __version__, "protocol": PROTOCOL, "pid": os.getpid()}
        try:
            link.sendall(json.dumps({**hello, "home": str(home.state)}).encode() + b"\n")
            greeting = json.loads(self._line())
        except BaseException:
            self.close()
            raise
        self.hello: dict[str, Any] = greeting
        """What the daemon said of itself: version, protocol, pid, home."""
        link.settimeout(None)

    def call(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        on_event: Callable[[Any], None] | None = None,
    ) -> Any:
        """Call a method and wait for its result.

        Args:
            method: One of the daemon's methods.
            params: Its parameters as plain JSON values.
            on_event: Gets each event of the call as plain JSON values.

        Raises:
            HiveError: The daemon refused or failed, or went away.
        """
        return json.loads(self._exchange(method, params or {}, on_event))

    def call_raw(self, method: str, params: dict[str, Any] | None = None) -> bytes:
        """The same, but the result as the JSON that the daemon sent, to be passed through."""
        return self._exchange(method, params or {}, None)

    def close(self) -> None:
        """Hang up. The daemon ends the running call; what it began for it may go on."""
        self._reader.close()
        self._link.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _exchange(
        self, method: str, params: dict[str, Any], on_event: Callable[[Any], None] | None
    ) -> bytes:
        if self.hello.get("protocol") != PROTOCOL and method not in ANY_PROTOCOL:
            raise version_mismatch(str(self.hello.get("version")))
        self._calls += 1
        request = {"id": self._calls, "method": method, "params": params}
        try:
            self._link.sendall(json.dumps(request).encode() + b"\n")
            reply = self._reply(on_event)
            if method == "daemon.stop":  # it hangs up once its socket is gone: wait for that,
                self._reader.read()  # so that the next command does not meet it again
        except (OSError, ValueError):
            self.close()
            raise gone() from None
        except BaseException:  # Ctrl-C, or the event was not wanted: the rest must not be read
            self.close()
            raise
        if isinstance(reply, bytes):
            return reply
        raise from_wire(reply)

    def _reply(self, on_event: Callable[[Any], None] | None) -> bytes | dict[str, Any]:
        """Read up to the last reply: the raw result, or the error object."""
        head = b'{"id":%d,"result":' % self._calls  # the server writes the keys in this order
        tail = b',"done":true}\n'
        while True:
            line = self._line()
            if line.startswith(head) and line.endswith(tail):
                return line[len(head) : -len(tail)]
            reply = json.loads(line)
            if error := reply.get("error"):
                return dict(error)
            if reply.get("done"):
                return json.dumps(reply.get("result")).encode()
            if on_event is not None and "event" in reply:
                on_event(reply["event"])

    def _line(self) -> bytes:
        line = self._reader.readline(MAX_LINE_BYTES)
        if not line.endswith(b"\n"):
            raise ConnectionResetError("the connection ended")
        return line
