"""Follows the quotes of a shell command, so that a value can be referred to wherever it stands.

It reads as much of the shell's grammar as decides what a quote means: quotes, escapes, comments,
command substitution. It does not know here-documents.
"""

from __future__ import annotations

_WORD_ENDS = " \t\n;&|()"


class Quotes:
    """Where a command text that has been read up to some point stands: which quotes are open."""

    def __init__(self) -> None:
        """Stand at the beginning of a command: nothing is open."""
        self._open: list[str] = []
        self._previous = "\n"
        self.escaping = False
        """True right after a backslash that changes what the next character means."""
        self.expanding = False
        """True right after a dollar sign that would begin an expansion."""

    def read(self, text: str) -> None:
        """Go on by `text`."""
        for char in text:
            self._step(char)
            self._previous = char

    def pass_value(self) -> None:
        """Go on over a value: whatever it holds, it opens and closes nothing."""
        self.escaping = self.expanding = False
        self._previous = "x"

    @property
    def inside(self) -> str:
        """The innermost open thing: `"`, `'`, `#` (a comment) or an empty string (bare words)."""
        top = self._open[-1] if self._open else ""
        return top if top in ("'", '"', "#") else ""

    def reference(self, variable: str) -> str:
        """How to write the value of `variable` here so that the shell takes it as it is."""
        if self.inside == '"':
            return f"${{{variable}}}"
        if self.inside == "'":
            return f"""'"${{{variable}}}"'"""
        return f'"${{{variable}}}"'

    def _step(self, char: str) -> None:
        inside = self.inside
        if inside in ("'", "#"):
            if char == ("'" if inside == "'" else "\n"):
                self._open.pop()
            return
        if self.escaping:
            self.escaping = False
            return
        expanding, self.expanding = self.expanding, char == "$" and not self.expanding
        if char == "\\":
            self.escaping = True
        elif char in '"`':
            self._toggle(char)
        elif char == "(" and (expanding or inside == ""):
            self._open.append("(")
        elif inside == "":
            self._step_bare(char)

    def _step_bare(self, char: str) -> None:
        if char == ")" and self._open and self._open[-1] == "(":
            self._open.pop()
        elif char == "'" or (char == "#" and self._previous in _WORD_ENDS):
            self._open.append(char)

    def _toggle(self, char: str) -> None:
        if self._open and self._open[-1] == char:
            self._open.pop()
        else:
            self._open.append(char)
