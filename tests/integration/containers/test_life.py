"""Environments whose services are containers, from spawn to destroy, on a real engine."""

from __future__ import annotations

import json
import urllib.request

import pytest

from tests import engines
from tests.stacks import Stack

WEB = """
[services.web]
image = "IMAGE"
command = ["sh", "-c", "echo hello; echo $HIVE_ENV >/www/index.html; exec httpd -f -p 80 -h /www"]
ports = { p0 = 80 }
ready = { tcp = "p0" }
"""
IDLE = """
[services.idle]
image = "IMAGE"
command = "sleep 1000"
"""


def test_a_container_becomes_ready_answers_on_its_port_and_logs(stack: Stack) -> None:
    stack.make(WEB)
    stack.up()
    service = stack.yard.service("auth", "web")
    assert (service["kind"], service["state"]) == ("container", "ready")
    with urllib.request.urlopen(f"http://127.0.0.1:{stack.base}/", timeout=10) as page:
        assert page.read() == b"auth\n"
    assert "hello" in stack.log("web")


def test_ports_are_published_on_loopback_alone(stack: Stack) -> None:
    stack.make(WEB)
    stack.up()
    bindings = stack.inspect("web")["HostConfig"]["PortBindings"]
    assert bindings == {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(stack.base)}]}


def test_containers_of_an_env_reach_each_other_by_name_and_no_others(stack: Stack) -> None:
    stack.make(WEB + IDLE)
    stack.up("one")
    stack.up("two")
    assert stack.inside("idle", "wget", "-qO-", "http://web/", env="one") == "one\n"
    assert stack.inside("idle", "wget", "-qO-", "http://web/", env="two") == "two\n"


def test_a_container_reaches_a_process_of_its_env(stack: Stack) -> None:
    stack.make(
        IDLE
        + """
        [services.api]
        run = "exec python3 -m http.server {{port.p1}} --directory ."
        ready = { tcp = "p1" }
        """,
        {"page": "from a process"},
    )
    stack.up()
    url = f"http://host.docker.internal:{stack.base + 1}/page"
    assert stack.inside("idle", "wget", "-qO-", url) == "from a process"


def test_freeze_pauses_containers_together_with_processes(stack: Stack) -> None:
    stack.make(IDLE + '[services.api]\nrun = "exec sleep 1000"\n')
    stack.up()
    stack.yard.hive("freeze", "auth")
    assert stack.inspect("idle")["State"]["Paused"] is True
    assert stack.yard.env("auth")["state"] == "frozen"
    stack.yard.hive("thaw", "auth")
    assert stack.inspect("idle")["State"]["Paused"] is False
    assert stack.yard.env("auth")["state"] == "warm"


def test_a_frozen_container_can_be_stopped(stack: Stack) -> None:
    stack.make(IDLE)
    stack.up()
    stack.yard.hive("freeze", "auth")
    stack.yard.hive("stop", "auth")
    assert stack.inspect("idle")["State"]["Running"] is False


def test_cool_keeps_the_data_of_a_container_and_destroy_leaves_nothing(stack: Stack) -> None:
    stack.make(
        """
        [services.db]
        image = "IMAGE"
        command = "sleep 1000"
        volumes = { data = "/data" }
        """
    )
    stack.up()
    stack.inside("db", "sh", "-c", "echo kept >/data/file; echo kept >/tmp/file")
    stack.yard.hive("cool", "auth")
    stack.yard.hive("warm", "auth")
    assert stack.inside("db", "cat", "/data/file", "/tmp/file") == "kept\nkept\n"
    assert engines.docker("volume", "inspect", "hive-shop-auth-data")
    stack.yard.hive("destroy", "auth", "--force")
    found = stack.left()
    assert (found["containers"], found["networks"]) == ([], [])
    stack.yard.hive("spawn", "other")
    stack.yard.hive("destroy", "other", "--force")  # the first one can no longer be taken back
    stack.yard.until(lambda: not stack.left()["volumes"], "its volume is gone")


def test_undo_brings_the_data_back(stack: Stack) -> None:
    stack.make(
        """
        [services.db]
        image = "IMAGE"
        command = "sleep 1000"
        volumes = ["data:/data"]
        """
    )
    stack.up()
    stack.inside("db", "sh", "-c", "echo kept >/data/file")
    stack.yard.hive("destroy", "auth", "--force")
    stack.yard.hive("undo")
    stack.yard.hive("warm", "auth")
    assert stack.inside("db", "cat", "/data/file") == "kept\n"


def test_a_new_env_of_the_same_name_never_sees_the_old_data(stack: Stack) -> None:
    stack.make(
        """
        [services.db]
        image = "IMAGE"
        command = "sleep 1000"
        volumes = { data = "/data" }
        """
    )
    stack.up()
    stack.inside("db", "sh", "-c", "echo old >/data/file")
    stack.yard.hive("destroy", "auth", "--force")
    stack.up()
    assert stack.inside("db", "ls", "/data") == ""
    assert len(stack.left()["volumes"]) == 2  # the old one is still there to be taken back


