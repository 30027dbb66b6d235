"""Where a hive keeps its things. Computes paths from an environment; touches no disk.

A NamedTuple and no msgspec struct: every command needs it, and msgspec takes 20 ms to import.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

_SOCKET_PATH_LIMIT = 100
"""`sun_path` holds 104 bytes on macOS and 108 on Linux, the final NUL included."""


class Home(NamedTuple):
    """The folders of one hive. Two homes never see each other."""

    state: Path
    """Database, logs, runs, trash of metadata."""
    config: Path
    """Secrets file, themes, keymap."""
    socket: Path
    """Unix socket of the daemon; its folder is 0700."""

    @property
    def database(self) -> Path:
        return self.state / "hive.db"

    @property
    def lock(self) -> Path:
        """Held by the daemon for as long as it lives."""
        return self.state / "daemon.lock"

    @property
    def daemon_log(self) -> Path:
        return self.state / "daemon.log"

    @property
    def proxy_log(self) -> Path:
        """What the reverse proxy's program could not tell otherwise; empty where all is well."""
        return self.state / "proxy.log"

    @property
    def runs(self) -> Path:
        """One folder per run of a process: its exit status."""
        return self.state / "runs"

    @property
    def logs(self) -> Path:
        """One folder per env uid: what its services, tasks and suites wrote."""
        return self.state / "logs"

    @property
    def overlays(self) -> Path:
        """One folder per env uid: what its overlaid dependency folders have of their own."""
        return self.state / "overlays"

    @property
    def agents(self) -> Path:
        """One folder per env uid: what its coding agent told, and how it was started."""
        return self.state / "agents"

    @property
    def snapshots(self) -> Path:
        """One folder per env uid: its saved data."""
        return self.state / "snapshots"

    @property
    def desk(self) -> Path:
        """What a person put off in the dashboard, or has seen."""
        return self.state / "desk.json"

    @property
    def prompts(self) -> Path:
        """What was written to agents in the dashboard, newest last."""
        return self.state / "prompts.json"

    @property
    def tmux(self) -> Path:
        """Socket of the private tmux server; no longer than the daemon's own."""
        return self.socket.with_suffix(".tmux")

    @property
    def terminals(self) -> Path:
        """One file per window of the plain terminals, for machines without tmux."""
        return self.state / "terminals"

    @property
    def secrets(self) -> Path:
        return self.config / "secrets.toml"

    @property
    def keymap(self) -> Path:
        return self.config / "keymap.toml"

    @property
    def settings(self) -> Path:
        """What the user wants of the dashboard: `[notify]`."""
        return self.config / "settings.toml"

    @property
    def themes(self) -> Path:
        return self.config / "themes"


def locate(environ: Mapping[str, str], *, uid: int) -> Home:
    """Find the hive's folders.

    `HIVE_HOME` holds everything; without it the XDG folders do.

    Args:
        environ: Environment of the caller.
        uid: Numeric user id, for the fallback of the runtime folder.
    """
    if root := environ.get("HIVE_HOME"):
        home = Path(root).expanduser().absolute()
        return Home(home, home, _short(home / "hive.sock", environ, uid))
    user = Path(environ.get("HOME") or "~").expanduser()
    state = Path(environ.get("XDG_STATE_HOME") or user / ".local" / "state") / "hive"
    config = Path(environ.get("XDG_CONFIG_HOME") or user / ".config") / "hive"
    if runtime := environ.get("XDG_RUNTIME_DIR"):
        return Home(state, config, _short(Path(runtime) / "hive" / "hive.sock", environ, uid))
    return Home(state, config, _short(state / "hive.sock", environ, uid))


def _short(socket: Path, environ: Mapping[str, str], uid: int) -> Path:
    """The same path, or one under the temporary folder where that is too long for a socket."""
    if len(str(socket).encode()) <= _SOCKET_PATH_LIMIT:
        return socket
    import hashlib

    digest = hashlib.sha256(str(socket).encode()).hexdigest()[:16]
    return Path(environ.get("TMPDIR") or "/tmp") / f"hive-{uid}" / f"{digest}.sock"
