"""A compose file's services in environments, on a real engine."""

from __future__ import annotations

import urllib.request

from tests import engines
from tests.stacks import Stack

COMPOSE = """
x-own: &own
  image: IMAGE
  stop_grace_period: 1s
services:
  web:
    <<: *own
    container_name: the-only-web
    command: sh -c 'cp /data/seed /www/index.html && exec httpd -f -p 8080 -h /www'
    volumes: [data:/data:ro]
    tmpfs: [/www]
    ports: ["8080:8080"]
    environment: {discovery.type: single, WHO: "${HIVE_ENV}"}
    depends_on:
      db: {condition: service_healthy}
      seed: {condition: service_completed_successfully}
  db:
    <<: *own
    command: [sh, -c, "touch /data/up; exec sleep 1000"]
    volumes: [data:/data]
    mem_limit: 64m
    shm_size: 32m
    ulimits: {nofile: {soft: 512, hard: 1024}}
    cap_add: [SYS_PTRACE]
    networks: {default: {aliases: [store.test]}}
    healthcheck: {test: [CMD, test, -e, /data/up], interval: 1s}
  seed:
    <<: *own
    command: [sh, -c, "echo seeding $$HIVE_ENV; echo $$HIVE_ENV > /data/seed; exit ${CODE:-0}"]
    volumes: [data:/data]
    depends_on: {db: {condition: service_healthy}}
  debug:
    <<: *own
    profiles: [debug]
    command: sleep 1000
volumes:
  data: {name: one-for-all}
"""


def _make(stack: Stack, more: str = "") -> None:
    compose = COMPOSE.replace("IMAGE", stack.image)
    stack.make(f'[compose]\nfile = "compose.yaml"\n{more}', {"compose.yaml": compose})


def test_each_env_has_the_services_to_itself(stack: Stack) -> None:
    _make(stack)
    for env in ("one", "two"):
        stack.up(env)

    for env in ("one", "two"):
        ports = stack.yard.env(env)["ports"]["names"]
        with urllib.request.urlopen(f"http://127.0.0.1:{ports['web']}/", timeout=10) as page:
            assert page.read() == f"{env}\n".encode()
        assert f"seeding {env}" in stack.log("seed", env=env)
        variables = stack.inside("web", "env", env=env)
        assert f"WHO={env}\n" in variables
        assert "discovery.type=single\n" in variables
        assert stack.inside("web", "nslookup", "store.test", env=env)
        limits = stack.inspect("db", env)["HostConfig"]
        assert (limits["Memory"], limits["ShmSize"]) == (64 << 20, 32 << 20)
        assert limits["Ulimits"] == [{"Name": "nofile", "Soft": 512, "Hard": 1024}]
        assert limits["CapAdd"] in (["SYS_PTRACE"], ["CAP_SYS_PTRACE"])
        assert not stack.container("debug", env)
        assert not stack.container("seed", env)


def test_what_needs_a_job_that_fails_does_not_start(stack: Stack) -> None:
    _make(stack, '[env]\nCODE = "3"\n')
    stack.yard.hive("spawn", "auth")

    told = stack.yard.hive("warm", "auth", status=1).err

    assert "seed failed: exit 3" in told
    assert "seeding auth" in told
    assert stack.yard.service("auth", "web")["state"] == "stopped"


def test_a_job_that_is_stopped_in_the_middle_leaves_no_container(stack: Stack) -> None:
    _make(stack, '[env]\nCODE = "$(sleep 1000)"\n')
    stack.yard.hive("spawn", "auth")
    stack.yard.hive("warm", "auth", "--no-wait")
    stack.yard.until(lambda: stack.container("seed"), "the job runs")

    stack.yard.hive("stop", "auth")

    assert not stack.container("seed")


def test_a_job_of_a_daemon_that_died_is_taken_away_and_runs_anew(stack: Stack) -> None:
    _make(stack, '[env]\nCODE = "$(test -e /data/again || { touch /data/again; sleep 1000; })"\n')
    stack.yard.hive("spawn", "auth")
    stack.yard.hive("warm", "auth", "--no-wait")
    stack.yard.until(lambda: "seeding" in stack.log("seed"), "the job runs")

    stack.yard.kill_daemon()
    stack.yard.hive("warm", "auth")

    assert stack.yard.service("auth", "web")["state"] == "ready"
    assert "seed" not in [service["name"] for service in stack.yard.env("auth")["services"]]
    assert not stack.container("seed")


def test_a_change_of_the_compose_file_is_seen(stack: Stack) -> None:
    _make(stack)
    stack.up()
    text = COMPOSE.replace("IMAGE", stack.image).replace("profiles: [debug]", "user: '0'")
    stack.yard.write("compose.yaml", text)

    stack.yard.hive("warm", "auth")

    assert stack.yard.service("auth", "debug")["state"] == "ready"


def test_doctor_says_what_would_collide_and_what_was_left_out(stack: Stack) -> None:
    _make(stack, '[tasks.call]\nrun = "curl localhost:8080"\nwhen = "cold"\n')
    stack.yard.hive("spawn", "auth", status=None)

    checks = stack.yard.hive("doctor", "--json", status=None).json["checks"]

    said = {check["name"].partition(" of ")[0]: check for check in checks}
    assert said["ports and names"]["ok"] is False
    assert "tasks.call.run has the fixed port 8080" in said["ports and names"]["message"]
    assert "8080 as web" in said["compose ports"]["message"]
    assert "services.web.container_name" in said["compose notes"]["message"]


def test_destroy_leaves_nothing_of_it_at_the_engine(stack: Stack) -> None:
    _make(stack)
    stack.up()
    stack.yard.hive("destroy", "auth", "--force")
    stack.yard.hive("spawn", "other")
    stack.yard.hive("destroy", "other", "--force")

    left = engines.left(stack.tag)
    assert left["containers"] == []
    assert left["networks"] == []
