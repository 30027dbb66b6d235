"""Names and logs with signs that are wide, stand on others, run from right to left, or are many."""

from __future__ import annotations

import pytest

from tests.conftest import OnTerminal
from tests.hives import Yard

BRANCHES = {
    "plain": "feature/plain",
    "wide": "機能/認証の書き直し",
    "accents": "cafe\u0301/nai\u0308ve",
    "hebrew": "ענף/חדש",
    "arabic": "فرع/جديد",
    "emoji": "fix-👍🏽-👩\u200d💻-🇩🇪-❤\ufe0f",
    "long": "機" * 60,
}
"""Env -> branch."""

WRITER = """
import sys, time
out = sys.stdout.buffer
if sys.argv[1] == "long":
    out.write(b"m" * 1_000_000 + b"\\n")
    out.write("機".encode() * 400_000 + b"\\n")
else:
    out.write(open("lines", "rb").read())
out.write(b"the last line\\n")
out.flush()
time.sleep(86400)
"""

LINES = """\
plain
機能 wide
cafe\u0301 accents
ענף hebrew
\u202eevil turned
👍🏽 👩\u200d💻 🇩🇪 ❤\ufe0f emoji
\x1b[2J\x1b]0;title\x07 steering
tab\there
10%\r100% done
"""

TOML = """
[services.api]
run = "exec python3 writer.py short"
[services.big]
run = "exec python3 writer.py long"
"""

FILES = {"writer.py": WRITER, "lines": LINES}


@pytest.mark.parametrize("size", [(120, 26), (80, 26)])
def test_whatever_a_branch_is_called_the_columns_of_the_tiles_stay(
    yard: Yard, on_terminal: OnTerminal, size: tuple[int, int]
) -> None:
    yard.make_repo(TOML, FILES)
    for env, branch in BRANCHES.items():
        yard.hive("spawn", env, "--branch", branch)
        (yard.tree(env) / "new").write_text("x")
    terminal = on_terminal(columns=size[0], rows=size[1])
    terminal.until_shown(*BRANCHES, "q quit")
    terminal.until(lambda: terminal.text().count("±1") == len(BRANCHES), "all are dirty")
    rows = range(len(terminal.rows()))
    edges = {tuple(found) for at in rows if (found := terminal.columns_of(at, "▌"))}
    whole = max(edges, key=len)
    assert all(found == whole[: len(found)] for found in edges), edges
    states = {column for at in rows for column in terminal.columns_of(at, "○ cold")}
    changes = {column for at in rows for column in terminal.columns_of(at, "±1")}
    assert len(states) == len(whole)
    assert changes == states


def test_whatever_a_service_writes_the_columns_of_the_log_stay(
    yard: Yard, on_terminal: OnTerminal
) -> None:
    yard.make_repo(TOML, FILES)
    yard.hive("spawn", "auth", "--warm")
    terminal = on_terminal()
    terminal.until_shown("auth", "q quit")
    terminal.press("\r")
    terminal.until_shown("services", "▸ ● api")
    terminal.press("l")
    terminal.until_shown("the last line", "100% done", "plain", "following")
    rows = [at for at, row in enumerate(terminal.rows()) if "│" in row]
    assert len(rows) == LINES.count("\n") + 1
    assert {tuple(terminal.columns_of(at, "│")) for at in rows} == {(14,)}
    assert "10%" not in terminal.text().replace("100%", "")
    assert b"\x1b[2J" not in terminal.drawn
    assert b"title" not in terminal.drawn
    assert "\u202e" not in terminal.drawn.decode(errors="replace")


def test_lines_of_a_megabyte_are_walked_through_like_others(
    yard: Yard, on_terminal: OnTerminal
) -> None:
    yard.make_repo(TOML, FILES)
    yard.hive("spawn", "auth", "--warm")
    terminal = on_terminal()
    terminal.until_shown("auth", "q quit")
    terminal.press("l")
    terminal.until_shown("the last line", "機機機機", "following")
    rows = [at for at, row in enumerate(terminal.rows()) if "│" in row]
    assert len({tuple(terminal.columns_of(at, "│")) for at in rows}) == 1
    terminal.press("\x1b[C")
    terminal.until_shown("from column 9")
    terminal.press("/")
    terminal.press("mmmm\r")
    terminal.until_shown("with “mmmm”", "held")
    terminal.press("q")
    assert terminal.ended() == 0
