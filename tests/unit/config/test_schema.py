"""The schema, the model's defaults and the reference page say the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hive_tui.config.problems import nearest, show
from hive_tui.config.reference import markdown
from hive_tui.config.schema import json_schema

_PAGE = Path(__file__).parents[3] / "docs" / "hive-toml.md"


def test_the_reference_page_is_up_to_date() -> None:
    assert _PAGE.read_text(encoding="utf-8") == markdown(), (
        "run: python -m hive_tui.config.reference docs/hive-toml.md"
    )


def test_every_key_of_the_page_has_a_meaning() -> None:
    rows = [line.split(" | ") for line in markdown().splitlines() if line.startswith("| `")]

    assert len(rows) > 60
    assert [row for row in rows if not row[-1].strip(" |")] == []


def test_the_json_schema_is_json_and_refuses_unknown_keys() -> None:
    schema = json.loads(json.dumps(json_schema()))

    assert schema["$schema"].startswith("https://json-schema.org/")
    tables = schema["$defs"]
    assert len(tables) == 22
    assert all(table["additionalProperties"] is False for table in tables.values())
    assert all(table["description"] for table in tables.values())


@pytest.mark.parametrize(
    ("word", "names", "near"),
    [
        ("bd", ["migrate", "db"], "db"),
        ("servces", ["tests", "services"], "services"),
        ("Web", ["web"], "web"),
        ("xyz", ["run", "image"], None),
        ("", ["a"], "a"),
        ("a", [], None),
        ("x" * 10000, ["x" * 10001], None),
    ],
)
def test_the_nearest_name_is_a_slip_away(word: str, names: list[str], near: str | None) -> None:
    assert nearest(word, names) == near


def test_a_value_is_shown_on_one_printable_line() -> None:
    for value in ["a\nb\x1b[2J\x9b\u202e\x7f", 1.5, True, {}, [], 10**80, "é" * 100]:
        shown = show(value)
        assert shown.isprintable()
        assert len(shown) < 80
