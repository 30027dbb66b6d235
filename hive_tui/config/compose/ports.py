"""Published ports of a service: each becomes a name in the env's block."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from hive_tui.config.compose import values
from hive_tui.config.compose.report import Report
from hive_tui.config.yaml_text import Node

_SHORT = re.compile(
    r"(?:(?P<ip>\[[0-9a-fA-F:]*\]|[0-9]+(?:\.[0-9]+){3}|localhost):)?"
    r"(?:(?P<host>[0-9]*|\{\{[^{}]*\}\})(?P<until>-[0-9]+)?:)?"
    r"(?P<first>[0-9]+)(?:-(?P<last>[0-9]+))?(?:/(?P<protocol>[a-z]+))?"
)
_MOST = 50


class Published(msgspec.Struct, frozen=True):
    """One port that is published."""

    inside: int
    number: int | None
    """On the machine; `None` where the engine would choose."""
    name: str | None
    """What the file itself calls it."""
    node: Node


def published(node: Node | None, path: str, report: Report) -> list[Published]:
    """The TCP ports of a service, each port inside once."""
    found: dict[int, Published] = {}
    for item in node.each() if node is not None else ():
        for one in _long(item, path, report) if item.get("target") else _short(item, path, report):
            if one.inside in found:
                report.note(item, path, f"{one.inside} is published again; once is enough")
            else:
                found[one.inside] = one
    return list(found.values())


def _short(node: Node, path: str, report: Report) -> Iterator[Published]:
    match = _SHORT.fullmatch(str(node.value).strip())
    if match is None:
        report.wrong(node, path, "a port such as 8080:80")
        return
    if (match["protocol"] or "tcp") != "tcp":
        report.refuse(node, path, f"a {match['protocol']} port; only TCP ports are published")
        return
    first, last = int(match["first"]), int(match["last"] or match["first"])
    host = match["host"] or ""
    begin = int(host) if host.isdecimal() else None
    if not 1 <= first <= last <= 65535 or last - first >= _MOST:
        report.wrong(node, path, f"ports from 1 to 65535, at most {_MOST} in a row")
        return
    for step in range(last - first + 1):
        number = begin + step if begin else None
        yield Published(first + step, number, None, node)


def _long(node: Node, path: str, report: Report) -> Iterator[Published]:
    target = values.whole((node.get("target") or node).plain())
    protocol = node.get("protocol")
    if protocol is not None and protocol.value not in ("tcp", None):
        report.refuse(node, path, f"a {protocol.value} port; only TCP ports are published")
        return
    if target is None or not 1 <= target <= 65535:
        report.wrong(node, path, "a target from 1 to 65535")
        return
    host = node.get("published")
    name = node.get("name")
    number = str(host.value) if host is not None else ""
    yield Published(
        target,
        int(number) if number.isdecimal() and int(number) else None,
        name.value if name is not None and isinstance(name.value, str) else None,
        node,
    )


def offsets(
    wanted: Mapping[str, int | None], given: Mapping[str, int], block: int
) -> dict[str, int]:
    """An offset in the block for each name: that of hive.toml, or one after the port's number.

    5432 has offset 432 in a block of 1000, or the next one that is free.

    Args:
        wanted: Name to the number on the machine, in the order of the file.
        given: Offsets that are taken already.
        block: Ports per env.
    """
    taken = set(given.values())
    found: dict[str, int] = {}
    for name, number in wanted.items():
        if name in given or len(taken) >= block:
            continue
        offset = (number or 0) % block
        while offset in taken:
            offset = (offset + 1) % block
        taken.add(offset)
        found[name] = offset
    return found
