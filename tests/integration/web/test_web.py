"""`hive web` as any client on this machine meets it: who is let in, and what is left behind."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import ClientSession, WSServerHandshakeError

from tests.hives import Yard, alive
from tests.integration.web.served import Served, until_shown, variables

EVIL = "http://evil.example"


@pytest_asyncio.fixture
async def client() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


async def status(client: ClientSession, url: str, **headers: str) -> int:
    async with client.get(url, headers=headers) as answer:
        return answer.status


async def handshake(client: ClientSession, url: str, **headers: str) -> int:
    """Status with which a websocket is refused."""
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect(url, headers=headers)
    return refused.value.status


# --- the token -------------------------------------------------------------------------------


async def test_the_page_with_its_token_is_served(idle: Served, client: ClientSession) -> None:
    async with client.get(idle.url) as answer:
        page = await answer.text()
        policy = answer.headers["Content-Security-Policy"]
    assert answer.status == 200
    assert f"ws://127.0.0.1:{idle.port}/{idle.token}/ws" in page
    assert "https://" not in page
    assert policy.startswith("default-src 'none'")
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "{wrong}/",
        "{token}x/",
        "ws",
        "{wrong}/ws",
        "static/js/textual.js",
        "{wrong}/static/js/textual.js",
        "download/x",
        "no/such/page",
        "//{token}/",
        "?{token}",
        "%ff/",
    ],
)
async def test_without_the_token_nothing_is_answered(
    idle: Served, client: ClientSession, path: str
) -> None:
    wrong = idle.token[:-1] + ("a" if idle.token[-1] != "a" else "b")
    url = f"{idle.origin}/{path.format(token=idle.token, wrong=wrong)}"
    assert await status(client, url) == 403


@pytest.mark.parametrize("target", ["*", "http://evil.example/", "//", "/"])
def test_without_the_token_odd_requests_are_refused_too(idle: Served, target: str) -> None:
    method = "OPTIONS" if target == "*" else "GET"
    request = f"{method} {target} HTTP/1.1\r\nHost: {idle.place}\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", idle.port), 60) as link:
        link.sendall(request.encode())
        answer = link.makefile("rb").read()
    assert answer.startswith((b"HTTP/1.1 403", b"HTTP/1.0 403"))


async def test_the_token_opens_static_files_and_nothing_beside_them(
    idle: Served, client: ClientSession
) -> None:
    assert await status(client, f"{idle.url}static/js/textual.js") == 200
    assert await status(client, f"{idle.url}static/css/xterm.css") == 200
    assert await status(client, f"{idle.url}static/") in {403, 404}
    for climb in ("%2e%2e/server.py", "..%2fserver.py", "%2e%2e%2f%2e%2e%2fserver.py"):
        assert await status(client, f"{idle.url}static/{climb}") in {403, 404}


async def test_two_servers_have_two_tokens(fleet: Yard) -> None:
    with Served(fleet) as one, Served(fleet) as other:
        assert one.token != other.token
        assert len(one.token) >= 43  # 32 random bytes


# --- the websocket ---------------------------------------------------------------------------


async def test_the_websocket_shows_the_fleet(served: Served, client: ClientSession) -> None:
    for origin in (served.origin, f"http://localhost:{served.port}"):
        async with client.ws_connect(served.websocket, headers={"Origin": origin}) as tab:
            await until_shown(tab, "auth")


@pytest.mark.parametrize(
    "origin",
    [
        EVIL,
        EVIL + ":{port}",
        "http://127.0.0.1:{port}.evil.example",
        "http://127.0.0.1:{port}0",
        "http://127.0.0.1",
        "https://127.0.0.1:{port}",
        "127.0.0.1:{port}",
        "null",
        "",
    ],
)
async def test_the_websocket_is_refused_to_a_page_of_another_origin(
    idle: Served, client: ClientSession, origin: str
) -> None:
    headers = {"Origin": origin.format(port=idle.port)}
    assert await handshake(client, idle.websocket, **headers) == 403
    assert idle.apps() == []


async def test_the_websocket_is_refused_without_an_origin(
    idle: Served, client: ClientSession
) -> None:
    assert await handshake(client, idle.websocket) == 403


async def test_the_websocket_is_refused_without_the_token(
    idle: Served, client: ClientSession
) -> None:
    url = f"ws://127.0.0.1:{idle.port}/ws"
    assert await handshake(client, url, Origin=idle.origin) == 403
    assert idle.apps() == []


async def test_another_name_for_this_machine_is_refused(
    idle: Served, client: ClientSession
) -> None:
    assert await status(client, idle.url, Host=f"evil.example:{idle.port}") == 403
    assert await status(client, idle.url, Host=f"localhost:{idle.port}") == 200


async def test_another_page_cannot_read_the_files(idle: Served, client: ClientSession) -> None:
    assert await status(client, f"{idle.url}static/js/textual.js", Origin=EVIL) == 403


# --- processes -------------------------------------------------------------------------------


async def test_a_second_tab_has_an_app_of_its_own_that_ends_with_it(
    served: Served, fleet: Yard, client: ClientSession
) -> None:
    headers = {"Origin": served.origin}
    async with client.ws_connect(served.websocket, headers=headers) as first:
        await until_shown(first, "auth")
        (kept,) = served.apps()
        async with client.ws_connect(served.websocket, headers=headers) as second:
            await until_shown(second, "auth")
            assert len(served.apps()) == 2
        fleet.until(lambda: served.apps() == [kept], "the second tab's app has ended")
        await first.send_json(["stdin", "?"])
        await until_shown(first, "keys and marks")
    fleet.until(lambda: served.apps() == [], "the first tab's app has ended")


async def test_an_app_has_the_home_of_its_server(
    served: Served, fleet: Yard, client: ClientSession
) -> None:
    async with client.ws_connect(served.websocket, headers={"Origin": served.origin}) as tab:
        await until_shown(tab, "auth")
        (app,) = served.apps()
        assert variables(app)["HIVE_HOME"] == str(fleet.home)
        assert served.token not in variables(app).values()


async def test_leaving_the_dashboard_closes_its_tab(
    served: Served, fleet: Yard, client: ClientSession
) -> None:
    async with client.ws_connect(served.websocket, headers={"Origin": served.origin}) as tab:
        await until_shown(tab, "auth")
        await tab.send_json(["stdin", "q"])
        async for _ in tab:
            continue
        assert tab.closed
    fleet.until(lambda: served.apps() == [], "the app has ended")


async def test_a_tab_is_closed_when_its_app_dies(served: Served, client: ClientSession) -> None:
    async with client.ws_connect(served.websocket, headers={"Origin": served.origin}) as tab:
        await until_shown(tab, "auth")
        (app,) = served.apps()
        os.kill(app, signal.SIGKILL)
        async for _ in tab:
            continue
        assert tab.closed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_every_app_ends_with_the_server(
    served: Served, fleet: Yard, client: ClientSession, number: signal.Signals
) -> None:
    headers = {"Origin": served.origin}
    async with (
        client.ws_connect(served.websocket, headers=headers) as first,
        client.ws_connect(served.websocket, headers=headers) as second,
    ):
        await until_shown(first, "auth")
        await until_shown(second, "auth")
        apps = served.apps()
        assert len(apps) == 2
        assert served.end(number) == 0
    assert not any(alive(pid) for pid in apps)
    assert fleet.daemon_pid() is not None


async def test_a_ctrl_c_that_the_apps_get_as_well_ends_everything(
    fleet: Yard, client: ClientSession
) -> None:
    with Served(fleet, session=True) as served:
        async with client.ws_connect(served.websocket, headers={"Origin": served.origin}) as tab:
            await until_shown(tab, "auth")
            (app,) = served.apps()
            os.killpg(served.process.pid, signal.SIGINT)
            assert served.process.wait(60) == 0
    assert not alive(app)
    assert served.errors == []


async def test_an_app_that_hangs_is_killed_with_the_server(
    served: Served, client: ClientSession
) -> None:
    async with client.ws_connect(served.websocket, headers={"Origin": served.origin}) as tab:
        await until_shown(tab, "auth")
        (app,) = served.apps()
        os.kill(app, signal.SIGSTOP)
        assert served.end() == 0
    assert not alive(app)


async def test_an_app_ends_after_its_server_was_killed(
    served: Served, fleet: Yard, client: ClientSession
) -> None:
    async with client.ws_connect(served.websocket, headers={"Origin": served.origin}) as tab:
        await until_shown(tab, "auth")
        (app,) = served.apps()
        served.end(signal.SIGKILL)
    fleet.until(lambda: not alive(app), "the app has ended")


# --- the command -----------------------------------------------------------------------------


def test_a_port_that_is_taken_is_a_plain_error(fleet: Yard) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = fleet.hive("web", "--port", str(port), "--json", status=1)
    assert done.json["error"]["code"] == "port_taken"
    assert str(port) in done.json["error"]["message"]


def test_the_server_listens_on_loopback_alone(idle: Served) -> None:
    listening = set()
    for name in ("tcp", "tcp6"):
        with open(f"/proc/net/{name}", encoding="ascii") as table:
            rows = [line.split() for line in table][1:]
        listening |= {
            row[1] for row in rows if row[3] == "0A" and row[1].endswith(f":{idle.port:04X}")
        }
    assert listening == {f"0100007F:{idle.port:04X}"}


def test_the_url_is_all_that_the_command_prints(fleet: Yard) -> None:
    process = fleet.start("web")
    assert process.stdout is not None
    url = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest, notes = process.communicate(timeout=60)
    assert url.startswith("http://127.0.0.1:")
    assert rest == ""
    assert notes == "whoever has this URL can use the dashboard; Ctrl-C ends it\n"
