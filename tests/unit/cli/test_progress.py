"""Progress: plain lines where there is no terminal, live ones where there is."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest

from hive_tui.cli.context import Context
from hive_tui.cli.progress import Progress
from tests.unit.cli.conftest import Terminal


def step(name: str, state: str, **changed: Any) -> dict[str, Any]:
    event = {"kind": "step", "step": name, "state": state, "elapsed_s": 4.0, "reason": None}
    return event | changed


def plain_lines(*events: dict[str, Any], several: bool = False) -> str:
    err = StringIO()
    context = Context(cwd="/", environ={"TERM": "xterm"}, err=err, out=StringIO())
    with Progress(context, several=several) as progress:
        for event in events:
            progress.feed("auth", event)
    return err.getvalue()


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (step("build", "running"), ""),
        (step("build", "succeeded"), "step build … done in 4.0 s\n"),
        (step("build", "failed", reason="exit 1"), "step build … failed after 4.0 s: exit 1\n"),
        (step("web", "skipped", reason="api failed"), "step web … skipped: api failed\n"),
        (step("web", "cancelled"), "step web … cancelled\n"),
        (
            step("web", "retrying", reason="exit 1"),
            "step web … failed after 4.0 s, trying again: exit 1\n",
        ),
        ({"kind": "note", "text": "base is\x1b[2J old"}, "base is· old\n"),
        ({"kind": "checkout", "done": 3, "all": 9}, ""),
        ({"kind": "checkout", "done": 9, "all": 9}, ""),
        ({"kind": "of the future"}, ""),
    ],
)
def test_plain_lines_say_what_ended(event: dict[str, Any], line: str) -> None:
    assert plain_lines(event) == line


def test_a_checkout_ends_with_its_files() -> None:
    text = plain_lines(
        {"kind": "checkout", "done": 3, "all": 9}, {"kind": "checkout", "done": 9, "all": 9}
    )
    assert text.startswith("step checkout … done in ")
    assert text.endswith(" (9 files)\n")


def test_live_lines_show_what_runs_and_leave_nothing_behind() -> None:
    err, now = Terminal(), 100.0
    context = Context(cwd="/", environ={"TERM": "xterm", "NO_COLOR": "1"}, err=err, out=StringIO())
    with Progress(context, several=False, clock=lambda: now) as progress:
        event = step("build", "running", elapsed_s=1.0, expected_s=4.0)
        progress.feed("auth", event | {"done": 3, "all": 9, "eta_s": 4.1})
        assert "◐ step build … 1.0 s of about 4.0 s\n" in err.getvalue()
        assert "3 of 9 steps, about 4.1 s left\n" in err.getvalue()
        progress.feed("auth", step("build", "succeeded"))
        assert "✓ step build … done in 4.0 s\n" in err.getvalue()
    assert screen(err.getvalue()) == ["✓ step build … done in 4.0 s"]


def test_live_lines_never_wrap() -> None:
    err = Terminal()
    context = Context(cwd="/", environ={"TERM": "xterm", "NO_COLOR": "1"}, err=err, out=StringIO())
    with Progress(context, several=False) as progress:
        progress.feed("auth", step("x" * 300, "running"))
        assert max(map(len, screen(err.getvalue()))) < 80


def test_a_dumb_terminal_gets_plain_lines() -> None:
    err = Terminal()
    context = Context(cwd="/", environ={"TERM": "dumb"}, err=err, out=StringIO())
    with Progress(context, several=False) as progress:
        progress.feed("auth", step("build", "running"))
        progress.feed("auth", step("build", "succeeded"))
    assert err.getvalue() == "step build … done in 4.0 s\n"


def screen(written: str) -> list[str]:
    """What a terminal shows after cursor-up and erase-below, the only two codes in use."""
    lines: list[str] = []
    for piece in written.split("\x1b[J"):
        body, _, up = piece.rpartition("\x1b[")
        if not up.endswith("A\r"):
            body, up = piece, "0A\r"
        lines += body.split("\n")[:-1]
        count = int(up.removesuffix("A\r"))
        del lines[len(lines) - count :]
    return lines
