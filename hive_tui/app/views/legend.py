"""What every mark means: those of envs, services, tests and agents, and a tile from the top."""

from __future__ import annotations

from hive_tui.app import figures
from hive_tui.app.lines import BLANK, Line, Span, fit
from hive_tui.app.marks import BAR, FORWARD, STALE, of_agent, of_env, of_service, of_test
from hive_tui.app.views.look import Look
from hive_tui.model.environment import EnvState, ServiceState, TestState

WIDTH = 54
"""Cells that every line keeps to."""

_ENVS = {
    EnvState.WARM: "everything is up and ready",
    EnvState.COLD: "watchers only; enough for tests",
    EnvState.STOPPED: "nothing runs",
    EnvState.FROZEN: "up, but paused: takes no CPU",
    EnvState.WARMING: "on the way; it turns step by step",
    EnvState.DEGRADED: "should be up, but a service is down",
    EnvState.FAILED: "a step failed; the reason is shown",
}

_SERVICES = {
    ServiceState.STOPPED: "not wanted now",
    ServiceState.STARTING: "runs, but does not answer yet",
    ServiceState.READY: "runs and answers",
    ServiceState.UNHEALTHY: "runs, but answers no longer",
    ServiceState.CRASHED: "ended too often: left alone",
    ServiceState.BACKOFF: "ended; is started again soon",
    ServiceState.FROZEN: "paused with its env",
}

_TESTS = {
    TestState.PASSED: "all of it",
    TestState.FAILED: "so many of all; why: on its page",
    TestState.ERROR: "it could not be run",
    TestState.RUNNING: "right now",
    TestState.NEVER: "there is no verdict yet",
}

_AGENTS = {
    "working": "busy; leave it alone",
    "waiting": "asks you something",
    "done": "says that it has finished",
    "idle": "has nothing to do",
    "stuck": "has not moved for long",
    "error": "ended with an error",
    "gone": "its process has ended",
    "unknown": "it cannot be told how it stands",
}


def legend(look: Look) -> list[Line]:
    """All marks, those of a tile last."""
    lines: list[Line] = [_title("marks of an env")]
    for env, meaning in _ENVS.items():
        mark = of_env(env)
        lines.append(_state(look.sign(mark), mark.word, meaning))
    lines += [BLANK, _title("marks of a service")]
    for service, meaning in _SERVICES.items():
        mark = of_service(service)
        lines.append(_state(look.sign(mark), mark.word, meaning))
    lines += [BLANK, _title("marks of a test")]
    for test, meaning in _TESTS.items():
        mark = of_test(test)
        lines.append(_state(look.sign(mark), mark.word, meaning))
    lines.append(_state(look.sign(STALE), "stale", "the code changed since it ran"))
    lines += [BLANK, _title("marks of an agent")]
    for agent, meaning in _AGENTS.items():
        mark = of_agent(agent)
        lines.append(_state(look.sign(mark), mark.word, meaning))
    return [*lines, BLANK, _title("a tile, from the top"), *_tile(look)]


def _tile(look: Look) -> list[Line]:
    """Every piece of a tile as it may look, in the order in which they stand."""
    plain = look.plain
    ahead, dirty = ("+2 -1", "~3") if plain else ("↑2 ↓1", "±3")
    full, empty = figures.meter(4 / 6, 4, plain=plain)
    history = figures.spark((1, 2, 4, 6), plain=plain)
    passed, failed = of_test(TestState.PASSED), of_test(TestState.FAILED)
    ready, crashed = of_service(ServiceState.READY), of_service(ServiceState.CRASHED)
    stopped = of_service(ServiceState.STOPPED)
    bar, block, edge = BAR.sign(plain), "#" if plain else "█", "|" if plain else "│"
    pieces: tuple[tuple[Line, str], ...] = (
        ((Span(bar, "good"),), "the state again, in its colour"),
        ((Span(block, "accent"),), "you marked it, with space"),
        ((Span(ahead, "muted"),), "commits ahead of its base, behind it"),
        ((Span(dirty, "muted"),), "files changed or untracked"),
        ((Span(full, "moving"), Span(empty, "dim"), Span(" 4/6  ~2 s")), "steps done, time left"),
        ((Span("warm 2.9 s", "dim"),), "how long the last transition took"),
        ((Span("path 2.2 s", "dim"),), "its longest chain of steps"),
        ((Span("before 3.1 s", "dim"),), "how long it took the time before"),
        ((look.sign(passed), Span(" unit 11", "muted")), "a suite, and how many tests passed"),
        ((look.sign(failed), Span(" unit 1/8", failed.role)), "how many failed, of how many"),
        (
            (look.sign(STALE), Span(f" {passed.sign(plain)} unit 11", "dim")),
            "the code changed since then",
        ),
        (
            (look.sign(ready), look.sign(ready), look.sign(stopped), look.sign(crashed)),
            "services, one dot each",
        ),
        ((Span("web ", "dim"), Span("10000", "muted")), "a service's name and port"),
        ((look.sign(FORWARD), Span(" 3000", FORWARD.role)), "a fixed port that leads here"),
        ((Span(f"{edge} ", "bad"), Span("Error: …", "muted")), "last words of what is broken"),
        ((Span(f"{history} ", "dim"), Span("42 MB", "muted")), "memory: lately, and now"),
        ((Span(f"{history} ", "dim"), Span("3%", "muted")), "processor: lately, and now"),
        ((Span("+41 -2", "dim"),), "lines changed on its branch"),
    )
    return [_piece(sample, meaning) for sample, meaning in pieces]


def _title(words: str) -> Line:
    return (Span(f"  {words}", "heading"),)


def _state(sign: Span, word: str, meaning: str) -> Line:
    return (*fit((Span("  "), sign), 5), *fit((Span(word, "text"),), 11), Span(meaning, "muted"))


def _piece(sample: Line, meaning: str) -> Line:
    return (*fit((Span("  "), *sample), 18), Span(meaning, "muted"))
