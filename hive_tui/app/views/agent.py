"""What is known of an env's agent, as a section of a page."""

from __future__ import annotations

from hive_tui.app import figures
from hive_tui.app.lines import BLANK, Line, Span, beside, cut, joined, safe, wrapped
from hive_tui.app.marks import of_agent, of_level
from hive_tui.app.views.look import Look
from hive_tui.model.agent import AgentDetail, HealView, QueuedPrompt
from hive_tui.model.environment import AgentView, EnvDetail

_CALM = frozenset({"working", "idle", "none", "gone", "starting", "unknown"})
"""States that take no colour: nobody has to look."""

_HEALS = {
    "settling": "waits until the worktree is still",
    "checking": "runs the suites",
    "feeding": "gives what is red back to the agent",
    "healed": "healed",
    "gave_up": "gave up",
    "paused": "paused",
}


def agent_words(agent: AgentView, look: Look) -> Line:
    """`◆ claude  may I run npm test?`, in colour only where a person is wanted."""
    mark = of_agent(agent.state)
    role = "muted" if agent.state in _CALM else mark.role
    text = f" {safe(agent.kind)}  {safe(agent.reason or mark.word)}"
    return (look.sign(mark), Span(text, "muted" if role == "good" else role))


def agent_section(detail: EnvDetail, width: int, look: Look) -> list[Line]:
    """Its state and why, what it cost, what it claims, what waits for it; nothing without one.

    Args:
        detail: The env.
        width: In cells.
        look: Time and terminal.
    """
    agent, full = detail.view.agent, detail.agent
    if agent is None or agent.state == "none":
        return []
    age = figures.since(agent.since, look.now)
    first = beside(
        (Span("  "), *agent_words(agent, look)), (Span(age, "dim"),) if age else BLANK, width
    )
    lines: list[Line] = [(Span("  agent", "heading"),), first]
    if full is not None:
        facts = agent_facts(full)
        lines += [cut((Span("    "), *facts), width)] if facts else []
        lines += claim_lines(full, width)
        lines += queued_lines(full.queued, width, look)
        if heal := heal_words(full.heal):
            lines.append(cut((Span("    "), *heal), width))
    return lines


def agent_facts(agent: AgentDetail) -> Line:
    """Model, tokens, cost, what runs below it, and how long it waited on the person today."""
    parts: list[str] = []
    if agent.model:
        parts.append(safe(agent.model))
    if agent.tokens is not None:
        parts.append(f"{figures.thousands(agent.tokens)} tokens")
    if agent.cost_usd is not None:
        parts.append(f"${agent.cost_usd:.2f}")
    if agent.helpers:
        parts.append(figures.count(agent.helpers, "helper"))
    if agent.loop is not None:
        round_, most = agent.loop
        parts.append(f"round {round_} of {most}" if most else f"round {round_}")
    if agent.waited_s >= 1:
        parts.append(f"waited {figures.age(agent.waited_s)} on you today")
    return joined((Span(part, "dim"),) for part in parts)


def claim_lines(agent: AgentDetail, width: int) -> list[Line]:
    """What it says of its result."""
    if not agent.claim:
        return []
    rows = wrapped(f"says “{agent.claim}”", width - 4, role="muted", most=3)
    return [(Span("    "), *row) for row in rows]


def queued_lines(queued: tuple[QueuedPrompt, ...], width: int, look: Look) -> list[Line]:
    """Prompts that wait, each with its age, or why it was not delivered."""
    lines: list[Line] = []
    for prompt in queued:
        age = figures.since(prompt.since, look.now)
        text = " ".join(prompt.text.split())
        if prompt.problem:
            mark = of_level("error")
            words: Line = (
                look.sign(mark),
                Span(f" not delivered: {safe(prompt.problem)}", mark.role),
                Span(f"  “{safe(text)}”", "dim"),
            )
        else:
            words = (Span("queued ", "dim"), Span(f"“{safe(text)}”", "muted"))
        left: Line = (Span("    "), *words)
        lines.append(beside(left, (Span(age, "dim"),) if age else BLANK, width))
    return lines


def heal_words(heal: HealView | None) -> Line:
    """Where healing stands; blank where there is nothing to say."""
    if heal is None or heal.mode == "off" or heal.state == "idle":
        return BLANK
    word = _HEALS.get(heal.state, safe(heal.state))
    observed = " (observes only)" if heal.mode == "observe" else ""
    tried = f", attempt {heal.attempt} of {heal.attempts}" if heal.attempt else ""
    why = f": {safe(heal.reason)}" if heal.reason else ""
    role = {"gave_up": "bad", "paused": "warning"}.get(heal.state, "muted")
    return (Span("healing ", "dim"), Span(f"{word}{observed}{tried}{why}", role))
