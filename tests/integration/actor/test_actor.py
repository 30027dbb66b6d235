"""The scripted agent in a real terminal: what it tells by hooks, and what it takes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.terminals import Terminal

ACTING = (sys.executable, "-P", "-m", "hive_tui.demo.acting")
ALLOW = {"hookSpecificOutput": {"decision": {"behavior": "allow"}}}
EVENTS = (
    "SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "PermissionRequest", "Stop",
    "StopFailure", "SubagentStart", "SubagentStop", "SessionEnd",
)  # fmt: skip


class Stage:
    """An actor's folder: its script, a plugin that notes every hook, and the truth."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told = folder / "told"
        self.truth = folder / "truth"
        self.script = folder / "script.json"
        self.terminals: list[Terminal] = []
        self.plugin({})

    def plugin(self, special: dict[str, str]) -> None:
        """Write the plugin; some events have a command that answers after the note was made."""
        note = f"cat >> {self.told}"
        table = {
            name: [{"hooks": [{"type": "command", "command": f"{note}; {special.get(name, '')}"}]}]
            for name in EVENTS
        }
        hooks = self.folder / "plugin" / "hooks"
        hooks.mkdir(parents=True, exist_ok=True)
        (hooks / "hooks.json").write_text(json.dumps({"hooks": table}))

    def play(self, *turns: list[list[Any]], prompt: str = "begin") -> Terminal:
        """Start the actor with a script."""
        self.script.write_text(json.dumps({"turns": turns}))
        flags = ["--plugin-dir", str(self.folder / "plugin"), "--session-id", "s1", "--", prompt]
        terminal = Terminal(
            [*ACTING, str(self.script), "--unknown", "x", *flags],
            environ={"PATH": os.environ["PATH"], "HIVE_ACTOR_TRUTH": str(self.truth)},
            cwd=self.folder,
        )
        self.terminals.append(terminal)
        return terminal

    def events(self) -> list[dict[str, Any]]:
        """Every hook's payload, in their order."""
        text = self.told.read_text() if self.told.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def names(self) -> list[str]:
        return [event["hook_event_name"] for event in self.events()]

    def states(self) -> list[str]:
        """What was true, in its order."""
        return [json.loads(line)["state"] for line in self.truth.read_text().splitlines()]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    for terminal in made.terminals:
        terminal.close()


def test_a_turn_tells_what_it_does_by_hooks(stage: Stage) -> None:
    terminal = stage.play([["say", "hello"], ["run", "echo found it"], ["done", "all is well"]])
    terminal.until(lambda: "Stop" in stage.names(), "the turn has ended")
    assert stage.names() == [
        "SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "Stop",
    ]  # fmt: skip
    start, prompt, before, after, stop = stage.events()
    assert (start["source"], start["session_id"]) == ("startup", "s1")
    assert prompt["prompt"] == "begin"
    assert before["tool_input"]["command"] == "echo found it"
    assert after["tool_response"]["stdout"] == "found it\n"
    assert after["tool_use_id"] == before["tool_use_id"]
    assert (stop["last_assistant_message"], stop["stop_hook_active"]) == ("all is well", False)
    terminal.until_shown("● hello", "⏺ Bash(echo found it)", "● all is well")
    terminal.until(lambda: stage.states()[-1] == "done", "it is done")
    assert stage.states() == ["starting", "idle", "working", "done"]


def test_prompts_that_are_typed_or_pasted_begin_turns(stage: Stage) -> None:
    terminal = stage.play([["done", "one"]], [["done", "two"]])
    terminal.until_shown("● one")
    terminal.press("go on", "enter")
    terminal.until_shown("● two")
    terminal.paste("several\nlines")
    terminal.until_shown("> several lines")
    assert stage.names().count("UserPromptSubmit") == 2
    terminal.press("enter")
    terminal.until(lambda: stage.names().count("Stop") == 3, "the third turn has ended")
    prompts = [e["prompt"] for e in stage.events() if e["hook_event_name"] == "UserPromptSubmit"]
    assert prompts == ["begin", "go on", "several\nlines"]


