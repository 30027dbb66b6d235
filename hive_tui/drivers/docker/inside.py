"""Looks into a container from outside, without the engine, where this machine shows its processes.

A published port accepts connections while nothing listens inside, so the container's own sockets
are what tells.
"""

from __future__ import annotations

import contextlib
import ctypes
import ipaddress
import os
import socket
import threading
from pathlib import Path

from hive_tui.drivers.sockets import NETLINK_SOCK_DIAG, NetlinkListening

_CLONE_NEWNET = 0x40000000
_CONNECT_S = 0.005
"""A bridge of this machine answers within a twentieth of that."""
_LISTEN = b"0A"
_LOOPBACK_4 = b"7F"
"""Of 127.0.0.0/8 in a word of 32 bits: its first byte in memory, which may be written last."""
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


class Sockets:
    """The listening sockets of one container's network.

    The kernel is asked by a netlink socket inside of it (0.2 ms), which takes the right to enter
    namespaces. Without that, `/proc/<pid>/net/tcp` is read, for which the kernel walks through a
    table of the whole machine (10 ms); so one port is rather tried by connecting to the
    container's own address, where no proxy stands between.
    """

    def __init__(self, pid: int, address: str, *, enter: bool = True) -> None:
        """Look into the network of a process; raises nothing.

        Args:
            pid: The process.
            address: Of the container, which this machine reaches; "" where it has none.
            enter: False as for users who may not enter.
        """
        self._pid = pid
        self._address = address
        self._netlink: NetlinkListening | None = None
        if enter:
            with contextlib.suppress(OSError):
                self._netlink = _InNamespace(pid)

    def listens(self, port: int) -> bool:
        """Whether a port can be connected to from outside.

        Raises:
            OSError: The process is gone, or not to be seen.
        """
        if self._netlink is not None or not self._address:
            return self.scan().get(port, False)
        with socket.socket() as probe:
            probe.settimeout(_CONNECT_S)
            return port > 0 and probe.connect_ex((self._address, port)) == 0

    def scan(self) -> dict[int, bool]:
        """Ports that are listened on; False: on its loopback alone.

        Raises:
            OSError: The process is gone, or not to be seen.
        """
        if self._netlink is None:
            return proc_table(self._pid)
        return {
            port: any(not ipaddress.ip_address(each.address).is_loopback for each in there)
            for port, there in self._netlink.scan().items()
        }

    def close(self) -> None:
        """Let go of the network, which lives as long as somebody holds it."""
        if self._netlink is not None:
            self._netlink.close()


class _InNamespace(NetlinkListening):
    """Asks the kernel from inside the network of another process."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        super().__init__()

    def _open(self) -> socket.socket:
        """Open the socket in a thread of its own: a thread that has moved does not come back.

        Raises:
            OSError: The process is gone, or this one may not enter.
        """
        result: list[socket.socket | OSError] = []

        def enter() -> None:
            try:
                namespace = os.open(f"/proc/{self._pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
                try:
                    libc = ctypes.CDLL(None, use_errno=True)
                    if libc.setns(namespace, _CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), "setns")
                    result.append(
                        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG)
                    )
                finally:
                    os.close(namespace)
            except (OSError, AttributeError) as error:
                result.append(error if isinstance(error, OSError) else OSError(str(error)))

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        opened = result[0]
        if isinstance(opened, OSError):
            raise opened
        opened.settimeout(1.0)
        return opened


def proc_table(pid: int, proc: Path = Path("/proc")) -> dict[int, bool]:
    """Ports that are listened on in the network of a process, out of its table in `/proc`.

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