def test_a_stop_sends_the_signal_of_the_file_and_else_the_images(stack: Stack) -> None:
    script = "trap 'echo got INT; exit 0' INT; trap 'echo got TERM; exit 0' TERM; "
    script += "echo up; while :; do sleep 0.1; done"
    stack.make(
        f"""
        [services.one]
        image = "IMAGE"
        command = ["sh", "-c", "{script}"]
        stop = {{ signal = "INT" }}
        ready = {{ log = "up" }}
        [services.two]
        image = "IMAGE"
        command = ["sh", "-c", "{script}"]
        ready = {{ log = "up" }}
        """
    )
    stack.up()
    stack.yard.hive("cool", "auth")
    assert "got INT" in stack.log("one")
    assert "got TERM" in stack.log("two")


def test_limits_reach_the_engine(stack: Stack) -> None:
    stack.make(
        """
        [services.db]
        image = "IMAGE"
        command = "sleep 1000"
        memory = "64MB"
        cpus = 0.5
        user = "1000:1000"
        working_dir = "/tmp"
        tmpfs = ["/scratch:size=1m"]
        extra_hosts = { "api.test" = "10.1.2.3" }
        env = { WHO = "{{env}}" }
        """
    )
    stack.up()
    found = stack.inspect("db")["HostConfig"]
    assert (found["Memory"], found["NanoCpus"], found["Init"]) == (64 << 20, 500_000_000, True)
    assert found["RestartPolicy"]["Name"] == "no"
    assert stack.inside("db", "pwd") == "/tmp\n"
    assert stack.inside("db", "id", "-u") == "1000\n"
    assert "10.1.2.3" in stack.inside("db", "cat", "/etc/hosts")
    assert "/scratch tmpfs" in stack.inside("db", "cat", "/proc/mounts")
    assert stack.inside("db", "sh", "-c", "echo $WHO") == "auth\n"


def test_a_folder_of_the_worktree_is_mounted_and_may_be_read_only(stack: Stack) -> None:
    stack.make(
        """
        [services.web]
        image = "IMAGE"
        command = "sleep 1000"
        volumes = ["./conf:/conf:ro", "./out:/out"]
        """,
        {"conf/name": "value", "out/.keep": ""},
    )
    stack.up()
    assert stack.inside("web", "cat", "/conf/name") == "value"
    stack.inside("web", "touch", "/out/made")
    assert (stack.yard.tree("auth") / "out/made").exists()
    with pytest.raises(AssertionError, match="Read-only"):
        stack.inside("web", "touch", "/conf/made")


def test_the_port_map_names_the_container(stack: Stack) -> None:
    stack.make(WEB)
    stack.up()
    rows = stack.yard.hive("ports", "auth", "--json").json["ports"]
    row = next(row for row in rows if row["name"] == "p0")
    assert (row["listening"], row["service"], row["foreign"]) == (True, "web", False)
    assert row["pid"] == stack.inspect("web")["State"]["Pid"]


def test_memory_of_containers_is_shown_where_that_of_processes_is(stack: Stack) -> None:
    stack.make(IDLE)
    stack.up()
    stack.yard.until(lambda: stack.yard.env("auth")["memory_bytes"], "memory is known")
    stack.yard.hive("stop", "auth")
    stack.yard.until(lambda: stack.yard.env("auth")["memory_bytes"] is None, "it is gone")


def test_a_changed_service_gets_a_new_container_at_its_next_start(stack: Stack) -> None:
    stack.make(IDLE)
    stack.up()
    first = stack.container("idle")
    stack.yard.hive("restart", "auth", "idle")
    assert stack.container("idle") == first
    text = (stack.yard.repo / "hive.toml").read_text()
    (stack.yard.repo / "hive.toml").write_text(text + 'env = { NEW = "1" }\n')
    stack.yard.hive("restart", "auth", "idle")
    assert stack.container("idle") != first
    assert stack.inside("idle", "sh", "-c", "echo $NEW") == "1\n"


def test_a_hive_without_containers_never_loads_the_client_of_the_engine(stack: Stack) -> None:
    stack.make('[services.api]\nrun = "exec sleep 1000"\n')
    stack.up()
    stack.yard.hive("destroy", "auth", "--force")
    pid = stack.yard.daemon_pid()
    with open(f"/proc/{pid}/maps") as maps:
        assert "aiohttp" not in maps.read()


def test_the_engine_is_in_the_doctors_report(stack: Stack) -> None:
    stack.make(IDLE)
    rows = stack.yard.hive("doctor", "--json", status=None).out
    assert any(row["name"] == "containers" for row in json.loads(rows)["checks"])
