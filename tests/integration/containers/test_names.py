"""Containers by name, through the reverse proxy."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request

from tests.stacks import Stack

SERVICES = """
[services.web]
image = "IMAGE"
command = ["sh", "-c", "echo $HIVE_ENV >/www/index.html; exec httpd -f -p 80 -h /www"]
ports = { p0 = 80 }
ready = { tcp = "p0" }
[services.mail]
image = "IMAGE"
command = ["sh", "-c", "echo for all >/www/index.html; exec httpd -f -p 8025 -h /www"]
scope = "shared"
ports = { smtp = 25, inbox = 8025 }
ready = { tcp = "inbox" }
"""


def page(port: int, host: str) -> str:
    """What is at a name."""
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Host": host})
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            text: str = answer.read().decode()
            return text
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.read().decode()}"


def test_containers_and_shared_ones_have_names_and_a_paused_env_goes_on(stack: Stack) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    stack.make(SERVICES)
    stack.up("one")
    stack.up("two")
    stack.yard.hive("proxy", "on", "--port", str(port))
    assert page(port, "web.one.localhost") == "one\n"
    assert page(port, "web.two.localhost") == "two\n"
    assert page(port, "mail.one.localhost") == page(port, "inbox.two.localhost") == "for all\n"
    assert page(port, "smtp.one.localhost").startswith("502 ")  # nothing listens inside
    stack.yard.hive("freeze", "one")
    stack.yard.until(lambda: page(port, "web.one.localhost") == "one\n", "it was thawed")
