"""The dashboard in a browser: a server on loopback for whoever holds its token.

The dashboard can run commands, and every page that the person opens in a browser can reach a port
on loopback. So nothing is answered without the token, which is the first part of the path, and no
websocket is opened for a page of another origin. Each tab has an app process of its own. Imported
by `hive web` alone, since aiohttp takes long to load.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import secrets
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable
from pathlib import Path
from string import Template

from aiohttp import WSCloseCode, web
from textual_serve.app_service import AppService
from textual_serve.server import Server, to_int

from hive_tui.app.tab import DRIVER
from hive_tui.model.errors import HiveError

APP: tuple[str, ...] = (sys.executable, "-P", "-m", "hive_tui")
"""Command line of an app process: `hive` alone."""

HOST = "127.0.0.1"
_TOKEN_BYTES = 32
_GOODBYE_S = 1.0
"""How long a browser may take to answer that a websocket closes."""
_END_S = 5.0
"""How long an app process may take to end before it is killed."""

_PAGE = Template(Path(__file__).with_name("web.html").read_text(encoding="utf-8"))
_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
    "font-src 'self'; img-src 'self' data:; connect-src ws://{host}; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'"
)

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def serve(port: int, announce: Callable[[str], None], command: tuple[str, ...] = APP) -> None:
    """Serve the dashboard until SIGINT, SIGTERM or SIGHUP, then end its app processes.

    Args:
        port: Port on 127.0.0.1; 0 for one that the kernel chooses.
        announce: Gets the URL, token included, once it answers.
        command: Command line of an app process.

    Raises:
        HiveError: The port is taken, or may not be taken.
    """
    try:
        listener = socket.create_server((HOST, port))
    except OSError as error:
        raise HiveError(
            f"cannot listen on {HOST}:{port}: {error.strerror}",
            hint="leave --port out to get a free one",
            code="port_taken",
        ) from None
    with listener:
        server = TabServer(command, listener.getsockname()[1])
        # textual-serve prints what a failed app wrote: no part of the command's own output
        with contextlib.redirect_stdout(sys.stderr):
            asyncio.run(server.run(listener, announce))


class TabServer(Server):
    """textual-serve's server with a token, an Origin check and processes that surely end."""

    def __init__(self, command: tuple[str, ...], port: int) -> None:
        super().__init__(" ".join(command), host=HOST, port=port, title="hive")
        self.hosts = frozenset({f"{HOST}:{port}", f"localhost:{port}"})
        """What may stand in the Host header, and after `http://` in Origin."""
        self.token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._argv = command
        self._open: set[web.WebSocketResponse] = set()

    @property
    def url(self) -> str:
        """Address of the page."""
        return f"http://{HOST}:{self.port}/{self.token}/"

    async def run(self, listener: socket.socket, announce: Callable[[str], None]) -> None:
        """Serve on a listening socket until a signal ends it."""
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, ended.set)
        runner = web.AppRunner(
            await self._make_app(), access_log=None, shutdown_timeout=_GOODBYE_S + 2 * _END_S
        )
        await runner.setup()
        try:
            await web.SockSite(runner, listener).start()
            announce(self.url)
            await ended.wait()
        finally:
            await runner.cleanup()

    async def _make_app(self) -> web.Application:
        tabs = web.Application()
        tabs.router.add_get("/", self.handle_index)
        tabs.router.add_get("/ws", self.handle_websocket)
        tabs.router.add_static("/static", self.statics_path)
        app = web.Application(middlewares=[self._guard])
        app.add_subapp(f"/{self.token}", tabs)
        app.on_shutdown.append(self.on_shutdown)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Refuse whoever lacks the token or comes from another page; also for unknown paths."""
        if not self._admits(request):
            return web.Response(status=403, text="403: open the URL that `hive web` printed\n")
        return await handler(request)

    def _admits(self, request: web.Request) -> bool:
        """Whether a request has the token, one of our names as Host, and no foreign Origin."""
        given = request.path.removeprefix("/").partition("/")[0]
        known = hmac.compare_digest(given.encode(errors="replace"), self.token.encode())
        origin = request.headers.get("Origin")
        if origin is None:
            at_home = "Upgrade" not in request.headers  # browsers always send it for a websocket
        else:
            at_home = origin.startswith("http://") and origin[len("http://") :] in self.hosts
        return known and at_home and request.host in self.hosts

    async def handle_index(self, request: web.Request) -> web.Response:
        """The page. Nothing of it comes from another machine."""
        nonce = secrets.token_urlsafe()
        websocket = f"ws://{request.host}/{self.token}/ws"
        page = _PAGE.substitute(websocket=websocket, nonce=nonce)
        return web.Response(
            text=page,
            content_type="text/html",
            headers={
                "Cache-Control": "no-store",
                "Content-Security-Policy": _CONTENT_POLICY.format(host=request.host, nonce=nonce),
                "Referrer-Policy": "no-referrer",
                "X-Content-Type-Options": "nosniff",
            },
        )

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """One tab: its app process lives as long as its websocket."""
        websocket = web.WebSocketResponse(heartbeat=15, timeout=_GOODBYE_S)
        await websocket.prepare(request)
        self._open.add(websocket)
        tab = Tab(self, self._argv, websocket)
        try:
            await tab.start(
                to_int(request.query.get("width", ""), 80),
                to_int(request.query.get("height", ""), 24),
            )
            await self._process_messages(websocket, tab)
        finally:
            self._open.discard(websocket)
            await tab.stop()
        return websocket

    async def on_shutdown(self, app: web.Application) -> None:
        """Close every tab, which ends its process; aiohttp then waits for them."""
        goodbyes = [one.close(code=WSCloseCode.GOING_AWAY) for one in self._open]
        await asyncio.gather(*goodbyes)


class Tab(AppService):
    """The app process of one websocket."""

    def __init__(
        self, server: TabServer, argv: tuple[str, ...], websocket: web.WebSocketResponse
    ) -> None:
        super().__init__(
            server.command,
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=self._close,
            download_manager=server.download_manager,
        )
        self._argv = argv
        self._websocket = websocket

    async def _close(self) -> None:
        await self._websocket.close()

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        """The server's environment, so HIVE_HOME too, for a terminal that is a browser."""
        made = super()._build_environment(width, height)
        return made | {"TEXTUAL_DRIVER": DRIVER, "TERM": "xterm-256color"}

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        self._process = await asyncio.create_subprocess_exec(
            *self._argv,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=self._build_environment(width, height),
        )
        self._stdin = self._process.stdin
        return self._process

    async def run(self) -> None:
        """Pass on what the app writes until it ends, and its tab with it."""
        await super().run()
        await self._close()

    async def stop(self) -> None:
        """Ask the app to end and wait for that; kill it where it does not."""
        process = self._process
        if process is None:
            return
        ending = asyncio.create_task(self._end(process))
        _, late = await asyncio.wait({ending}, timeout=_END_S)
        if late and process.returncode is None:
            process.kill()
        if late and self._task is not None:
            self._task.cancel()  # it may be waiting for the browser
        await ending

    async def _end(self, process: Process) -> None:
        with contextlib.suppress(ConnectionError):
            await super().stop()
        await process.wait()
