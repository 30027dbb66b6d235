"""Tells those who wait for a transition which of its steps begin and end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hive_tui.engine.operation import Operation
from hive_tui.model.plan import Outcome, StepKind, StepTrace

Watch = Callable[[dict[str, Any]], None]
"""Gets one progress event; must not block."""

_INNER = frozenset({StepKind.PREPARE, StepKind.START})
"""Nodes of a service that a person does not count: it has begun or it is ready."""


class Feed:
    """Progress of one operation, for one who waits."""

    def __init__(self, env: str, operation: Operation, watch: Watch) -> None:
        self._env = env
        self._operation = operation
        self._watch = watch
        self._running: set[str] = set()

    def changed(self) -> None:
        """Tell of steps that have begun since the last call."""
        running = set(self._operation.progress().running)
        for step in sorted(running - self._running):
            self._tell(step, "running")
        self._running = running

    def ended(self, step: StepTrace) -> None:
        """Tell of a step that has ended, unless it is an inner node that went well."""
        if step.kind in _INNER and step.outcome is Outcome.SUCCEEDED:
            return
        elapsed = None
        if step.ended_s is not None and step.started_s is not None:
            elapsed = step.ended_s - step.started_s
        self._tell(step.target, step.outcome.value, elapsed, step.expected_s, step.error)

    def copying(self, step: str, files: int, size: int) -> None:
        """Tell how far a copy is: files and bytes."""
        event = {"kind": "copying", "step": step, "files": files, "bytes": size}
        self._watch({**event, "env": self._env})

    def note(self, step: str, text: str) -> None:
        """Tell something that a person should know."""
        self._watch({"kind": "note", "env": self._env, "step": step, "text": f"{step}: {text}"})

    def _tell(
        self,
        step: str,
        state: str,
        elapsed_s: float | None = None,
        expected_s: float | None = None,
        reason: str | None = None,
    ) -> None:
        progress = self._operation.progress()
        self._watch(
            {
                "kind": "step",
                "env": self._env,
                "step": step,
                "state": state,
                "elapsed_s": elapsed_s,
                "expected_s": expected_s,
                "reason": reason,
                "done": progress.done,
                "all": progress.all,
                "eta_s": progress.eta_s,
            }
        )
