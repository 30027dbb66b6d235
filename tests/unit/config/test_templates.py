"""Names in two braces: what they stand for, where they may stand, how they meet a shell."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_tui.config import templates
from hive_tui.config.templates import BadTemplate, Place
from hive_tui.model.environment import EnvRecord
from hive_tui.model.errors import HiveError
from hive_tui.model.project import Ports, Project, Secret

_RECORD = EnvRecord(
    uid="0123456789ab",
    project="shop",
    name="my-env",
    slug="my_env",
    index=3,
    branch="work/my env",
    base="main",
    base_commit="c0ffee",
    worktree="/trees/my env",
    port_base=13000,
    port_size=1000,
    created=0.0,
)
_PROJECT = Project(
    name="shop",
    root="/repo",
    ports=Ports(names={"web": 0, "api-v2": 7}),
    env={"URL": "http://localhost:{{port.api-v2}}/{{env.slug}}", "TOKEN": Secret("TOKEN")},
)


def test_every_name_but_report_has_a_value() -> None:
    values = templates.values(_PROJECT, _RECORD)

    assert values == {
        "env": "my-env",
        "env.slug": "my_env",
        "env.index": "3",
        "branch": "work/my env",
        "project": "shop",
        "worktree": "/trees/my env",
        "repo": "/repo",
        "port.web": "13000",
        "port.api-v2": "13007",
    }
    assert {*templates.KNOWN} == {*values} - {"port.web", "port.api-v2"} | {"report", "template"}


def test_a_template_may_have_spaces_inside_its_braces() -> None:
    assert templates.expand("{{env}}-{{ env }}", {"env": "a"}) == "a-a"


def test_a_template_in_a_value_stays_as_it_is() -> None:
    assert templates.expand("{{env}}", {"env": "{{branch}}", "branch": "b"}) == "{{branch}}"


def test_a_name_without_a_value_is_told() -> None:
    with pytest.raises(HiveError) as caught:
        templates.expand("x {{report}}", {"env": "a"})

    assert caught.value.code == "unknown_template"
    assert caught.value.message == "{{report}} has no value here"


def test_a_process_sees_the_variables_of_the_project_and_of_hive() -> None:
    assert templates.variables(_PROJECT, _RECORD, secrets={"TOKEN": "t", "OTHER": "o"}) == {
        "URL": "http://localhost:13007/my_env",
        "TOKEN": "t",
        "HIVE_ENV": "my-env",
        "HIVE_PROJECT": "shop",
        "HIVE_WORKTREE": "/trees/my env",
        "HIVE_REPO": "/repo",
        "HIVE_BRANCH": "work/my env",
        "HIVE_INDEX": "3",
        "HIVE_PORT_BASE": "13000",
        "HIVE_PORT_WEB": "13000",
        "HIVE_PORT_API_V2": "13007",
    }


def test_a_secret_without_a_value_is_told_with_the_env() -> None:
    with pytest.raises(HiveError) as caught:
        templates.variables(_PROJECT, _RECORD, secrets={})

    assert (caught.value.code, caught.value.env) == ("secret_missing", "my-env")


@pytest.mark.parametrize(
    ("text", "where", "problem"),
    [
        ("{{env}} {{port.web}} {{worktree}}", Place.ENV, None),
        ("{{report}}", Place.SUITE, None),
        ("{ {env} } {a,b} }}", Place.NOWHERE, None),
        ("{{env}} {{project}}", Place.BRANCH, None),
        ("{{env}}", Place.NOWHERE, BadTemplate("{{env}}", ())),
        ("{{repo}}", Place.BRANCH, BadTemplate("{{repo}}", ("env", "project"))),
        (
            "{{env}} {{Env}}",
            Place.WORKTREES,
            BadTemplate("{{Env}}", ("env", "project", "branch", "repo")),
        ),
        ("{{env} x", Place.BRANCH, BadTemplate("{{env} x", ("env", "project"))),
        ("{{}}", Place.BRANCH, BadTemplate("{{}}", ("env", "project"))),
    ],
)
def test_what_cannot_be_expanded_is_found(
    text: str, where: Place, problem: BadTemplate | None
) -> None:
    assert templates.check(text, ports=("web",), where=where) == problem


@pytest.mark.parametrize(
    ("text", "value", "script", "variables"),
    [
        ("run {{branch}}", "a/b-1.2", "run a/b-1.2", {}),
        ("run {{branch}}", "", 'run "${HIVE_ARG_1}"', {"HIVE_ARG_1": ""}),
        ("run {{branch}}", "a b", 'run "${HIVE_ARG_1}"', {"HIVE_ARG_1": "a b"}),
        ('run "{{branch}}"', "a b", 'run "${HIVE_ARG_1}"', {"HIVE_ARG_1": "a b"}),
        ("run '{{branch}}'", "a b", "run ''\"${HIVE_ARG_1}\"''", {"HIVE_ARG_1": "a b"}),
        (
            "run {{branch}} \\' '{{branch}}'",
            "$x",
            "run \"${HIVE_ARG_1}\" \\' ''\"${HIVE_ARG_1}\"''",
            {"HIVE_ARG_1": "$x"},
        ),
        ("no template", "x", "no template", {}),
    ],
)
def test_only_harmless_values_are_written_into_a_script(
    text: str, value: str, script: str, variables: dict[str, str]
) -> None:
    assert templates.shell(text, {"branch": value}) == (script, variables)


def test_different_values_get_variables_of_their_own() -> None:
    script, variables = templates.shell("{{a}} {{b}} {{a}}", {"a": "1 1", "b": "2 2"})

    assert script == '"${HIVE_ARG_1}" "${HIVE_ARG_2}" "${HIVE_ARG_1}"'
    assert variables == {"HIVE_ARG_1": "1 1", "HIVE_ARG_2": "2 2"}


def test_a_new_env_gets_its_branch_and_folder_by_the_project() -> None:
    project = Project("shop", "/repo", branch="wip/{{env}}", worktrees="../trees/{{env}}")

    assert templates.branch_for(project, "a") == "wip/a"
    assert templates.worktree_for(project, "a", "wip/a") == "/trees/a"
    assert templates.worktree_for(Project("shop", "/repo"), "a", "b") == str(
        Path.home() / "hive/shop/a"
    )


@pytest.mark.parametrize(
    ("name", "taken", "slug"),
    [
        ("auth", [], "auth"),
        ("Auth-Fix--2", [], "auth_fix_2"),
        ("auth", ["auth", "auth_2"], "auth_3"),
        ("é", [], "env"),
        ("a" * 60, ["a" * 40], "a" * 38 + "_2"),
    ],
)
def test_a_slug_is_made_of_the_name(name: str, taken: list[str], slug: str) -> None:
    assert templates.slug(name, taken) == slug


@given(names=st.lists(st.text(max_size=60), max_size=20))
def test_slugs_are_valid_and_never_twice(names: list[str]) -> None:
    taken: set[str] = set()
    for name in names:
        slug = templates.slug(name, taken)
        assert slug not in taken
        assert 1 <= len(slug) <= 40
        assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")
        taken.add(slug)
