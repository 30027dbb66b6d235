"""The proxy's own answers."""

from __future__ import annotations

from hive_tui.model.routes import EnvRoutes, RouteTable, ServiceRoute
from hive_tui.proxy import pages

ENV = EnvRoutes(
    "shop", "auth", "cold", None, (ServiceRoute("<web>", "<web>", 1, "crashed", "exit 1"),)
)
TABLE = RouteTable(7300, (ENV,))


def test_nothing_in_a_page_is_taken_for_markup() -> None:
    page = pages.unknown("there is no env <script>", (), TABLE)
    assert "<script>" not in pages.html(page, TABLE)
    assert "&lt;web&gt;" in pages.html(page, TABLE)


def test_what_is_to_be_typed_stands_out() -> None:
    page = pages.not_ready(ENV, "web", "stopped", None)
    assert "<code>hive warm auth</code>" in pages.html(page, TABLE)


def test_a_page_that_waits_looks_again_and_one_that_does_not_stays() -> None:
    waiting = pages.html(pages.not_ready(ENV, "web", "starting", None), TABLE)
    assert 'http-equiv="refresh"' in waiting
    assert 'http-equiv="refresh"' not in pages.html(pages.index(TABLE), TABLE)


def test_the_reason_of_a_service_is_told_with_what_to_do() -> None:
    up = EnvRoutes("shop", "auth", "degraded", None, ENV.services)
    told = pages.text(pages.not_ready(up, "web", "crashed", "exit 1, 3 times"), TABLE)
    assert "web of shop/auth is crashed: exit 1, 3 times" in told
    assert "hive restart auth web" in told


def test_the_list_has_every_name() -> None:
    assert "http://web.auth.localhost:7300/" in pages.text(pages.index(TABLE), TABLE)
    assert "hive spawn" in pages.text(pages.index(RouteTable()), RouteTable())
