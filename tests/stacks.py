"""A yard whose services are containers."""

from __future__ import annotations

import os
from typing import Any

from hive_tui.daemon.composition import home_tag
from hive_tui.model.home import locate
from tests import engines
from tests.hives import Yard


class Stack:
    """A hive of a test's own, and what it has at a real engine."""

    def __init__(self, yard: Yard, host: str | None = None) -> None:
        """Set it up; `host` is the engine's address, the usual one where left out."""
        self.yard = yard
        self.host = host
        self.image = engines.BUSYBOX
        self.base = yard.port_base()
        self.tag = home_tag(locate(yard.environ, uid=os.getuid()))
        if host is not None:
            yard.extra["DOCKER_HOST"] = host

    def make(self, services: str, files: dict[str, str] | None = None) -> None:
        """Make the repository; `IMAGE` in the text is the busybox image."""
        names = ", ".join(f"p{number} = {number}" for number in range(8))
        head = f"[ports]\nbase = {self.base}\nblock = 10\nnames = {{ {names} }}\n"
        self.yard.make_repo(head + services.replace("IMAGE", self.image), files)

    def up(self, env: str = "auth") -> None:
        """Spawn an env and warm it."""
        self.yard.hive("spawn", env)
        self.yard.hive("warm", env)

    def container(self, service: str, env: str = "auth") -> str:
        """Id of a service's container, whether it runs or not."""
        filters = [
            word
            for key, value in (("home", self.tag), ("env", env), ("service", service))
            for word in ("--filter", f"label=hive.{key}={value}")
        ]
        return engines.docker("ps", "-aq", "--no-trunc", *filters, host=self.host).strip()

    def inspect(self, service: str, env: str = "auth") -> Any:
        """What the engine says of a service's container."""
        return engines.inspect(self.container(service, env), self.host)

    def inside(self, service: str, *argv: str, env: str = "auth") -> str:
        """Output of a command inside a service's container."""
        return engines.docker("exec", self.container(service, env), *argv, host=self.host)

    def left(self) -> dict[str, list[str]]:
        """What the hive has at the engine."""
        return engines.left(self.tag, self.host)

    def log(self, *names: str, env: str = "auth") -> str:
        """What services have written."""
        return self.yard.hive("logs", env, *names, "-n", "10000").out

    def close(self) -> None:
        """End the hive, then remove what it has at the engine, and images made for it alone."""
        self.yard.close()
        images = {
            str(engines.inspect(container, self.host)["Image"])
            for container in self.left()["containers"]
        }
        engines.sweep(self.tag, self.host)
        for image in images:
            tags = str(engines.inspect(image, self.host).get("RepoTags"))
            if "hive-test/" not in tags:
                engines.docker("rmi", "-f", image, check=False, host=self.host)
