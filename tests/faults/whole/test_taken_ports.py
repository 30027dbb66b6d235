"""Strangers on an env's ports: named, never harmed, and forgotten once they are gone."""

from __future__ import annotations

import os
import socket
import sys

from tests.hives import SERVER, Yard


def project(base: int) -> str:
    """A web server on the block's first port."""
    return f"""
[ports]
base = {base}
block = 10
names = {{ web = 0 }}
[tasks.gate]
run = "until [ ! -e ../hold ]; do sleep 0.05; done"
[services.web]
run = "exec {sys.executable} server.py {{{{port.web}}}}"
needs = ["gate"]
restart = "no"
ready = {{ tcp = "web" }}
"""


def listening(port: int) -> socket.socket:
    """A stranger that listens."""
    stranger = socket.socket()
    stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    stranger.bind(("127.0.0.1", port))
    stranger.listen()
    return stranger


def spawned(yard: Yard) -> int:
    """Spawn the env `auth`; its web port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        base = probe.getsockname()[1] // 10 * 10
    yard.make_repo(project(base), {"server.py": SERVER})
    yard.hive("spawn", "auth")
    return int(yard.env("auth")["ports"]["base"])


def test_a_stranger_before_the_warm_is_named_and_the_next_warm_works(yard: Yard) -> None:
    port = spawned(yard)
    with listening(port):
        done = yard.hive("warm", "auth", "--json", status=1)
        message = done.json["results"][0]["error"]["message"]
        assert f"port {port} (web) is taken by pid {os.getpid()}" in message
        assert yard.env("auth")["state"] in {"failed", "degraded"}
        row = yard.hive("ports", "auth", "--json").json["ports"][0]
        assert (row["pid"], row["foreign"]) == (os.getpid(), True)
    yard.hive("warm", "auth")
    assert yard.env("auth")["state"] == "warm"


def test_a_stranger_that_comes_during_the_warm_never_counts_as_ready(yard: Yard) -> None:
    port = spawned(yard)
    (yard.trees / "hold").touch()
    warming = yard.start("warm", "auth", "--json")
    yard.until(lambda: yard.env("auth")["progress"], "it warms")
    with listening(port):
        (yard.trees / "hold").unlink()
        out, _ = warming.communicate(timeout=60)
        assert warming.returncode == 1, out
        assert yard.service("auth", "web")["state"] != "ready"
    yard.hive("warm", "auth")
    assert yard.service("auth", "web")["state"] == "ready"


def test_a_spawn_passes_over_a_block_that_a_stranger_is_in(yard: Yard) -> None:
    port = spawned(yard)
    with listening(port + 10):
        yard.hive("spawn", "more")
    assert yard.env("more")["ports"]["base"] not in {port, port + 10}
