"""Images that are built, and images that are fetched from a registry of the test's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import engines
from tests.registries import Registry
from tests.stacks import Stack

BUILT = """
[services.web]
build = "app"
command = ["sh", "-c", "cat /app/text; exec sleep 1000"]
"""


@pytest.fixture
def registry() -> Iterator[Registry]:
    """A registry on loopback, which an engine speaks to without TLS."""
    made = Registry()
    try:
        yield made
    finally:
        made.close()


def dockerfile(stack: Stack, *lines: str) -> str:
    """A Dockerfile on top of busybox."""
    return "\n".join([f"FROM {stack.image}", *lines, ""])


def test_an_image_is_built_as_a_step_with_its_progress_in_the_log(stack: Stack) -> None:
    stack.make(
        BUILT,
        {
            "app/Dockerfile": dockerfile(stack, "COPY text other* /app/"),
            "app/text": "from the build\n",
            "app/.dockerignore": "other*\n",
            "app/other": "x",
        },
    )
    stack.yard.hive("spawn", "auth")
    plan = stack.yard.hive("plan", "auth", "warm").out
    assert "build" in plan
    stack.yard.hive("warm", "auth")
    stack.yard.until(lambda: "from the build" in stack.log("web"), "it has run")
    assert "COPY text" in stack.log("web")
    image = stack.inspect("web")["Image"]
    files = engines.docker("run", "--rm", str(image), "ls", "/app").split()
    assert files == ["text"]


def test_the_same_content_is_built_once_for_all_envs(stack: Stack) -> None:
    stack.make(
        BUILT,
        {"app/Dockerfile": dockerfile(stack, "COPY text /app/text"), "app/text": "unique one\n"},
    )
    for env in ("auth", "second"):
        stack.yard.hive("spawn", env)
        stack.yard.hive("warm", env)
    assert "building" in stack.log("web", env="auth")
    assert "building" not in stack.log("web", env="second")
    stack.yard.write("../trees/second/app/text", "changed\n")
    stack.yard.hive("restart", "second", "web")
    stack.yard.until(lambda: "changed" in stack.log("web", env="second"), "it was built anew")


def test_a_failed_build_fails_its_step_with_the_end_of_its_output(stack: Stack) -> None:
    stack.make(BUILT, {"app/Dockerfile": dockerfile(stack, "RUN echo speaking; exit 4")})
    stack.yard.hive("spawn", "auth")
    told = stack.yard.hive("warm", "auth", status=1).err
    assert "build of web" in told
    assert "speaking" in told


def test_a_missing_dockerfile_is_named(stack: Stack) -> None:
    stack.make(BUILT, {"app/text": ""})
    stack.yard.hive("spawn", "auth")
    assert "there is no Dockerfile in" in stack.yard.hive("warm", "auth", status=1).err


def test_an_image_is_pulled_with_progress(stack: Stack, registry: Registry) -> None:
    stack.make(f'[services.web]\nimage = "{registry.reference}"\ncommand = "sleep 1000"\n')
    stack.up()
    log = stack.log("web")
    assert f"pulling {registry.reference}" in log
    assert f"pulled {registry.reference}" in log


def test_a_pull_asked_for_by_several_envs_happens_once(stack: Stack, registry: Registry) -> None:
    stack.make(f'[services.web]\nimage = "{registry.reference}"\ncommand = "sleep 1000"\n')
    for env in ("auth", "second"):
        stack.yard.hive("spawn", env)
    stack.yard.hive("warm", "auth", "second")
    assert registry.manifests == 1


def test_an_image_that_nobody_has_is_named_and_the_rest_runs(
    stack: Stack, registry: Registry
) -> None:
    stack.make(
        f"""
        [services.web]
        image = "{registry.host}/nobody/has:it"
        [services.api]
        run = "exec sleep 1000"
        """
    )
    stack.yard.hive("spawn", "auth")
    told = stack.yard.hive("warm", "auth", status=1).err
    assert "nobody/has:it cannot be had" in told
    assert "docker login" in told
    assert stack.yard.service("auth", "api")["state"] == "ready"


def test_a_pull_that_breaks_says_so(stack: Stack, registry: Registry) -> None:
    registry.broken = True
    stack.make(f'[services.web]\nimage = "{registry.reference}"\n')
    stack.yard.hive("spawn", "auth")
    told = stack.yard.hive("warm", "auth", status=1).err
    assert registry.reference in told
    assert "the layer is gone" in told or "unknown blob" in told


def test_an_image_of_another_platform_is_refused_with_the_remedy(
    stack: Stack, registry: Registry
) -> None:
    stack.make(f'[services.web]\nimage = "{registry.reference}"\nplatform = "linux/s390x"\n')
    stack.yard.hive("spawn", "auth")
    told = stack.yard.hive("warm", "auth", status=1).err
    assert registry.reference in told
    assert "platform" in told
