"""Every key of a TOML text is found on its line."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_tui.config.lines import Lines
from hive_tui.config.problems import KeyPath

_TEXT = '''\
# comment with [brackets] and = signs
top = 1 # [not.a.table]
[a.b]  # comment
c = "x # y"
"d.e" = 'z'
f.g = { h = 1, i = [
  1, # one
  { j = 2 },
] }
m = """
[fake]
k = 1 \\"""
"""
n = \'\'\'
[fake]
k = 1\'\'\'\'
when = 1979-05-27 07:32:00
after = [ "a]", 'b}',
  "c" ]

[[list]]
x = 1
[list.sub]
y = 2
[[list]]
x = 3
[list.sub]
y = 4
[[list.deep]]
z = 5
[ "quo ted" . 'k\\' ]
v = true
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1),
        (("top",), 2),
        (("a",), 3),
        (("a", "b"), 3),
        (("a", "b", "c"), 4),
        (("a", "b", "d.e"), 5),
        (("a", "b", "f", "g"), 6),
        (("a", "b", "f", "g", "h"), 6),
        (("a", "b", "f", "g", "i", 0), 7),
        (("a", "b", "f", "g", "i", 1, "j"), 8),
        (("a", "b", "m"), 10),
        (("a", "b", "n"), 14),
        (("a", "b", "when"), 17),
        (("a", "b", "after", 1), 18),
        (("a", "b", "after", 2), 19),
        (("list",), 21),
        (("list", 0, "x"), 22),
        (("list", 0, "sub", "y"), 24),
        (("list", 1), 25),
        (("list", 1, "x"), 26),
        (("list", 1, "sub"), 27),
        (("list", 1, "sub", "y"), 28),
        (("list", 1, "deep", 0, "z"), 30),
        (("quo ted", "k\\", "v"), 32),
        (("a", "b", "no such", "key"), 3),
        (("nothing",), 1),
    ],
)
def test_a_key_is_on_its_line(path: KeyPath, line: int) -> None:
    tomllib.loads(_TEXT)

    assert Lines(_TEXT).of(path) == line


def test_lines_are_counted_alike_with_carriage_returns() -> None:
    assert Lines(_TEXT.replace("\n", "\r\n")).of(("list", 1, "deep", 0, "z")) == 30


_VALUES = st.sampled_from(
    ["1", "'x'", '"""\na = 1\n"""', "[\n1,\n[2],\n]", "{ a = [\n1\n] }", "1.5 # b", '"\\""']
)


@given(values=st.lists(_VALUES, max_size=12), ending=st.sampled_from(["\n", "\r\n"]))
def test_keys_after_any_values_are_on_their_lines(values: list[str], ending: str) -> None:
    text = ""
    expected = {}
    for number, value in enumerate(values):
        expected[f"k{number}"] = text.count("\n") + 1
        text += f"k{number} = {value}\n"
    text = text.replace("\n", ending)
    tomllib.loads(text)

    lines = Lines(text)

    assert {key: lines.of((key,)) for key in expected} == expected
