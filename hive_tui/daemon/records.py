"""What the store keeps for each env, and drops with it: runs, units, tasks, verdicts, traces."""

from __future__ import annotations

import sqlite3
from typing import Any, TypeVar, cast

import msgspec

from hive_tui.daemon.database import Database
from hive_tui.engine.healing.records import HealRecord
from hive_tui.engine.state import (
    LinkRecord,
    Part,
    RunRecord,
    TaskRecord,
    Template,
    UnitRecord,
    Verdict,
)
from hive_tui.model.plan import Trace

_T = TypeVar("_T")

_encode = msgspec.json.Encoder().encode


class EnvRecords:
    """Records that belong to envs. One that comes after its env was dropped is not kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_run(self, run: RunRecord) -> None:
        """Keep a run until it has ended."""
        if run.ended is not None:
            with self._database.writing() as database:
                database.execute("DELETE FROM runs WHERE run_id = ?", (run.run_id,))
            return
        self._put(
            "INSERT OR REPLACE INTO runs (run_id, env_uid, record) VALUES (?, ?, ?)",
            run.run_id,
            run.env_uid,
            _encode(run),
        )

    def runs(self) -> tuple[RunRecord, ...]:
        """Those that have not ended."""
        return decoded(self._database.rows("SELECT record FROM runs"), RunRecord)

    def put_engaged(self, env_uid: str) -> None:
        """Keep that an env has, or may have, things at the container engine."""
        with self._database.writing() as database:
            database.execute("INSERT OR IGNORE INTO engaged VALUES (?)", (env_uid,))

    def drop_engaged(self, env_uid: str) -> None:
        """Forget it: nothing of the env is there any more."""
        with self._database.writing() as database:
            database.execute("DELETE FROM engaged WHERE env_uid = ?", (env_uid,))

    def engaged(self) -> frozenset[str]:
        """Uids of the envs that do, also of such as are no longer there."""
        rows = self._database.rows("SELECT env_uid FROM engaged")
        return frozenset(str(row[0]) for row in rows)

    def put_part(self, part: Part) -> None:
        """Keep that an env has a part of a shared service, or may have."""
        self._put(
            "INSERT OR REPLACE INTO parts (env_uid, service, record) VALUES (?, ?, ?)",
            part.env.uid,
            part.service,
            _encode(part),
        )

    def drop_part(self, env_uid: str, service: str) -> None:
        """Forget it: nothing of it is there any more, or it is nobody's business."""
        with self._database.writing() as database:
            database.execute(
                "DELETE FROM parts WHERE env_uid = ? AND service = ?", (env_uid, service)
            )

    def parts(self) -> tuple[Part, ...]:
        """Those of all envs, also of such as are no longer there."""
        return decoded(self._database.rows("SELECT record FROM parts"), Part)

    def put_template(self, template: Template) -> None:
        """Keep what is known of a template."""
        self._put(
            "INSERT OR REPLACE INTO templates (common_uid, name, record) VALUES (?, ?, ?)",
            template.common_uid,
            template.name,
            _encode(template),
        )

    def drop_template(self, common_uid: str, name: str) -> None:
        """Forget a template that is no longer there."""
        with self._database.writing() as database:
            database.execute(
                "DELETE FROM templates WHERE common_uid = ? AND name = ?", (common_uid, name)
            )

    def templates(self, common_uid: str) -> tuple[Template, ...]:
        """Those of a project's shared services."""
        return self._named("templates", common_uid, Template, owner="common_uid")

    def put_unit(self, unit: UnitRecord) -> None:
        """Keep what supervision knows of a service."""
        self._put_named("units", unit.env_uid, unit.service, unit)

    def units(self, env_uid: str) -> tuple[UnitRecord, ...]:
        """One per service that was ever supervised."""
        return self._named("units", env_uid, UnitRecord)

    def put_task(self, task: TaskRecord) -> None:
        """Keep how a task ended last."""
        self._put_named("tasks", task.env_uid, task.task, task)

    def tasks(self, env_uid: str) -> tuple[TaskRecord, ...]:
        """One per task that ever ended."""
        return self._named("tasks", env_uid, TaskRecord)

    def put_forward(self, project: str, env_uid: str | None) -> None:
        """Keep which env has a project's fixed ports."""
        if env_uid is not None:
            statement = "INSERT OR REPLACE INTO forwards (project, env_uid) VALUES (?, ?)"
            self._put(statement, project, env_uid)
            return
        self._put("DELETE FROM forwards WHERE project = ?", project)

    def forwards(self) -> dict[str, str]:
        """Project -> uid of the env that has its fixed ports."""
        rows = self._database.rows("SELECT project, env_uid FROM forwards")
        return {str(project): str(env_uid) for project, env_uid in rows}

    def put_setting(self, name: str, value: str) -> None:
        """Keep what was chosen for the whole hive."""
        self._put("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", name, value)

    def setting(self, name: str) -> str | None:
        """What was chosen; `None`: nothing yet."""
        rows = self._database.rows("SELECT value FROM settings WHERE name = ?", name)
        return str(rows[0][0]) if rows else None

    def put_link(self, link: LinkRecord) -> None:
        """Keep what a dependency folder was made of."""
        self._put_named("links", link.env_uid, link.path, link)

    def links(self, env_uid: str) -> tuple[LinkRecord, ...]:
        """One per dependency folder that was ever made."""
        return self._named("links", env_uid, LinkRecord)

    def put_verdict(self, verdict: Verdict) -> None:
        """Keep what a suite said last."""
        self._put_named("verdicts", verdict.env_uid, verdict.suite, verdict)

    def verdicts(self, env_uid: str) -> tuple[Verdict, ...]:
        """One per suite that ever ran."""
        return self._named("verdicts", env_uid, Verdict)

    def put_heal(self, record: HealRecord) -> None:
        """Keep where the healing of an env stands."""
        statement = "INSERT OR REPLACE INTO healing (env_uid, record) VALUES (?, ?)"
        self._put(statement, record.env_uid, _encode(record))

    def heal(self, env_uid: str) -> HealRecord | None:
        """Where it stands; `None` where it never began."""
        rows = self._database.rows("SELECT record FROM healing WHERE env_uid = ?", env_uid)
        return next(iter(decoded(rows, HealRecord)), None)

    def put_base(self, project: str, commit: str, suite: str, mark: str) -> None:
        """Keep how a suite went on a commit that envs start from."""
        statement = "INSERT OR REPLACE INTO bases (project, base, suite, mark) VALUES (?, ?, ?, ?)"
        self._put(statement, project, commit, suite, mark)

    def bases(self, project: str, commit: str) -> dict[str, str]:
        """Suite -> mark, of all that were measured on that commit."""
        query = "SELECT suite, mark FROM bases WHERE project = ? AND base = ?"
        return {
            str(suite): str(mark) for suite, mark in self._database.rows(query, project, commit)
        }

    def put_trace(self, env_uid: str, trace: Trace) -> None:
        """Keep what a transition did last."""
        self._put_named("traces", env_uid, trace.transition, trace)

    def traces(self, env_uid: str) -> tuple[Trace, ...]:
        """The newest of each transition, newest first."""
        found = self._named("traces", env_uid, Trace)
        return tuple(sorted(found, key=lambda trace: trace.started, reverse=True))

    def _put_named(self, table: str, env_uid: str, name: str, record: msgspec.Struct) -> None:
        self._put(
            f"INSERT OR REPLACE INTO {table} (env_uid, name, record) VALUES (?, ?, ?)",
            env_uid,
            name,
            _encode(record),
        )

    def _named(
        self, table: str, env_uid: str, kind: type[_T], *, owner: str = "env_uid"
    ) -> tuple[_T, ...]:
        query = f"SELECT record FROM {table} WHERE {owner} = ? ORDER BY name"
        return decoded(self._database.rows(query, env_uid), kind)

    def _put(self, statement: str, *values: object) -> None:
        try:
            with self._database.writing() as database:
                database.execute(statement, values)
        except sqlite3.IntegrityError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
                raise


def decoded(rows: list[tuple[Any, ...]], kind: type[_T]) -> tuple[_T, ...]:
    """The values whose JSON is the first column."""
    decode = msgspec.json.Decoder(kind).decode
    return tuple(decode(cast("bytes", row[0])) for row in rows)
