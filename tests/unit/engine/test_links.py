"""What a dependency folder lacks, decided from what lies there and what it stands for."""

from __future__ import annotations

import pytest

from hive_tui.engine.links import FOUND, INSTALLED, INSTALLING, decide
from hive_tui.engine.protocols import Lying
from hive_tui.engine.state import LinkRecord
from hive_tui.model.plan import StepKind
from hive_tui.model.project import Link

KEYED = Link("deps", key=("lock",), install="make deps")
BARE = Link("deps", key=("lock",))


def record(mode: str, key: str = "1") -> LinkRecord:
    return LinkRecord("uid", "deps", mode, key, "", 0.0)


@pytest.mark.parametrize(
    ("what", "link", "lying", "made", "ours", "lacks"),
    [
        ("new, same key", KEYED, Lying("nothing", True), None, "1", "link"),
        ("new, another key", KEYED, Lying("nothing", True), None, "2", "install"),
        ("new, another key, no install", BARE, Lying("nothing", True), None, "2", "link"),
        ("nothing to take", KEYED, Lying("nothing", False), None, "1", "install"),
        ("nothing to take, no install", BARE, Lying("nothing", False), None, "1", None),
        ("linked, same key", KEYED, Lying("symlink", True), record("symlink"), "1", None),
        ("linked, key moved", KEYED, Lying("symlink", True), record("symlink"), "2", "install"),
        ("linked, key moved, no install", BARE, Lying("symlink", True), None, "2", "link"),
        ("own, as installed", KEYED, Lying("own", True), record(INSTALLED, "2"), "2", None),
        ("own, key moved", KEYED, Lying("own", True), record(INSTALLED, "2"), "3", "install"),
        ("own, key is main's again", KEYED, Lying("own", True), record(INSTALLED, "2"), "1",
         "install"),
        ("own, copied, key moved", KEYED, Lying("own", True), record("copy"), "2", "install"),
        ("own, key moved, no install", BARE, Lying("own", True), record("copy"), "2", None),
        ("own, install failed", KEYED, Lying("own", True), record(INSTALLING, "1"), "1",
         "install"),
        ("gone, install failed", KEYED, Lying("nothing", True), record(INSTALLING, ""), "2",
         "install"),
        ("own, somebody else's", KEYED, Lying("own", True), record(FOUND), "1", None),
        ("own, not yet seen", KEYED, Lying("own", True), None, "2", None),
        ("overlay after a reboot", Link("deps", "overlay"), Lying("empty", True),
         record("overlay"), "1", "link"),
        ("overlay, mounted", Link("deps", "overlay"), Lying("overlay", True), record("overlay"),
         "1", None),
        ("an empty folder is somebody's", KEYED, Lying("empty", True), None, "1", None),
        ("a store", KEYED, Lying("nothing", True, store="pnpm"), None, "1", "install"),
        ("a store, blocks shared", KEYED, Lying("nothing", True, store="pnpm", reflinks=True),
         None, "1", "link"),
        ("a fixed folder", KEYED,
         Lying("nothing", True, store="uv", fixed=True, reflinks=True), None, "1", "install"),
        ("a store, no install", BARE, Lying("nothing", True, store="pnpm"), None, "1", "link"),
        ("a store, mode by name", Link("deps", "symlink", ("lock",), "make deps"),
         Lying("nothing", True, store="pnpm"), None, "1", "link"),
    ],
)  # fmt: skip
def test_what_a_folder_lacks(
    what: str, link: Link, lying: Lying, made: LinkRecord | None, ours: str, lacks: str | None
) -> None:
    assert decide(link, lying, made, ours, "1") == (StepKind(lacks) if lacks else None)
