"""Puts one compose file's values over another's, as compose does it.

Mappings are joined key by key, lists one after the other, anything else is replaced. What runs is
replaced as a whole; `!reset` takes a value away, `!override` puts one in the place of all.
"""

from __future__ import annotations

import msgspec

from hive_tui.config.yaml_text import Node

_WHOLE = {"command", "entrypoint"}
"""Keys of a service whose lists are one thing."""

_TABLES = {"environment", "labels", "args", "extra_hosts", "sysctls", "annotations", "depends_on"}
"""Keys that may be lists or mappings and are joined as mappings."""


def merge(under: Node, over: Node, key: str = "") -> Node:
    """The value that results where both files say something.

    Args:
        under: From the earlier file.
        over: From the later one.
        key: The key that both stand at.
    """
    if over.tag == "!override" or key in _WHOLE or key == "test":
        return msgspec.structs.replace(over, tag=None)
    if key in _TABLES:
        under, over = as_table(under, key), as_table(over, key)
    if isinstance(under.value, dict) and isinstance(over.value, dict):
        table = dict(under.value)
        for name, node in over.value.items():
            if node.tag == "!reset":
                table.pop(name, None)
            elif name in table:
                table[name] = merge(table[name], node, name)
            else:
                table[name] = msgspec.structs.replace(node, tag=None)
        return msgspec.structs.replace(over, value=table)
    if isinstance(under.value, tuple) and isinstance(over.value, tuple):
        return msgspec.structs.replace(over, value=_joined(under.value, over.value, key))
    return msgspec.structs.replace(over, tag=None)


def cleared(node: Node) -> Node:
    """The node without what `!reset` takes away, and without tags that have done their work."""
    if not isinstance(node.value, dict):
        return node
    table = {key: cleared(child) for key, child in node.value.items() if child.tag != "!reset"}
    return msgspec.structs.replace(node, value=table, tag=None)


def as_table(node: Node, key: str = "") -> Node:
    """A list of `NAME=value` as a mapping; anything else as it is.

    Of `depends_on` a list of names; of `extra_hosts` pairs with a colon too.
    """
    if not isinstance(node.value, tuple):
        return node
    table: dict[str, Node] = {}
    for item in node.value:
        text = str(item.value)
        if key == "depends_on":
            table[text] = Node({}, item.line, item.file)
            continue
        mark = "=" if "=" in text or key != "extra_hosts" else ":"
        name, found, value = text.partition(mark)
        table[name.strip()] = Node(value if found else None, item.line, item.file)
    return Node(table, node.line, node.file)


def _joined(under: tuple[Node, ...], over: tuple[Node, ...], key: str) -> tuple[Node, ...]:
    """Both lists; of mounts to one path and of equal entries the later one."""
    both: dict[object, Node] = {}
    for node in (*under, *over):
        both[_identity(node, key)] = node
    return tuple(both.values())


def _identity(node: Node, key: str) -> object:
    if key in ("volumes", "secrets", "configs"):
        target = node.get("target")
        if target is not None:
            return str(target.value)
        if isinstance(node.value, str) and key == "volumes":
            parts = node.value.split(":")
            return parts[1] if len(parts) > 1 else parts[0]
    return repr(node.plain())
