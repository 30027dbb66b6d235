"""Whatever is told, in whatever order: there is an answer, and it claims nothing unknown."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from hive_tui.drivers.agents import claude_files, claude_hooks, codex_files, gemini_hooks
from hive_tui.drivers.agents.opencode_events import OpenCodeView, apply, snapshot
from hive_tui.engine.agents.derive import START_S, derive, explain
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
from hive_tui.engine.agents.hearing import MOST, Heard, hear
from hive_tui.engine.agents.signals import Question, Signal, Tool, What
from hive_tui.model.agent import AgentState, AskKind

NOW = 1_000_000.0
times = st.floats(-1e7, 1e7, allow_nan=False).map(lambda offset: NOW + offset)
near = st.floats(-100, 5, allow_nan=False).map(lambda offset: NOW + offset)
at = near | times
words = st.sampled_from(["", "a", "b", "clear", "startup", "joins", "idle", "\x1b[1m\n"])
stances = st.sampled_from(Stance)
tools = st.builds(Tool, words, words, words, words, at)
questions = st.builds(
    Question,
    st.sampled_from(AskKind),
    words,
    words,
    st.just(()),
    st.none() | tools,
    st.booleans(),
    at,
)
signals = st.builds(
    Signal,
    what=st.sampled_from(What),
    at=at,
    how=words,
    session=words,
    run=st.sampled_from(["", "r"]),
    pid=st.integers(0, 2),
    helper=st.sampled_from(["", "", "h"]),
    turn=words,
    text=words,
    tools=st.lists(tools, max_size=2).map(tuple),
    question=st.none() | questions,
    background=st.none() | st.lists(words, max_size=2).map(tuple),
    scheduled=st.integers(0, 2),
)
heards = st.lists(signals, max_size=30).map(lambda told: _fold(told))
processes = st.builds(
    Process, st.none() | st.integers(1, 9), at, st.none() | at, st.none() | st.integers(-70, 200)
)
evidences = st.builds(
    Evidence,
    kind=st.sampled_from(["claude", "codex", "generic"]),
    launched_at=st.none() | at,
    process=st.none() | processes,
    native=st.none() | st.builds(Native, stances, at, st.lists(questions, max_size=2).map(tuple)),
    registry=st.none()
    | st.builds(Registry, st.sampled_from(["idle", "busy", "waiting", "new"]), at, words),
    heard=heards,
    transcript=st.none() | st.builds(Transcript, stances, at, words),
    title=st.none() | st.builds(Title, stances, at, words),
    dialog=words,
    has_hooks=st.booleans(),
    output_at=at,
    cpu_at=at,
    awake_at=at,
    seen_at=at,
    loop=st.none() | st.builds(Loop, st.integers(0, 5), st.none() | st.integers(0, 5)),
    usual_gap_s=st.floats(0, 1e4),
)


def _fold(told: list[Signal]) -> Heard:
    heard = Heard(run="r")
    for signal in told:
        heard = hear(heard, signal)
    return heard


@settings(max_examples=300)
@given(evidences)
def test_there_is_always_an_answer_that_says_where_it_comes_from(evidence: Evidence) -> None:
    found = derive(evidence, NOW)
    assert found.reason
    assert found.source
    assert found.since <= NOW
    assert found.again_at is None or found.again_at > NOW
    assert found.reason.isprintable()
    assert dict(explain(evidence, NOW))


@settings(max_examples=300)
@given(evidences)
def test_who_waits_says_for_what_and_nobody_else_asks(evidence: Evidence) -> None:
    found = derive(evidence, NOW)
    assert (found.state is AgentState.WAITING) == bool(found.questions)


@given(evidences)
def test_a_dead_program_never_works(evidence: Evidence) -> None:
    dead = Process(1, NOW - 9, NOW - 1, 0)
    evidence = msgspec.structs.replace(evidence, launched_at=NOW - 9, process=dead)
    assert derive(evidence, NOW).state is AgentState.GONE


@given(st.floats(START_S + 1, 1e7), st.none() | st.builds(Process, st.just(3), st.just(0.0)))
def test_what_is_not_known_is_unknown(age: float, process: Process | None) -> None:
    silent = Evidence(kind="claude", launched_at=NOW - age, process=process, output_at=NOW)
    assert derive(silent, NOW).state is AgentState.UNKNOWN


@given(st.lists(signals, max_size=60))
def test_what_is_remembered_is_bounded(told: list[Signal]) -> None:
    heard = _fold(told)
    for many in (heard.tools, heard.questions, heard.helpers, heard.sessions):
        assert len(many) <= MOST


json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = ("session_id", "agent_id", "tool_name", "tool_input", "tool_calls", "prompt", "message")
MORE = ("background_tasks", "session_crons", "source", "error", "notification_type", "details")
payloads = st.fixed_dictionaries(
    {"hook_event_name": st.sampled_from([*claude_hooks.EVENTS, *gemini_hooks.EVENTS, "Notify"])},
    optional=dict.fromkeys((*NAMES, *MORE), json),
)


@given(payloads)
def test_no_payload_is_too_strange_to_be_read(payload: dict[str, Any]) -> None:
    event = Event(NOW, "claude", "r", 1, payload=payload)
    for read in (claude_hooks.signal, gemini_hooks.signal):
        signal = read(event)
        assert signal is not None
        derive(Evidence(launched_at=NOW, heard=hear(Heard(run="r"), signal)), NOW)


@given(
    st.sampled_from(["permission.asked", "question.asked", "session.status", "session.error"]), json
)
def test_no_event_of_a_server_is_too_strange_to_be_read(kind: str, properties: Any) -> None:
    given_ = properties if isinstance(properties, dict) else {"sessionID": properties}
    view = apply(OpenCodeView(), kind, given_, NOW)
    view = snapshot(view, given_, [properties], [properties], NOW)
    assert derive(Evidence(launched_at=NOW, native=view.native()), NOW).reason


@given(json)
def test_no_file_of_an_agent_is_too_strange_to_be_read(value: Any) -> None:
    raw = msgspec.json.encode(value)
    for read in (claude_files.record, codex_files.record, claude_files.entry, decode):
        read(raw)


@given(st.binary(max_size=200))
def test_no_bytes_are_too_strange_to_be_read(raw: bytes) -> None:
    for read in (claude_files.record, codex_files.record, claude_files.entry, decode):
        assert read(raw) is None or raw.lstrip()[:1] == b"{"
