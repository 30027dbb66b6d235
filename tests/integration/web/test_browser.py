"""The dashboard in a real browser without a screen."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from aiohttp import web

from tests.hives import Yard
from tests.integration.web.chromium import Page, browser, executable
from tests.integration.web.served import Served


@pytest_asyncio.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    """A page; no browser is a skip here and a failure in CI."""
    program = executable()
    if program is None:
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing("needs chromium: apt-get install chromium")
    async with browser(program, tmp_path / "profile") as made:
        yield made


@pytest_asyncio.fixture
async def elsewhere() -> AsyncIterator[str]:
    """Address of a page of another origin."""

    async def page(request: web.Request) -> web.Response:
        return web.Response(text="<title>elsewhere</title>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", page)
    runner = web.AppRunner(app)
    await runner.setup()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        await web.SockSite(runner, listener).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        await runner.cleanup()


async def test_the_fleet_is_shown_and_obeys_keys(served: Served, page: Page) -> None:
    await page.open(served.url)
    await page.until_shown("auth")
    await page.press("?")
    await page.until_shown("marks of a service")


async def test_what_changes_appears_by_itself(served: Served, fleet: Yard, page: Page) -> None:
    await page.open(served.url)
    await page.until_shown("auth")
    fleet.hive("spawn", "billing")
    await page.until_shown("billing")


async def test_the_page_asks_nobody_but_its_server(served: Served, page: Page) -> None:
    await page.open(served.url)
    await page.until_shown("auth")
    asked = {urlsplit(url) for url in page.requested}
    assert len(asked) >= 4  # page, style, script, websocket
    own = {("http", served.place), ("ws", served.place), ("data", "")}
    assert {(url.scheme, url.netloc) for url in asked} <= own


async def test_a_page_of_another_origin_opens_no_websocket_even_with_the_token(
    served: Served, page: Page, elsewhere: str
) -> None:
    await page.open(elsewhere)
    await page.until("document.title == 'elsewhere'")
    how = await page.evaluate(
        f"""new Promise(told => {{
          const socket = new WebSocket({served.websocket!r});
          socket.onopen = () => told("opened");
          socket.onerror = () => told("refused");
        }})"""
    )
    assert how == "refused"
    assert served.apps() == []


async def test_the_page_says_that_the_server_has_ended(served: Served, page: Page) -> None:
    await page.open(served.url)
    await page.until_shown("auth")
    served.end()
    await page.until("getComputedStyle(document.querySelector('#ended')).display == 'block'")
