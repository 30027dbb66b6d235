"""Containers in hive.toml: what reaches the project, and what is refused with what instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from hive_tui.config.loading import load
from hive_tui.engine.container_spec import container_spec
from hive_tui.model.errors import ConfigError
from hive_tui.model.project import Build, Mount, Service
from tests.unit.engine.supervised import ENV

HEAD = "[ports.names]\nweb = 0\ndb = 1\n[services.a]\nimage = 'x'\n"


def service(folder: Path, lines: str, head: str = HEAD) -> Service:
    """The service of a file with these lines."""
    (folder / "hive.toml").write_text(head + lines)
    return load(str(folder)).services["a"]


def test_every_key_of_a_container_reaches_the_project(tmp_path: Path) -> None:
    found = service(
        tmp_path,
        """
        ports = { web = 80 }
        volumes = ["data:/data", "./conf:/conf:ro", "~/x:/x", "/abs:/abs:rw"]
        command = "serve --name 'a b' {{ env }}"
        entrypoint = ["/bin/sh", ""]
        user = "1000"
        working_dir = "/app"
        tmpfs = ["/tmp:size=1m", "/run"]
        extra_hosts = { "api.test" = "10.0.0.1", gw = "host-gateway" }
        init = false
        memory = "512MB"
        cpus = 1.5
        platform = "linux/amd64"
        stop = { signal = "INT" }
        """,
    )
    assert found.mounts == (
        Mount("data", "/data"),
        Mount("./conf", "/conf", read_only=True),
        Mount("~/x", "/x"),
        Mount("/abs", "/abs"),
    )
    assert found.command == ("serve", "--name", "a b", "{{env}}")
    assert found.entrypoint == ("/bin/sh", "")
    assert found.tmpfs == {"/tmp": "size=1m", "/run": ""}
    assert (found.memory_bytes, found.cpus, found.init) == (512 << 20, 1.5, False)
    assert found.stop.signal == "INT"


@pytest.mark.parametrize(
    ("build", "meant"),
    [
        ('build = "."', Build(".")),
        (
            'build = { context = "app", dockerfile = "D", args = { A = "{{env}}" }, target = "t" }',
            Build("app", "D", {"A": "{{env}}"}, "t"),
        ),
    ],
)
def test_an_image_may_be_built(tmp_path: Path, build: str, meant: Build) -> None:
    assert service(tmp_path, build, "[services.a]\n").build == meant


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('memory = "512"', 'a size such as "512MB"'),
        ('memory = "1MB"', "at least 6MB"),
        ('memory = "50%"', 'a size such as "512MB"'),
        ("cpus = 0", "a number above 0"),
        ("cpus = true", "a number above 0"),
        ("cpu = 1", 'did you mean "cpus"'),
        ("memry = '1GB'", 'did you mean "memory"'),
        ("init = 'no'", "true or false"),
        ('command = "sh -c \'x"', "words and quotations"),
        ("command = ['a', '{{nope}}']", "nope"),
        ("volumes = ['data']", "a mount such as"),
        ("volumes = ['../x:/x']", "a mount such as"),
        ("volumes = ['Data:/x']", "a mount such as"),
        ("volumes = ['a:/x:rx']", "a mount such as"),
        ("volumes = ['a:/x', 'b:/x']", "each path inside once"),
        ("tmpfs = ['tmp']", "a path inside the container"),
        ("extra_hosts = { a = 'b' }", "an IP address"),
        ("platform = 'arm64'", "a platform such as"),
        ("cwd = 'app'", "working_dir"),
        ("ready = { tcp = 'web' }", "it publishes no ports"),
        ("ports = { web = 80, db = 80 }", "each port inside once"),
        ("image = ''", "the name of an image"),
        ("build = '.'", "exactly one of run, image, build"),
    ],
)
def test_what_is_wrong_is_named_with_what_is_allowed(tmp_path: Path, lines: str, said: str) -> None:
    head = HEAD.replace("image = 'x'\n", "") if lines.startswith("image") else HEAD
    with pytest.raises(ConfigError) as error:
        service(tmp_path, lines, head)
    assert said in str(error.value)


@pytest.mark.parametrize(
    "line", ["memory = '1GB'", "command = 'x'", "tmpfs = ['/t']", "init = true"]
)
def test_keys_of_a_container_are_refused_beside_run(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigError, match="only beside image or build"):
        service(tmp_path, line, "[services.a]\nrun = 'x'\n")


def test_a_container_is_expanded_for_its_env(tmp_path: Path) -> None:
    service(
        tmp_path,
        """
        command = ["serve", "{{env}} {{port.web}}"]
        ports = { db = 5432 }
        volumes = ["./conf/:/conf/", "{{worktree}}/x:/x", "data:/data"]
        """,
    )
    project = load(str(tmp_path))
    found = container_spec(project, ENV, project.services["a"], {"A": "1"})
    assert found.command == ("serve", "auth 10000")
    assert found.ports == {10001: 5432}
    assert [(m.source, m.volume, m.target) for m in found.mounts] == [
        ("/srv/auth/conf", None, "/conf"),
        ("/srv/auth/x", None, "/x"),
        (None, "data", "/data"),
    ]
