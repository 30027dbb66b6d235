"""The queue of what needs a person, a card in full, and what the agents do meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hive_tui.app import figures
from hive_tui.app.lines import BLANK, Line, Span, beside, cut, fit, joined, lifted, safe, wrapped
from hive_tui.app.marks import POINTER, Mark, of_agent
from hive_tui.app.state import HiveState
from hive_tui.app.triage.desk import waited_s
from hive_tui.app.triage.items import ASKS, Item, Kind
from hive_tui.app.triage.queue import Card
from hive_tui.app.views.agent import agent_section
from hive_tui.app.views.look import Look
from hive_tui.app.views.sections import failure_section, tests_section, words_section
from hive_tui.model.agent import Ask
from hive_tui.model.environment import EnvDetail
from hive_tui.model.wire import LogLine

_MOST_LINES = 400
"""Of a text from an agent; the rest is on its own screen."""

_PIN = Mark("⚑", "!", "pinned", "accent")
_WORDS = 12
"""Newest lines of an env's logs beside what is broken."""


def desk_head(
    state: HiveState,
    cards: Sequence[Card],
    away: int,
    width: int,
    look: Look,
    *,
    all_of_them: bool = False,
) -> Line:
    """Where one is, how much there is, and what waiting has cost today.

    Args:
        state: Of the hive.
        cards: Those that are shown.
        away: How many are put off.
        width: In cells.
        look: Time and terminal.
        all_of_them: Whether those that are put off are shown too.
    """
    shown = "put-off ones shown" if all_of_them else ""
    wanting = sum(not card.put_off for card in cards)
    left: Line = (
        Span(" hive", "heading"),
        look.step,
        Span("needs you", "strong"),
        Span(f"  {wanting}" if wanting else "", "warning"),
        Span(f"  {away} put off" if away else "", "dim"),
        Span(f"  {shown}" if shown else "", "accent"),
    )
    waited = waited_s(state)
    words = f"agents waited {figures.span(waited)} on you today " if waited >= 1 else ""
    return beside(left, (Span(words, "muted"),) if words else BLANK, width)


def queue_lines(
    cards: Sequence[Card], selected: str | None, width: int, look: Look, *, tall: bool
) -> list[Line]:
    """The queue, a card a row, or two rows where there is room for the reason below the name.

    Args:
        cards: In order.
        selected: Key of the one under the cursor.
        width: In cells.
        look: Time and terminal.
        tall: Whether each has two rows.
    """
    lines: list[Line] = []
    for card in cards:
        for row in _row(card, card.key == selected, width, look, tall=tall):
            whole = fit(row, width)
            lines.append(lifted(whole) if card.key == selected else whole)
    return lines


def _row(card: Card, selected: bool, width: int, look: Look, *, tall: bool) -> list[Line]:
    item = card.first
    age = figures.since(item.since, look.now)
    quiet = card.put_off
    end: Line = (Span(f"{age} ", "dim"),) if age else BLANK
    pointer = look.sign(POINTER) if selected else Span(" ")
    name: Line = (
        pointer,
        look.sign(item.mark, "dim" if quiet else None),
        Span(f" {safe(card.names)}", "muted" if quiet else "strong"),
        *((Span(" "), look.sign(_PIN)) if card.pinned else BLANK),
    )
    role = "dim" if quiet else "muted"
    word = Span(item.kind.value, "dim" if quiet else item.mark.role)
    reason = Span(f"  {safe(item.text.removeprefix(f'{item.kind.value}: '))}", role)
    if tall:
        return [beside(name, end, width), cut((Span("   "), word, reason), width)]
    return [beside((*name, Span("  "), word, reason), end, width)]


def empty_lines(state: HiveState, away: int, look: Look) -> list[Line]:
    """Nothing needs a person: that, and what the agents do meanwhile."""
    lines: list[Line] = [BLANK, (Span("  Nothing needs you.", "strong"),)]
    if away:
        words = f"  {figures.count(away, 'thing')} put off; {{triage.put_off}} shows them."
        lines.append(look.worded(words))
    at_work = [detail for detail in state.envs.values() if _busy(detail)]
    if at_work:
        lines += [BLANK, (Span("  meanwhile", "heading"),)]
    for detail in at_work:
        agent = detail.view.agent
        assert agent is not None, "busy is one with an agent"
        mark = of_agent(agent.state)
        lines.append(
            (
                Span("  "),
                look.sign(mark),
                Span(f" {safe(detail.view.name)}", "text"),
                Span(f"  {safe(agent.kind)}  {safe(agent.reason or agent.state)}", "muted"),
            )
        )
    return lines


def _busy(detail: EnvDetail) -> bool:
    agent = detail.view.agent
    return agent is not None and agent.state in ("starting", "working", "idle")


