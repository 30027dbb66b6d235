"""What the demo's envs are meant to show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hive_tui.demo.repository import free_base, write
from hive_tui.demo.scenes import AUTH, BILLING, CART, CHECKOUT, SCENES, SEARCH, Edit, Scene


def env(state: str, wanted: str = "warm", unit: str = "never", **more: Any) -> dict[str, Any]:
    """As much of an env of `hive list --json` as a scene looks at."""
    return {
        "state": state,
        "wanted": wanted,
        "tests": [{"name": "unit", "state": unit, "stale": more.get("stale", False)}],
        "services": [{"name": "worker", "state": more.get("worker", "ready")}],
    }


@pytest.mark.parametrize(
    ("scene", "shown"),
    [
        (AUTH, env("warm", unit="passed")),
        (BILLING, env("warm", unit="failed")),
        (SEARCH, env("degraded", worker="crashed")),
        (CART, env("cold", "cold")),
        (CHECKOUT, env("warming")),
        (CHECKOUT, env("warm")),
    ],
)
def test_a_scene_is_reached_when_its_env_shows_it(scene: Scene, shown: dict[str, Any]) -> None:
    assert scene.reached(shown)


@pytest.mark.parametrize(
    ("scene", "shown"),
    [
        (AUTH, env("warm")),
        (AUTH, env("warm", unit="passed", stale=True)),
        (AUTH, env("frozen", "frozen", unit="passed")),
        (BILLING, env("warm", unit="passed")),
        (SEARCH, env("degraded", worker="backoff")),
        (SEARCH, env("degraded", "frozen", worker="crashed")),
        (CART, env("warm")),
        (CHECKOUT, env("cold", "cold")),
    ],
)
def test_a_scene_is_not_reached_before(scene: Scene, shown: dict[str, Any]) -> None:
    assert not scene.reached(shown)


def test_the_scenes_have_names_of_their_own() -> None:
    assert len({scene.name for scene in SCENES}) == len(SCENES)


def test_an_edit_replaces_the_one_place_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one two three")
    write(tmp_path, Edit("a", "two", "2"))
    assert (tmp_path / "a").read_text() == "one 2 three"


@pytest.mark.parametrize("text", ["nothing of it", "two two"])
def test_an_edit_refuses_a_file_that_has_changed(tmp_path: Path, text: str) -> None:
    (tmp_path / "a").write_text(text)
    with pytest.raises(ValueError, match="exactly once"):
        write(tmp_path, Edit("a", "two", "2"))


def test_homes_get_ports_far_from_one_another() -> None:
    bases = {free_base(f"/home/{number}") for number in range(40)}
    assert len(bases) > 30
    assert all(20000 <= base <= 32000 - 50 and base % 50 == 0 for base in bases)
