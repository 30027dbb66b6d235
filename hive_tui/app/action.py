"""One thing that a person can do, and the screens where it can be offered."""

from __future__ import annotations

import msgspec

from hive_tui.app.keynames import shown
from hive_tui.app.possible import Reason, Situation, alone
from hive_tui.model.environment import EnvDetail

FLEET, ENV, LOGS, HELP, WELCOME = "fleet", "env", "logs", "help", "welcome"
MESSAGES, TRIAGE = "messages", "triage"
SCREENS = (FLEET, ENV, TRIAGE, LOGS, HELP, WELCOME, MESSAGES)
"""Screens that have keys."""

TOUR = "tour"
"""Laid over a screen: its keys come before those of the screen."""

AREAS = (*SCREENS, TOUR)
"""Everything that has keys."""

DIGITS = tuple("123456789")
"""Keys of an action to which each digit means something else."""


class Action(msgspec.Struct, frozen=True):
    """One thing that a person can do."""

    id: str
    """`area.verb`."""
    keys: tuple[str, ...]
    """Textual's key names; the first one is shown."""
    label: str
    """One or two words, for the footer."""
    help: str
    """One sentence; `{env.warm}` stands for the key of that action."""
    where: tuple[str, ...]
    """Screens that offer it."""
    reason: Reason
    footer: int = 0
    """Place in the footer, from 1; 0: not there."""
    many: bool = False
    """Whether it is done to all marked envs."""

    def refusal(self, now: Situation) -> str | None:
        """Why it is not possible now; `None`: it is, for one of the envs at least."""
        if not (self.many and now.chosen):
            return self.reason(now)
        reasons = [self.reason(alone(now, env)) for env in now.chosen]
        return None if None in reasons else reasons[0]

    def targets(self, now: Situation) -> tuple[EnvDetail, ...]:
        """The envs that it would be done to: of the marked ones those for which it is possible."""
        if self.many and now.chosen:
            return tuple(env for env in now.chosen if self.reason(alone(now, env)) is None)
        return (now.env,) if now.env is not None else ()

    @property
    def palette(self) -> str:
        """Its entry in the command palette."""
        area = self.id.partition(".")[0]
        return f"{area}: {self.label}"

    @property
    def shown_key(self) -> str:
        """The first key as people write it; `1-9` where every digit has its own meaning."""
        return "1-9" if self.keys == DIGITS else shown(self.keys[0])
