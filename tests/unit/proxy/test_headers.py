"""Which headers are passed on."""

from __future__ import annotations

from multidict import CIMultiDict, CIMultiDictProxy

from hive_tui.proxy.headers import answer_headers, request_headers, upgrades


def headers(*pairs: tuple[str, str]) -> CIMultiDictProxy[str]:
    """Headers as they come."""
    return CIMultiDictProxy(CIMultiDict(pairs))


def asked(*pairs: tuple[str, str], upgrade: bool = False) -> list[tuple[str, str]]:
    """What a service gets."""
    passed = request_headers(headers(*pairs), peer="127.0.0.1", host="h", upgrade=upgrade)
    return list(passed.items())


def test_host_cookies_and_origin_are_left_as_they_came() -> None:
    sent = (
        ("Host", "web.auth.localhost:7300"),
        ("Cookie", "a=1"),
        ("Origin", "http://x.localhost"),
    )
    assert asked(*sent)[:3] == list(sent)


def test_what_is_about_one_connection_is_not_passed_on() -> None:
    sent = (
        ("Connection", "close, X-Mine"),
        ("X-Mine", "1"),
        ("Keep-Alive", "5"),
        ("TE", "trailers"),
    )
    assert {name for name, _ in asked(*sent)} == {
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
    }


def test_the_client_is_added_to_the_proxies_before() -> None:
    passed = dict(asked(("X-Forwarded-For", "10.1.1.1"), ("X-Forwarded-Proto", "https")))
    assert passed["X-Forwarded-For"] == "10.1.1.1, 127.0.0.1"
    assert passed["X-Forwarded-Proto"] == "https"


def test_a_websocket_keeps_its_upgrade() -> None:
    sent = (("Connection", "keep-alive, Upgrade"), ("Upgrade", "WebSocket"))
    assert upgrades(headers(*sent))
    assert dict(asked(*sent, upgrade=True))["Connection"] == "Upgrade"
    assert not upgrades(headers(("Upgrade", "websocket")))
    assert not upgrades(headers(("Connection", "Upgrade"), ("Upgrade", "h2c")))


def test_every_cookie_of_an_answer_is_passed_on() -> None:
    came = headers(("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Location", "/x"))
    assert list(answer_headers(came, upgrade=False).items()) == list(came.items())


def test_bytes_that_are_no_utf_8_are_taken_for_latin_1() -> None:
    came = headers(("X-Name", b"caf\xe9".decode("utf-8", "surrogateescape")), ("X-Other", "é"))
    assert list(answer_headers(came, upgrade=False).values()) == ["café", "é"]
