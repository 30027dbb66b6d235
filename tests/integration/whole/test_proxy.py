"""Every env by name on one port, with the real daemon."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import urllib.error
import urllib.request

import pytest

from tests.hives import Yard, alive

PAGE = """
import http.server, os, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        env = os.environ.get("HIVE_ENV", "all")
        self.wfile.write(f"{sys.argv[2]} of {env}, run {os.getpid()}".encode())
    def log_message(self, *args):
        pass
class Server(http.server.ThreadingHTTPServer):
    allow_reuse_address = True
Server(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""


def free_port() -> int:
    """A port that nobody has."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Whether anybody does."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def port(yard: Yard) -> int:
    """The proxy's; the project has a web server, an API and one that all share."""
    yard.make_repo(
        f"""
        [ports]
        base = {yard.port_base()}
        block = 10
        names = {{ api = 1, web = 0, mail = 2 }}
        [services.web]
        run = "exec {sys.executable} page.py {{{{port.web}}}} web"
        needs = ["api"]
        env = {{ API = "http://127.0.0.1:{{{{port.api}}}}" }}
        ready = {{ http = "http://127.0.0.1:{{{{port.web}}}}/" }}
        [services.api]
        run = "exec {sys.executable} page.py {{{{port.api}}}} api"
        ready = {{ tcp = "api" }}
        [services.mail]
        run = "exec {sys.executable} page.py {{{{port.mail}}}} mail"
        scope = "shared"
        ready = {{ tcp = "mail" }}
        """,
        {"page.py": PAGE},
    )
    return free_port()


def get(port: int, host: str) -> tuple[int, str]:
    """Status and text of what a name leads to."""
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Host": host})
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def text(port: int, host: str) -> str:
    """The text alone."""
    return get(port, host)[1]


def test_each_service_of_each_env_has_a_name(yard: Yard, port: int) -> None:
    for name in ("one", "two"):
        yard.hive("spawn", name, "--warm")
    told = yard.hive("proxy", "on", "--port", str(port), "--json").json
    assert told["proxy"]["listening"]
    assert told["proxy"]["pid"] is None
    for row in told["names"]:
        host = row["url"].split("/")[2]
        assert text(port, host).startswith(f"{row['service']} of ")
    assert text(port, "api.two.localhost").startswith("api of two")
    assert text(port, "one.localhost").startswith("web of one")
    assert text(port, "web.one.shop.localhost").startswith("web of one")
    assert f"http://web.one.localhost:{port}/" in text(port, "localhost")
    assert f"http://web.one.localhost:{port}/" in yard.hive("ports", "one").out
    assert yard.hive("url", "one", "--named").out.strip() == f"http://web.one.localhost:{port}/"
    assert yard.hive("url", "one").out.startswith("http://127.0.0.1:")
    assert yard.hive("proxy", "--json").json["proxy"]["pid"] is not None


def test_a_service_that_is_restarted_is_found_again(yard: Yard, port: int) -> None:
    yard.hive("spawn", "one", "--warm")
    yard.hive("proxy", "on", "--port", str(port))
    before = text(port, "web.one.localhost")
    yard.hive("restart", "one", "web")
    yard.until(lambda: get(port, "web.one.localhost")[0] == 200, "it answers again")
    assert text(port, "web.one.localhost") != before


def test_a_stopped_env_is_explained_and_a_frozen_one_goes_on(yard: Yard, port: int) -> None:
    yard.hive("spawn", "one", "--warm")
    yard.hive("proxy", "on", "--port", str(port))
    assert get(port, "web.one.localhost")[0] == 200
    yard.hive("freeze", "one")
    yard.until(lambda: get(port, "web.one.localhost")[0] == 200, "it was thawed")
    assert yard.env("one")["state"] == "warm"
    yard.hive("stop", "one")
    yard.until(lambda: get(port, "web.one.localhost")[0] == 503, "the proxy knows")
    assert "hive warm one" in text(port, "web.one.localhost")
    yard.hive("destroy", "one")
    yard.until(lambda: get(port, "web.one.localhost")[0] == 404, "the name is gone")


def test_who_is_asked_for_by_name_is_not_idle(yard: Yard, port: int) -> None:
    yard.hive("spawn", "one", "--warm")
    yard.hive("proxy", "on", "--port", str(port))
    get(port, "web.one.localhost")
    yard.until(
        lambda: "a request by its name" in json.dumps(yard.hive("why", "one", "--json").json),
        "the request counts as use",
    )


def test_a_new_daemon_serves_on_the_same_port(yard: Yard, port: int) -> None:
    yard.hive("spawn", "one", "--warm")
    yard.hive("proxy", "on", "--port", str(port))
    get(port, "web.one.localhost")
    program = yard.hive("proxy", "--json").json["proxy"]["pid"]
    yard.kill_daemon()
    yard.hive("list")
    yard.until(lambda: yard.hive("proxy", "--json").json["proxy"]["listening"], "it listens")
    assert text(port, "web.one.localhost").startswith("web of one")
    assert not alive(program)
    yard.hive("daemon", "stop")
    yard.until(lambda: not listens(port), "the port is free")


def test_the_program_comes_back_after_it_was_killed(yard: Yard, port: int) -> None:
    yard.hive("spawn", "one", "--warm")
    yard.hive("proxy", "on", "--port", str(port))
    get(port, "web.one.localhost")
    os.kill(yard.hive("proxy", "--json").json["proxy"]["pid"], signal.SIGKILL)
    assert get(port, "web.one.localhost")[0] == 200


def test_a_taken_port_is_told_with_its_holder_and_the_old_one_is_kept(
    yard: Yard, port: int
) -> None:
    yard.hive("spawn", "one", "--warm")
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        taken = str(stranger.getsockname()[1])
        told = yard.hive("proxy", "on", "--port", taken, status=1).err
        assert f"port {taken} is taken by pid {os.getpid()}" in told
        assert "--port N" in told
        yard.hive("proxy", "on", "--port", str(port))
        yard.hive("proxy", "on", "--port", taken, status=1)
    assert get(port, "web.one.localhost")[0] == 200


def test_off_lets_the_port_go_and_is_remembered(yard: Yard, port: int) -> None:
    yard.hive("spawn", "one", "--warm")
    yard.hive("proxy", "on", "--port", str(port))
    assert "off" in yard.hive("proxy", "off").out
    yard.hive("daemon", "stop")
    assert not yard.hive("proxy", "--json").json["proxy"]["on"]
    assert "hive proxy on" in yard.hive("url", "one", "--named", status=1).err
    assert "proxy: off" in yard.hive("doctor", status=None).out
    yard.hive("proxy", "on")
    assert get(port, "web.one.localhost")[0] == 200


def test_wrong_words_are_refused(yard: Yard, port: int) -> None:
    yard.hive("proxy", "sideways", status=2)
    yard.hive("proxy", "--port", str(port), status=2)
    yard.hive("proxy", "on", "--port", "99999", status=2)
