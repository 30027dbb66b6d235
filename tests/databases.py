"""A real PostgreSQL for tests, as a process of this machine: its commands, for hive.toml."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

BIN = Path("/usr/lib/postgresql/15/bin")
"""Where Debian's package has the server and its tools."""

NOBODY = 65534
"""Who the server runs as where the tests run as root, which it refuses."""


def need(*programs: str) -> None:
    """Skip the test where one of the programs is missing; fail it where CI is."""
    for program in programs or ("postgres",):
        found = (BIN / program).exists() or shutil.which(program)
        if not found:
            if os.environ.get("CI") == "true":
                pytest.fail(f"{program} is not installed")
            pytest.skip(f"{program} is not installed")


def as_server(command: str) -> str:
    """The command, run by somebody who may run a server."""
    if os.getuid() != 0:
        return command
    return f"setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups {command}"


def postgres(folder: Path) -> str:
    """The command line of a server whose data lies in a folder; `{{port.pg}}` is its port.

    It makes its cluster where there is none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if os.getuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
        for parent in folder.parents:  # the server has to get there
            if parent != Path("/tmp") and parent.is_relative_to("/tmp"):
                parent.chmod(parent.stat().st_mode | 0o011)
    data = folder / "data"
    init = as_server(f"{BIN}/initdb -D {data} -U dev -A trust -E UTF8 --locale=C --no-sync")
    serve = as_server(
        f"{BIN}/postgres -D {data} -p {{{{port.pg}}}} -c listen_addresses=127.0.0.1 "
        f"-c unix_socket_directories={folder} -c fsync=off"
    )
    return f"test -f {data}/PG_VERSION || {init} >&2; exec {serve}"


PG_ENV = """
PGHOST = "127.0.0.1"
PGPORT = "{{port.pg}}"
PGUSER = "dev"
PGDATABASE = "shop_{{env.slug}}"
PATH = "/usr/lib/postgresql/15/bin:/usr/local/bin:/usr/bin:/bin"
"""
"""Lines of `[env]` that let PostgreSQL's tools find an env's database."""

CREATE = (
    "psql -d postgres -Atc \\\"SELECT 1 FROM pg_database WHERE datname = 'shop_{{env.slug}}'\\\" "
    "| grep -q 1 || createdb{FROM} shop_{{env.slug}}"
)
"""Makes an env's database where there is none; `{FROM}` says what it is a copy of."""
