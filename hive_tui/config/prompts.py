"""Templates of prompts: the product's own, and those of a hive.toml."""

from __future__ import annotations

from collections.abc import Mapping

DEFAULTS: Mapping[str, str] = {
    "simplify": (
        "Go over what you changed on this branch and make it simpler: fewer branches, fewer "
        "names, no code that nothing uses. Keep what it does, and run the tests afterwards."
    ),
    "review": (
        "Read the changes of this branch against its base as a strict reviewer would. List what "
        "is wrong or risky with file and line, the worst first. Change nothing yet."
    ),
    "add tests": (
        "Add tests for what this branch changes: what it is for, its edges, and how it fails. "
        "Show for each that it fails without the change, then run all of them."
    ),
}
"""Name -> text, in the order in which they are offered."""


def templates(own: Mapping[str, str]) -> dict[str, str]:
    """All that are offered: the file's own first; an empty text takes one of ours away."""
    return {name: text for name, text in {**own, **_rest(own)}.items() if text.strip()}


def _rest(own: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in DEFAULTS.items() if name not in own}
