"""What is needed to start a coding agent, and what its driver makes of it. Values only."""

from __future__ import annotations

import msgspec

SKILLS = "skills"
"""Folder, in `Wish.folder`, with a folder per skill."""
SKILL = f"{SKILLS}/hive/SKILL.md"
"""What agents read of their env, for those that are not bound to another place."""


LONGEST_PROMPT = 64 * 1024
"""Bytes of a prompt that goes with the command line."""


class Wish(msgspec.Struct, frozen=True):
    """An agent that is to be started in an env."""

    env: str
    """`project/name`."""
    worktree: str
    folder: str
    """Of this env's agent, outside the worktree: what is written for it goes there."""
    run: str
    """Id of this start: what is told with another one is not its own."""
    hook: tuple[str, ...]
    """The hook command, without the kind."""
    session: str = ""
    """Conversation to go on with; empty: a new one."""
    fresh: str = ""
    """A new UUID, for agents that may be given the id of a new conversation."""
    prompt: str = ""
    port: int = 0
    """A free port on 127.0.0.1, for agents that serve."""
    password: str = ""
    """For the same."""
    instructions: str = ""
    """Text that the agent gets beside its own; empty: none."""
    trusted: dict[str, str] = {}
    """Hash of each hook by its key, for agents that run none that nobody looked at."""

    @property
    def fits(self) -> bool:
        """Whether there is a prompt that can go with the command line."""
        return bool(self.prompt) and len(self.prompt.encode()) <= LONGEST_PROMPT


class Start(msgspec.Struct, frozen=True):
    """How to start it: flags and environment, and files that lie in `Wish.folder`."""

    flags: tuple[str, ...] = ()
    """Behind the command of hive.toml."""
    env: dict[str, str] = {}
    files: dict[str, str] = {}
    """Path in the folder -> content."""
    session: str = ""
    """Its conversation, where that is known beforehand."""
    prompted: bool = False
    """Whether the prompt goes with it; else it has to be delivered once the agent can take it."""
