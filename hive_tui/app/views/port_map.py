"""The ports of an env: what was given out, and what really listens there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hive_tui.app.lines import Line, Span, cut, fit, safe, width_of
from hive_tui.app.marks import Mark
from hive_tui.app.views.look import Look
from hive_tui.model.environment import PortsView

_LISTENS = Mark("●", "@", "listening", "good")
_FREE = Mark("·", ".", "free", "dim")
_FOREIGN = Mark("▲", "!", "taken by", "warning")


class PortRow(msgspec.Struct, frozen=True):
    """One port, as the daemon's answer to `ports` has it."""

    name: str | None
    port: int
    listening: bool
    pid: int | None = None
    process: str | None = None
    service: str | None = None
    foreign: bool = False
    url: str | None = None
    """Its address at the proxy."""


def parse(answer: Any) -> tuple[PortRow, ...]:
    """The rows of the daemon's answer; none where it is not of that shape."""
    rows = answer.get("ports") if isinstance(answer, dict) else None
    try:
        return msgspec.convert(rows, tuple[PortRow, ...])
    except msgspec.ValidationError:
        return ()


def port_map(
    ports: PortsView, rows: Sequence[PortRow], width: int, look: Look, *, most: int = 10
) -> list[Line]:
    """A heading with the block, and a line a port: first strangers, then as hive.toml has them.

    Args:
        ports: The env's block.
        rows: What listens; empty while it is not known.
        width: In cells.
        look: Time and terminal.
        most: Ports shown at most.
    """
    block = f"  {ports.base}-{ports.base + ports.size - 1}"
    lines: list[Line] = [(Span("  ports", "heading"), Span(block, "dim"))]
    known = {row.port for row in rows}
    silent = (
        PortRow(name, port, listening=False)
        for name, port in ports.names.items()
        if port not in known
    )
    every = sorted((*rows, *silent), key=lambda row: not row.foreign)
    name = min(16, max((len(row.name or "") for row in every), default=0))
    asked = bool(rows)
    lines.extend(cut(_row(row, name, look, asked, width), width) for row in every[:most])
    if len(every) > most:
        lines.append((Span(f"  and {len(every) - most} more", "dim"),))
    return lines


def _row(row: PortRow, name: int, look: Look, asked: bool, width: int) -> Line:
    """One port: what it is called, who listens, and its address by name where that has room."""
    label = fit((Span(f"  {safe(row.name or look.none)}", "text"),), name + 2)
    port = Span(f"  {row.port}  ", "muted")
    if not asked:
        return (*label, port)
    if row.url and row.listening and not row.foreign:
        host = row.url.removeprefix("http://").removesuffix("/")
        named = (*label, port, look.sign(_LISTENS), Span(f" {safe(host)}", "muted"))
        if width_of(named) <= width:
            return named
    mark = _FOREIGN if row.foreign else _LISTENS if row.listening else _FREE
    who = f"{row.process or 'a process'} {row.pid}" if row.pid else ""
    words = [look.sign(mark), Span(f" {mark.word}", "muted" if mark.role == "good" else mark.role)]
    if row.foreign:
        words.append(Span(f" {safe(who) or 'a stranger'}, not of this env", "warning"))
    elif who:
        service = f"  {safe(row.service)}" if row.service and row.service != row.name else ""
        words.append(Span(f"  {safe(who)}{service}", "dim"))
    return (*label, port, *words)
