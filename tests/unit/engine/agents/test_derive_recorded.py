"""What is shown of recorded agents at each moment, from their hooks and what they keep in files."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from hive_tui.drivers.agents import claude_files, codex_files
from hive_tui.drivers.agents.opencode_events import OpenCodeView, apply
from hive_tui.engine.agents.derive import derive
from hive_tui.engine.agents.evidence import Evidence, Process, Registry, Stance, Title
from hive_tui.model.agent import AgentState
from tests import recorded_agents as recorded

IDLE, DONE, ERROR, GONE = AgentState.IDLE, AgentState.DONE, AgentState.ERROR, AgentState.GONE
STARTING, WAITING, WORKING = AgentState.STARTING, AgentState.WAITING, AgentState.WORKING


@pytest.mark.parametrize(
    ("recording", "second", "state", "reason"),
    [
        ("claude_interactive", 0.5, IDLE, "waits for a prompt"),
        ("claude_interactive", 2.2, WORKING, "works on its prompt"),
        ("claude_interactive", 2.6, WORKING, "runs Bash(touch /home/dev/cc3/zz)"),
        ("claude_interactive", 2.7, WAITING, "permission: Bash(touch /home/dev/cc3/zz)"),
        ("claude_interactive", 9.0, WAITING, "permission: Bash(touch /home/dev/cc3/zz)"),
        ("claude_interactive", 10.72, WORKING, "works on its prompt"),
        ("claude_interactive", 11.0, WORKING, "its turn is ending"),
        ("claude_interactive", 11.6, DONE, "ok done"),
        ("claude_interactive", 13.1, WORKING, "works on its prompt"),
        ("claude_interactive", 14.0, ERROR, "API Error: 529 scripted 529"),
        ("claude_interactive", 21.6, WORKING, "works on its prompt"),
        ("claude_interactive", 22.3, ERROR, "API Error: Request rejected (429)"),
        ("claude_interactive", 43.4, WAITING, "permission: Bash(touch /etc/nothing-here)"),
        ("claude_interactive", 48.5, WORKING, "works on its prompt"),
        ("claude_interactive", 51.0, WORKING, "works on its prompt"),
        ("claude_interactive", 54.8, WORKING, "a queued prompt comes next"),
        ("claude_interactive", 55.1, WORKING, "its turn is ending"),
        ("claude_interactive", 55.6, DONE, "queued ok"),
        ("claude_interactive", 59.5, IDLE, "its conversation was cleared"),
        ("claude_interactive", 59.7, IDLE, "its conversation was cleared"),
        ("claude_interactive", 63.0, WORKING, "works on its prompt"),
        ("claude_interactive", 64.0, DONE, "multi ok"),
        ("claude_asking", 2.8, WORKING, "runs Bash(touch /home/dev/cc2/zz)"),
        ("claude_asking", 9.2, WAITING, "dialog: Auto mode can't check actions"),
        ("claude_asking", 18.1, WORKING, "works on its prompt"),
        ("claude_asking", 18.5, WORKING, "its turn is ending"),
        ("claude_asking", 18.65, WORKING, "runs Bash(echo fixing)"),
        ("claude_asking", 19.5, DONE, "healed"),
        ("claude_asking", 21.63, WAITING, "question: Which one?"),
        ("claude_asking", 21.7, WAITING, "question: Which one?"),
        ("claude_asking", 28.5, WAITING, "question: Which one?"),
        ("claude_asking", 31.6, WORKING, "works on its prompt"),
        ("claude_asking", 32.5, DONE, "answered"),
        ("claude_asking", 35.0, ERROR, "API Error: 400 scripted 400"),
        ("claude_asking", 105.0, ERROR, "API Error: 400 scripted 400"),
        ("claude_asking", 112.6, GONE, "closed (prompt_input_exit)"),
        ("claude_print", 0.2, WORKING, "works on its prompt"),
        ("codex_terminal", 0.01, IDLE, "waits for a prompt"),
        ("codex_terminal", 1.0, WORKING, "works on its prompt"),
        ("codex_terminal", 4.0, IDLE, "was interrupted"),
        ("codex_terminal", 7.0, WORKING, "runs Bash(python3 -c"),
        ("codex_terminal", 10.6, IDLE, "was interrupted"),
        ("codex_terminal", 13.2, WORKING, "runs Bash(echo fixing)"),
        ("codex_terminal", 15.0, DONE, "healed"),
        ("codex_terminal", 24.75, WORKING, "works on its prompt"),
        ("codex_terminal", 25.5, DONE, "q ok"),
        ("codex_terminal", 31.9, GONE, "closed"),
        ("codex_permission", 0.12, WORKING, "runs Bash(touch /home/dev/cx4/zz)"),
        ("codex_permission", 2.0, WAITING, "permission: Bash(touch /home/dev/cx4/zz)"),
        ("codex_permission", 4.55, WORKING, "works on its prompt"),
        ("codex_permission", 6.0, DONE, "ok done"),
        ("gemini", 0.0, IDLE, "waits for a prompt"),
        ("gemini", 0.2, WORKING, "works on its prompt"),
        ("gemini", 0.7, WORKING, "runs run_shell_command(echo hello)"),
        ("gemini", 1.25, WORKING, "works on its prompt"),
        ("gemini", 1.695, WORKING, "its turn is ending"),
        ("gemini", 1.8, GONE, "closed (exit)"),
    ],
)
def test_hooks_alone_tell_how_an_agent_stands(
    recording: str, second: float, state: AgentState, reason: str
) -> None:
    found = derive(*recorded.evidence(recording, second))
    assert (found.state, found.source) == (state, "hook")
    assert reason in found.reason


def shown_with_registry(second: float, status: str, since: float, **more: Any) -> Any:
    """What is shown of the interactive recording where the registry says something since then."""
    start = recorded.begin("claude_interactive")
    entry = Registry(status, start + since, **more)
    return derive(*recorded.evidence("claude_interactive", second, registry=entry))


@pytest.mark.parametrize(
    ("second", "status", "since", "waits_for", "state", "reason"),
    [
        # Esc while it streams: no hook tells
        (28.1, "idle", 22.3, "", WORKING, "works on its prompt"),
        (29.0, "busy", 28.1, "", WORKING, "works on its prompt"),
        (33.5, "idle", 32.3, "", DONE, "ended or was interrupted"),
        # Esc at a permission
        (43.4, "busy", 43.03, "", WAITING, "permission: Bash(touch /etc"),
        (43.5, "waiting", 43.4, "permission prompt", WAITING, "permission: Bash(touch /etc"),
        (48.0, "idle", 46.2, "", DONE, "ended or was interrupted"),
        # a permission is given, and the tool runs for long
        (8.0, "busy", 5.0, "", WORKING, "runs Bash(touch"),
        # what is older than the last hook is not believed at once
        (2.2, "idle", 0.1, "", WORKING, "works on its prompt"),
        (54.0, "busy", 48.5, "", WORKING, "works on its prompt"),
        # a queued prompt becomes a turn
        (54.8, "busy", 48.5, "", WORKING, "a queued prompt comes next"),
        (56.0, "idle", 55.0, "", DONE, "queued ok"),
        # an error stays, although nothing is being done
        (20.0, "idle", 13.9, "", ERROR, "529"),
        (0.5, "idle", 0.2, "", IDLE, "waits for a prompt"),
        (2.7, "sleeping", 2.69, "", WAITING, "permission"),
    ],
)
def test_the_registry_tells_what_hooks_do_not(
    second: float, status: str, since: float, waits_for: str, state: AgentState, reason: str
) -> None:
    found = shown_with_registry(second, status, since, waiting_for=waits_for)
    assert found.state is state
    assert reason in found.reason


@pytest.mark.parametrize(
    ("said", "state", "reason"),
    [
        ("permission prompt", WAITING, "permission: a permission on its screen"),
        ("input needed", WAITING, "question: a question on its screen"),
        ("sandbox request", WAITING, "permission: a permission of its sandbox"),
        ("goal proposal", WAITING, "plan: a proposed goal"),
        ("dialog open", WAITING, "dialog: a dialog on its screen"),
        ("something new", WAITING, "dialog: something new"),
        ("", WAITING, "dialog: something on its screen"),
    ],
)
def test_the_registry_tells_of_dialogs_for_which_no_hook_fires(
    said: str, state: AgentState, reason: str
) -> None:
    found = shown_with_registry(30.0, "waiting", 29.5, waiting_for=said)
    assert (found.state, found.source, found.reason) == (state, "registry", reason)
    assert not found.questions[0].answerable


def transcript_until(name: str, second: float, start: float) -> Any:
    """What the conversation's file says at a second after `start`."""
    read = claude_files.record if name.startswith("claude") else codex_files.record
    newest = None
    for line in (recorded.FOLDER / f"{name}.jsonl").read_bytes().splitlines():
        found = read(line)
        told = found.transcript if found is not None else None
        newest = told if told is not None and told.at <= start + second else newest
    return newest


