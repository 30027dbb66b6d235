"""What a scripted model answers: the script is in the prompt, and the server remembers nothing.

Steps, in order, one for each turn of the model:

    {{say:TEXT}}           ends the turn
    {{run:CMD}}            calls the agent's tool for commands
    {{ask:QUESTION}}       calls its tool for questions
    {{tool:NAME|JSON}}     calls that tool
    {{fail:STATUS}}        answers with that status
    {{slow:SECONDS}}       says words for so long

The newest message of the user that holds a step is the script, so what a hook feeds back may go on
with another one. Without steps it says so; without tools it makes up a title.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

STEP = re.compile(r"\{\{(say|run|ask|fail|slow|tool):(.*?)\}\}", re.DOTALL)

SHELLS = ("Bash", "bash", "exec_command", "shell_command", "shell", "run_shell_command")
QUESTIONS = ("AskUserQuestion", "question", "request_user_input", "ask_user")

Json = Mapping[str, Any]


class Answer(NamedTuple):
    """What the model does."""

    kind: str
    """`say`, `slow`, `fail` or `call`."""
    text: str = ""
    """What it says, the seconds, or the status."""
    tool: str = ""
    given: dict[str, Any] = {}


class Said(NamedTuple):
    """One part of a conversation."""

    role: str
    """`user`, `assistant` or `tool`."""
    text: str = ""


def answer(conversation: list[Said], tools: Mapping[str, Json]) -> Answer:
    """The next step of the newest script.

    Args:
        conversation: Oldest first.
        tools: Name -> JSON Schema of its input.
    """
    if not tools:
        return Answer("say", "Scripted title")
    scripts = [
        at for at, said in enumerate(conversation) if said.role == "user" and STEP.search(said.text)
    ]
    if not scripts:
        return Answer("say", "there is no script")
    steps = STEP.findall(conversation[scripts[-1]].text)
    done, before = 0, ""
    for said in conversation[scripts[-1] + 1 :]:
        done += said.role == "assistant" != before
        before = said.role
    if done >= len(steps):
        return Answer("say", "that was all")
    kind, given = steps[done]
    return _step(kind, given, tools)


def _step(kind: str, given: str, tools: Mapping[str, Json]) -> Answer:
    if kind == "tool":
        name, _, body = given.partition("|")
        return Answer("call", tool=name, given=json.loads(body or "{}"))
    if kind == "run":
        said = {"command": given, "cmd": given, "description": "scripted"}
        return _call(SHELLS, said, tools)
    if kind == "ask":
        options = [{"label": word, "description": word.lower()} for word in ("Yes", "No")]
        question = {
            "id": "q1",
            "type": "choice",
            "header": "Scripted",
            "question": given,
            "options": options,
            "multiSelect": False,
            "multiple": False,
        }
        return _call(QUESTIONS, {"questions": [question]}, tools)
    return Answer(kind, given)


def _call(names: tuple[str, ...], given: dict[str, Any], tools: Mapping[str, Json]) -> Answer:
    """Call the first of the tools that there is, with what its schema knows."""
    name = next((name for name in names if name in tools), None)
    if name is None:
        return Answer("say", f"none of {', '.join(names)} is there")
    known = tools[name].get("properties") or given
    return Answer("call", tool=name, given={key: given[key] for key in given if key in known})


def texts(content: object) -> Iterator[str]:
    """The texts of a message, whatever shape it has."""
    if isinstance(content, str):
        yield content
    for block in content if isinstance(content, list) else []:
        if isinstance(block, dict) and isinstance(block.get("text"), str):
            yield block["text"]
