"""As much of PostgreSQL's protocol as this shop needs, so that it needs no driver."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

VERSION = 196608
Row = tuple[str | None, ...]


class PostgresError(Exception):
    """What the server has refused."""


class Postgres:
    """One connection. It trusts the server, as the server trusts it."""

    def __init__(self, database: str | None = None) -> None:
        where = os.environ["PGHOST"], int(os.environ["PGPORT"])
        self._socket = socket.create_connection(where)
        self._file = self._socket.makefile("rwb")
        names = {
            "user": os.environ["PGUSER"],
            "database": database or os.environ["PGDATABASE"],
        }
        pairs = b"".join(text(word) for pair in names.items() for word in pair)
        body = struct.pack("!i", VERSION) + pairs + b"\0"
        self._file.write(struct.pack("!i", len(body) + 4) + body)
        self._rows()

    def __enter__(self) -> Postgres:
        return self

    def __exit__(self, *exc: object) -> None:
        self._file.close()
        self._socket.close()

    def script(self, statements: str) -> None:
        """Run any number of statements, all or none."""
        self._send(b"Q", text(statements))
        self._rows()

    def rows(self, query: str, *values: object) -> list[Row]:
        """Answer of one statement, whose `$1`, `$2` and so on are the values."""
        self._send(b"P", text("") + text(query) + struct.pack("!h", 0))
        given = b"".join(sized(str(value)) for value in values)
        self._send(b"B", struct.pack("!bbhh", 0, 0, 0, len(values)) + given + struct.pack("!h", 0))
        self._send(b"E", text("") + struct.pack("!i", 0))
        self._send(b"S", b"")
        return self._rows()

    def _send(self, kind: bytes, body: bytes) -> None:
        self._file.write(kind + struct.pack("!i", len(body) + 4) + body)

    def _rows(self) -> list[Row]:
        """Everything up to where the server is ready for more."""
        self._file.flush()
        found, refused = [], None
        for kind, body in self._messages():
            if kind == b"D":
                found.append(tuple(columns(body)))
            elif kind == b"E":
                fields = {part[:1]: part[1:].decode() for part in body.split(b"\0")}
                refused = fields[b"M"]
                if fields[b"S"] == "FATAL":  # nothing comes after that
                    break
        if refused is not None:
            raise PostgresError(refused)
        return found

    def _messages(self) -> Iterator[tuple[bytes, bytes]]:
        while True:
            kind = self._exactly(1)
            (length,) = struct.unpack("!i", self._exactly(4))
            body = self._exactly(length - 4)
            if kind == b"Z":
                return
            yield kind, body

    def _exactly(self, size: int) -> bytes:
        found = self._file.read(size)
        if len(found) < size:
            raise PostgresError("the server has hung up")
        return found


def text(word: str) -> bytes:
    """A word as the protocol has it."""
    return word.encode() + b"\0"


def sized(word: str) -> bytes:
    """A value as the protocol has it."""
    return struct.pack("!i", len(word.encode())) + word.encode()


def columns(body: bytes) -> Iterator[str | None]:
    """The values of one row."""
    at = 2
    for _ in range(struct.unpack("!h", body[:2])[0]):
        (length,) = struct.unpack("!i", body[at : at + 4])
        at += 4
        if length < 0:
            yield None
        else:
            yield body[at : at + length].decode()
            at += length
