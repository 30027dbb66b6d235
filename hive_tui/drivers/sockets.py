"""The machine's listening TCP sockets, as the kernel tells them. Connects to nobody."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from hive_tui.engine.protocols import Listener, Listening

_IANA_EPHEMERAL = range(49152, 65536)
_TCP_LISTEN = 10

# linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h
NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST_DUMP = 0x1 | 0x300
_NLMSG_ERROR = 2
_NLMSG_DONE = 3
_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBBI48x")
_SOURCE_PORT = struct.Struct("!H")
_INODE = struct.Struct("=I")
# Offsets into `struct inet_diag_msg`: family, source port, source address, inode.
_PORT_AT, _ADDRESS_AT, _INODE_AT = 4, 8, 68
_BUFFER_BYTES = 64 * 1024
_REPLY_TIMEOUT_S = 1.0

_PROC_TABLES = (("/proc/net/tcp", socket.AF_INET), ("/proc/net/tcp6", socket.AF_INET6))


def ephemeral_range() -> range:
    """Ports that the kernel hands out by itself; IANA's range where it does not tell."""
    try:
        text = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text()
        first, last = (int(word) for word in text.split())
    except (OSError, ValueError):
        return _IANA_EPHEMERAL
    return range(first, last + 1)


def listening() -> Listening:
    """The cheapest way to list listening sockets that works on this machine.

    Each candidate has to find a socket that is opened for the purpose.
    """
    with socket.socket() as witness:
        witness.bind(("127.0.0.1", 0))
        witness.listen(1)
        port = witness.getsockname()[1]
        for kind in (NetlinkListening, ProcListening):
            with contextlib.suppress(OSError):
                candidate = kind()
                if port in candidate.scan():
                    return candidate
    from hive_tui.drivers.sockets_portable import PsutilListening

    return PsutilListening()


def bindable(port: int) -> bool:
    """True where a server could bind the port now on 127.0.0.1, on all addresses and on IPv6."""
    places = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0")]
    if socket.has_ipv6:
        places.append((socket.AF_INET6, "::"))
    return all(_binds(family, address, port) for family, address in places)


def _binds(family: socket.AddressFamily, address: str, port: int) -> bool:
    try:
        probe = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        return family == socket.AF_INET6  # switched off on this machine: nobody can be there
    with probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            return family == socket.AF_INET6 and not _address_taken(error)
    return True


def _address_taken(error: OSError) -> bool:
    return error.errno in (errno.EADDRINUSE, errno.EACCES)


class _ProcOwners:
    """Finds who holds a socket through `/proc/<pid>/fd`."""

    def owner(self, listener: Listener, among: Sequence[int] | None = None) -> int | None:
        """Pid that holds the socket; `None` where it is gone or belongs to another user."""
        return self.owners((listener,), among).get(listener)

    def owners(
        self, listeners: Iterable[Listener], among: Sequence[int] | None = None
    ) -> dict[Listener, int]:
        """The same for many, in one pass over the processes; without those not found."""
        wanted = {f"socket:[{listener.inode}]": listener for listener in listeners}
        found: dict[Listener, int] = {}
        for pid in _all_pids() if among is None else among:
            for link in _links(pid):
                listener = wanted.pop(link, None)
                if listener is not None:
                    found[listener] = pid
            if not wanted:
                break
        return found

    def bindable(self, port: int) -> bool:
        """As the function of the same name."""
        return bindable(port)


def _all_pids() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdecimal())


def _links(pid: int) -> Iterator[str]:
    folder = f"/proc/{pid}/fd"
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):
                yield os.readlink(f"{folder}/{name}")


