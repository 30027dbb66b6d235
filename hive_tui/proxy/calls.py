"""Calls to the services of the envs: which address, what is kept, what went wrong."""

from __future__ import annotations

import socket

import aiohttp
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

HEADER_BYTES = 256 * 1024
"""Longest header and longest request line that is passed on."""

STREAM_BYTES = 256 * 1024
"""What one buffer of a body holds."""

_SERVICE = "service"
"""Host in the proxy's own calls, for both addresses of this machine."""

_CONNECT_S = 10.0
_REUSE_S = 4.0
"""How long a connection to a service is kept: servers of Node close theirs after five seconds."""

_UNASKED = frozenset({"Accept", "Accept-Encoding", "Content-Type", "User-Agent"})
"""Headers that aiohttp would add where the client sent none."""


def url_at(request: web.BaseRequest, port: int) -> URL:
    """The same path and query at a service, byte for byte."""
    target = request.raw_path
    if not target.startswith("/"):  # absolute form, as it is sent to proxies; or `*`
        target = URL(target, encoded=True).raw_path_qs if "://" in target else "/"
    return URL(f"http://{_SERVICE}:{port}{target}", encoded=True)


def reason_of(error: BaseException) -> str:
    """What went wrong with a service, to stand behind its name."""
    if isinstance(error, TimeoutError):
        return "did not take the connection"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "refuses connections"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "closed the connection without an answer"
    if isinstance(error, aiohttp.ClientResponseError):
        return f"did not answer in HTTP ({error.message.splitlines()[0] if error.message else '?'})"
    return f"broke the connection off ({type(error).__name__})"


class _ThisMachine(AbstractResolver):
    """Both of this machine's addresses: servers that listen at `localhost` may have taken one."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Both, for every name."""
        both = (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6))
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=kind,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address, kind in both
        ]

    async def close(self) -> None:
        """Nothing is open."""


def session(*, keep: bool) -> aiohttp.ClientSession:
    """Calls to services.

    Args:
        keep: Whether connections are used again. Only for what may be sent twice: a server may
            close one in the instant in which it is used.
    """
    connector = aiohttp.TCPConnector(
        limit=0,
        resolver=_ThisMachine(),
        happy_eyeballs_delay=None,
        **({"keepalive_timeout": _REUSE_S} if keep else {"force_close": True}),
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=_UNASKED,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S),
        max_line_size=HEADER_BYTES,
        max_field_size=HEADER_BYTES,
        read_bufsize=STREAM_BYTES,
    )
