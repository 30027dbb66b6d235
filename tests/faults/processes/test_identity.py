"""A number that changed hands is never signalled, watched or taken for what it was."""

from __future__ import annotations

import signal

import pytest
from msgspec.structs import replace

from hive_tui.engine.protocols import Exit, Identity
from tests.integration.processes.yard import Yard, until


def forged(identity: Identity, what: str) -> Identity:
    """An identity that names the same pid and is wrong in one part."""
    if what == "ticks":
        return replace(identity, start_ticks=identity.start_ticks - 1, run_id="other.run")
    if what == "boot":
        return replace(identity, boot_id="another-boot")
    return replace(identity, run_id="other.run")


@pytest.mark.parametrize("what", ["ticks", "boot", "run"])
async def test_a_stranger_with_the_number_is_left_alone(yard: Yard, what: str) -> None:
    stranger, ended = await yard.start("sleep 60")
    wrong = forged(stranger, what)
    assert not yard.processes.alive(wrong)
    assert not yard.processes.frozen(wrong)
    assert yard.processes.members(wrong) == ()
    assert yard.processes.signal(wrong, signal.SIGKILL) == 0
    await yard.processes.stop(wrong, signal.SIGKILL, 0.0)
    assert yard.processes.alive(stranger)
    assert not ended.done()


@pytest.mark.parametrize("what", ["ticks", "boot", "run"])
async def test_a_run_whose_number_changed_hands_has_ended(yard: Yard, what: str) -> None:
    stranger, _ = await yard.start("sleep 60")
    exit_file = yard.folder / "old.exit"
    exit_file.write_text("7\n")
    assert await yard.processes.exited(forged(stranger, what), exit_file) == Exit(7)
    assert yard.processes.alive(stranger)


async def test_a_boot_that_is_over_hides_even_the_right_run_id(yard: Yard) -> None:
    living, _ = await yard.start("sleep 60")
    past = replace(living, boot_id="another-boot")
    await yard.processes.stop(past, signal.SIGKILL, 0.0)
    assert yard.processes.alive(living)


async def test_a_session_whose_leader_was_replaced_counts_only_who_carries_the_run_id(
    yard: Yard,
) -> None:
    stranger, _ = await yard.start("sleep 60")
    mine, _ = await yard.start("exec sleep 60")
    old = replace(mine, pid=stranger.pid, start_ticks=mine.start_ticks - 1000)
    await until(lambda: len(yard.processes.members(mine)) == 2)
    assert stranger.pid not in yard.processes.members(old)
    assert set(yard.processes.members(old)) == set(yard.processes.members(mine))
