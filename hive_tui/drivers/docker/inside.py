"""Looks into a container from outside, without the engine, where this machine shows its processes.

A published port accepts connections while nothing listens inside, so the container's own table of
sockets is what tells.
"""

from __future__ import annotations

from pathlib import Path

_LISTEN = b"0A"
_LOOPBACK_4 = b"7F"
"""First byte of 127.0.0.0/8, which stands last in a word of the little end."""
_LOOPBACK_6 = b"0" * 24 + b"01000000"


def visible(pid: int, container: str) -> bool:
    """Whether that process of this machine is the container's.

    An engine in a virtual machine has numbers of its own, which here mean somebody else.
    """
    if pid <= 0:
        return False
    try:
        return container in Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return False


def listening(pid: int, proc: Path = Path("/proc")) -> dict[int, bool]:
    """Ports that are listened on in the network of a process; False: on its loopback alone.

    Raises:
        OSError: The process is gone, or not to be seen.
    """
    found: dict[int, bool] = {}
    for name in ("tcp", "tcp6"):
        try:
            lines = (proc / str(pid) / "net" / name).read_bytes().splitlines()[1:]
        except FileNotFoundError:
            if name == "tcp6" and (proc / str(pid)).exists():
                continue
            raise
        for line in lines:
            _, local, _, state, _ = line.split(None, 4)
            if state == _LISTEN:
                address, _, port = local.partition(b":")
                number = int(port, 16)
                found[number] = found.get(number, False) or not _is_loopback(address)
    return found


def _is_loopback(address: bytes) -> bool:
    """Of an address as `/proc/net/tcp` writes it, in words of 32 bits of the machine's order."""
    if len(address) == 8:
        return _LOOPBACK_4 in (address[:2], address[6:])
    return address == _LOOPBACK_6
