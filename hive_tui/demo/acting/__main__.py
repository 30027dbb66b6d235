"""`python -m hive_tui.demo.acting SCRIPT [FLAGS]`."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from hive_tui.demo.acting.actor import Actor


def flags(words: list[str]) -> tuple[Path, str, argparse.Namespace]:
    """The script, the first prompt and the flags. Those that are not known are left alone."""
    prompt = ""
    if "--" in words:
        at = words.index("--")
        words, prompt = words[:at], " ".join(words[at + 1 :])
    parser = argparse.ArgumentParser(prog="acting", allow_abbrev=False)
    parser.add_argument("script", type=Path)
    for flag in ("--plugin-dir", "--resume", "--session-id", "--append-system-prompt"):
        parser.add_argument(flag)
    known, _ = parser.parse_known_args(words)
    return known.script, prompt, known


def main() -> int:
    """Play the script that the command line names."""
    script, prompt, known = flags(sys.argv[1:])
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(0))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    return Actor(script, known).run(prompt)


if __name__ == "__main__":
    sys.exit(main())
