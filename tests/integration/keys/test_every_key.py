"""Every key of the registry, on every screen that offers it, in a real terminal."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from hive_tui.app.actions import SCREENS, Action, offered
from tests.integration.keys.effects import EFFECTS, effect_of
from tests.integration.keys.stage import Stage

pytestmark = pytest.mark.skipif(
    shutil.which("bash") is None and not os.environ.get("CI"), reason="bash is not installed"
)

OFFERED = [(area, action) for area in SCREENS for action in offered(area)]


class Stages:
    """At most one running stage: that of the screen that is tested."""

    def __init__(self) -> None:
        self._stage: Stage | None = None
        self._area = ""

    def on(self, area: str) -> Stage:
        """The stage of a screen; that of another one ends."""
        if self._stage is None or self._area != area:
            self.close()
            self._stage, self._area = Stage(area), area
            self._stage.open()
        return self._stage

    def close(self) -> None:
        """End what runs."""
        if self._stage is not None:
            stage, self._stage = self._stage, None
            stage.close()


@pytest.fixture(scope="module")
def stages() -> Iterator[Stages]:
    """One for all keys: a dashboard is started once a screen."""
    made = Stages()
    yield made
    made.close()


@pytest.mark.parametrize(
    ("area", "action"), OFFERED, ids=[f"{area}-{action.id}" for area, action in OFFERED]
)
def test_a_key_does_what_it_is_for(stages: Stages, area: str, action: Action) -> None:
    try:
        stage = stages.on(area)
        for key in action.keys:
            stage.check(key, effect_of(area, action.id, key))
    except BaseException:
        stages.close()  # whatever it shows now, the next key begins afresh
        raise


@pytest.mark.parametrize("area", SCREENS)
def test_no_effect_is_of_an_action_that_is_not_offered(area: str) -> None:
    everywhere = {action.id for action in offered(area)}
    assert {name for name in EFFECTS[area] if not name.startswith("app.")} <= everywhere