def card_lines(
    card: Card,
    envs: Sequence[EnvDetail],
    words: Sequence[LogLine],
    width: int,
    look: Look,
    *,
    until: str = "",
) -> list[Line]:
    """A card in full: what is asked, and what one has to know to answer.

    Args:
        card: The selected one.
        envs: Of its items, with the last words of what is broken.
        words: Newest lines of the first env's logs.
        width: In cells.
        look: Time and terminal.
        until: When it comes back, where it is put off.
    """
    item = card.first
    age = figures.since(item.since, look.now)
    title: Line = (
        look.sign(item.mark),
        Span(f" {safe(card.names)}", "strong"),
        Span(f"  {item.kind.value}", item.mark.role),
    )
    lines = [beside(title, (Span(f"{age} ", "dim"),) if age else BLANK, width)]
    if len(card.items) > 1:
        text = f"The same question of {len(card.items)} agents: one answer goes to all of them."
        lines += wrapped(text, width, role="accent")
    if card.put_off:
        lines += wrapped(f"put off {until or 'until it changes'}", width, role="dim")
    blocked = sorted({each for one in card.items for each in one.blocks})
    if blocked:
        lines += wrapped(f"stands still beside it: {', '.join(blocked)}", width, role="warning")
    lines.append(BLANK)
    lines += _ask_lines(item.ask, width, look) if item.ask else wrapped(item.text, width, most=6)
    for env in envs:
        if len(card.items) > 1:
            lines += [BLANK, (Span(safe(env.view.name), "strong"),)]
        for section in _about(item, env, words, width, look):
            if section:
                lines += [BLANK, *(_outdented(line) for line in section)]
    return lines


def _ask_lines(ask: Ask, width: int, look: Look) -> list[Line]:
    """The question word for word, its options by number, and what answers it."""
    lines = wrapped(ask.title, width, role="strong", most=4)
    bar = "|" if look.plain else "│"
    if ask.detail and ask.detail.strip() != ask.title.strip():
        rows = list(_paragraphs(ask.detail, width - 2))
        lines += [BLANK, *((Span(f"{bar} ", "dim"), *row) for row in rows[:_MOST_LINES])]
        if len(rows) > _MOST_LINES:
            lines.append((Span(f"{bar} … the rest is on its own screen", "dim"),))
    if ask.options:
        lines.append(BLANK)
    for number, option in enumerate(ask.options, 1):
        first, *rest = wrapped(option, max(8, width - 4), most=3) or [BLANK]
        key = f"{number}" if number <= 9 else look.none
        lines.append((Span(f" {key}", "accent"), Span("  "), *first))
        lines += [(Span("    "), *row) for row in rest]
    lines += [BLANK, cut(_answers(ask, look), width)]
    return lines


def _answers(ask: Ask, look: Look) -> Line:
    """Which keys answer it."""
    if not ask.answerable:
        return look.worded(
            "Only its own screen takes the answer: {env.enter} goes there.", "warning"
        )
    if ask.kind.value == Kind.PERMISSION:
        return look.worded("{triage.once} once   {triage.always} always   {triage.deny} no")
    if ask.kind.value == Kind.PLAN:
        return look.worded("{triage.once} carry it out   {triage.deny} no, and why")
    if ask.options:
        return look.worded("{triage.option} choose   {triage.reply} in words of your own")
    return look.worded("{triage.reply} answer")


def _paragraphs(text: str, width: int) -> Iterable[Line]:
    """A text of several lines, as it is: what is too long for a row goes on in the next."""
    for raw in text.expandtabs(4).splitlines():
        row = safe(raw.rstrip())
        if not row:
            yield BLANK
        while row:
            piece = cut((Span(row, "text"),), width)
            if piece[0].text == row:
                yield piece
                break
            kept = piece[0].text.removesuffix("…")
            at = kept.rfind(" ")
            kept = kept[:at] if at > width // 2 else kept
            if not kept:
                break
            yield (Span(kept, "text"),)
            row = row[len(kept) :].lstrip()


def _about(
    item: Item, env: EnvDetail, words: Sequence[LogLine], width: int, look: Look
) -> Iterable[Sequence[Line]]:
    """What one has to know of the env, the nearest to the question first."""
    agent = agent_section(env, width + 2, look)
    tests = tests_section(env, width + 2, look)
    if item.kind in ASKS or item.kind in (Kind.ERROR, Kind.STUCK, Kind.DONE):
        yield agent
        yield tests
    elif item.kind in (Kind.FAILED, Kind.DEGRADED):
        yield failure_section(env, width + 2, look, remedies=False)
        yield words_section(words, width + 2, _WORDS, look)
        yield agent
    elif item.kind is Kind.TRESPASS:
        yield [(Span("  changed beyond its boundaries", "heading"),), *_trespasses(env, width)]
        yield agent
    else:
        yield tests
        yield agent
    yield _where(env, width)


def _trespasses(env: EnvDetail, width: int) -> list[Line]:
    return [
        cut((Span(f"  {safe(each.path)}", "text"), Span(f"  {safe(each.reason)}", "dim")), width)
        for each in env.trespasses[:50]
    ]


def _where(env: EnvDetail, width: int) -> list[Line]:
    git = env.view.git
    change = f"+{git.insertions} -{git.deletions}" if git else ""
    parts = (f"  {safe(env.view.branch)}", change, safe(env.view.worktree))
    return [cut(joined((Span(part, "dim"),) for part in parts if part), width)]


def _outdented(line: Line) -> Line:
    """The line two cells further left, so that it stands below the title."""
    first, *rest = line or (Span(""),)
    text = first.text.removeprefix("  ") if first.text.startswith("  ") else first.text
    return (first._replace(text=text), *rest)
