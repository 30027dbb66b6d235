"""What agents read about their env, kept true while they work."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from hive_tui.engine import skill
from hive_tui.engine.agents.protocols import Books
from hive_tui.engine.live import LiveEnv
from hive_tui.engine.skill import SkillFacts
from hive_tui.model.errors import HiveError

log = logging.getLogger(__name__)

_POINTER = (
    "You work in the environment {env} of the project {project}, one of several on this machine. "
    "Its ports, running services, logs and checks, and what it shares with others, are described "
    "in the skill `hive`, which is the file {path}. Read it before you start a server, pick a "
    "port, install dependencies, run tests or look for a log. It is written anew when something "
    "of it changes."
)


class Knowledge:
    """Writes the skill of an env for its agent, and again when there is something else to say."""

    def __init__(
        self,
        books: Books,
        template: Callable[[], str],
        program: Callable[[Mapping[str, str]], str],
    ) -> None:
        """Create it; nothing is written yet.

        Args:
            books: Writes files of agents.
            template: The shipped one.
            program: How processes with such variables call the product.
        """
        self._books = books
        self._template = template
        self._program = program
        self._written: dict[str, SkillFacts] = {}

    def text(self, live: LiveEnv) -> str:
        """The env's skill as it would be written now."""
        return skill.render(self._facts(live), self._template())

    def pointer(self, live: LiveEnv, file: str) -> str:
        """What an agent is told at its start: where the skill is, and what for.

        Args:
            live: The env.
            file: Path of the skill in the agent's folder.
        """
        record = live.record
        path = f"{self._books.folder(record.uid)}/{file}"
        return _POINTER.format(env=record.name, project=record.project, path=path)

    def put(self, live: LiveEnv, file: str) -> None:
        """Write the skill where what is so has changed since the last time.

        Raises:
            HiveError: The disk refused.
        """
        uid, found = live.record.uid, self._facts(live)
        if self._written.get(uid) != found:
            self._books.put_files(uid, {file: skill.render(found, self._template())})
            self._written[uid] = found

    def put_quietly(self, live: LiveEnv, file: str) -> None:
        """The same; a disk that refuses is tried again the next time."""
        try:
            self.put(live, file)
        except HiveError as error:
            log.warning("env=%s its skill could not be written: %s", live.id, error)

    def forget(self, env_uid: str) -> None:
        """Write it anew the next time."""
        self._written.pop(env_uid, None)

    def _facts(self, live: LiveEnv) -> SkillFacts:
        variables = live.world.launcher.variables(live.project, live.record)
        return skill.facts(live, program=self._program(variables))
