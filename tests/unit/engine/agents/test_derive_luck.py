"""What is shown when something goes wrong: one case for each way that is known to happen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from hive_tui.drivers.agents import claude_files, codex_files, gemini_hooks
from hive_tui.drivers.agents.opencode_events import OpenCodeView, apply, snapshot
from hive_tui.engine.agents.derive import derive, explain
from hive_tui.engine.agents.events import Event, decode
from hive_tui.engine.agents.evidence import (
    Evidence,
    Loop,
    Native,
    Process,
    Registry,
    Stance,
    Title,
    Transcript,
)
from hive_tui.engine.agents.hearing import Heard, Phase
from hive_tui.engine.agents.verdict import Finding
from hive_tui.model.agent import AgentState
from tests import recorded_agents as recorded

T = 1_795_000_000.0
"""When the agents of this page are started."""

IDLE, DONE, ERROR, GONE = AgentState.IDLE, AgentState.DONE, AgentState.ERROR, AgentState.GONE
STARTING, WAITING, WORKING = AgentState.STARTING, AgentState.WAITING, AgentState.WORKING
STUCK, UNKNOWN, NONE = AgentState.STUCK, AgentState.UNKNOWN, AgentState.NONE


def told(at: float, name: str, **payload: Any) -> Event:
    """A hook of the main conversation, a number of seconds after the start."""
    pid, run = payload.pop("pid", recorded.PID), payload.pop("run", recorded.RUN)
    body = {"hook_event_name": name, "session_id": "s1", "prompt_id": "p1", **payload}
    return Event(T + at, payload.pop("agent", "claude"), run, pid, payload=body)


def bash(command: str, **more: Any) -> dict[str, Any]:
    return {"tool_name": "Bash", "tool_input": {"command": command}, **more}


STARTED = told(1, "SessionStart", source="startup")
PROMPT = told(2, "UserPromptSubmit", prompt="do it")
STOP = told(60, "Stop", last_assistant_message="all done", background_tasks=[])


def known(*events: Event, **more: Any) -> Evidence:
    """An agent that hive started, after some events."""
    given: dict[str, Any] = {
        "kind": "claude",
        "launched_at": T,
        "process": Process(recorded.PID, T),
        "heard": recorded.fold(events),
        **more,
    }
    return Evidence(**given)


def shown(now: float, *events: Event, **more: Any) -> Finding:
    return derive(known(*events, **more), T + now)


# --- process and start -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("process", "state", "reason"),
    [
        (Process(21, T, T + 70, 0), GONE, "it has ended"),
        (Process(21, T, T + 70, None), GONE, "its program has ended"),
        (Process(21, T, T + 70, 3), ERROR, "it ended with status 3"),
        (Process(21, T, T + 70, -9), ERROR, "it was killed by SIGKILL"),
        (Process(21, T, T + 70, -9, stopped=True), GONE, "it was stopped"),
        (Process(21, T, T + 70, -99), ERROR, "it was killed by signal 99"),
        (Process(None, T, T + 70, 127), ERROR, "its program was not found (exit status 127)"),
    ],
)
def test_a_process_that_ended_decides_whatever_was_told(
    process: Process, state: AgentState, reason: str
) -> None:
    found = shown(
        80, STARTED, PROMPT, process=process, registry=Registry("busy", T + 2), native=None
    )
    assert (found.state, found.reason, found.source) == (state, reason, "process")
    assert found.since == T + 70


def test_an_env_without_an_agent_says_so() -> None:
    assert derive(Evidence(), T).state is NONE


def test_an_agent_starts_until_something_is_heard_of_it() -> None:
    found = shown(3)
    assert (found.state, found.again_at) == (STARTING, T + 30)


def test_an_agent_whose_hooks_are_switched_off_is_unknown_and_not_idle() -> None:
    found = shown(31)
    assert found.state is UNKNOWN
    assert "hooks" in found.reason


@pytest.mark.parametrize(
    ("more", "state", "source"),
    [
        ({"registry": Registry("busy", T + 40)}, WORKING, "registry"),
        ({"registry": Registry("idle", T + 40)}, IDLE, "registry"),
        ({"registry": Registry("waiting", T + 40, "permission prompt")}, WAITING, "registry"),
        ({"transcript": Transcript(Stance.WORKING, T + 40)}, WORKING, "transcript"),
        ({"transcript": Transcript(Stance.ENDED, T + 40, "ready")}, DONE, "transcript"),
        ({"transcript": Transcript(Stance.FAILED, T + 40, "limit")}, ERROR, "transcript"),
        ({"title": Title(Stance.WORKING, T + 40)}, WORKING, "title"),
        ({"title": Title(Stance.IDLE, T + 40)}, IDLE, "title"),
        ({"title": Title(Stance.IDLE, T + 40, after_work=True)}, DONE, "title"),
        ({"title": Title(Stance.WAITING, T + 40)}, WAITING, "title"),
        ({"dialog": "trust this folder?"}, WAITING, "screen"),
    ],
)
def test_without_hooks_the_next_source_decides(
    more: dict[str, Any], state: AgentState, source: str
) -> None:
    found = shown(45, **more)
    assert (found.state, found.source) == (state, source)


def test_a_conversation_from_before_the_start_tells_nothing_of_this_run() -> None:
    assert shown(3, transcript=Transcript(Stance.ENDED, T - 500, "old")).state is STARTING


def test_a_dialog_on_the_screen_counts_only_before_anything_was_heard() -> None:
    assert shown(3, dialog="sign in").reason == "dialog: sign in"
    assert shown(3, STARTED, PROMPT, dialog="sign in").state is WORKING


def test_an_agent_whose_terminal_is_not_known_is_unknown() -> None:
    assert shown(5, process=None).state is STARTING
    assert shown(50, process=None).state is UNKNOWN


def test_a_generic_agent_works_with_its_process_alone() -> None:
    plain = {"kind": "generic", "has_hooks": False}
    found = shown(500, output_at=T + 490, **plain)
    assert (found.state, found.reason, found.quiet_s) == (WORKING, "its program runs", None)
    assert shown(5000, output_at=T + 490, **plain).quiet_s == 4510
    assert shown(5000, output_at=T + 490, **plain).state is WORKING


@pytest.mark.parametrize(
    ("state", "expected"),
    [("working", WORKING), ("waiting", WAITING), ("done", DONE), ("error", ERROR), ("idle", IDLE)],
)
def test_a_wrapper_tells_how_a_generic_agent_stands(state: str, expected: AgentState) -> None:
    notice = Event(
        T + 5,
        "generic",
        recorded.RUN,
        7,
        payload={"hook_event_name": "Notify", "state": state, "text": "schema?"},
    )
    found = shown(7, notice, kind="generic", has_hooks=False)
    assert found.state is expected


# --- the bound conversation --------------------------------------------------------------------


@pytest.mark.parametrize(
    "foreign",
    [
        told(20, "Stop", session_id="other", pid=99, prompt_id="x", background_tasks=[]),
        told(20, "SessionStart", session_id="other", pid=99, source="startup"),
        told(20, "SessionStart", session_id="other", pid=99, source="clear"),
        told(20, "SessionEnd", session_id="other", pid=99, reason="other"),
        told(20, "Stop", run="run-0", background_tasks=[]),
        told(20, "Stop", run="", background_tasks=[]),
        told(20, "SessionStart", session_id="child", source="startup"),
    ],
    ids=[
        "a child's end of turn",
        "a child's start",
        "a child's clear",
        "a child's end",
        "a former run",
        "a program that hive did not start",
        "a thread of the same process in the middle of a turn",
    ],
)
def test_what_others_tell_steers_nothing(foreign: Event) -> None:
    found = shown(25, STARTED, PROMPT, foreign)
    assert found.state is WORKING
    assert recorded.fold([STARTED, PROMPT, foreign]).foreign == 1


@pytest.mark.parametrize("how", ["clear", "resume", "fork"])
def test_a_new_conversation_of_the_same_process_is_followed(how: str) -> None:
    heard = recorded.fold(
        [
            STARTED,
            PROMPT,
            STOP,
            told(70, "SessionEnd", reason=how if how != "fork" else "resume"),
            told(71, "SessionStart", session_id="s2", source=how),
            told(72, "UserPromptSubmit", session_id="s2", prompt_id="p9", prompt="again"),
        ]
    )
    assert (heard.session, heard.phase, heard.foreign) == ("s2", Phase.WORKING, 0)


def test_a_shared_server_of_another_env_steers_nothing() -> None:
    stranger = told(20, "PermissionRequest", run="run-of-h1", pid=5, **bash("rm -r /"))
    assert shown(25, STARTED, PROMPT, stranger).state is WORKING


def test_two_agents_in_one_env_are_told_apart_by_their_process() -> None:
    second = [
        told(10, "SessionStart", session_id="s2", pid=77, source="startup"),
        told(11, "UserPromptSubmit", session_id="s2", pid=77, prompt_id="q", prompt="me too"),
    ]
    found = shown(70, STARTED, PROMPT, *second, STOP)
    assert (found.state, found.reason) == (DONE, "all done")


# --- subagents and work behind the turn --------------------------------------------------------


def test_a_subagent_neither_ends_nor_begins_the_turn() -> None:
    helper = {"agent_id": "a1", "agent_type": "Explore"}
    events = [
        STARTED,
        PROMPT,
        told(3, "SubagentStart", **helper),
        told(4, "PreToolUse", tool_use_id="t9", **bash("ls"), **helper),
        told(5, "PostToolUse", tool_use_id="t9", **bash("ls"), **helper),
        told(6, "Stop", **helper),
    ]
    found = shown(7, *events)
    assert (found.state, found.reason) == (WORKING, "waits for 1 helper")
    assert shown(8, *events, told(7, "SubagentStop", **helper)).reason == "works on its prompt"


def test_a_subagent_that_asks_makes_its_agent_wait() -> None:
    helper = {"agent_id": "a1"}
    asked = told(4, "PermissionRequest", **bash("npm test"), **helper)
    events = [STARTED, PROMPT, told(3, "SubagentStart", **helper), asked]
    assert shown(5, *events).reason == "permission: Bash(npm test)"
    answered = told(9, "PostToolUse", tool_use_id="t9", **bash("npm test"), **helper)
    assert shown(10, *events, answered).state is WORKING
    late = told(8, "Stop", background_tasks=[{"type": "subagent", "agent_type": "Explore"}])
    assert shown(9, *events, late).state is WAITING


def test_a_turn_that_ended_over_running_background_work_is_not_done() -> None:
    end = told(
        60,
        "Stop",
        last_assistant_message="started",
        background_tasks=[{"id": "b", "type": "shell", "command": "npm test", "status": "running"}],
    )
    found = shown(70, STARTED, PROMPT, end)
    assert (found.state, found.source) == (WORKING, "hook")
    assert "1 task runs in the background: npm test" in found.reason
    woken = told(200, "Stop", prompt_id="p2", last_assistant_message="green", background_tasks=[])
    assert shown(202, STARTED, PROMPT, end, woken).reason == "green"


def test_a_server_that_an_agent_left_running_does_not_keep_it_at_work_for_ever() -> None:
    end = told(
        60, "Stop", last_assistant_message="up", background_tasks=[{"command": "npm run dev"}]
    )
    found = shown(700, STARTED, PROMPT, end)
    assert (found.state, found.reason) == (DONE, "up (1 task left in the background)")


def test_a_helper_that_outlives_the_turn_of_an_agent_that_does_not_tell_is_work() -> None:
    end = told(60, "Stop", last_assistant_message="wait")
    events = [STARTED, PROMPT, told(5, "SubagentStart", agent_id="a"), end]
    assert shown(70, *events).state is WORKING
    assert shown(75, *events, told(72, "SubagentStop", agent_id="a")).state is DONE


@pytest.mark.parametrize(
    ("loop", "now", "state", "reason"),
    [
        (Loop(3, 10), 62, WORKING, "round 3 of 10 of its loop"),
        (Loop(3), 62, WORKING, "round 3 of its loop"),
        (Loop(10, 10), 62, DONE, "all done"),
        (Loop(3, 10), 125, DONE, "all done"),
    ],
)
def test_the_end_of_a_turn_inside_a_loop_is_work(
    loop: Loop, now: float, state: AgentState, reason: str
) -> None:
    found = shown(now, STARTED, PROMPT, STOP, loop=loop)
    assert (found.state, found.reason) == (state, reason)


def test_prompts_that_it_scheduled_are_said_and_it_is_done() -> None:
    end = told(60, "Stop", last_assistant_message="ok", session_crons=[{"id": "c"}])
    assert shown(62, STARTED, PROMPT, end).reason == "ok (1 prompt scheduled)"


def test_opencodes_child_sessions_steer_nothing_but_ask() -> None:
    view = OpenCodeView(session="ses_1")
    for kind, properties in (
        ("session.status", {"sessionID": "ses_1", "status": {"type": "busy"}}),
        ("session.created", {"info": {"id": "ses_2", "parentID": "ses_1"}}),
        ("session.status", {"sessionID": "ses_2", "status": {"type": "busy"}}),
        ("session.error", {"sessionID": "ses_2", "error": {"name": "Boom"}}),
        ("session.status", {"sessionID": "ses_2", "status": {"type": "idle"}}),
    ):
        view = apply(view, kind, properties, T + 3)
    assert shown(5, kind="opencode", native=view.native()).state is WORKING
    view = apply(view, "permission.asked", {"id": "p", "sessionID": "ses_2", "permission": "x"}, T)
    assert shown(5, native=view.native()).state is WAITING


# --- prompts, interruptions, errors ------------------------------------------------------------


def test_a_queued_prompt_that_never_becomes_a_turn_does_not_keep_it_at_work() -> None:
    queued = told(10, "UserPromptSubmit", prompt="and then this")
    assert shown(65, STARTED, PROMPT, queued, STOP).reason == "a queued prompt comes next"
    assert shown(71, STARTED, PROMPT, queued, STOP).state is DONE


@pytest.mark.parametrize(
    "before",
    [
        [PROMPT],
        [PROMPT, told(5, "PreToolUse", tool_use_id="t", **bash("make"))],
        [PROMPT, told(5, "PermissionRequest", **bash("make"))],
        [PROMPT, told(5, "MessageDisplay")],
    ],
    ids=["thinking", "in a tool", "at a dialog", "streaming"],
)
def test_esc_is_seen_in_every_phase(before: list[Event]) -> None:
    stopped = Transcript(Stance.INTERRUPTED, T + 6)
    idle = Registry("idle", T + 6)
    late = told(6.05, "MessageDisplay")
    for more in ({"transcript": stopped}, {"transcript": stopped, "registry": idle}):
        for events in (before, [*before, late]):
            found = shown(8, STARTED, *events, **more)
            assert (found.state, found.reason) == (IDLE, "was interrupted")
    assert shown(8, STARTED, *before, registry=idle).state is DONE
    told_itself = told(6, "Interrupt")
    assert shown(8, STARTED, *before, told_itself).state is IDLE


def test_an_interruption_by_hive_needs_no_record() -> None:
    found = shown(8, STARTED, PROMPT, registry=Registry("idle", T + 6), interrupted_at=T + 5)
    assert (found.state, found.reason) == (IDLE, "was interrupted")
    before = shown(8, STARTED, PROMPT, registry=Registry("idle", T + 6), interrupted_at=T + 1)
    assert before.state is DONE


def test_gemini_tells_an_interruption_by_its_title() -> None:
    prompt = Event(
        T + 2, "gemini", recorded.RUN, 21, payload={"hook_event_name": "BeforeAgent", "prompt": "x"}
    )
    ready = gemini_hooks.title("\u25c7  Ready (proj)")
    assert ready is Stance.IDLE
    found = shown(20, prompt, kind="gemini", title=Title(ready, T + 10))
    assert (found.state, found.source) == (DONE, "title")


def test_an_error_of_the_model_stays_until_the_next_prompt() -> None:
    failed = told(9, "StopFailure", error="rate_limit", last_assistant_message="429: later")
    for now in (10, 4000):
        found = shown(now, STARTED, PROMPT, failed, registry=Registry("idle", T + 9.1))
        assert (found.state, found.reason) == (ERROR, "429: later")
    again = told(5000, "UserPromptSubmit", prompt_id="p2", prompt="go on")
    assert shown(5001, STARTED, PROMPT, failed, again).state is WORKING


def test_opencode_that_tries_again_works_and_says_why() -> None:
    view = OpenCodeView(session="s")
    status = {"type": "retry", "attempt": 2, "message": "overloaded"}
    view = apply(view, "session.status", {"sessionID": "s", "status": status}, T + 3)
    found = shown(5, native=view.native())
    assert (found.state, found.reason) == (WORKING, "tries again: overloaded")


def test_a_lost_connection_to_opencode_is_made_good_by_asking_anew() -> None:
    view = OpenCodeView(session="s", stance=Stance.WORKING, at=T)
    asked = {"id": "per_1", "sessionID": "s", "permission": "bash", "patterns": ["ls"]}
    view = snapshot(view, {"s": {"type": "busy"}}, [asked], [], T + 9)
    assert shown(10, native=view.native()).reason == "permission: bash(ls)"
    view = snapshot(view, {}, [], [], T + 20)
    assert shown(21, native=view.native()).state is DONE


def test_compaction_is_work_and_may_be_quiet() -> None:
    compacting = told(10, "PreCompact", trigger="auto")
    found = shown(400, STARTED, PROMPT, compacting)
    assert (found.state, found.quiet_s) == (WORKING, None)
    assert found.reason == "makes its conversation shorter"
    after = told(420, "SessionStart", session_id="s2", source="compact")
    heard = recorded.fold([STARTED, PROMPT, compacting, told(410, "PostCompact"), after])
    assert (heard.phase, heard.session, heard.compacting_at) == (Phase.WORKING, "s2", None)


# --- hooks that come twice, late, in another order, cut, or not at all --------------------------


def test_everything_told_twice_is_the_same() -> None:
    for name in ("claude_interactive", "claude_asking", "codex_permission", "gemini"):
        start = recorded.begin(name)
        for second in range(70):
            past = [e for e in recorded.events(name) if e.at <= start + second]
            once = recorded.fold(past)
            twice = recorded.fold([event for event in past for _ in range(2)])
            one, two = (
                derive(known(heard=heard, kind=recorded.kind(name)), start + second + 0.01)
                for heard in (once, twice)
            )
            assert (one.state, one.reason) == (two.state, two.reason), (name, second)


def test_hooks_that_come_in_another_order_lead_to_the_same() -> None:
    use = told(5, "PreToolUse", tool_use_id="t", **bash("make"))
    ask = told(5.1, "PermissionRequest", **bash("make"))
    done = told(9, "PostToolUse", tool_use_id="t", **bash("make"))
    assert shown(6, STARTED, PROMPT, ask, use).state is WAITING
    assert shown(70, STARTED, PROMPT, use, ask, STOP, done).state is DONE
    late_start = told(2.1, "SessionStart", source="startup")
    assert shown(3, PROMPT, late_start).state is WORKING


def test_a_hook_that_was_slower_than_its_limit_reopens_nothing() -> None:
    for name in ("PostToolUse", "PostToolBatch", "MessageDisplay", "SubagentStop"):
        late = told(61, name, tool_use_id="t", **bash("make"))
        assert shown(70, STARTED, PROMPT, STOP, late).state is DONE, name


def test_the_end_of_a_turn_that_a_full_disk_swallowed_is_seen_elsewhere() -> None:
    ended = Transcript(Stance.ENDED, T + 60, "all done")
    idle = Registry("idle", T + 60.2)
    assert shown(63, STARTED, PROMPT, transcript=ended).state is WORKING
    assert shown(66, STARTED, PROMPT, transcript=ended).state is DONE
    assert shown(62, STARTED, PROMPT, registry=idle, transcript=ended).reason == "all done"
    quiet_title = Title(Stance.IDLE, T + 60)
    assert shown(70, STARTED, PROMPT, title=quiet_title).state is DONE


def test_the_limit_of_blocked_stops_ends_the_turn() -> None:
    stops = [told(10 + n, "Stop", stop_hook_active=n > 0, background_tasks=[]) for n in range(8)]
    found = shown(30, STARTED, PROMPT, *stops)
    assert found.state is DONE
    assert recorded.fold([STARTED, PROMPT, *stops]).rounds == 8


def test_a_huge_payload_that_was_cut_still_tells_what_happened() -> None:
    cut = Event(
        T + 9,
        "claude",
        recorded.RUN,
        21,
        cut=True,
        payload={"hook_event_name": "PermissionRequest", "session_id": "s1", **bash("x" * 512)},
    )
    assert shown(10, STARTED, PROMPT, cut).state is WAITING


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"garbage",
        b'{"v":1,"t":1,"payload":{"hook_event_name":"St',
        b'{"v":1,"t":"soon","payload":{}}',
        b'{"v":1,"payload":[]}',
        b"\xff\xfe",
        b"[" * 70_000,
        b"null",
    ],
)
def test_a_line_that_is_none_is_left_out(line: bytes) -> None:
    assert decode(line) is None


def test_a_line_behind_half_a_line_is_found() -> None:
    event = decode(b'{"v":1,"t":1,"payload":{"hook_ev{"v":1,"t":2.5,"payload":{"a":1}}')
    assert event is not None
    assert (event.at, event.payload) == (2.5, {"a": 1})


def test_names_that_a_newer_program_uses_are_signs_of_life_and_nothing_else() -> None:
    renamed = told(61, "TurnFinished", new_field={"x": 1})
    found = shown(62, STARTED, PROMPT, renamed)
    assert found.state is WORKING
    assert recorded.fold([STARTED, PROMPT, renamed]).last_at == T + 61


# --- clocks, sleep, pids -----------------------------------------------------------------------


def test_a_clock_that_was_set_back_holds_nothing_up() -> None:
    hour = 3600
    idle = Registry("idle", T + 61 - hour)
    assert shown(62 - hour, STARTED, PROMPT, STOP).state is DONE
    found = shown(62 - hour, STARTED, PROMPT, registry=idle, launched_at=T - hour)
    assert found.state is DONE
    assert found.since <= T + 62 - hour
    seen = shown(70 - hour, STARTED, PROMPT, STOP, seen_at=T + 65)
    assert seen.state is DONE


def test_nobody_was_quiet_while_the_machine_slept() -> None:
    asleep = 8 * 3600
    assert shown(asleep, STARTED, PROMPT).state is STUCK
    awake = shown(asleep, STARTED, PROMPT, awake_at=T + asleep - 5)
    assert (awake.state, awake.quiet_s) == (WORKING, None)


def entry(pid: int, ticks: str, status: str = "busy", domain: str = "") -> claude_files.Entry:
    return claude_files.Entry(Registry(status, T, pid=pid), ticks, domain)


@pytest.mark.parametrize(
    ("entries", "chosen"),
    [
        ([entry(21, "500")], 21),
        ([entry(21, "400")], None),
        ([entry(22, "500")], None),
        ([entry(99, "500")], None),
        ([entry(21, "500", domain="linux:m:pid:[2]")], None),
        ([entry(21, "500", domain="linux:m:pid:[1]"), entry(30, "600")], 21),
        ([entry(30, "600"), entry(21, "500")], 21),
    ],
    ids=[
        "its own",
        "a pid that is used again",
        "a process that is dead",
        "a process of another window",
        "a container's",
        "a child beside it",
        "a child before it",
    ],
)
def test_only_the_entry_of_a_living_process_of_the_window_counts(
    entries: list[claude_files.Entry], chosen: int | None
) -> None:
    alive = {21: "500", 30: "600", 99: "500"}
    found = claude_files.chosen(entries, alive, {21, 22, 30}, "pid:[1]")
    assert (found.pid if found is not None else None) == chosen


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"pid":"x"}', b'{"pid":1}', b"x" * 100_000])
def test_half_an_entry_is_none(raw: bytes) -> None:
    assert claude_files.entry(raw) is None


def test_a_recorded_entry_is_read() -> None:
    found = claude_files.entry((recorded.FOLDER / "claude_session.json").read_bytes())
    assert found is not None
    assert (found.registry.status, found.start_ticks, found.registry.pid) == ("idle", "139587", 21)


# --- quiet, stuck, seen ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "more", "state", "quiet"),
    [
        (60, {}, WORKING, None),
        (95, {}, WORKING, 93),
        (95, {"output_at": T + 50}, WORKING, None),
        (95, {"cpu_at": T + 50}, WORKING, None),
        (95, {"written_at": T + 50}, WORKING, None),
        (95, {"usual_gap_s": 300.0}, WORKING, None),
        (605, {}, STUCK, None),
        (605, {"output_at": T + 600}, WORKING, None),
        (1900, {"output_at": T + 1899}, STUCK, None),
        (1900, {"output_at": T + 1899, "cpu_at": T + 1899}, WORKING, None),
    ],
)
def test_silence_is_counted_against_all_that_can_be_seen(
    now: float, more: dict[str, Any], state: AgentState, quiet: float | None
) -> None:
    found = shown(now, STARTED, PROMPT, **more)
    assert (found.state, found.quiet_s) == (state, quiet)


def test_a_long_tool_is_not_quiet_and_is_stuck_much_later() -> None:
    use = told(5, "PreToolUse", tool_use_id="t", **bash("make world"))
    assert shown(300, STARTED, PROMPT, use).quiet_s is None
    assert shown(700, STARTED, PROMPT, use).state is WORKING
    assert shown(2000, STARTED, PROMPT, use).state is STUCK


def test_the_same_failure_three_times_in_a_row_is_stuck() -> None:
    failures = [
        told(10 + n, "PostToolUseFailure", tool_use_id=f"t{n}", error="1", **bash("npm test"))
        for n in range(3)
    ]
    assert shown(20, STARTED, PROMPT, *failures[:2]).state is WORKING
    found = shown(20, STARTED, PROMPT, *failures)
    assert (found.state, found.reason) == (STUCK, "Bash(npm test) failed 3 times in a row")
    edit = told(11.5, "PostToolUse", tool_use_id="e", tool_name="Edit", tool_input={"x": 1})
    between = [failures[0], failures[1], edit, failures[2]]
    assert shown(20, STARTED, PROMPT, *between).state is WORKING


def test_healing_that_gave_up_is_stuck_with_its_reason() -> None:
    found = shown(5, STARTED, PROMPT, given_up="unit is red in the same way again")
    assert (found.state, found.reason) == (STUCK, "unit is red in the same way again")


def test_what_was_seen_is_idle_until_the_next_turn_ends() -> None:
    assert shown(70, STARTED, PROMPT, STOP).state is DONE
    assert shown(70, STARTED, PROMPT, STOP, seen_at=T + 65).state is IDLE
    again = [
        told(80, "UserPromptSubmit", prompt_id="p2", prompt="more"),
        told(90, "Stop", prompt_id="p2", background_tasks=[]),
    ]
    assert shown(95, STARTED, PROMPT, STOP, *again, seen_at=T + 65).state is DONE


@pytest.mark.parametrize(
    "reason",
    ["\x1b[31mred\x1b[0m text", "\u202eevil", "one\ntwo", "x" * 5000],
)
def test_a_reason_is_one_line_without_control_codes(reason: str) -> None:
    end = told(60, "Stop", last_assistant_message=reason, background_tasks=[])
    found = shown(70, STARTED, PROMPT, end)
    assert found.reason.isprintable()
    assert len(found.reason) <= 200


def test_who_asks_why_sees_what_every_rule_says() -> None:
    case = known(STARTED, PROMPT, registry=Registry("busy", T + 2.1))
    said = dict(explain(case, T + 5))
    assert list(said) == [
        "process",
        "native",
        "registry",
        "transcript",
        "title",
        "hook",
        "quiet start",
        "unknown",
    ]
    registry, hook = said["registry"], said["hook"]
    assert registry is not None
    assert hook is not None
    assert (registry.rule, hook.rule) == ("busy", "at work")


def test_evidence_of_a_native_interface_stands_above_hooks() -> None:
    native = Native(Stance.IDLE, T + 3)
    assert shown(5, STARTED, PROMPT, native=native).source == "native"


READERS: list[Callable[[bytes], Any]] = [claude_files.record, codex_files.record]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[]", b"7", b'{"type":"assistant"}', b'{"type":7,"timestamp":[]}', b"\xff" * 9],
)
def test_a_record_that_is_none_tells_nothing(read: Callable[[bytes], Any], line: bytes) -> None:
    assert read(line) is None


def test_codex_titles_blink_while_it_asks() -> None:
    for text in ("[ ! ] Action Required | proj", "[ . ] Action Required | proj"):
        assert codex_files.title(text) is Stance.WAITING
    assert codex_files.title("proj") is Stance.IDLE
    assert codex_files.title("") is None


def test_a_loop_file_tells_its_round() -> None:
    head = "---\nactive: true\niteration: 3\nmax_iterations: 10\n---\ndo it"
    assert claude_files.loop(head) == Loop(3, 10)
    assert claude_files.loop(head.replace("10", "0")) == Loop(3)
    assert claude_files.loop(head.replace("true", "false")) is None
    assert claude_files.loop("") is None


def test_heard_without_anything_is_nothing() -> None:
    assert replace(Heard(), run="x").phase is Phase.NOTHING
