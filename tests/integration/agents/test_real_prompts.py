"""Prompts to the real programs, at their real prompt lines."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import OnTerminal
from tests.hives import Yard
from tests.integration.agents.test_real import KINDS, Real
from tests.models.server import ModelServer

pytestmark = pytest.mark.timeout(400)

F12 = "\x1b[24~"
SCREEN_KINDS = ("claude", "codex", "gemini")
"""Those that take prompts on their screens only."""


@pytest.fixture
def model() -> Iterator[ModelServer]:
    server = ModelServer()
    yield server
    server.close()


@pytest.fixture
def made(request: pytest.FixtureRequest, yard: Yard, model: ModelServer) -> Real:
    if request.param == "gemini" and yard.folder.parent.stat().st_mode & stat.S_IWOTH:
        pytest.skip("gemini takes no hooks below a folder that others may write to: set TMPDIR")
    return Real(yard, request.param, model)


def _send(made: Real, text: str) -> dict[str, Any]:
    sent: dict[str, Any] = made.desk.call("agent.send", env="auth", text=text)
    return sent


def _queue(made: Real) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = made.desk.call("agent.queue", env="auth")["queued"]
    return found


@pytest.mark.parametrize("made", KINDS, indirect=True)
def test_prompts_reach_it_one_after_another(made: Real) -> None:
    made.desk.yard.hive("spawn", "auth", "--agent", made.kind)
    made.desk.yard.until(lambda: made.desk.state("auth") in ("idle", "done"), "it has started")
    first = _send(made, "go\non {{say:first done}}")
    made.desk.yard.until(lambda: _queue(made) == [], f"the first prompt was delivered: {first}")
    made.desk.becomes("auth", "done")
    second = _send(made, "and then {{say:second done}}")
    made.desk.yard.until(lambda: _queue(made) == [], f"the second prompt was delivered: {second}")
    made.desk.becomes("auth", "done")


@pytest.mark.parametrize("made", SCREEN_KINDS, indirect=True)
def test_its_draft_is_left_alone(made: Real, on_terminal: OnTerminal) -> None:
    made.spawn("go {{say:one}}")
    made.desk.becomes("auth", "done")
    person = on_terminal("open", "auth", "agent")
    person.until_shown("F12")
    person.press("half a thought")
    person.until_shown("half a thought")
    person.press(F12)
    assert person.ended() == 0
    sent = _send(made, "go on {{say:two}}")
    assert sent["queued"], sent
    assert "half a thought" in sent["reason"]


@pytest.mark.parametrize("made", SCREEN_KINDS, indirect=True)
def test_without_tmux_its_prompt_line_is_found_as_well(made: Real) -> None:
    made.desk.yard.extra["HIVE_TERMINALS"] = "pty"
    made.spawn("go {{say:one}}")
    made.desk.becomes("auth", "done")
    sent = _send(made, "go on {{say:two}}")
    made.desk.yard.until(lambda: _queue(made) == [], f"the prompt was delivered: {sent}")
    made.desk.becomes("auth", "done", "two")
    made.desk.yard.hive("destroy", "auth", "--force")
