"""The compose features of well-known projects: all taken, or named with their line."""

from __future__ import annotations

from pathlib import Path

from hive_tui.config.compose.taking import Taken
from tests.unit.config.compose.files import PROJECTS, project


def _named(taken: Taken) -> list[tuple[int, str]]:
    return [(problem.line, problem.path) for problem in taken.problems]


def _line(name: str, text: str) -> int:
    lines = Path(PROJECTS, f"{name}.yaml").read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_of_the_error_tracker_only_what_is_outside_of_it_is_refused() -> None:
    assert _named(project("errors")) == [
        (_line("errors", "app-data: {external"), "volumes.app-data.external"),
        (_line("errors", "database-data: {external"), "volumes.database-data.external"),
    ]


def test_the_error_tracker_loads_once_that_is_accepted() -> None:
    taken = project("errors", ignore=["volumes.*.external"])

    assert taken.problems == ()
    web = taken.services["web"]
    assert web == {
        "build": {"context": "app", "args": {"APP_IMAGE": "example/app:nightly"}},
        "command": ["run", "web"],
        "entrypoint": ["/etc/app/entry.sh"],
        "env": {
            "STORE_SETTINGS": "packaged",
            "COLUMN_HOST": "columns",
            "BROKERS": "broker:9092",
            "EVENT_DAYS": "30",
            "APP_CONF": "/etc/app",
        },
        "volumes": ["app-data:/data", "./app:/etc/app", "./lookup:/lookup:ro"],
        "restart": "always",
        "ulimits": {"nofile": {"soft": 8192, "hard": 8192}},
        "ready": {
            "exec": "/bin/bash -c 'exec 3<>/dev/tcp/127.0.0.1/9000 && grep -q ok <&3'",
            "timeout": 10 + 10 * (30 + 90),
        },
        "needs": ["cache", "database", "mail", "app-cleanup-once"],
    }
    assert taken.services["app-cleanup-once"]["once"] is True
    assert taken.services["database"]["shm_size"] == "256MB"
    assert taken.services["store-consumer"]["when"] == "manual"
    assert taken.services["store-consumer"]["ready"]["exec"] == (
        'rm /tmp/alive && [ "$(uname)" != "" ]'
    )
    assert taken.services["front"]["ports"] == {"front": 80}
    assert (taken.ports, taken.numbers) == ({"front": 0}, {"front": 9000})


def test_what_the_error_tracker_loses_without_harm_is_said_once_for_each_line() -> None:
    notes = project("errors").notes

    said = {(note.line, note.path.rpartition(".")[2]) for note in notes}
    assert {
        (_line("errors", "pull_policy"), "pull_policy"),
        (_line("errors", "DEBUG_LEVEL"), "DEBUG_LEVEL"),
        (_line("errors", "restart: true"), "restart"),
    } <= said
    assert len([note for note in notes if note.path.endswith("pull_policy")]) == 1


def test_of_the_backend_in_a_box_only_a_confinement_is_refused() -> None:
    taken = project("backend")

    assert _named(taken) == [(_line("backend", "label=disable"), "services.shipper.security_opt")]


def test_the_backend_in_a_box_gets_names_and_ports_of_each_envs_own() -> None:
    taken = project("backend", ignore=["services.*.security_opt"])

    assert taken.problems == ()
    assert taken.numbers == {
        "gateway": 8000,
        "gateway-8443": 8443,
        "pooler": 5432,
        "pooler-6543": 6543,
    }
    assert taken.ports == {"gateway": 0, "gateway-8443": 443, "pooler": 432, "pooler-6543": 543}
    names = [note for note in taken.notes if note.path.endswith("container_name")]
    assert len(names) == len(taken.services)
    assert taken.services["gateway"]["entrypoint"] == [
        "bash",
        "-c",
        'eval "echo \\"$(cat ~/temp.yml)\\"" > ~/gateway.yml && /entry.sh start',
    ]
    assert taken.services["studio"]["env"]["POSTGRES_PASSWORD"] == "a$ecret-with-a-dollar"
    assert taken.services["studio"]["env"]["LOGS"] == "true"
    assert taken.services["meta"]["env"]["RATIO"] == "16.8"
    socket = "/var/run/docker.sock:/var/run/docker.sock:ro"
    assert socket in taken.services["shipper"]["volumes"]


def test_the_workflow_scheduler_is_taken_whole() -> None:
    taken = project("workflows")

    assert taken.problems == ()
    assert {name: table.get("when") for name, table in taken.services.items()} == {
        "postgres": None,
        "redis": None,
        "api-server": None,
        "worker": None,
        "init": None,
        "cli": "manual",
        "flower": "manual",
    }
    init = taken.services["init"]
    assert init["once"] is True
    assert init["command"][1].startswith('if [[ -z "" ]]; then\n  export FLOW_UID=$(id -u)\n')
    assert "memory=$(($(getconf _PHYS_PAGES) * $(getconf PAGE_SIZE)))" in init["command"][1]
    assert init["volumes"] == ["./flows:/opt/flow/flows", "./logs:/opt/flow/logs"]
    worker = taken.services["worker"]
    assert worker["needs"] == ["api-server", "init", "redis", "postgres"]
    assert worker["env"]["WORKFLOWS__CORE__EXECUTOR"] == "Queue"
    assert worker["env"]["DUMB_INIT_SETSID"] == "0"
    assert '"queue@${HOSTNAME}"' in worker["ready"]["exec"]
    assert taken.ports == {"api-server": 80, "flower": 555}


def test_a_profile_that_is_asked_for_runs_by_itself() -> None:
    taken = project("workflows", profiles=["flower"])

    assert "when" not in taken.services["flower"]
    assert taken.services["cli"]["when"] == "manual"
