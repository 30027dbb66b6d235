"""Tells whether the socket that listens on a service's port is the service's own."""

from __future__ import annotations

from collections.abc import Callable

from hive_tui.engine.protocols import Clock, Identity, Listener, Listening, Processes
from hive_tui.model.errors import HiveError

AGAIN_S = 0.05
"""After which the same sockets are looked at again: they may have been handed on."""
SEARCH_S = 0.25
"""Between two searches of all processes."""
STRANGER_S = 0.5
"""For how long a stranger has to be seen before it counts: what runs before us may be ending."""


class PortTakenError(HiveError):
    """Somebody else listens on the service's port."""

    default_code = "port_taken"

    def __init__(self, message: str, *, port: int, pid: int | None, program: str | None) -> None:
        super().__init__(
            message,
            hint="end that process, or set another `[ports] base` and spawn the env again",
        )
        self.port = port
        self.pid = pid
        self.program = program


def taken(
    source: str, port: int, pid: int | None, program: Callable[[int], str | None]
) -> PortTakenError:
    """The error that names the stranger; `pid` is `None` where the system does not tell."""
    name = None if pid is None else program(pid)
    who = "a process of another user" if pid is None else f"pid {pid} ({name or 'unknown program'})"
    return PortTakenError(
        f"port {port} of {source} is taken by {who}", port=port, pid=pid, program=name
    )


class PortOwner:
    """Judges the listeners of one port for one service, again and again, as cheaply as it can."""

    def __init__(
        self,
        source: str,
        port: int,
        identity: Identity,
        listening: Listening,
        processes: Processes,
        clock: Clock,
    ) -> None:
        self._source = source
        self._port = port
        self._identity = identity
        self._listening = listening
        self._processes = processes
        self._clock = clock
        self._judged: tuple[Listener, ...] = ()
        self._judged_at = 0.0
        self._searched_at: float | None = None
        self._stranger_since: float | None = None

    def own(
        self,
        listeners: tuple[Listener, ...],
        *,
        others_users: bool,
        program: Callable[[int], str | None],
    ) -> bool:
        """Whether a member of the service's session holds one of the sockets.

        Args:
            listeners: What listens on the port; not empty.
            others_users: Also true where the system does not tell who holds it.
            program: Name of the program that a pid runs.

        Raises:
            PortTakenError: The same stranger's socket is there for half a second.
        """
        now = self._clock.monotonic()
        if listeners == self._judged and now - self._judged_at < AGAIN_S:
            return False
        if listeners != self._judged:
            self._stranger_since = self._searched_at = None
        self._judged, self._judged_at = listeners, now
        near = self._processes.descendants(self._identity)
        if self._held(listeners, near):
            return True
        members = self._processes.members(self._identity)
        if self._held(listeners, members):
            return True
        if self._searched_at is not None and now - self._searched_at < SEARCH_S:
            return False
        self._searched_at = now
        pid = next((p for p in map(self._listening.owner, listeners) if p is not None), None)
        if pid is None:
            self._stranger_since = None
            return others_users
        if pid in members:
            return True
        if self._stranger_since is None:
            self._stranger_since = now
        if now - self._stranger_since >= STRANGER_S:
            raise taken(self._source, self._port, pid, program)
        return False

    def _held(self, listeners: tuple[Listener, ...], pids: tuple[int, ...]) -> bool:
        return any(self._listening.owner(each, pids) is not None for each in listeners)
