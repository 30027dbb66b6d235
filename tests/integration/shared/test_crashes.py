"""The daemon dies while parts of a shared service are made and removed: nothing is lost or left."""

from __future__ import annotations

import pytest

from tests.hives import SERVER, Yard
from tests.integration.shared.test_processes import SHELVES, shelf

TEMPLATE = """
create = "test -d .data/{{env.slug}} || cp -r .data/{{template}} .data/{{env.slug}}"
template = "seed"
template_create = "mkdir -p .data/{{template}}"
template_drop = "rm -rf .data/{{template}}"
seed = "sleep 0.1; echo row >> {{repo}}/.data/{{template}}/rows"
"""


@pytest.fixture
def seeded(yard: Yard) -> Yard:
    """An env whose part is a copy of a template; cold."""
    head, tail = SHELVES.split("create = ", 1)
    toml = head + TEMPLATE.lstrip() + tail.split("\n", 1)[1]
    yard.make_repo(toml.replace("BASE", str(yard.port_base())), {"server.py": SERVER})
    yard.hive("spawn", "one")
    return yard


@pytest.mark.parametrize(
    "point", ["seeding:store", "seeded:store", "parting:store", "parted:store", "started:store"]
)
def test_a_warm_that_is_cut_off_is_gone_on_with(seeded: Yard, point: str) -> None:
    seeded.hive("daemon", "stop")
    seeded.extra = {"HIVE_FAULT_KILL_AT": point}
    seeded.hive("warm", "one", status=None)
    seeded.extra = {}
    seeded.until(lambda: seeded.env("one")["state"] == "warm", "it is warm")
    assert (shelf(seeded, "one") / "rows").read_text() == "row\n"
    assert len(list(shelf(seeded, "one").parent.glob("seed_*"))) == 1


def test_a_part_whose_drop_failed_is_shown_and_removed_later(seeded: Yard) -> None:
    toml = (seeded.repo / "hive.toml").read_text()
    seeded.hive("spawn", "two")
    seeded.hive("warm", "one", "two")
    (seeded.repo / "hive.toml").write_text(toml.replace('drop = "rm', 'drop = "false; exit 3; rm'))
    seeded.hive("warm", "one", "two")
    seeded.hive("destroy", "one")
    seeded.hive("destroy", "two")
    seeded.until(lambda: "store of shop/one" in seeded.hive("doctor", status=None).out, "it leaks")
    (seeded.repo / "hive.toml").write_text(toml)
    seeded.hive("spawn", "three")
    assert "store of one" in seeded.hive("gc", status=4).err
    seeded.hive("gc", "--yes")
    assert not shelf(seeded, "one").exists()
    assert "nothing is left over" in seeded.hive("gc").out


def test_a_template_that_no_env_uses_any_more_is_removed(seeded: Yard) -> None:
    seeded.hive("warm", "one")
    toml = (seeded.repo / "hive.toml").read_text()
    (seeded.repo / "hive.toml").write_text(toml.replace("echo row", "echo other"))
    seeded.hive("spawn", "two", "--warm")
    seeded.hive("spawn", "three")
    seeded.hive("destroy", "one")
    seeded.hive("destroy", "three")
    folder = shelf(seeded, "one").parent
    seeded.until(lambda: not shelf(seeded, "one").exists(), "the part is dropped")
    assert len(list(folder.glob("seed_*"))) == 2
    seeded.hive("gc", "--yes")
    assert len(list(folder.glob("seed_*"))) == 1
    assert (shelf(seeded, "two") / "rows").read_text() == "other\n"