def test_a_permission_can_be_given_on_its_screen(stage: Stage) -> None:
    terminal = stage.play([["ask", "touch made"], ["done", "made it"]])
    terminal.until_shown("Run touch made?", "1. Yes", "2. No")
    assert stage.states()[-1] == "waiting"
    terminal.press("1")
    terminal.until_shown("● made it")
    assert (stage.folder / "made").exists()


def test_or_be_denied(stage: Stage) -> None:
    terminal = stage.play([["ask", "touch made"], ["done", "went on"]])
    terminal.until_shown("2. No")
    terminal.press("2")
    terminal.until_shown("denied: no", "● went on")
    assert not (stage.folder / "made").exists()


def test_or_be_given_by_the_hook_without_a_key(stage: Stage) -> None:
    stage.plugin({"PermissionRequest": f"echo '{json.dumps(ALLOW)}'"})
    terminal = stage.play([["ask", "touch made"], ["done", "made it"]])
    terminal.until_shown("● made it")
    assert (stage.folder / "made").exists()


def test_a_hook_that_waits_ends_when_its_screen_was_answered(stage: Stage) -> None:
    stage.plugin({"PermissionRequest": f"touch {stage.folder}/asked; exec sleep 1000"})
    terminal = stage.play([["ask", "true"], ["done", "on"]])
    terminal.until(lambda: (stage.folder / "asked").exists(), "the hook waits")
    terminal.press("1")
    terminal.until_shown("● on")


def test_a_question_takes_a_number(stage: Stage) -> None:
    terminal = stage.play([["question", "Which one?", ["red", "blue", "green"]], ["done", "ok"]])
    terminal.until_shown("Which one?", "3. green")
    terminal.press("2")
    terminal.until_shown("● ok")
    used = [e for e in stage.events() if e["hook_event_name"] == "PostToolUse"]
    assert used[0]["tool_input"]["answers"] == {"Which one?": "blue"}


def test_escape_breaks_a_turn_off_and_only_the_file_tells(stage: Stage) -> None:
    terminal = stage.play([["run", "sleep 1000"], ["done", "never"]], [["done", "again"]])
    terminal.until_shown("⏺ Bash(sleep 1000)")
    terminal.press("esc")
    terminal.until_shown("interrupted")
    assert "Stop" not in stage.names()
    told = (stage.folder / "s1.jsonl").read_text().splitlines()
    assert "[Request interrupted by user]" in told[-1]
    terminal.press("go on", "enter")
    terminal.until_shown("● again")


def test_a_stop_hook_that_blocks_makes_it_go_on(stage: Stage) -> None:
    once = f"test -e {stage.folder}/once || {{ touch {stage.folder}/once; echo '%s'; }}"
    blocked = json.dumps({"decision": "block", "reason": "unit is red"})
    stage.plugin({"Stop": once % blocked})
    terminal = stage.play([["done", "first"]], [["done", "mended"]])
    terminal.until_shown("unit is red", "● mended")
    terminal.until(lambda: stage.states()[-1] == "done", "it is done")
    stops = [e["stop_hook_active"] for e in stage.events() if e["hook_event_name"] == "Stop"]
    assert stops == [False, True]
    assert stage.states() == ["starting", "idle", "working", "done"]


def test_an_error_of_the_service_ends_the_turn(stage: Stage) -> None:
    terminal = stage.play([["fail", "rate_limit"], ["say", "never"]])
    terminal.until_shown("API Error: rate_limit")
    terminal.until(lambda: stage.states()[-1] == "error", "it is in error")
    assert stage.names()[-1] == "StopFailure"


def test_a_helper_goes_on_while_the_turn_ends(stage: Stage) -> None:
    terminal = stage.play([["helper", 1000], ["done", "handed over"]])
    terminal.until(lambda: "Stop" in stage.names(), "the turn has ended")
    (stop,) = [e for e in stage.events() if e["hook_event_name"] == "Stop"]
    assert len(stop["background_tasks"]) == 1


def test_it_can_crash_and_it_ends_with_its_terminal(stage: Stage) -> None:
    crashed = stage.play([["crash", 3]])
    assert crashed.ended() == 3
    hung = stage.play([["done", "x"]])
    hung.until_shown("● x")
    hung.hang_up()
    assert hung.process.returncode is not None
