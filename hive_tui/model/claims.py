"""What an agent says of its own result, to be shown beside what was measured.

Only plain statements count. What is not understood is no claim: a missed one costs nothing, and a
wrongly heard one would call somebody a liar.
"""

from __future__ import annotations

import re

import msgspec


class Claim(msgspec.Struct, frozen=True):
    """A statement about tests."""

    green: bool
    words: str
    """The sentence, as it was said."""


_SENTENCE = re.compile(r"[^.!?\n]*(?:[.](?=\d)[^.!?\n]*)*[.!?\n]?")
_SUBJECT = re.compile(r"\b(?:tests?|suites?|checks?|specs?|test suite)\b", re.IGNORECASE)
_GREEN = re.compile(
    r"\b(?:pass(?:es|ed|ing)?|succeed(?:s|ed)?|(?:is|are|all|now) green|\d+/\d+ pass\w*)\b",
    re.IGNORECASE,
)
_RED = re.compile(
    r"\b(?:fail(?:s|ed|ing|ures?)?|(?:is|are|still) red|(?:is|are|still) broken)\b", re.IGNORECASE
)
_NONE_FAIL = re.compile(
    r"\b(?:no|zero|0|without)(?: \w+)? (?:fail(?:ed|ing|ures?)?)\b|\b0 failed\b", re.IGNORECASE
)
_HEDGE = re.compile(
    r"\b(?:should|would|could|might|may|will|can|cannot|can't|need|needs|must|if|once|when|until|"
    r"let me|make sure|ensure|to make|so that|expect|hopefully|try|not|n't|didn't|haven't|unable|"
    r"before|whether|previously|were|unless)\b",
    re.IGNORECASE,
)


def claim(message: str) -> Claim | None:
    """The last statement about tests in a message; `None` where it makes none.

    Args:
        message: The agent's last words, as text or Markdown.
    """
    found: Claim | None = None
    for sentence in _SENTENCE.findall(re.sub(r"```.*?```", "", message, flags=re.DOTALL)):
        words = sentence.strip().strip("*_-# ")
        if words.endswith("?") or not _SUBJECT.search(words):
            continue
        for pattern, green in ((_NONE_FAIL, True), (_RED, False), (_GREEN, True)):
            if (said := pattern.search(words)) is not None:
                if not _HEDGE.search(words, 0, said.end()):
                    found = Claim(green, words)
                break
    return found


def differs(claimed: Claim | None, red: bool | None) -> bool:
    """Whether what was said is not what was measured.

    Args:
        claimed: What was said; `None`: nothing.
        red: What was measured of the same tree; `None`: nothing was.
    """
    return claimed is not None and red is not None and claimed.green == red
