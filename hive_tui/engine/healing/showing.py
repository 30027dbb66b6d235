"""Where the healing of an env stands, as screens and `hive why NAME heal` show it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hive_tui.engine.folding import stamp
from hive_tui.engine.healing.claims import claim, differs
from hive_tui.engine.healing.records import HealRecord
from hive_tui.engine.healing.rules import Policy, Receipt
from hive_tui.model.agent import HealAttempt, HealView


def view(policy: Policy, record: HealRecord, difference: str | None = None) -> HealView:
    """As screens show it."""
    return HealView(
        mode=policy.mode.value,
        state="feeding" if record.state == "told" else record.state,
        attempt=len(record.receipts),
        attempts=policy.attempts,
        reason=record.reason,
        verified=record.verified,
        suites=policy.suites,
        receipts=tuple(map(_attempt, record.receipts)),
        differs=difference,
    )


def difference(message: str, red: Mapping[str, bool]) -> str | None:
    """How what an agent says of its tests is not what was measured; `None` where it is.

    Args:
        message: Its last words.
        red: Suite -> whether it is red, of those that were measured on the files as they are.
    """
    said = claim(message)
    bad = sorted(name for name, is_red in red.items() if is_red)
    if not red or not differs(said, bool(bad)):
        return None
    assert said is not None
    measured = f"{', '.join(bad)} red" if bad else f"{', '.join(sorted(red))} green"
    return f"it says “{said.words}”; measured: {measured}"


def reason(
    policy: Policy, record: HealRecord, base: Mapping[str, str], differs: str | None
) -> dict[str, Any]:
    """The row of `hive why NAME heal`.

    Args:
        policy: What is wanted.
        record: Where it stands.
        base: Suite -> mark on the commit that the env was made from.
        differs: How what the agent says is not what was measured.
    """
    evidence = [f"mode: {policy.mode}; suites: {', '.join(policy.suites) or 'none in [heal]'}"]
    if record.reason is not None:
        evidence.append(record.reason)
    if differs is not None:
        evidence.append(differs)
    if record.verified is not None:
        evidence.append(f"last seen green: content {record.verified[:12]}")
    for one in record.receipts:
        shown = _attempt(one)
        evidence.append(
            f"attempt {one.attempt} at {shown.at} by {one.way}: {', '.join(one.failing)} red on "
            f"{one.tree[:12]}; afterwards {shown.outcome or 'not measured yet'}"
        )
        evidence += [f"| {line}" for line in one.sent.splitlines() if line.strip()]
    if record.past:
        evidence.append(f"{len(record.past)} earlier attempts")
    for suite in policy.suites:
        known = "not measured; counts as green" if suite not in base else "red"
        known = "green" if base.get(suite) == "" else known
        evidence.append(f"{suite} on the base commit: {known}")
    return {
        "cell": "heal",
        "state": record.state,
        "since": stamp(record.turn) if record.turn else None,
        "source": "what its suites said of the files at the end of its turn",
        "evidence": evidence,
        "change": "the end of its next turn, or `hive heal`",
    }


def _attempt(one: Receipt) -> HealAttempt:
    outcome = None
    if one.after is not None:
        outcome = "red in another way"
        if one.after in ("", one.before):
            outcome = "red in the same way" if one.after else "green"
    return HealAttempt(one.attempt, stamp(one.at), one.failing, one.way, one.sent, outcome)
