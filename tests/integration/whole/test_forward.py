"""Fixed ports that lead to one environment at a time."""

from __future__ import annotations

import os
import socket
import sys
import urllib.request
from contextlib import aclosing

import pytest

from hive_tui.client.stream import Client
from hive_tui.model.home import locate
from hive_tui.model.wire import Snapshot
from tests.hives import Yard

SERVER = """
import http.server, os, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(os.environ["HIVE_ENV"].encode())
    def log_message(self, *args):
        pass
class Server(http.server.ThreadingHTTPServer):
    allow_reuse_address = True
Server(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""


@pytest.fixture
def fixed(yard: Yard) -> int:
    """A free port; the project leads it to `web` of the env `one` or `two`, both warm."""
    base = yard.port_base()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    yard.make_repo(
        f"""
        [ports]
        base = {base}
        block = 10
        names = {{ web = 0 }}
        [forward]
        {port} = "web"
        [services.web]
        run = "exec {sys.executable} server.py {{{{port.web}}}}"
        ready = {{ tcp = "web" }}
        """,
        {"server.py": SERVER},
    )
    for name in ("one", "two"):
        yard.hive("spawn", name, "--warm")
    return port


def page(port: int) -> str:
    """Who answers."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as answer:
        text: str = answer.read().decode()
        return text


def listens(port: int) -> bool:
    """Whether anybody does."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_a_fixed_port_leads_to_the_env_that_was_asked_for_last(yard: Yard, fixed: int) -> None:
    assert not listens(fixed)
    for name in ("one", "two", "one"):
        row = yard.hive("forward", name, "--json").json["forwards"][0]
        assert (row["port"], row["name"], row["env"]) == (fixed, "web", name)
        assert page(fixed) == name
    rows = yard.hive("ports", "one", "--json").json["ports"]
    assert [row["name"] for row in rows if row["port"] == fixed] == ["web (forwarded)"]
    assert f"127.0.0.1:{fixed} -> web" in yard.hive("status", "one").out
    assert "forwarded" not in yard.hive("status", "two").out
    yard.hive("forward", "one", "--off")
    assert not listens(fixed)


async def test_the_dashboard_sees_which_env_has_them(yard: Yard, fixed: int) -> None:
    client = Client(locate(yard.environ, uid=os.getuid()))

    async def held() -> dict[str, tuple[int, ...]]:
        """Env -> its fixed ports, by the newest snapshot."""
        async with aclosing(client.updates()) as updates:  # type: ignore[type-var]
            async for update in updates:
                assert isinstance(update, Snapshot)
                return {env.view.name: env.fixed_ports for env in update.envs}
        raise AssertionError("no snapshot came")

    for off, expected in ((False, (fixed,)), (True, ())):
        await client.call("forward", {"env": "shop/one", "off": off})
        assert await held() == {"one": expected, "two": ()}
    await client.call("forward", {"env": "shop/one"})
    await client.call("forward", {"env": "shop/two"})
    assert await held() == {"one": (), "two": (fixed,)}
    await client.close()


def test_a_connection_to_the_env_before_is_closed_by_the_switch(yard: Yard, fixed: int) -> None:
    yard.hive("forward", "one")
    with socket.create_connection(("127.0.0.1", fixed), timeout=20) as client:
        client.sendall(b"GET / HTTP/1.1\r\n")
        yard.hive("forward", "two")
        assert client.recv(100) == b""


def test_a_new_daemon_leads_it_on_and_destroy_lets_it_go(yard: Yard, fixed: int) -> None:
    yard.hive("forward", "two")
    yard.kill_daemon()
    yard.hive("list")
    assert page(fixed) == "two"
    yard.hive("destroy", "two")
    yard.until(lambda: not listens(fixed), "the port is free")


def test_a_strangers_port_is_refused_with_its_name(yard: Yard, fixed: int) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", fixed))
        stranger.listen()
        told = yard.hive("forward", "one", status=1).err
        assert f"port {fixed} is taken by pid" in told
        assert "end that process" in told
    yard.hive("forward", "one")
    assert page(fixed) == "one"


def test_a_fixed_port_leads_to_a_shared_service(yard: Yard) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    yard.make_repo(
        f"""
        [ports]
        base = {yard.port_base()}
        block = 10
        names = {{ web = 0, mail = 1 }}
        [forward]
        {port} = "mail"
        [services.mail]
        run = "HIVE_ENV=all exec {sys.executable} server.py {{{{port.mail}}}}"
        scope = "shared"
        ready = {{ tcp = "mail" }}
        """,
        {"server.py": SERVER},
    )
    yard.hive("spawn", "one", "--warm")
    row = yard.hive("forward", "one", "--json").json["forwards"][0]
    assert (row["name"], row["env"]) == ("mail", "one")
    assert page(port) == "all"


def test_a_project_without_fixed_ports_says_how_to_name_them(yard: Yard) -> None:
    yard.make_repo("")
    yard.hive("spawn", "auth")
    assert "[forward]" in yard.hive("forward", "auth", status=2).err
    assert yard.hive("forward", "--json").json == {"forwards": []}
