"""Real servers and programs are seen to get ready, and failures are told apart."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hive_tui.drivers.logs import LogFiles
from hive_tui.engine.protocols import Exit
from hive_tui.engine.readiness import DiedError, PortTakenError, ReadyTimeoutError
from hive_tui.model.project import ReadyKind
from tests.integration.readiness.conftest import Service

TCP_SERVER = """
import socket, sys
sys.stdin.readline()
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen()
sys.stdin.read()
"""

CHILD_SERVER = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {TCP_SERVER!r}, sys.argv[1]])
"""

HTTP_SERVER = """
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    asked = 0
    def do_GET(self):
        Page.asked += 1
        self.send_response(503 if Page.asked < 4 else 200)
        self.end_headers()
    def log_message(self, *args):
        pass
http.server.HTTPServer.allow_reuse_address = True
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""

SPEAKER = """
import sys
print("starting")
sys.stdin.readline()
print("\\x1b[32mready\\x1b[0m in 5 ms")
sys.stdin.read()
"""

Start = Callable[..., Service]


@pytest.fixture
def start(logs: LogFiles) -> Iterator[Start]:
    started: list[Service] = []

    def run(code: str, *arguments: str) -> Service:
        started.append(Service(logs, code, *arguments))
        return started[-1]

    yield run
    for service in started:
        service.end()


@pytest.mark.parametrize("code", [TCP_SERVER, CHILD_SERVER], ids=["itself", "its child"])
async def test_a_server_is_ready_once_it_listens(start: Start, port: int, code: str) -> None:
    service = start(code, str(port))
    waiting = asyncio.ensure_future(service.ready(ReadyKind.TCP, "web", port))
    await asyncio.sleep(0)
    assert not waiting.done()

    service.tell("listen")

    assert await waiting >= 0.0


async def test_http_is_ready_with_its_first_good_answer(start: Start, port: int) -> None:
    service = start(HTTP_SERVER, str(port))

    await service.ready(ReadyKind.HTTP, f"http://localhost:{port}/healthz")


async def test_a_line_of_the_log_makes_it_ready(start: Start) -> None:
    service = start(SPEAKER)
    waiting = asyncio.ensure_future(service.ready(ReadyKind.LOG, r"^ready in \d+ ms$"))
    await asyncio.sleep(0)

    service.tell("go on")

    assert 0.0 <= await waiting < 20.0


async def test_a_file_makes_it_ready(start: Start, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    code = f"import pathlib, sys; pathlib.Path({str(flag)!r}).touch(); sys.stdin.read()"
    service = start(code)

    await service.ready(ReadyKind.FILE, str(flag))


async def test_a_stranger_on_the_port_is_named_while_the_service_still_starts(
    start: Start, logs: LogFiles
) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        service = start("import sys; sys.stdin.read()")

        with pytest.raises(PortTakenError, match=f"port {port} of api is taken by pid"):
            await service.ready(ReadyKind.TCP, "web", port)


async def test_a_service_that_ends_while_it_is_waited_for_has_died(start: Start, port: int) -> None:
    service = start("import sys; sys.exit(7)")
    waiting = asyncio.ensure_future(service.ready(ReadyKind.TCP, "web", port))
    service.died.set_result(Exit(await asyncio.to_thread(service.process.wait)))

    with pytest.raises(DiedError, match="exit 7"):
        await waiting


async def test_a_service_that_never_listens_times_out_with_what_is_missing(
    start: Start, port: int
) -> None:
    service = start("import sys; sys.stdin.read()")

    with pytest.raises(ReadyTimeoutError, match=f"nothing listens on port {port}"):
        await service.ready(ReadyKind.TCP, "web", port, timeout_s=0.05)