@pytest.mark.parametrize(
    ("second", "state", "reason", "source"),
    [
        (30.0, WORKING, "works on its prompt", "hook"),
        (32.5, IDLE, "was interrupted", "transcript"),
        (46.5, IDLE, "was interrupted", "transcript"),
        (48.5, WORKING, "works on its prompt", "hook"),
    ],
)
def test_an_interruption_is_read_in_the_transcript(
    second: float, state: AgentState, reason: str, source: str
) -> None:
    told = transcript_until("claude_transcript", second, recorded.begin("claude_interactive"))
    found = derive(*recorded.evidence("claude_interactive", second, transcript=told))
    assert (found.state, found.reason, found.source) == (state, reason, source)


@pytest.mark.parametrize("second", [32.5, 46.5])
def test_registry_and_transcript_together_tell_an_interruption(second: float) -> None:
    start = recorded.begin("claude_interactive")
    told = transcript_until("claude_transcript", second, start)
    entry = Registry("idle", start + second - 0.3)
    case = recorded.evidence("claude_interactive", second, transcript=told, registry=entry)
    found = derive(*case)
    assert (found.state, found.reason, found.source) == (IDLE, "was interrupted", "registry")


def test_an_error_that_codex_tells_by_no_hook_is_read_in_its_transcript() -> None:
    start = recorded.begin("codex_terminal")
    before, after = (transcript_until("codex_rollout", at, start) for at in (16.2, 17.0))
    working = derive(*recorded.evidence("codex_terminal", 16.3, transcript=before))
    failed = derive(*recorded.evidence("codex_terminal", 17.5, transcript=after))
    assert working.state is WORKING
    assert (failed.state, failed.source) == (ERROR, "transcript")
    assert "high demand" in failed.reason


