"""One HTTP GET to a server on this machine, for its status. Follows no redirect, reads no body."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl

_STATUS_LINE_BYTES = 512
_LOCAL_NAMES = ("localhost",)


async def get_status(url: str, timeout_s: float) -> int:
    """Status of a GET of `url`.

    Args:
        url: `http` or `https` to this machine: a loopback address, `0.0.0.0`, `[::]`, `localhost`
            or a name below it. Certificates are not verified: they are the developer's own.
        timeout_s: For all of it.

    Raises:
        OSError: Nobody listens, the connection broke, the time is over (TimeoutError), the answer
            is not HTTP, or the URL is not one of this machine's.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise OSError(f"{url!r} is not an http or https URL")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise OSError(f"{url!r}: {error}") from error
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    request = (
        f"GET {target} HTTP/1.1\r\nHost: {parts.netloc.rpartition('@')[2]}\r\n"
        "User-Agent: hive\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    ).encode("utf-8", "surrogateescape")
    context = _unverified() if parts.scheme == "https" else None
    async with asyncio.timeout(timeout_s):
        return await _exchange(_addresses(parts.hostname), port, context, request)


def _addresses(host: str) -> tuple[str, ...]:
    """Addresses to try in turn, without a resolver (which would cost a thread)."""
    if host in _LOCAL_NAMES or host.endswith(".localhost"):
        return ("127.0.0.1", "::1")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if address is None or not (address.is_loopback or address.is_unspecified):
        raise OSError(f"{host} is not an address of this machine's loopback")
    if address.is_unspecified:
        return ("127.0.0.1",) if address.version == 4 else ("::1", "127.0.0.1")
    return (host,)


def _unverified() -> ssl.SSLContext:
    import ssl

    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def _exchange(
    addresses: tuple[str, ...], port: int, context: ssl.SSLContext | None, request: bytes
) -> int:
    refused: OSError | None = None
    for address in addresses:
        try:
            reader, writer = await asyncio.open_connection(address, port, ssl=context)
        except OSError as error:
            refused = refused or error
            continue
        try:
            writer.write(request)
            return await _status(reader)
        finally:
            writer.transport.abort()
    assert refused is not None
    raise refused


async def _status(reader: asyncio.StreamReader) -> int:
    line = b""
    while b"\n" not in line and len(line) < _STATUS_LINE_BYTES:
        if not (more := await reader.read(_STATUS_LINE_BYTES)):
            break
        line += more
    words = line.split(b"\n", 1)[0].split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise OSError("the answer is not HTTP" if line else "the connection was closed")
    return int(words[1])
