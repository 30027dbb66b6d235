"""At which of its ports a service answers."""

from __future__ import annotations

import msgspec
import pytest

from hive_tui.engine.routing import layout_of, main_port, web_first
from hive_tui.model.project import Ports, Project, Ready, ReadyKind, Service

PROJECT = Project(name="shop", root="/shop", ports=Ports(10_000, 100, {"api": 1, "web": 0, "m": 2}))


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        (Service("web", run="serve --api {{port.api}} --port {{port.web}}"), "web"),
        (Service("front", run="serve {{port.m}} --api {{port.api}}"), "m"),
        (
            Service(
                "front",
                run="serve --api {{port.api}} --port {{port.m}}",
                ready=Ready(ReadyKind.HTTP, "http://127.0.0.1:{{ port.m }}/healthz"),
            ),
            "m",
        ),
        (Service("front", run="serve {{port.api}}", ready=Ready(ReadyKind.TCP, "web")), "web"),
        (Service("box", image="i", ports={"m": 25}, env={"API": "{{port.api}}"}), "m"),
        (Service("worker", run="work"), None),
    ],
)
def test_a_service_answers_at_the_port_that_is_most_its_own(
    service: Service, expected: str | None
) -> None:
    assert main_port(PROJECT, service) == expected


def test_a_port_has_the_name_of_its_owner_and_a_service_its_own_alone() -> None:
    web = Service("web", run="serve {{port.web}} --api {{port.api}} --metrics {{port.m}}")
    api = Service("backend", run="serve", ready=Ready(ReadyKind.TCP, "api"))
    layout = layout_of(msgspec.structs.replace(PROJECT, services={"backend": api, "web": web}))
    assert layout.mains == (("web", "web"), ("backend", "api"))
    assert dict(layout.further) == {"api": "backend", "m": "web"}


def test_a_browser_wants_web_first_and_then_what_answers_http() -> None:
    services = {
        "db": Service("db", run="db"),
        "api": Service("api", run="api", ready=Ready(ReadyKind.HTTP, "http://x/")),
        "web": Service("web", run="web"),
    }
    assert web_first(services) == ["web", "api", "db"]
