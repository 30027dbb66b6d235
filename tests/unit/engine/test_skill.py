"""The text of an env's skill: whatever the facts are, it stays Markdown and says them."""

from __future__ import annotations

import jinja2
import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from hive_tui.daemon import skills
from hive_tui.engine.skill import (
    CheckFact,
    FolderFact,
    PortFact,
    ServiceFact,
    SkillFacts,
    TaskFact,
    cell,
    code,
    render,
)

FACTS = SkillFacts(
    env="auth",
    project="shop",
    branch="feature/auth",
    base="main",
    worktree="/home/me/hive/shop/auth",
    main="/home/me/shop",
    first_port=10000,
    last_port=10999,
    services=(
        ServiceFact("worker", "crashed", None, False, "warm"),
        ServiceFact("api", "ready", "http://127.0.0.1:10001/", False, "warm"),
        ServiceFact("db", "ready", "127.0.0.1:10500", True, "warm"),
    ),
    ports=(PortFact("api", 10001, "HIVE_PORT_API", "api", False),),
    checks=(CheckFact("unit", "pytest -q", True),),
    tasks=(TaskFact("migrate", "alembic upgrade head"),),
    folders=(
        FolderFact("node_modules", "symlink", True, "npm ci"),
        FolderFact("vendor", "reflink", False, None),
    ),
    forwarded={3000: "api"},
)
BARE = msgspec.structs.replace(
    FACTS, services=(), ports=(), checks=(), tasks=(), folders=(), forwarded={}
)


def rendered(facts: SkillFacts = FACTS) -> str:
    return render(facts, skills.template())


def test_it_has_the_front_matter_that_all_programs_read() -> None:
    _, front, body = rendered().split("---\n", 2)
    head = yaml.safe_load(front)
    assert head.keys() == {"name", "description"}
    assert head["name"] == "hive"
    assert 0 < len(head["description"]) <= 1024
    assert not set("<>") & set(head["description"])
    assert body.startswith("\n# Your environment: auth\n")


def test_every_fact_stands_in_it() -> None:
    text = rendered()
    for word in (
        "feature/auth",
        "/home/me/hive/shop/auth",
        "/home/me/shop",
        "10000 to 10999",
        "`http://127.0.0.1:10001/`",
        "`HIVE_PORT_API`",
        "| `db` | ready, shared with other environments | `127.0.0.1:10500` |",
        "`hive test unit` runs `pytest -q` (it also runs by itself when files change)",
        "`migrate`: `alembic upgrade head`",
        "`node_modules` is linked into the main checkout (symlink)",
        "3000 on 127.0.0.1 leads to `api`",
    ):
        assert word in text


def test_the_example_is_a_service_that_answers_somewhere() -> None:
    assert "`hive logs api -n 100`" in rendered()


def test_a_folder_of_its_own_is_not_called_linked() -> None:
    assert "`vendor` is linked" not in rendered()
    assert "`vendor` (reflink)" in rendered()


def test_a_project_with_nothing_gets_no_empty_tables() -> None:
    text = rendered(BARE)
    assert "This project has none." in text
    assert "|---|---|---|" not in text
    assert "## Tasks" not in text


@pytest.mark.parametrize("facts", [FACTS, BARE], ids=["full", "bare"])
def test_no_blank_lines_pile_up_and_every_line_ends_clean(facts: SkillFacts) -> None:
    text = rendered(facts)
    assert "\n\n\n" not in text
    assert all(line == line.rstrip() for line in text.splitlines())
    assert text.endswith("\n")


def test_commands_are_called_as_the_env_finds_them() -> None:
    text = rendered(msgspec.structs.replace(FACTS, program="/opt/a b/hive"))
    assert "`/opt/a b/hive status`" in text
    assert "`hive " not in text


def test_a_template_that_names_an_unknown_fact_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="colour"):
        render(FACTS, "{{ colour }}")


WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(WORDS.filter(lambda word: word.split()))
def test_a_span_of_code_is_one_span_of_code_whatever_stands_in_it(word: str) -> None:
    inline = MarkdownIt().parseInline(code(word))[0].children
    assert inline is not None
    assert [token.type for token in inline] in (["code_inline"], ["text"])
    if any(c.isprintable() and not c.isspace() for c in word):
        assert [token.type for token in inline] == ["code_inline"]


@given(WORDS)
def test_a_value_never_ends_the_cell_that_it_stands_in(word: str) -> None:
    row = f"| a | {cell(code(word))} |"
    parsed = (
        MarkdownIt("commonmark").enable("table").parse(f"| x | y |\n|---|---|\n{row}\n| z | z |\n")
    )
    assert sum(token.type == "tr_open" for token in parsed) == 3
    assert sum(token.type == "td_open" for token in parsed) == 4


@given(WORDS, WORDS)
def test_commands_of_a_project_break_no_line_of_it(run: str, branch: str) -> None:
    odd = msgspec.structs.replace(
        FACTS, branch=branch, checks=(CheckFact("unit", run, False),), tasks=()
    )
    assert len(rendered(odd).splitlines()) == len(
        rendered(msgspec.structs.replace(FACTS, tasks=())).splitlines()
    )