@pytest.mark.parametrize(
    ("titles", "second", "state", "source"),
    [
        ((("[ ! ] Action Required | proj", 0.3),), 2.0, WAITING, "hook"),
        ((("[ ! ] Action Required | proj", 0.3), ("⠼ proj", 1.5)), 2.0, WORKING, "title"),
        ((("⠼ proj", 0.05),), 0.12, WORKING, "hook"),
    ],
)
def test_the_title_tells_that_codex_was_answered(
    titles: tuple[tuple[str, float], ...], second: float, state: AgentState, source: str
) -> None:
    start = recorded.begin("codex_permission")
    text, at = titles[-1]
    stance = codex_files.title(text)
    assert stance is not None
    case = recorded.evidence("codex_permission", second, title=Title(stance, start + at, text))
    found = derive(*case)
    assert (found.state, found.source) == (state, source)


OPENCODE = [
    (0.0, IDLE, "waits for a prompt"),
    (1.0, WORKING, "works"),
    (3.0, WAITING, "permission: bash(echo hi)"),
    (7.5, WORKING, "works"),
    (8.5, DONE, "its turn ended"),
    (10.0, WORKING, "works"),
    (12.5, IDLE, "was interrupted"),
    (12.8, IDLE, "was interrupted"),
    (13.7, WORKING, "works"),
    (14.5, DONE, "its turn ended"),
    (16.0, WAITING, "question: Which?"),
    (20.5, DONE, "its turn ended"),
]


@pytest.mark.parametrize(("second", "state", "reason"), OPENCODE)
def test_opencodes_server_tells_how_it_stands(
    second: float, state: AgentState, reason: str
) -> None:
    start = 1795249760.3
    view = OpenCodeView(at=start)
    for r in recorded.records("opencode"):
        if r["t"] <= start + second:
            view = apply(view, r["event"].removeprefix("event:"), r["payload"], r["t"])
    now = start + second
    known = Evidence(
        kind="opencode",
        launched_at=start - 8,
        process=Process(22, start - 8),
        native=view.native(),
    )
    found = derive(known, now)
    assert (found.state, found.reason, found.source) == (state, reason, "native")


def test_nothing_overrides_the_end_of_the_process() -> None:
    case, now = recorded.evidence(
        "claude_interactive",
        2.7,
        registry=Registry("busy", 2e9),
        title=Title(Stance.WORKING, 2e9),
        process=Process(21, 0.0, ended_at=1795248741.0, exit_code=-9),
    )
    found = derive(case, now)
    assert (found.state, found.source) == (ERROR, "process")
    assert found.reason == "it was killed by SIGKILL"
    assert found.questions == ()
    assert replace(found, since=0).state is ERROR
