"""The connection to the engine: opened when first needed, with errors that say what to do.

Knows calls and streams, not what they are about.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hive_tui.drivers.docker import faults
from hive_tui.drivers.docker.endpoint import Endpoint
from hive_tui.drivers.docker.faults import EngineGoneError
from hive_tui.model.errors import HiveError

if TYPE_CHECKING:
    import aiodocker
    import aiohttp

CALL_TIMEOUT_S = 60.0
"""For one call: a loaded engine takes seconds to start a container, and never a minute."""

_OPEN_TIMEOUT_S = 10.0
_CONNECTIONS = 100
"""Of calls at once. Streams, each of which holds its connection, have no such bound."""


class Client:
    """Two aiodocker clients of one engine: for calls, and for streams."""

    def __init__(self, locate: Callable[[], Endpoint]) -> None:
        """Create it; nothing is loaded or opened yet.

        Args:
            locate: Finds the engine; asked anew until it could be spoken to.
        """
        self._locate = locate
        self.endpoint: Endpoint | None = None
        """Where the engine was looked for last."""
        self.version: dict[str, Any] = {}
        """What the engine says of itself."""
        self._calls: aiodocker.Docker | None = None
        self._streams: aiodocker.Docker | None = None
        self._opening = asyncio.Lock()

    @property
    def opened(self) -> bool:
        """True once the engine could be spoken to."""
        return self._calls is not None

    @property
    def platform(self) -> str:
        """Operating system and processor of the engine; "" before it was spoken to."""
        if not self.version:
            return ""
        return f"{self.version.get('Os', 'linux')}/{self.version.get('Arch', '')}"

    async def close(self) -> None:
        """Close the connections; the next call opens them anew."""
        for docker in (self._calls, self._streams):
            if docker is not None:
                await _close(docker)
        self._calls = self._streams = None

    @asynccontextmanager
    async def calling(
        self, what: str, *, timeout_s: float = CALL_TIMEOUT_S
    ) -> AsyncIterator[aiodocker.Docker]:
        """aiodocker's client for a call or a few that belong together.

        Args:
            what: What is asked for, for the error: `start of db`.
            timeout_s: For all of it.

        Raises:
            HiveError: What the engine refuses, or that it does not answer.
        """
        await self._open()
        assert self._calls is not None
        try:
            async with asyncio.timeout(timeout_s):
                yield self._calls
        except Exception as error:
            raise self._meant(error, what) from error

    @asynccontextmanager
    async def streaming(
        self,
        what: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[aiohttp.StreamReader]:
        """One call whose answer is read as it comes, for as long as that takes.

        Raises:
            HiveError: What the engine refuses, or that it breaks off.
        """
        await self._open()
        assert self._streams is not None
        docker = self._streams
        try:
            response = await docker.session.request(
                method,
                f"{docker.docker_host}/{docker.api_version}/{path}",
                params=params,
                data=data,
                headers={"Content-Type": "application/json", **(headers or {})},
            )
            try:
                if response.status >= 400:
                    raise faults.refused(response.status, _message(await response.read()), what)
                yield response.content
            finally:
                response.close()
        except Exception as error:
            raise self._meant(error, what) from error

    def _meant(self, error: Exception, what: str) -> Exception:
        """The error that a person is told; the same one where it is a bug or one already."""
        import aiodocker
        import aiohttp

        if isinstance(error, HiveError) or self.endpoint is None:
            return error
        match error:
            case aiodocker.DockerError(status=900):
                return faults.unreachable(self.endpoint, _cause(error))
            case aiodocker.DockerError():
                return faults.refused(error.status, error.message, what)
            case TimeoutError():
                return faults.unreachable(self.endpoint, None, f"{what} took too long")
            case aiohttp.ClientError() | OSError():
                return faults.unreachable(self.endpoint, _cause(error), f"{what} broke off")
        return error

    async def _open(self) -> None:
        async with self._opening:
            if self._calls is not None:
                return
            self.endpoint = endpoint = self._locate()
            # Loaded here and beside the loop: 0.3 s and 20 MB that most hives never need.
            await asyncio.to_thread(importlib.import_module, "aiodocker")
            import aiodocker
            import aiohttp

            calls, streams = _docker(endpoint, _CONNECTIONS), _docker(endpoint, 0)
            try:
                async with asyncio.timeout(_OPEN_TIMEOUT_S):
                    self.version = await calls.version()
            except (aiodocker.DockerError, aiohttp.ClientError, OSError) as error:
                await _close(calls)
                await _close(streams)
                raise self._meant(error, "the first call") from error
            calls.api_version = streams.api_version = f"v{self.version['ApiVersion']}"
            self._calls, self._streams = calls, streams


def _docker(endpoint: Endpoint, limit: int) -> aiodocker.Docker:
    import aiodocker
    import aiohttp

    if endpoint.path is not None:
        unix = aiohttp.UnixConnector(endpoint.path, limit=limit)
        return aiodocker.Docker(url="unix://localhost", connector=unix, session=_session(unix))
    secure = _tls(endpoint)
    tcp = aiohttp.TCPConnector(limit=limit, ssl=secure or False)
    scheme = "http" if secure is None else "https"
    url = f"{scheme}://{endpoint.url.partition('://')[2]}"
    return aiodocker.Docker(url=url, connector=tcp, session=_session(tcp))


def _session(connector: aiohttp.BaseConnector) -> aiohttp.ClientSession:
    import aiohttp

    return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None))


async def _close(docker: aiodocker.Docker) -> None:
    await docker.session.close()
    await docker.close()


def _tls(endpoint: Endpoint) -> ssl.SSLContext | None:
    if endpoint.certificates is None:
        return None
    folder = Path(endpoint.certificates)
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    if (folder / "cert.pem").exists():
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def _cause(error: BaseException) -> OSError | None:
    """The system's own error behind what aiohttp made of it."""
    seen: BaseException | None = error
    while seen is not None:
        inner = getattr(seen, "os_error", None)
        if isinstance(inner, OSError):
            seen = inner
        for kind in (PermissionError, FileNotFoundError, ConnectionRefusedError):
            if isinstance(seen, OSError) and (isinstance(seen, kind) or _same(seen, kind)):
                return kind(seen.errno, seen.strerror)
        seen = seen.__cause__ or seen.__context__
    return None


def _same(error: OSError, kind: type[OSError]) -> bool:
    """Whether an error of another class has a number that means this one."""
    return error.errno is not None and type(OSError(error.errno, "")) is kind


def _message(body: bytes) -> str:
    try:
        found = json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
    return str(found.get("message", found)) if isinstance(found, dict) else str(found)


__all__ = ["CALL_TIMEOUT_S", "Client", "EngineGoneError"]
