"""The real programs, with hooks that really fire, against a model that follows a script."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hives import Yard
from tests.integration.agents import real
from tests.integration.agents.conftest import Desk
from tests.models.server import ModelServer

pytestmark = pytest.mark.timeout(400)

KINDS = ("claude", "codex", "gemini", "opencode")
PATIENCE_S = 150.0
"""Some take ten seconds to begin where nobody else works."""
FLAGS = {"claude": " --permission-mode default"}


@pytest.fixture
def model() -> Iterator[ModelServer]:
    made = ModelServer()
    yield made
    made.close()


class Real:
    """A hive with one real agent in its hive.toml."""

    def __init__(self, yard: Yard, kind: str, model: ModelServer) -> None:
        run = real.program(kind) + FLAGS.get(kind, "")
        home = yard.folder / "person"
        home.mkdir()
        tree = yard.trees / "auth"
        more = real.settings(kind, home, [yard.repo, tree], model.url)
        env = "".join(f"{name} = {json.dumps(value)}\n" for name, value in more.items())
        yard.extra = {**yard.extra, "HOME": str(home)}
        yard.make_repo(
            textwrap.dedent(
                f"""
                [agents.{kind}]
                kind = "{kind}"
                run = "{run}"
                [env]
                http_proxy = "http://127.0.0.1:9"
                https_proxy = "http://127.0.0.1:9"
                no_proxy = "127.0.0.1"
                """
            )
            + env
        )
        self.desk = Desk(yard)
        self.desk.deadline_s = PATIENCE_S
        self.kind = kind

    def spawn(self, prompt: str) -> None:
        self.desk.yard.hive("spawn", "auth", "--agent", self.kind, "--prompt", prompt)

    @property
    def worktree(self) -> Path:
        return Path(self.desk.yard.env("auth")["worktree"])


@pytest.fixture
def made(request: pytest.FixtureRequest, yard: Yard, model: ModelServer) -> Real:
    return Real(yard, request.param, model)


@pytest.mark.parametrize("made", KINDS, indirect=True)
def test_a_turn_that_was_asked_for_is_done(made: Real) -> None:
    made.spawn("go {{say:all is well}}")
    made.desk.becomes("auth", "done")
    agent = made.desk.agent("auth")
    assert agent["kind"] == made.kind
    assert made.desk.yard.env("auth")["git"]["dirty"] == 0


@pytest.mark.parametrize("made", ["claude"], indirect=True)
def test_claude_asks_and_is_answered_from_outside(made: Real) -> None:
    made.spawn("go {{run:touch asked}}{{ask:Which one?}}{{say:both}}")
    made.desk.becomes("auth", "waiting", "permission: Bash(touch asked)")
    ask = made.desk.ask("auth")
    assert made.desk.call("agent.answer", env="auth", ask=ask, choice="once")["delivered"]
    made.desk.becomes("auth", "waiting", "question: Which one?")
    assert (made.worktree / "asked").exists()
    told = made.desk.call(
        "agent.answer", env="auth", ask=made.desk.ask("auth"), choice="option", option=2
    )
    assert told["delivered"]
    made.desk.becomes("auth", "done", "both")


@pytest.mark.parametrize("made", ["claude"], indirect=True)
def test_claude_that_is_denied_goes_on_without(made: Real) -> None:
    made.spawn("go {{run:touch asked}}{{say:without}}")
    made.desk.becomes("auth", "waiting")
    ask = made.desk.ask("auth")
    assert made.desk.call("agent.answer", env="auth", ask=ask, choice="deny")["delivered"]
    made.desk.becomes("auth", "done", "without")
    assert not (made.worktree / "asked").exists()


@pytest.mark.parametrize("made", ["opencode"], indirect=True)
def test_opencode_asks_and_is_answered_by_its_server(made: Real) -> None:
    made.spawn("go {{run:touch asked}}{{say:both}}")
    made.desk.becomes("auth", "waiting", "permission: bash(touch asked)")
    ask = made.desk.ask("auth")
    assert made.desk.call("agent.answer", env="auth", ask=ask, choice="once")["delivered"]
    made.desk.becomes("auth", "done")
    assert (made.worktree / "asked").exists()


@pytest.mark.parametrize("made", ["claude", "codex", "opencode"], indirect=True)
def test_an_interrupted_turn_is_idle(made: Real) -> None:
    made.spawn("go {{slow:60}}")
    made.desk.becomes("auth", "working")
    made.desk.yard.until(lambda: _asked(made), "the model speaks")
    made.desk.yard.hive("agent", "interrupt", "auth")
    made.desk.becomes("auth", "idle", "was interrupted")


@pytest.mark.parametrize("made", ["claude", "codex", "opencode"], indirect=True)
def test_an_error_of_the_model_is_an_error(made: Real) -> None:
    made.spawn("go {{fail:400}}")
    made.desk.becomes("auth", "error")


@pytest.mark.parametrize("made", ["codex", "gemini"], indirect=True)
def test_a_tool_runs_and_the_turn_ends(made: Real) -> None:
    made.spawn("go {{run:echo x}}{{say:ran}}")
    if made.kind == "gemini":
        made.desk.becomes("auth", "waiting")
        return
    made.desk.becomes("auth", "done", "ran")


@pytest.mark.parametrize("made", ["claude", "codex", "gemini", "opencode"], indirect=True)
def test_a_stopped_agent_goes_on_with_its_conversation(made: Real) -> None:
    made.spawn("go {{say:one}}")
    made.desk.becomes("auth", "done")
    made.desk.yard.hive("agent", "stop", "auth")
    made.desk.becomes("auth", "gone", "it was stopped")
    made.desk.yard.hive("agent", "start", "auth")
    made.desk.becomes("auth", "idle")


def _asked(made: Real) -> bool:
    return made.desk.state("auth") == "working"
