"""Images of real servers for tests, made out of the programs that this machine has."""

from __future__ import annotations

import functools
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests import databases, engines

POSTGRES = "hive-test/postgres:15-4"
"""PostgreSQL with its tools, a shell, and the user `postgres` (70), who owns `/data`."""

_PROGRAMS = ("postgres", "initdb", "psql", "createdb", "dropdb", "pg_isready", "pg_dump")
_SHELL = tuple(f"/bin/{name}" for name in ("sh", "grep", "cat", "rm", "mkdir", "sleep", "test"))
_START = """#!/bin/sh
if ! test -f /data/PG_VERSION; then
  initdb -D /data -U postgres -A trust -E UTF8 --locale=C --no-sync >&2
  echo 'host all all all trust' >> /data/pg_hba.conf
fi
exec postgres -D /data -c listen_addresses='*' -c fsync=off -c unix_socket_directories=/tmp
"""


@functools.cache
def postgres() -> str:
    """The image, made where it is not there; its reference."""
    engines.need()
    databases.need()
    if engines.docker("images", "-q", POSTGRES).strip():
        return POSTGRES
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "image.tar")
        with tarfile.open(path, "w") as tar:
            _write(tar, Path(folder))
        engines.docker(
            "import",
            *("--change", "ENV PATH=/usr/lib/postgresql/15/bin:/usr/bin:/bin PGUSER=postgres"),
            *("--change", "ENV PGHOST=/tmp LC_ALL=C"),
            *("--change", "USER 70:70"),
            *("--change", "VOLUME /data"),
            *("--change", 'CMD ["/bin/sh", "/start.sh"]'),
            str(path),
            POSTGRES,
        )
    return POSTGRES


def _write(tar: tarfile.TarFile, folder: Path) -> None:
    programs = [str(databases.BIN / name) for name in _PROGRAMS]
    modules = Path("/usr/lib/postgresql/15/lib")
    needed = ["plpgsql.so", "dict_snowball.so", *(p.name for p in modules.glob("libpq*"))]
    files = [*programs, *_SHELL, *(str(modules / name) for name in needed)]
    whole = sorted({*files, *_libraries(files)})
    shares = ("/usr/share/postgresql/15", "/usr/share/postgresql-common")
    named = (*whole, *shares, "/etc/passwd")
    for folder_name in sorted({str(up) for name in named for up in Path(name).parents}):
        entry = tarfile.TarInfo(folder_name)  # some engines let nobody else into unnamed folders
        entry.type, entry.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(entry)
    for file in whole:
        tar.add(Path(file).resolve(), file, recursive=False)
    for kept in shares:
        if Path(kept).is_dir():
            tar.add(kept, kept, filter=_no_manuals)
    texts = {
        "start.sh": _START,
        "etc/passwd": "root:x:0:0::/:/bin/sh\npostgres:x:70:70::/tmp:/bin/sh\n",
        "etc/group": "root:x:0:\npostgres:x:70:\n",
    }
    for name, text in texts.items():
        source = folder / "text"
        source.write_text(text)
        tar.add(source, name)
    for name, owner, mode in (("data", 70, 0o700), ("tmp", 0, 0o1777)):
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode, entry.uid, entry.gid = tarfile.DIRTYPE, mode, owner, owner
        tar.addfile(entry)


def _no_manuals(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "/man/" in entry.name or entry.name.endswith(".mo") else entry


def _libraries(files: Iterable[str]) -> set[str]:
    """Shared libraries that the programs load, and the loader."""
    found = subprocess.run(["ldd", *files], capture_output=True, text=True, check=False)
    return set(re.findall(r"(/\S+\.so\S*) \(", found.stdout))
