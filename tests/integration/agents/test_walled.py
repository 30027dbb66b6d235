"""An agent behind walls: it works, it is heard and answered, and it does not get out."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from hive_tui.drivers import sandbox
from hive_tui.model.errors import NotAvailableError
from tests import scripted_agent
from tests.integration.agents.conftest import Desk

WALLED = f"""
[agents.walled]
kind = "claude"
run = "{sys.executable} agent.py"
sandbox = "bwrap"
"""


@pytest.fixture
def walled(desk: Desk) -> Desk:
    """The desk, with an agent behind walls."""
    try:
        sandbox.check()
    except NotAvailableError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(error.message)
        pytest.skip(error.message)
    with (desk.yard.repo / "hive.toml").open("a") as file:
        file.write(WALLED)
    desk.yard.write("agent.py", Path(scripted_agent.__file__).read_text())
    desk.yard.commit("with an agent")
    return desk


def test_it_works_is_heard_and_is_answered(walled: Desk) -> None:
    prompt = "{run:echo hi > x}{ask:touch asked}{say:did}"
    walled.yard.hive("spawn", "auth", "--agent", "walled", "--prompt", prompt)
    walled.becomes("auth", "waiting", "permission")
    told = walled.call("agent.answer", env="auth", ask=walled.ask("auth"), choice="once")
    assert told["delivered"], told
    walled.becomes("auth", "done", "did")
    tree = Path(walled.yard.env("auth")["worktree"])
    assert (tree / "x").read_text() == "hi\n"
    assert (tree / "asked").exists()


def test_what_is_not_its_own_it_cannot_change(walled: Desk) -> None:
    main, home = walled.yard.repo, walled.yard.folder
    before = sorted(main.iterdir())
    outside = f"touch {main}/out; touch {home}/out; echo evil >> {main}/.git/config"
    prompt = f"{{run:{outside}; true}}{{say:tried}}"
    walled.yard.hive("spawn", "auth", "--agent", "walled", "--prompt", prompt)
    walled.becomes("auth", "done", "tried")
    assert sorted(main.iterdir()) == before
    assert not (home / "out").exists()
    assert "evil" not in (main / ".git" / "config").read_text()
