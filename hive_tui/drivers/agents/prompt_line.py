"""Finds on an agent's screen what stands in its prompt line. Pure.

A program shows an example in an empty line, and that is no text: it is dim, or known by its words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_SGR = re.compile(r"\x1b\[([0-9;:]*)m")
_FRAME = "│┃║|▌▐ \xa0\t"
_RULE = re.compile(r"[─━═▀▄╭╮╰╯┌┐└┘╹▔▁+\-\s]{3,}")
DIM, INVERSE = 2, 7
PLAIN, SINGLE, HEAVY = ">", "\u203a", "\u276f"
"""Signs with which prompt lines begin."""


def prompt_line(
    lines: Sequence[bytes],
    cursor: tuple[int, int] | None,
    signs: str,
    examples: Sequence[str] = (),
) -> str | None:
    """The text in the prompt line; empty: nothing is written there.

    Where the cursor is seen, the prompt line is the one in which it is, or the last above it that
    begins with a sign; else the last of the screen.

    Args:
        lines: Of the screen, with colours.
        cursor: Column and row; `None` where it is hidden.
        signs: Characters with one of which the prompt line begins.
        examples: How texts begin that are shown in an empty line.

    Returns:
        `None` where there is no prompt line.
    """
    shown = [line.decode("utf-8", "replace") for line in lines]
    last = min(cursor[1], len(shown) - 1) if cursor is not None else len(shown) - 1
    for at in range(last, -1, -1):
        bare = _SGR.sub("", shown[at]).strip(_FRAME)
        if bare[:1] in signs and bare and bare[1:2] in ("", " ", "\xa0"):
            break
    else:
        return None
    end = last if cursor is not None else at
    if any(_RULE.fullmatch(_SGR.sub("", line).strip()) for line in shown[at + 1 : end + 1]):
        return None  # the cursor is somewhere below the line
    text = "\n".join(_written(line).strip(_FRAME) for line in shown[at : end + 1])
    text = text[1:].strip() if text[:1] in signs else text.strip()
    return "" if any(text.startswith(example) for example in examples) else text


def _written(line: str) -> str:
    """The line without what is dim, and without the cursor that a program draws upon that."""
    parts: list[tuple[str, bool, bool]] = []
    dim = inverse = False
    at = 0
    for found in _SGR.finditer(line):
        parts.append((line[at : found.start()], dim, inverse))
        at = found.end()
        dim, inverse = _style(found[1], dim, inverse)
    parts.append((line[at:], dim, inverse))
    parts = [part for part in parts if part[0]]
    kept = []
    for index, (text, is_dim, is_inverse) in enumerate(parts):
        follows = parts[index + 1] if index + 1 < len(parts) else ("", False, False)
        drawn = is_inverse and len(text) == 1 and follows[1]
        if not is_dim and not drawn:
            kept.append(text)
    return "".join(kept)


def _style(codes: str, dim: bool, inverse: bool) -> tuple[bool, bool]:
    numbers = [int(code) if code else 0 for code in codes.replace(":", ";").split(";")]
    skip = 0
    for at, number in enumerate(numbers):
        if skip:
            skip -= 1
        elif number in (38, 48, 58):  # a colour follows, whose parts are no codes of their own
            skip = 2 if numbers[at + 1 : at + 2] == [5] else 4
        elif number == 0:
            dim = inverse = False
        elif number == DIM:
            dim = True
        elif number == 22:
            dim = False
        elif number == INVERSE:
            inverse = True
        elif number == 27:
            inverse = False
    return dim, inverse
