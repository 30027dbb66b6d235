"""Gives one prompt to one agent, and finds out whether it was taken.

By the agent's own interface where it has one. Else by its terminal, as a person would: paste,
wait until it stands there, Enter, and then a sign that a turn began. A second Enter is pressed only
while the text still stands in the prompt line.
"""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from hive_tui.engine.agents.agent import EnvAgent
from hive_tui.engine.agents.hearing import Phase
from hive_tui.engine.agents.prompt_rules import LOOK_AGAIN_S, Mark, Situation, took
from hive_tui.engine.agents.prompts import is_command
from hive_tui.engine.agents.protocols import (
    AGENT_WINDOW,
    Delivery,
    Screen,
    Sources,
    TerminalHost,
)
from hive_tui.model.agent import AgentState

CONFIRM_S = 5.0
"""How long an agent may take to begin a turn."""
SHOWN_S = 5.0
"""How long it may take to show what was pasted."""
_LOOK_S = 0.2
_UNTOLD = "it tells nothing of its turns, so nobody knows whether it was read"


class Giving:
    """Reaches agents by their terminals and interfaces. Keeps nothing."""

    def __init__(self, host: TerminalHost, sources: Sources) -> None:
        """Create it.

        Args:
            host: Where agents run, opened.
            sources: Reaches those that take prompts by their own interface.
        """
        self._host = host
        self._sources = sources

    def situation(self, agent: EnvAgent) -> Situation:
        """How it stands, but for its screen."""
        found = agent.finding
        return Situation(
            state=found.state,
            reason=found.reason,
            since=found.since,
            running=agent.running,
            tells=_tells(agent),
            asks=bool(found.questions),
            by_interface=agent.driver.takes_prompts and bool(agent.book.session),
            attached=self._host.attached(agent.book.env_uid),
        )

    async def look(self, agent: EnvAgent, now: Situation) -> Situation:
        """The same with what its screen shows; takes a second where a person has it before them.

        Raises:
            HiveError: Its window is gone.
        """
        if now.by_interface:
            return now
        screen = await self._screen(agent)
        moving = False
        if now.attached:
            before = screen
            await asyncio.sleep(LOOK_AGAIN_S)
            screen = await self._screen(agent)
            moving = screen != before
        line = agent.driver.prompt_line(screen.lines, screen.cursor)
        return replace(self.situation(agent), looked=True, moving=moving, line=line)

    async def give(self, agent: EnvAgent, text: str) -> Delivery:
        """Give it a prompt that nothing stands in the way of.

        Raises:
            HiveError: It could not be reached.
        """
        before = mark(agent)
        if agent.driver.takes_prompts:
            if not await self._sources.prompt(agent.book, text):
                return Delivery(False, "its server did not take it")
            begun = await self._taken(agent, before, text, CONFIRM_S)
            return Delivery(begun, None if begun else _silence("its server has it"))
        if (problem := await self._write(agent, text)) is not None:
            return Delivery(False, problem)
        await self._press(agent)
        if not _tells(agent):
            return Delivery(True, _UNTOLD)
        if await self._taken(agent, before, text, CONFIRM_S / 2):
            return Delivery(True)
        line = await self._line(agent)
        if line and not agent.finding.questions and agent.running:
            await self._press(agent)
        if await self._taken(agent, before, text, CONFIRM_S / 2):
            return Delivery(True)
        line = await self._line(agent)
        if is_command(text) and line == "":
            return Delivery(True, "it is a command, of which the agent tells nothing")
        if not agent.driver.has_hooks:
            return Delivery(True, _UNTOLD)
        if line == "" and agent.heard.phase is Phase.NOTHING:
            return Delivery(True, "its prompt line took it, but its hooks are silent")
        where = "it stands in its prompt line" if line else "its prompt line took it"
        return Delivery(False, _silence(where))

    async def _write(self, agent: EnvAgent, text: str) -> str | None:
        """Put the text into its prompt line; why Enter must not be pressed, if so."""
        uid = agent.book.env_uid
        empty = await self._screen(agent)
        if is_command(text):
            await self._host.press(uid, AGENT_WINDOW, *text)
        else:
            await self._host.paste(uid, AGENT_WINDOW, text)
        await asyncio.sleep(agent.driver.paste_pause_s)
        if not agent.driver.has_hooks:
            return None
        for _ in range(round(SHOWN_S / _LOOK_S)):
            if agent.finding.questions or agent.finding.state is AgentState.WAITING:
                return "a dialog came up as it was written, and it was not submitted: look at it"
            if not agent.running:
                return "it ended as it was written"
            screen = await self._screen(agent)
            line = agent.driver.prompt_line(screen.lines, screen.cursor)
            if line or (line is None and screen != empty):
                return None
            await asyncio.sleep(_LOOK_S)
        return "its prompt line did not take the text; nothing was submitted"

    async def _taken(self, agent: EnvAgent, before: Mark, text: str, within_s: float) -> bool:
        try:
            async with asyncio.timeout(within_s):
                await agent.until(lambda: took(before, mark(agent), text))
        except TimeoutError:
            return False
        return True

    async def _press(self, agent: EnvAgent) -> None:
        await self._host.press(agent.book.env_uid, AGENT_WINDOW, "Enter")

    async def _line(self, agent: EnvAgent) -> str | None:
        screen = await self._screen(agent)
        return agent.driver.prompt_line(screen.lines, screen.cursor)

    async def _screen(self, agent: EnvAgent) -> Screen:
        return await self._host.screen(agent.book.env_uid, AGENT_WINDOW)


def mark(agent: EnvAgent) -> Mark:
    """What changes when it takes a prompt."""
    heard, found = agent.heard, agent.finding
    return Mark(found.state, found.since, heard.prompted_at, heard.last_at)


def _tells(agent: EnvAgent) -> bool:
    return agent.driver.has_hooks or agent.heard.phase is not Phase.NOTHING


def _silence(where: str) -> str:
    return f"{where}, but no turn began within {CONFIRM_S:.0f} s: look at its screen"