class NetlinkListening(_ProcOwners):
    """Asks the kernel's sock_diag over one netlink socket that is kept open: about 0.2 ms a scan.

    Protocol: sock_diag(7). The same answer twice in a row gives the same dictionary.
    """

    def __init__(self) -> None:
        """Open the socket.

        Raises:
            OSError: The kernel has no sock_diag, or a sandbox forbids it.
        """
        self._socket = self._open()
        self._answer: list[bytes] = []
        self._found: dict[int, tuple[Listener, ...]] = {}

    def scan(self) -> dict[int, tuple[Listener, ...]]:
        """All listening TCP sockets by port.

        Raises:
            OSError: The kernel refuses, also on a new socket.
        """
        try:
            answer = self._ask()
        except OSError:
            self._socket.close()
            self._socket = self._open()
            answer = self._ask()
        if answer != self._answer:
            self._answer = answer
            self._found = _by_port(_decode(answer))
        return self._found

    def close(self) -> None:
        """Close the netlink socket; else that happens with the last reference."""
        self._socket.close()

    def __del__(self) -> None:
        if hasattr(self, "_socket"):
            self._socket.close()

    def _open(self) -> socket.socket:
        opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG)
        opened.settimeout(_REPLY_TIMEOUT_S)
        return opened

    def _ask(self) -> list[bytes]:
        """Raw `inet_diag_msg`s of both families."""
        messages: list[bytes] = []
        for family in (socket.AF_INET, socket.AF_INET6):
            body = _REQUEST.pack(family, socket.IPPROTO_TCP, 0, 0, 1 << _TCP_LISTEN)
            header = _HEADER.pack(
                _HEADER.size + len(body), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST_DUMP, family, 0
            )
            self._socket.send(header + body)
            while not self._receive(messages):
                pass
        return messages

    def _receive(self, messages: list[bytes]) -> bool:
        """Take one datagram of the answer; true after its last."""
        data = self._socket.recv(_BUFFER_BYTES)
        at = 0
        while at + _HEADER.size <= len(data):
            length, kind, _, _, _ = _HEADER.unpack_from(data, at)
            if kind == _NLMSG_DONE:
                return True
            if kind == _NLMSG_ERROR:
                (status,) = struct.unpack_from("=i", data, at + _HEADER.size)
                raise OSError(-status, "sock_diag was refused")
            messages.append(data[at + _HEADER.size : at + length])
            at += (length + 3) & ~3
        return False


def _decode(messages: Iterable[bytes]) -> Iterator[Listener]:
    for message in messages:
        family = socket.AddressFamily(message[0])
        size = 4 if family == socket.AF_INET else 16
        yield Listener(
            port=_SOURCE_PORT.unpack_from(message, _PORT_AT)[0],
            address=socket.inet_ntop(family, message[_ADDRESS_AT : _ADDRESS_AT + size]),
            inode=_INODE.unpack_from(message, _INODE_AT)[0],
        )


def _by_port(listeners: Iterable[Listener]) -> dict[int, tuple[Listener, ...]]:
    found: defaultdict[int, list[Listener]] = defaultdict(list)
    for listener in listeners:
        found[listener.port].append(listener)
    return {port: tuple(there) for port, there in found.items()}


class ProcListening(_ProcOwners):
    """Reads `/proc/net/tcp` and `/proc/net/tcp6`: 6-9 ms with a few hundred sockets."""

    def scan(self) -> dict[int, tuple[Listener, ...]]:
        """All listening TCP sockets by port.

        Raises:
            OSError: There is no `/proc/net/tcp`.
        """
        listeners: list[Listener] = []
        for path, family in _PROC_TABLES:
            try:
                lines = Path(path).read_bytes().splitlines()[1:]
            except FileNotFoundError:
                if family == socket.AF_INET6:
                    continue
                raise
            listeners.extend(
                _row(line, family) for line in lines if line.split(None, 4)[3] == b"0A"
            )
        return _by_port(listeners)


def _row(line: bytes, family: socket.AddressFamily) -> Listener:
    """One line: `sl local remote state queues timers retransmits uid timeout inode …`.

    Addresses are hexadecimal, in words of 32 bits of the machine's byte order.
    """
    fields = line.split()
    address, port = fields[1].split(b":")
    raw = bytes.fromhex(address.decode())
    words = struct.unpack(f"!{len(raw) // 4}I", raw)
    return Listener(
        port=int(port, 16),
        address=socket.inet_ntop(family, struct.pack(f"={len(words)}I", *words)),
        inode=int(fields[9]),
    )
