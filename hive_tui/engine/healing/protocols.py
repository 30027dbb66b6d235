"""What healing asks of others: to hold an agent at the end of its turn, and to prompt it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from hive_tui.engine.agents.protocols import Delivery

if TYPE_CHECKING:
    from hive_tui.engine.live import LiveEnv


class Gates(Protocol):
    """Hooks that wait at the end of a turn. None waits longer than the daemon lives."""

    def open(self, env_uid: str) -> None:
        """Let hooks of an env wait from now on."""
        ...

    def shut(self, env_uid: str) -> None:
        """Let none wait; those that do go on."""
        ...

    def waits(self, env_uid: str, pipe: str) -> bool:
        """Whether the hook of a pipe still waits."""
        ...

    def answer(self, env_uid: str, pipe: str, body: str) -> bool:
        """Let the hook of a pipe print something and go; False where it waits no more.

        Args:
            env_uid: Of the env.
            pipe: As the hook told it.
            body: One line; empty: nothing is printed, and the turn ends.
        """
        ...

    def close(self) -> None:
        """Shut all."""
        ...


class Teller(Protocol):
    """Prompts agents."""

    async def tell(self, live: LiveEnv, text: str) -> Delivery:
        """Prompt the agent of an env now, or say why not: never over a dialog or a draft."""
        ...
