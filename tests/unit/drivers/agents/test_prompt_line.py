"""What stands in an agent's prompt line, as its screen shows it."""

from __future__ import annotations

import pytest

from hive_tui.drivers.agents.kinds import DRIVERS

RULE = ("─" * 40).encode()
HEAVY, SINGLE = "\u276f".encode(), "\u203a".encode()
BOXED = ("│ > ", "│ > fix it │", "╭────────╮", "╰────────╯", "│ > Type your message or @path │")
EMPTY, WRITTEN, TOP, BOTTOM, EXAMPLE = (row.encode() for row in BOXED)


@pytest.mark.parametrize(
    ("kind", "lines", "cursor", "found"),
    [
        ("claude", [b"talk", RULE, HEAVY + b"\xc2\xa0", RULE, b"? for shortcuts"], None, ""),
        ("claude", [RULE, HEAVY + b" fix it", RULE], None, "fix it"),
        ("claude", [RULE, HEAVY + b" \x1b[7mT\x1b[27;2mry this\x1b[0m", RULE], None, ""),
        ("claude", [RULE, HEAVY + b" fi\x1b[7mx\x1b[27m it", RULE], None, "fix it"),
        ("claude", [RULE, HEAVY + b" \x1b[38;5;2mcolour\x1b[39m", RULE], None, "colour"),
        ("claude", [RULE, HEAVY + b" \x1b[38;2;2;2;2mcolour\x1b[39m", RULE], None, "colour"),
        ("claude", [b"> earlier", b"answer", RULE, b"> ", RULE], None, ""),
        ("claude", [b"> one", b"  two", b"  three"], (7, 2), "one\ntwo\nthree"),
        ("claude", [b"> ", b"", b"  three"], (7, 2), "three"),
        ("claude", [b"Yes, proceed?", HEAVY + b" 1. Yes", b"  2. No"], None, "1. Yes"),
        ("claude", [RULE, b"! ls", RULE], None, None),
        ("claude", [b"a pager", b"(END)"], (5, 1), None),
        ("claude", [b"> ", RULE, b"below the line"], (3, 2), None),
        ("claude", [], None, None),
        ("codex", [SINGLE + b" \x1b[2mExplain this\x1b[0m", b"", b"  footer"], (2, 0), ""),
        ("codex", [SINGLE + b" earlier", b"done", SINGLE + b" fix it", b""], (8, 2), "fix it"),
        ("gemini", [TOP, EXAMPLE, BOTTOM], None, ""),
        ("gemini", [TOP, WRITTEN, BOTTOM], None, "fix it"),
        ("gemini", [TOP, EMPTY, BOTTOM], None, ""),
        ("opencode", [b'  Ask anything... "Fix it"'], None, ""),
        ("opencode", [b"  fix it"], None, None),
        ("generic", [b"up"], (2, 0), ""),
        ("generic", [b"> earlier", b""], (0, 1), ""),
        ("generic", [b"$ half a"], (8, 0), "half a"),
        ("generic", [b"> half a"], None, ""),
        ("generic", [], (0, 5), ""),
    ],
)
def test_the_prompt_line_of_a_screen(
    kind: str, lines: list[bytes], cursor: tuple[int, int] | None, found: str | None
) -> None:
    assert DRIVERS[kind].prompt_line(lines, cursor) == found
