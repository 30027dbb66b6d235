"""The commands of a plugin that are told what an agent does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

_HOOK_S = 10.0
"""How long one may take that says nothing of it."""


class Hooks:
    """Runs the commands that a plugin wants to be told by."""

    def __init__(self, plugin: str | None, common: dict[str, Any]) -> None:
        """Read them; none where there is no plugin."""
        self._common = common
        self._table: dict[str, Any] = {}
        if plugin is not None:
            text = Path(plugin, "hooks", "hooks.json").read_text(encoding="utf-8")
            self._table = json.loads(text)["hooks"]

    def tell(self, name: str, **payload: Any) -> dict[str, Any]:
        """Tell an event, and what the last hook decided; empty where none did."""
        decided: dict[str, Any] = {}
        for process in self.begin(name, **payload):
            try:
                out, _ = process.communicate(timeout=self._patience(name))
                decided = decision(out) or decided
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
        return decided

    def _patience(self, name: str) -> float:
        """How long the hooks of an event may take: as long as the one that says the most."""
        said = [hook.get("timeout") for entry in self._table[name] for hook in entry["hooks"]]
        return max((float(one) for one in said if one), default=_HOOK_S)

    def begin(self, name: str, **payload: Any) -> list[subprocess.Popen[bytes]]:
        """Start the hooks of an event; whoever asks reads their answers."""
        told = {**self._common, "hook_event_name": name, **payload}
        data = json.dumps(told).encode() + b"\n"
        started = []
        for entry in self._table.get(name, ()):
            for hook in entry["hooks"]:
                process = subprocess.Popen(
                    hook["command"],
                    shell=True,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
                assert process.stdin is not None
                process.stdin.write(data)
                process.stdin.close()
                process.stdin = None
                started.append(process)
        return started


def decision(out: bytes) -> dict[str, Any] | None:
    """What a hook printed, where that is an object."""
    try:
        found = json.loads(out)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def end(process: subprocess.Popen[bytes]) -> None:
    """End a hook that nobody waits for any more."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    if process.stdout is not None and not process.stdout.closed:
        process.stdout.close()
    process.wait()
