"""What a person wants of the agents: answers, prompts, interruptions. Every end is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from hive_tui.app import figures
from hive_tui.app.sending import Sender
from hive_tui.app.triage.items import Item
from hive_tui.model.environment import EnvDetail
from hive_tui.model.errors import HiveError


class Reply(msgspec.Struct, frozen=True):
    """An answer to what an agent asks."""

    choice: str
    """`once`, `always`, `deny`, `option` or `text`."""
    option: int | None = None
    """From 1."""
    text: str = ""

    @property
    def params(self) -> dict[str, Any]:
        """As the daemon takes it: words alone are an option of one's own."""
        choice = "option" if self.choice == "text" else self.choice
        more: dict[str, Any] = {"option": self.option} if self.option is not None else {}
        return {"choice": choice, **more, **({"text": self.text} if self.text else {})}

    @property
    def words(self) -> str:
        """What was said, for the toast."""
        if self.option is not None:
            return f"option {self.option}"
        said = {"once": "yes", "always": "yes, always", "deny": "no"}
        return said.get(self.choice, "answered")


class AgentIntents(Sender):
    """Intents about the agents of envs."""

    def answer(self, items: Sequence[Item], reply: Reply, refused: Callable[[Item], None]) -> None:
        """Give one answer to the same question of one or several agents.

        Args:
            items: The questions; the first answer that an agent gets counts, whoever gave it.
            reply: The answer.
            refused: Told of each that was not answered by this.
        """
        self._run(self._answer(items, reply, refused))

    async def _answer(
        self, items: Sequence[Item], reply: Reply, refused: Callable[[Item], None]
    ) -> None:
        answered = []
        for item in items:
            assert item.ask is not None, "only what is asked is answered"
            params = {"env": item.env, "ask": item.ask.id, **reply.params}
            try:
                found = await self._client.call("agent.answer", params)
            except HiveError as error:
                refused(item)
                self._failed(error, item.name)
                continue
            if _reached(found):
                answered.append(item.name)
                if why := _reason(found):
                    self._tell(f"{item.name}: {why}", "warning", timeout_s=8)
            else:
                refused(item)
                self._tell(f"{item.name}: {_reason(found) or 'not answered'}", "warning", 8)
        if answered:
            whom = answered[0] if len(answered) == 1 else figures.count(len(answered), "env")
            self._tell(f"{whom}: {reply.words}")

    def prompt(self, envs: Sequence[EnvDetail], text: str) -> None:
        """Write to the agents of envs; says of each whether it has it, or when it will."""
        self._run(self._prompt(envs, text))

    async def _prompt(self, envs: Sequence[EnvDetail], text: str) -> None:
        reached: dict[str, list[str]] = {}
        for env in envs:
            try:
                found = await self._client.call("agent.send", {"env": env.id, "text": text})
            except HiveError as error:
                self._failed(error, env.view.name)
                continue
            how = _delivery(found)
            if how:
                reached.setdefault(how, []).append(env.view.name)
            else:
                why = _reason(found) or "the agent did not take it"
                self._tell(f"{env.view.name}: not delivered: {why}", "error", timeout_s=10)
        for how, names in reached.items():
            whom = names[0] if len(names) == 1 else figures.count(len(names), "env")
            self._tell(f"{whom}: {how}")

    def unqueue(self, env: EnvDetail, prompt: str, then: Callable[[], None] | None = None) -> None:
        """Take a queued prompt back.

        Args:
            env: Whose agent would have got it.
            prompt: Its id.
            then: Called once it is out of the queue, and so cannot be delivered any more.
        """

        def done(_: Any) -> None:
            if then is not None:
                then()
            else:
                self._tell(f"{env.view.name}: the prompt is taken back")

        self._send("agent.unqueue", {"env": env.id, "id": prompt}, done)

    def seen(self, env: str) -> None:
        """The person has looked at what the agent did."""
        self._send("agent.seen", {"env": env}, lambda _: None)

    def interrupt(self, env: EnvDetail) -> None:
        """Stop what the agent does."""

        def done(_: Any) -> None:
            self._tell(f"{env.view.name}: interrupted")

        self._send("agent.interrupt", {"env": env.id}, done)

    def heal(self, env: EnvDetail) -> None:
        """Run the suites, and give what is red back to the agent."""

        def done(_: Any) -> None:
            self._tell(f"{env.view.name}: its suites run; what is red goes back to its agent")

        self._send("agent.heal", {"env": env.id}, done)

    def pin(self, envs: Sequence[EnvDetail]) -> None:
        """Pin those that are not pinned; where all are, let them go again."""
        loose = [env for env in envs if not env.pinned]
        for env in loose or envs:
            self._pin(env, bool(loose))

    def _pin(self, env: EnvDetail, pinned: bool) -> None:
        word = "pinned: first in the queue, never put to rest" if pinned else "no longer pinned"

        def done(_: Any) -> None:
            self._tell(f"{env.view.name}: {word}")

        self._send("pin", {"env": env.id, "pinned": pinned}, done)


def _reached(found: Any) -> bool:
    return isinstance(found, Mapping) and bool(found.get("delivered"))


def _reason(found: Any) -> str:
    return str(found.get("reason") or "") if isinstance(found, Mapping) else ""


def _delivery(found: Any) -> str:
    """`delivered`, or that it is queued and until when; "" where it is neither."""
    if _reached(found):
        return "delivered"
    if isinstance(found, Mapping) and found.get("queued"):
        why = _reason(found)
        return f"queued{f': {why}' if why else ' until its turn ends'}"
    return ""
