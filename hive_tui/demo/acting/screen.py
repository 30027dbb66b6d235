"""The scripted agent's own terminal: what it prints, and what a person types."""

from __future__ import annotations

import os
import select
import termios
import tty

INTERRUPT = "\x1b"
_PASTE_BEGINS, _PASTE_ENDS = "\x1b[200~", "\x1b[201~"


class Screen:
    """Its terminal: lines that are printed, and a prompt below them."""

    def __init__(self) -> None:
        """Take keys one by one."""
        self._before = termios.tcgetattr(0) if os.isatty(0) else None
        if self._before is not None:
            tty.setcbreak(0)
            self._write("\x1b[?2004h")
        self._draft = ""
        self._held = ""
        self._pasting = False
        self.prompts: list[str] = []
        """Typed and not yet taken up."""
        self.keys: list[str] = []
        """Single keys that a dialog may take."""
        self.dialog = False
        """Whether keys are answers."""
        self.gone = False

    def close(self) -> None:
        """Give the terminal back."""
        if self._before is not None:
            self._write("\x1b[?2004l")
            termios.tcsetattr(0, termios.TCSADRAIN, self._before)

    def say(self, text: str) -> None:
        """Print a line above the prompt."""
        shown = text.replace("\n", "\r\n  ")
        self._write(f"\r\x1b[K{shown}\r\n")
        self.prompt()

    def prompt(self) -> None:
        """Draw the prompt with what is typed."""
        if not self.dialog:
            self._write(f"\r\x1b[K> {self._draft.replace(chr(10), ' ')}")

    def title(self, text: str) -> None:
        """Set the window's title."""
        self._write(f"\x1b]0;{text}\x07")

    def read(self, wait_s: float, also: tuple[int, ...] = ()) -> list[int]:
        """Take keys for some time, or until one came or one of some descriptors can be read.

        Returns:
            The descriptors that can be read.
        """
        watched = list(also) if self.gone else [0, *also]
        try:
            ready, _, _ = select.select(watched, (), (), max(0.0, wait_s))
        except InterruptedError:
            return []
        if 0 in ready and not self.gone:
            data = os.read(0, 65536)
            if data:
                self._take(self._held + data.decode("utf-8", "replace"))
            else:
                self.gone = True
        return [fd for fd in ready if fd != 0]

    def _take(self, text: str) -> None:
        self._held = ""
        while text:
            if text.startswith(_PASTE_BEGINS):
                self._pasting, text = True, text[len(_PASTE_BEGINS) :]
            elif text.startswith(_PASTE_ENDS):
                self._pasting, text = False, text[len(_PASTE_ENDS) :]
            elif len(text) > 1 and (_PASTE_BEGINS.startswith(text) or _PASTE_ENDS.startswith(text)):
                self._held, text = text, ""
            else:
                self._key(text[0])
                text = text[1:]
        self.prompt()

    def _key(self, key: str) -> None:
        if self._pasting:
            self._draft += "\n" if key == "\r" else key
        elif self.dialog or key == INTERRUPT:
            self.keys.append(key)
        elif key in "\r\n":
            if self._draft.strip():
                self.prompts.append(self._draft)
            self._draft = ""
        elif key in "\x7f\b":
            self._draft = self._draft[:-1]
        elif key.isprintable():
            self._draft += key

    def _write(self, text: str) -> None:
        data = text.encode()
        while data:
            data = data[os.write(1, data) :]
