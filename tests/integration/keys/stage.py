"""A dashboard in a shell in a terminal, on one of its screens, for keys to be pressed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from hive_tui.app.actions import ENV, FLEET, HELP, LOGS, MESSAGES, TOUR, TRIAGE, WELCOME
from tests.hives import Yard
from tests.integration.keys.effects import Effect
from tests.terminals import Terminal

TOML = """
[services.api]
run = '''
i=0
while [ $i -lt 200 ]; do
  n=$(printf %03d $i)
  case $i in
    *5) echo "ERROR number $n: no such table" ;;
    *) echo "INFO number $n: {well}" ;;
  esac
  i=$((i + 1))
done
touch said
exec sleep 1000
'''
[services.worker]
run = "until [ -e said ]; do sleep 0.02; done; echo WARNING all is said; exec sleep 1000"
""".replace("{well}", "all is well and on it goes " * 12)
"""A real env with a log of numbered lines; each tenth is an error."""

DAEMON = Path(__file__).with_name("told_daemon.py")

SIGNS: dict[str, tuple[str, ...]] = {
    FLEET: ("enter open", " env"),
    ENV: ("r restart",),
    TRIAGE: ("1-9 choose",),
    LOGS: ("f hold", "all is said"),
    HELP: ("keys and marks",),
    MESSAGES: ("messages and events",),
    WELCOME: ("Welcome.",),
    TOUR: ("esc leave", "enter next"),
}
"""Words by which a screen is known, once it has what it shows."""

WAYS: dict[str, tuple[str, ...]] = {
    FLEET: (),
    ENV: ("home", "enter"),
    TRIAGE: ("N",),
    LOGS: ("home", "l"),
    HELP: ("?",),
    MESSAGES: ("m",),
    WELCOME: (),
    TOUR: ("?", "t"),
}
"""Keys from the first screen to each."""

SIZES = {ENV: (90, 20), HELP: (100, 30)}
"""Columns and rows where pages have to be longer than the screen; else `SIZE`."""

SIZE = (120, 36)


class Stage:
    """One screen of a dashboard that a shell has started."""

    def __init__(self, area: str) -> None:
        """Create the stage of a screen; `open` starts it."""
        self._area = area
        self._newest = 0
        self._daemon: subprocess.Popen[str] | None = None
        self._terminal: Terminal | None = None
        self.yard = Yard(Path(tempfile.mkdtemp(prefix="hv-")))
        self.yard.extra = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "SHELL": "/bin/sh",
            "BROWSER": "true",
            "PS1": "$ ",
        }

    @property
    def terminal(self) -> Terminal:
        """The shell's."""
        assert self._terminal is not None, "the stage is not open"
        return self._terminal

    def open(self) -> None:
        """Start what is needed and go to the screen."""
        if self._area == LOGS:
            self.yard.make_repo(TOML)
            self.yard.hive("spawn", "auth", "--warm")
        else:
            options = ("--empty",) if self._area == WELCOME else ()
            self._daemon = told_daemon(self.yard, *options)
        columns, rows = SIZES.get(self._area, SIZE)
        self._terminal = Terminal(
            ["bash", "--norc", "--noprofile", "-i"],
            environ=self.yard.environ,
            cwd=self.yard.folder,
            columns=columns,
            rows=rows,
        )
        self.terminal.press("hive", "enter")
        self.reach()

    def reach(self) -> None:
        """Be on the screen, from it or from the first one."""
        first = WELCOME if self._area == WELCOME else FLEET
        self.terminal.until(
            lambda: self._is_on(self._area) or self._is_on(first),
            f"it is on {self._area} or on {first}",
        )
        if not self._is_on(self._area):
            self.terminal.press(*WAYS[self._area])
            self.terminal.until_shown(*SIGNS[self._area])

    def check(self, key: str, effect: Effect) -> None:
        """Press a key and see its effect; then take it back."""
        self.reach()
        self.terminal.press(*effect.first)
        if effect.once:
            self.terminal.until_match(effect.once)
        if effect.tells:
            self.terminal.press(key, *effect.then)
            self._until_told(effect.tells)
        else:
            before = self._shows(effect)
            self.terminal.until(before if effect.gone else lambda: not before(), "all is as before")
            self.terminal.press(key, *effect.then)
            self.terminal.until(
                (lambda: not before()) if effect.gone else before,
                f"/{effect.shows}/ {'has gone' if effect.gone else 'is shown'}",
            )
        if effect.after:
            self.terminal.press(*effect.after)
            if not effect.gone:
                shows = self._shows(effect)
                self.terminal.until(lambda: not shows(), f"/{effect.shows}/ has gone again")

    def close(self) -> None:
        """End all of it."""
        if self._terminal is not None:
            self._terminal.close()
        if self._daemon is not None:
            self._daemon.communicate("", timeout=30)
        self.yard.close()

    def _is_on(self, area: str) -> bool:
        text = self.terminal.text()
        return all(sign in text for sign in SIGNS[area])

    def _shows(self, effect: Effect) -> Callable[[], bool]:
        pattern = re.compile(effect.shows)
        return lambda: pattern.search(self.terminal.text()) is not None

    def _until_told(self, words: str) -> None:
        """Wait for a toast that was not there before: its number is higher than any before."""
        pattern = re.compile(rf"{words}.*?#(\d+)")

        def newest() -> int:
            return max(map(int, pattern.findall(self.terminal.text())), default=0)

        self.terminal.until(lambda: newest() > self._newest, f"a new toast says /{words}/")
        self._newest = newest()


def told_daemon(yard: Yard, *options: str) -> subprocess.Popen[str]:
    """A daemon for the yard's home that answers as told; it ends with its standard input."""
    process = subprocess.Popen(
        [sys.executable, str(DAEMON), *options],
        env=yard.environ,
        cwd=yard.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process
