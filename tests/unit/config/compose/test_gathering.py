"""Several compose files as one: overrides, extends, include."""

from __future__ import annotations

from typing import Any

from hive_tui.config.compose.taking import Request, take
from tests.unit.config.compose.files import Texts, took


def _services(texts: dict[str, str], *files: str) -> dict[str, dict[str, Any]]:
    taken = take(Request(files or tuple(texts)[:1]), Texts(texts), known={})
    assert taken.problems == ()
    return taken.services


def test_a_later_file_goes_over_an_earlier_one() -> None:
    base = """
services:
  a:
    image: i:1
    command: [a, b]
    environment: [X=1, Y=1]
    ports: ["80:80"]
    volumes: [./one:/x, data:/y]
    depends_on: [b]
  b: {image: j}
"""
    over = """
services:
  a:
    image: i:2
    command: c
    environment: {Y: 2, Z: null}
    ports: ["81:81", "80:80"]
    volumes: [./two:/x]
    depends_on: {c: {condition: service_started}}
  c: {image: k}
"""
    taken = took(base, over)

    assert taken.problems == ()
    assert taken.services["a"] == {
        "image": "i:2",
        "command": ["c"],
        "env": {"X": "1", "Y": "2"},
        "ports": {"a": 80, "a-81": 81},
        "volumes": ["./two:/x", "data:/y"],
        "needs": ["b", "c"],
        "restart": "no",
    }


def test_tags_take_away_and_replace() -> None:
    base = "services:\n  a:\n    image: i\n    ports: ['1:1']\n    user: u\n    tmpfs: [/x]\n"
    over = (
        "services:\n  a:\n    ports: !override ['2:2']\n"
        "    user: !reset null\n    tmpfs: !reset []\n"
    )

    assert took(base, over).services["a"] == {"image": "i", "ports": {"a": 2}, "restart": "no"}


def test_a_service_extends_one_of_another_file_whose_paths_count_from_there() -> None:
    texts = {
        "dev/compose.yaml": """
services:
  web:
    extends: {file: ../base/common.yaml, service: app}
    environment: {A: own}
  other:
    extends: web
    command: other
""",
        "base/common.yaml": """
services:
  app:
    build: ./app
    volumes: [./src:/src]
    env_file: app.env
    environment: {A: base, B: base}
""",
        "base/app.env": "C=file\nA=file\n",
    }

    services = _services(texts)

    env = {"A": "own", "B": "base", "C": "file"}
    common = {"build": {"context": "base/app"}, "volumes": ["./base/src:/src"], "env": env}
    assert services == {
        "web": {**common, "restart": "no"},
        "other": {**common, "command": ["other"], "restart": "no"},
    }


def test_a_service_that_extends_itself_is_a_problem() -> None:
    taken = took("services:\n  a: {image: i, extends: b}\n  b: {image: j, extends: a}\n")

    assert any("extends itself" in problem.text for problem in taken.problems)


def test_included_files_bring_their_services() -> None:
    texts = {
        "compose.yaml": "include: [db/compose.yaml]\nservices:\n"
        "  a: {image: i, depends_on: [db]}\n",
        "db/compose.yaml": "services:\n  db: {image: p, volumes: ['./init:/init']}\n",
    }

    services = _services(texts)

    assert services["db"]["volumes"] == ["./db/init:/init"]
    assert services["a"]["needs"] == ["db"]


def test_the_env_file_lies_beside_the_first_file() -> None:
    texts = {"docker/c.yaml": "services:\n  a: {image: '$I'}\n", "docker/.env": "I=mine\n"}

    assert _services(texts)["a"]["image"] == "mine"


def test_a_file_that_is_not_there_or_not_yaml_is_a_problem_with_its_line() -> None:
    texts = {"a.yaml": "services:\n  a: [\n"}
    taken = take(Request(("a.yaml", "b.yaml")), Texts(texts), known={})

    assert [(one.file, one.line) for one in taken.problems] == [("a.yaml", 3), ("b.yaml", 1)]
    assert "cannot be read" in taken.problems[1].text


def test_a_key_twice_is_a_problem() -> None:
    (problem,) = took("services:\n  a: {image: i}\n  a: {image: j}\n").problems

    assert str(problem) == "0.yaml:3: the key a again"
