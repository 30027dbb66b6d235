"""Turns what hive.toml says into a command that can be launched in one env.

A process gets a clean environment: a documented base, the env's variables and its own; nothing of
the shell that happened to start the daemon.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from hive_tui.config import templates
from hive_tui.engine.protocols import Launch, Logs
from hive_tui.model.environment import EnvRecord
from hive_tui.model.errors import HiveError
from hive_tui.model.project import Project, Secret, Service

BASE_VARIABLES = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "SSH_AUTH_SOCK",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "HIVE_HOME",
)
"""What a process inherits of the daemon's environment, and so of the login that started it."""

_FIXED = {"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1", "TERM": "xterm-256color"}


def base_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The part of `environ` that processes of an env may see, plus a colour-capable terminal."""
    kept = {name: environ[name] for name in BASE_VARIABLES if name in environ}
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", **kept, **_FIXED}


class Launcher:
    """Builds launches; every one has a new run id, and so an exit file of its own."""

    def __init__(
        self,
        *,
        base: Mapping[str, str],
        secrets: Callable[[], Mapping[str, str]],
        runs: Path,
        logs: Logs,
        new_run_id: Callable[[], str],
    ) -> None:
        """Create a launcher.

        Args:
            base: Environment that every process starts from.
            secrets: Reads the secrets anew; may raise HiveError.
            runs: Folder of the exit files.
            logs: Where output goes.
            new_run_id: Makes a value for `HIVE_RUN_ID`.
        """
        self._base = dict(base)
        self._secrets = secrets
        self._runs = runs
        self._logs = logs
        self.new_run_id = new_run_id
        """Makes the id of a new run."""

    def variables(self, project: Project, record: EnvRecord) -> dict[str, str]:
        """What every process of the env sees beyond the base: `[env]` and `HIVE_…`."""
        return templates.variables(project, record, secrets=self._secrets())

    def launch(
        self,
        project: Project,
        record: EnvRecord,
        source: str | None,
        run: str,
        *,
        cwd: str | None = None,
        env: Mapping[str, str | Secret] | None = None,
        more: Mapping[str, str] | None = None,
        folder: str | None = None,
    ) -> Launch:
        """Build the launch of one command line of hive.toml.

        Args:
            project: The project, whose templates are expanded.
            record: The env that it runs in.
            source: Name of its log; `None` throws the output away (probes).
            run: Command line for `/bin/sh`, with templates.
            cwd: Relative to the worktree.
            env: Its own variables.
            more: Further template values, such as `report`.
            folder: Where `cwd` counts from; `None` is the worktree.

        Raises:
            HiveError: A secret is missing, or the folder does not exist.
        """
        values = {**templates.values(project, record), **(more or {})}
        script, arguments = templates.shell(run, values)
        place = Path(folder or record.worktree, templates.expand(cwd or "", values))
        if not place.is_dir():
            raise HiveError(
                f"{record.name}: the folder {place} does not exist",
                hint="check `cwd` in hive.toml, or whether the worktree was removed by hand",
                code="folder_missing",
                env=record.name,
            )
        run_id = self.new_run_id()
        return Launch(
            run_id=run_id,
            argv=("/bin/sh", "-c", script),
            cwd=str(place),
            env={
                **self._base,
                "PWD": str(place),
                **self.variables(project, record),
                **self._own(env or {}, values, record),
                **arguments,
            },
            log=Path("/dev/null") if source is None else self._logs.path(record.uid, source),
            exit_file=self.exit_file(run_id),
        )

    def contained(self, project: Project, record: EnvRecord, service: Service) -> dict[str, str]:
        """All of the environment that a container of the env gets beside its image's own.

        Raises:
            HiveError: A secret is missing.
        """
        values = templates.values(project, record)
        return {
            **_FIXED,
            **self.variables(project, record),
            **self._own(service.env, values, record),
        }

    def exit_file(self, run_id: str) -> Path:
        """Where the shim of that run leaves its exit status."""
        return self._runs / f"{run_id}.exit"

    def _own(
        self, env: Mapping[str, str | Secret], values: Mapping[str, str], record: EnvRecord
    ) -> dict[str, str]:
        expanded: dict[str, str] = {}
        for name, value in env.items():
            if isinstance(value, Secret):
                secret = self._secrets().get(value.secret)
                if secret is None:
                    raise HiveError(
                        f"{record.name}: the secret {value.secret!r} is not set",
                        hint="add it to the secrets file (`hive doctor` says where)",
                        code="secret_missing",
                        env=record.name,
                    )
                expanded[name] = secret
            else:
                expanded[name] = templates.expand(value, values)
        return expanded
