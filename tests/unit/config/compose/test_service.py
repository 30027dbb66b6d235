"""Keys of one service, and what hive.toml makes of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.config.compose.files import one, problems, service, took


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("command: sh -c 'a b' \"c\"", "command", ["sh", "-c", "a b", "c"]),
        ("entrypoint: [x, 1, true]", "entrypoint", ["x", "1", "true"]),
        ("working_dir: /app", "working_dir", "/app"),
        ("user: 1000", "user", "1000"),
        ("init: true", "init", True),
        ("platform: linux/amd64", "platform", "linux/amd64"),
        ("tmpfs: /run", "tmpfs", ["/run"]),
        ("tmpfs: [/run, '/tmp:size=64m']", "tmpfs", ["/run", "/tmp:size=64m"]),
        (
            "extra_hosts: ['h:host-gateway', 'i=[::1]']",
            "extra_hosts",
            {"h": "host-gateway", "i": "::1"},
        ),
        ("extra_hosts: {h: 10.0.0.1}", "extra_hosts", {"h": "10.0.0.1"}),
        ("stop_signal: SIGQUIT", "stop", {"signal": "QUIT"}),
        ("stop_grace_period: 1m30s", "stop", {"grace": 90.0}),
        ("mem_limit: 512m", "memory", "512MB"),
        ("shm_size: 256mb", "shm_size", "256MB"),
        (
            "ulimits: {nofile: 9, memlock: {soft: -1, hard: -1}}",
            "ulimits",
            {"nofile": {"soft": 9, "hard": 9}, "memlock": {"soft": -1, "hard": -1}},
        ),
        ("cap_add: [CAP_SYS_PTRACE, net_admin]", "cap_add", ["SYS_PTRACE", "NET_ADMIN"]),
        ("networks: {n: {aliases: [b, b.test]}, m: {aliases: [b]}}", "aliases", ["b", "b.test"]),
        ("entrypoint: []", "entrypoint", []),
        ("mem_limit: 1073741825", "memory", "1048576KB"),
        ("cpus: '1.5'", "cpus", 1.5),
        ("deploy: {resources: {limits: {memory: 1G, cpus: '0.5'}}}", "memory", "1024MB"),
        ("deploy: {resources: {limits: {memory: 1G, cpus: '0.5'}}}", "cpus", 0.5),
        ("deploy: {restart_policy: {condition: on-failure}}", "restart", "on-failure"),
        ("restart: unless-stopped", "restart", "always"),
        ("restart: on-failure:3", "restart", "on-failure"),
        ("restart: no", "restart", "no"),
        ("environment: [A=1, 'B=x=y', C]", "env", {"A": "1", "B": "x=y"}),
        (
            "environment: {a.b: 1, ON: yes, N: null, F: 1.50}",
            "env",
            {"a.b": "1", "ON": "yes", "F": "1.5"},
        ),
        (
            "volumes: ['data:/x', './:/app:ro', '/var/lib/y']",
            "volumes",
            ["data:/x", ".:/app:ro", "a-var-lib-y:/var/lib/y"],
        ),
        (
            "volumes: [{type: volume, source: Data.1, target: /x, read_only: true}]",
            "volumes",
            ["data-1:/x:ro"],
        ),
        ("volumes: [{type: tmpfs, target: /t, tmpfs: {size: 1m}}]", "tmpfs", ["/t:size=1048576"]),
        (
            "healthcheck: {test: curl -f http://x || exit 1}",
            "ready",
            {"exec": "curl -f http://x || exit 1", "timeout": 180.0},
        ),
        (
            "healthcheck: {test: [CMD, a, 'b c'], interval: 1s, timeout: 1s}",
            "ready",
            {"exec": "a 'b c'", "timeout": 60.0},
        ),
    ],
)
def test_a_key_is_taken_over(text: str, key: str, value: Any) -> None:
    assert one(text)[key] == value


@pytest.mark.parametrize("text", ["healthcheck: {test: [NONE]}", "healthcheck: {disable: true}"])
def test_a_check_that_is_turned_off_is_no_readiness(text: str) -> None:
    assert "ready" not in one(text)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("privileged: true", "privileged"),
        ("cap_add: [everything!]", "cap_add"),
        ("shm_size: 1m", "shm_size"),
        ("ulimits: {nofile: many}", "ulimits.nofile"),
        ("ipc: host", "ipc"),
        ("network_mode: host", "network_mode"),
        ("networks: {n: {aliases: ['a b']}}", "networks.n.aliases"),
        ("networks: {n: {ipv4_address: 10.0.0.2}}", "networks.n.ipv4_address"),
        ("security_opt: ['seccomp:unconfined']", "security_opt"),
        ("scale: 2", "scale"),
        ("deploy: {replicas: 3}", "deploy.replicas"),
        (
            "deploy: {resources: {reservations: {devices: [{driver: x}]}}}",
            "deploy.resources.reservations.devices",
        ),
        ("links: ['b:other']", "links"),
        ("ports: ['53:53/udp']", "ports"),
        ("ports: ['web']", "ports"),
        ("ports: ['1-100:1-100']", "ports"),
        ("volumes: ['../up:/x']", "volumes"),
        ("volumes: ['./x:y']", "volumes"),
        ("volumes: ['./x:/y:rshared']", "volumes"),
        ("volumes: [{type: npipe, source: a, target: /b}]", "volumes"),
        (
            "volumes: [{type: volume, source: a, target: /b, volume: {subpath: c}}]",
            "volumes.volume.subpath",
        ),
        ("stop_signal: SIGRTMIN+3", "stop_signal"),
        ("mem_limit: much", "mem_limit"),
        ("mem_limit: 1m", "mem_limit"),
        ("cpus: many", "cpus"),
        ("restart: sometimes", "restart"),
        ("init: perhaps", "init"),
        ('command: "sh -c \'open"', "command"),
        ("command: []", "command"),
        ("build: https://example.org/x.git", "build"),
        ("build: ../up", "build"),
        ("build: {context: ., dockerfile_inline: FROM x}", "build.dockerfile_inline"),
        ("build: {context: ., dockerfile: ../D}", "build.dockerfile"),
        ("healthcheck: {test: [x]}", "healthcheck.test"),
        ("healthcheck: {test: x, interval: often}", "healthcheck.interval"),
        ("depends_on: [nothing]", "depends_on.nothing"),
        ("env_file: nowhere.env", "env_file"),
        ("secrets: [token]", "secrets"),
    ],
)
def test_what_would_be_another_service_is_refused_at_its_key(text: str, path: str) -> None:
    found = problems(text)

    assert len(found) == 1
    assert found[0].startswith(f"0.yaml:4: key services.a.{path}: ")
    assert problems(text, ignore=[f"services.a.{path}"]) == []


def test_an_unknown_key_names_the_nearest_one() -> None:
    assert problems("enviroment: {A: 1}") == [
        "0.yaml:4: key services.a.enviroment: found an unknown key; did you mean environment?"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "container_name: x",
        "labels: [a=b]",
        "logging: {driver: none}",
        "tty: true",
        "hostname: other",
        "networks: [front]",
        "security_opt: ['no-new-privileges:true']",
        "develop: {watch: []}",
        "deploy: {placement: {}}",
        "privileged: false",
        "scale: 1",
        "network_mode: bridge",
        "cap_drop: [ALL]",
        "x-own: {anything: 1}",
    ],
)
def test_what_does_no_harm_does_not_stop_it(text: str) -> None:
    assert one(text) == {"image": "i", "restart": "no"}


def test_what_was_left_out_without_harm_is_a_note_with_its_line() -> None:
    notes = took(service("container_name: x\ntty: true")).notes

    assert [str(note) for note in notes] == [
        (
            "0.yaml:4: key services.a.container_name: left out: each env gives its containers "
            "names of their own"
        ),
        "0.yaml:5: key services.a.tty: left out: a service has no terminal",
    ]


def test_a_path_to_ignore_that_is_not_there_is_a_note() -> None:
    (note,) = took(service(""), ignore=["services.b.privileged"]).notes

    assert "nothing to ignore" in note.text


def test_files_of_variables_go_under_the_services_own() -> None:
    more = {"one.env": "A=1\nB=1\nexport C='$x'\n", "two.env": 'B="two ${A}"\n'}
    text = "env_file: [one.env, {path: two.env, required: true}, {path: no.env, required: false}]\n"

    assert one(text + "environment: {A: own}", more=more)["env"] == {
        "A": "own",
        "B": "two ",
        "C": "$x",
    }


def test_secrets_and_configs_that_are_files_are_mounted() -> None:
    text = service("secrets: [token, {source: key, target: /k}]\nconfigs: [app]")
    more = "secrets:\n  token: {file: ./t}\n  key: {file: k}\nconfigs:\n  app: {file: a.conf}\n"

    assert took(text + more).services["a"]["volumes"] == [
        "./t:/run/secrets/token:ro",
        "./k:/k:ro",
        "./a.conf:/app:ro",
    ]


def test_a_volume_of_another_driver_is_refused_and_one_of_another_name_is_not() -> None:
    text = service("volumes: ['d:/x', 'e:/y']")
    more = "volumes:\n  d: {driver_opts: {device: /srv}}\n  e: {name: fixed}\n"
    taken = took(text + more)

    assert [str(one) for one in taken.problems] == [
        "0.yaml:6: key volumes.d.driver_opts: a volume that another driver makes"
    ]
    assert [note.path for note in taken.notes] == ["volumes.e.name"]
