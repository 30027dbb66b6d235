"""OpenCode: it serves its own interface, and is started, read and spoken to through that."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from hive_tui.drivers.agents.payloads import told
from hive_tui.drivers.agents.silent import Silent
from hive_tui.engine.agents.events import Event
from hive_tui.engine.agents.launches import SKILLS, Start, Wish
from hive_tui.engine.agents.signals import Question, Signal
from hive_tui.model.agent import AskKind

USER = "opencode"


class OpenCode(Silent):
    """The driver. Keeps nothing."""

    kind = "opencode"
    takes_prompts = True
    interrupt_keys = ("Escape", "Escape")

    def start(self, wish: Wish) -> Start:
        """Flags and environment; the server always has a password."""
        flags = ["--port", str(wish.port), "--hostname", "127.0.0.1"]
        if wish.session:
            flags += ["--session", wish.session]
        prompted = wish.fits
        if prompted:
            flags += [f"--prompt={wish.prompt}"]
        config: dict[str, Any] = {"skills": {"paths": [f"{wish.folder}/{SKILLS}"]}}
        files: dict[str, str] = {}
        if wish.instructions:
            config["instructions"] = [f"{wish.folder}/opencode/instructions.md"]
            files["opencode/instructions.md"] = wish.instructions
        env = {
            "OPENCODE_SERVER_PASSWORD": wish.password,
            "OPENCODE_CONFIG_CONTENT": json.dumps(config),
        }
        return Start(tuple(flags), env, files, wish.session, prompted)

    def signal(self, event: Event) -> Signal | None:
        """Only what a wrapper told: its server tells the rest."""
        return told(event)

    def prompt_line(self, lines: Sequence[bytes], cursor: tuple[int, int] | None) -> str | None:
        """Empty while it shows an example there. Asked for before its first turn only."""
        return "" if any(b"Ask anything" in line for line in lines) else None

    def can_answer(self, question: Question) -> bool:
        """Its server takes answers to permissions and questions."""
        return question.tool is not None

    def answer(
        self, question: Question, choice: str, option: int | None = None, text: str = ""
    ) -> str | None:
        """Body of the request that answers; `None` where the choice fits no such question."""
        if question.kind is AskKind.PERMISSION:
            reply = {"once": "once", "always": "always", "deny": "reject"}.get(choice)
            said = {"message": text} if reply == "reject" and text else {}
            return json.dumps({"reply": reply, **said}) if reply is not None else None
        said_text = text
        if option is not None and 0 < option <= len(question.options):
            said_text = question.options[option - 1]
        return json.dumps({"answers": [[said_text]]}) if said_text else None


def answer_path(question: Question) -> str:
    """Where on the server an answer goes."""
    room = "permission" if question.kind is AskKind.PERMISSION else "question"
    return f"/{room}/{question.id}/reply"


def credentials(password: str) -> str:
    """The `Authorization` header."""
    return "Basic " + base64.b64encode(f"{USER}:{password}".encode()).decode()
