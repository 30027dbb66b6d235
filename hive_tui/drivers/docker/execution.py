"""Runs a command inside a container, for its exit status and its last line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence

from hive_tui.drivers.docker.client import Client
from hive_tui.drivers.docker.frames import Frames

_PLAIN = re.compile(r"[\w@%+=:,./ '\"-]*", re.ASCII)
"""Commands without anything that a shell would have to do."""
_NO_SUCH = (126, 127)
_KEPT_BYTES = 4096


class Executor:
    """Commands in the containers of one engine."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._shell_less: set[str] = set()
        """Containers that have no shell."""

    async def run(
        self,
        container: str,
        command: str,
        env: Mapping[str, str],
        told: Callable[[int, bytes], None] | None = None,
    ) -> tuple[int, str]:
        """Run a command line with `/bin/sh`; without a shell, where an image has none.

        Args:
            container: Id.
            command: As for a shell.
            env: Its own variables, beside the container's.
            told: Gets all that it writes: 1 for standard output, 2 for errors, and the bytes.

        Returns:
            Exit status, and the last line that it wrote.

        Raises:
            HiveError: The container does not run, or is paused.
        """
        direct = shlex.split(command) if _PLAIN.fullmatch(command) else None
        if direct and container in self._shell_less:
            return await self._exec(container, direct, env, told)
        status, line = await self._exec(container, ("/bin/sh", "-c", command), env, told)
        if status in _NO_SUCH and direct and "/bin/sh" in line:
            self._shell_less.add(container)
            return await self._exec(container, direct, env, told)
        return status, line

    async def _exec(
        self,
        container: str,
        argv: Sequence[str],
        env: Mapping[str, str],
        told: Callable[[int, bytes], None] | None,
    ) -> tuple[int, str]:
        what = "its probe" if told is None else "its command"
        async with self._client.calling(what) as docker:
            made = await docker.containers.container(container).exec(
                cmd=list(argv), environment=dict(env), stdout=True, stderr=True
            )
        kept, frames = bytearray(), Frames()
        async with self._client.streaming(
            what, "POST", f"exec/{made.id}/start", data=b'{"Detach":false,"Tty":false}'
        ) as stream:
            async for chunk in stream.iter_any():
                for source, frame in frames.told(chunk):
                    if told is not None:
                        told(source, frame)
                    kept += frame
                    del kept[:-_KEPT_BYTES]
        async with self._client.calling(what) as docker:
            status = (await made.inspect())["ExitCode"]
        lines = kept.decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return (1 if status is None else int(status)), last
