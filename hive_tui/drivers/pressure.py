"""How short of memory the machine is: PSI on Linux, the kernel's pressure level on macOS.

Where neither is there, what is available of the memory has to tell. Decides nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import select
import sys
from collections.abc import Callable

import psutil

from hive_tui.engine.protocols import Headroom, Strain

PSI = "/proc/pressure/memory"

TRIGGER = b"some 200000 2000000\0"
"""Wake once tasks waited for memory 200 ms within 2 s. Windows of 2 s need no privilege."""

_MAC_LEVEL = b"kern.memorystatus_vm_pressure_level"
_READ_BYTES = 1024


class MachineHeadroom(Headroom):
    """The pressure on this machine. Lives on one event loop."""

    def __init__(self, psi: str = PSI, *, trigger: bytes = TRIGGER) -> None:
        """Create it; nothing is watched yet.

        Args:
            psi: The kernel's file.
            trigger: What is asked of it.
        """
        self._psi = psi
        self._trigger = trigger
        self._descriptor: int | None = None
        self._poll: select.epoll | None = None

    def strain(self) -> Strain:
        """See `Headroom.strain`. About 0.1 ms."""
        memory = psutil.virtual_memory()
        some, full = _psi(self._psi)
        return Strain(
            available_bytes=memory.available,
            total_bytes=memory.total,
            some_percent=some,
            full_percent=full,
            level=_mac_level() if sys.platform == "darwin" else None,
        )

    def watch(self, felt: Callable[[], None]) -> bool:
        """See `Headroom.watch`.

        The kernel tells by POLLPRI, which the loop does not listen for: a poll of its own does,
        and becomes readable itself.
        """
        if sys.platform != "linux":
            return False
        try:
            descriptor = os.open(self._psi, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            os.write(descriptor, self._trigger)
            poll = select.epoll()
            poll.register(descriptor, select.EPOLLPRI)
        except OSError:  # the kernel has no triggers, or not for this user
            os.close(descriptor)
            return False
        self._descriptor, self._poll = descriptor, poll

        def woken() -> None:
            if any(event & select.EPOLLERR for _, event in poll.poll(0)):
                self.close()
            felt()

        asyncio.get_running_loop().add_reader(poll.fileno(), woken)
        return True

    def close(self) -> None:
        """Stop watching."""
        if self._poll is not None:
            with contextlib.suppress(RuntimeError, ValueError):
                asyncio.get_running_loop().remove_reader(self._poll.fileno())
            self._poll.close()
            self._poll = None
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def parse_psi(text: str) -> tuple[float | None, float | None]:
    """Percent of the last 10 s that some, and that all, tasks waited for memory."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        values = dict(part.split("=", 1) for part in rest.split() if "=" in part)
        with contextlib.suppress(KeyError, ValueError):
            found[kind] = float(values["avg10"])
    return found.get("some"), found.get("full")


def _psi(path: str) -> tuple[float | None, float | None]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None, None
    try:
        return parse_psi(os.read(descriptor, _READ_BYTES).decode(errors="replace"))
    except OSError:  # built in, and switched off at boot
        return None, None
    finally:
        os.close(descriptor)


def _mac_level() -> int | None:
    """1 normal, 2 warning, 4 critical, as `memory_pressure` has it."""
    value, length = ctypes.c_int(), ctypes.c_size_t(ctypes.sizeof(ctypes.c_int))
    libc = ctypes.CDLL(None, use_errno=True)
    wrong = libc.sysctlbyname(
        _MAC_LEVEL, ctypes.byref(value), ctypes.byref(length), None, ctypes.c_size_t(0)
    )
    return None if wrong else value.value
