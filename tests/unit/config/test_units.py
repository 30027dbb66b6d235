"""Times and amounts as people write them."""

from __future__ import annotations

import pytest

from hive_tui.config.units import duration_s, memory_bytes


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10s", 10.0), ("30m", 1800.0), ("1.5h", 5400.0), ("1d", 86400.0), ("never", None)],
)
def test_a_time_is_seconds(text: str, seconds: float | None) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "30", "m", "0s", "-1m", "1 m", "1w", "Never", "1m30s", "1m\n"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        duration_s(text)


@pytest.mark.parametrize(
    ("text", "amount"),
    [("75%", 750), ("12.5 %", 125), ("100%", 1000), ("2KB", 2048), ("1 GB", 1 << 30)],
)
def test_memory_is_bytes_or_a_share_of_the_machine(text: str, amount: int) -> None:
    assert memory_bytes(text, 1000) == amount


@pytest.mark.parametrize("text", ["", "75", "0%", "101%", "-1GB", "0GB", "1gb", "12G", "%"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        memory_bytes(text, 1000)
