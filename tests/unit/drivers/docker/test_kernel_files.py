"""What the kernel's files say of a container, in both versions of cgroups."""

from __future__ import annotations

from pathlib import Path

from hive_tui.drivers.docker import cgroups, inside
from hive_tui.drivers.docker.metering import stats_usage

ID = "c0ffee" * 10


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_version_1_is_read_without_the_file_cache(tmp_path: Path) -> None:
    proc, root = tmp_path / "proc", tmp_path / "cgroup"
    write(proc / "7/cgroup", f"5:memory:/docker/{ID}\n4:cpu,cpuacct:/docker/{ID}/inner\n")
    write(root / f"memory/docker/{ID}/memory.usage_in_bytes", "1000\n")
    write(root / f"memory/docker/{ID}/memory.stat", "cache 9\ntotal_inactive_file 300\n")
    write(root / f"cpu,cpuacct/docker/{ID}/cpuacct.usage", "2500000000\n")
    group = cgroups.find(7, ID, root=root, proc=proc)
    assert group is not None
    assert (group.usage().memory_bytes, group.usage().cpu_s) == (700, 2.5)


def test_version_2_is_read_without_the_file_cache(tmp_path: Path) -> None:
    proc, root = tmp_path / "proc", tmp_path / "cgroup"
    folder = f"system.slice/docker-{ID}.scope"
    write(proc / "7/cgroup", f"0::/{folder}/init.scope\n")
    write(root / folder / "memory.current", "1000\n")
    write(root / folder / "memory.stat", "anon 5\ninactive_file 100\n")
    write(root / folder / "cpu.stat", "usage_usec 1500000\nuser_usec 1\n")
    group = cgroups.find(7, ID, root=root, proc=proc)
    assert group is not None
    assert (group.usage().memory_bytes, group.usage().cpu_s) == (900, 1.5)


def test_where_nothing_is_to_be_seen_there_is_no_group(tmp_path: Path) -> None:
    write(tmp_path / "proc/7/cgroup", f"0::/docker/{ID}\n")
    assert cgroups.find(7, ID, root=tmp_path, proc=tmp_path / "proc") is None
    assert cgroups.find(8, ID, root=tmp_path, proc=tmp_path / "proc") is None


def test_the_engines_own_figures_say_the_same() -> None:
    sample = {
        "memory_stats": {"usage": 1000, "stats": {"inactive_file": 100}},
        "cpu_stats": {"cpu_usage": {"total_usage": 1_500_000_000}},
    }
    assert (stats_usage(sample).memory_bytes, stats_usage(sample).cpu_s) == (900, 1.5)
    assert stats_usage({}).memory_bytes == 0


def test_sockets_of_loopback_alone_are_told_apart(tmp_path: Path) -> None:
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n"
    rest = "00000000:00000000 00:00000000 00000000 0 0 1\n"
    six = "0" * 32
    write(
        tmp_path / "7/net/tcp",
        head
        + f"   0: 0100007F:0050 00000000:0000 0A {rest}"
        + f"   1: 00000000:0051 00000000:0000 0A {rest}"
        + f"   2: 00000000:0052 00000000:0000 01 {rest}",
    )
    write(tmp_path / "7/net/tcp6", head + f"   0: {six}:0053 {six}:0000 0A {rest}")
    assert inside.proc_table(7, tmp_path) == {80: False, 81: True, 83: True}
