"""As much of Redis's protocol as this shop needs, so that it needs no driver."""

from __future__ import annotations

import os
import socket


class RedisError(Exception):
    """What the server has refused."""


class Redis:
    """One connection to the Redis of this environment."""

    def __init__(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", int(os.environ["REDIS_PORT"])))
        self._file = self._socket.makefile("rwb")

    def __enter__(self) -> Redis:
        return self

    def __exit__(self, *exc: object) -> None:
        self._file.close()
        self._socket.close()

    def ask(self, *words: object) -> str | list[str | None] | None:
        """The answer to a command."""
        self._file.write(b"*%d\r\n" % len(words))
        for word in words:
            given = str(word).encode()
            self._file.write(b"$%d\r\n%s\r\n" % (len(given), given))
        self._file.flush()
        return self._answer()

    def _answer(self) -> str | list[str | None] | None:
        line = self._file.readline().decode().rstrip("\r\n")
        kind, rest = line[:1], line[1:]
        if kind in ("+", ":"):
            return rest
        if kind == "$":
            return self._bulk(int(rest))
        if kind == "*":
            if int(rest) < 0:
                return None
            return [str(self._answer()) for _ in range(int(rest))]
        raise RedisError(rest or "the server has hung up")

    def _bulk(self, length: int) -> str | None:
        if length < 0:
            return None
        found = self._file.read(length + 2)
        if len(found) < length + 2:
            raise RedisError("the server has hung up")
        return found[:-2].decode()
