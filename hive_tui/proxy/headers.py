"""What is passed on of the headers of a request and of an answer. Pure.

Host, cookies, redirects, encodings and whatever else there is are left as they came: a server
behind the proxy sees the name that the browser shows, so that the addresses it makes are right.
"""

from __future__ import annotations

from multidict import CIMultiDict, CIMultiDictProxy

_OF_ONE_HOP = (
    "Connection",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
)
"""Headers that are about one connection (RFC 9110, 7.6.1)."""

_WEBSOCKET = "websocket"


def upgrades(headers: CIMultiDictProxy[str]) -> bool:
    """Whether a request asks for a WebSocket."""
    asked = headers.get("Upgrade", "").strip().lower() == _WEBSOCKET
    return asked and "upgrade" in _tokens(headers)


def request_headers(
    headers: CIMultiDictProxy[str], *, peer: str, host: str, upgrade: bool
) -> CIMultiDict[str]:
    """What the server behind the proxy gets.

    Args:
        headers: As they came.
        peer: Address of the client, added to those of proxies before this one.
        host: The `Host` that was asked for, told as that of the outside where nobody has yet.
        upgrade: Whether the connection is to become a WebSocket.
    """
    passed = _passed(headers)
    passed.popall("Expect", None)  # it is answered before
    before = passed.popall("X-Forwarded-For", [])
    passed["X-Forwarded-For"] = ", ".join([*before, peer])
    passed.setdefault("X-Forwarded-Host", host)
    passed.setdefault("X-Forwarded-Proto", "http")
    if upgrade:
        passed["Connection"], passed["Upgrade"] = "Upgrade", headers["Upgrade"]
    return passed


def answer_headers(headers: CIMultiDictProxy[str], *, upgrade: bool) -> CIMultiDict[str]:
    """What the client gets.

    Args:
        headers: As the server behind the proxy gave them.
        upgrade: Whether it has agreed to a WebSocket.
    """
    passed = _passed(headers)
    if upgrade:
        passed["Connection"], passed["Upgrade"] = "Upgrade", headers.get("Upgrade", _WEBSOCKET)
    return passed


def _passed(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    passed = CIMultiDict(headers)
    for name in (*_OF_ONE_HOP, *_tokens(headers)):
        passed.popall(name, None)
    if not all(map(str.isascii, passed.values())):
        return CIMultiDict((name, _sound(value)) for name, value in passed.items())
    return passed


def _tokens(headers: CIMultiDictProxy[str]) -> list[str]:
    """Headers that `Connection` says are about this connection."""
    values = ",".join(headers.getall("Connection", ()))
    return [token.strip().lower() for token in values.split(",") if token.strip()]


def _sound(value: str) -> str:
    """The value, with bytes that are no UTF-8 taken for Latin-1, as they once were in headers."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogateescape").decode("latin-1")
    return value
