"""What a host name means."""

from __future__ import annotations

import pytest

from hive_tui.model.routes import EnvRoutes, RouteTable, ServiceRoute, host_of, label
from hive_tui.proxy.finding import Found, Index, Stranger, Unknown, Way, find


def env(project: str, name: str, *services: str, ports: tuple[str, ...] = ()) -> EnvRoutes:
    """An env whose services have the ports 1, 2 and so on, and further names the ports from 51."""
    return EnvRoutes(
        project,
        name,
        "warm",
        None,
        tuple(ServiceRoute(each, each, at, "ready") for at, each in enumerate(services, 1)),
        tuple(ServiceRoute(each, services[0], at, "ready") for at, each in enumerate(ports, 51)),
    )


TABLE = RouteTable(
    7300,
    (
        env("shop", "auth", "web", "api_v2", ports=("metrics",)),
        env("shop", "main", "web"),
        env("Blog.Site", "main", "web", "cms"),
        env("shop", "silent"),
        env("tools", "shop", "web"),
    ),
)


def leads(host: str) -> tuple[str, str] | type[Found]:
    """Env and name that a host leads to, or what it means else."""
    found = find(TABLE, host)
    return (found.env.id, found.service.name) if isinstance(found, Way) else type(found)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("web.auth.localhost:7300", ("shop/auth", "web")),
        ("WEB.Auth.LocalHost.", ("shop/auth", "web")),
        ("auth.localhost", ("shop/auth", "web")),
        ("api-v2.auth.localhost", ("shop/auth", "api_v2")),
        ("api_v2.auth.localhost", ("shop/auth", "api_v2")),
        ("metrics.auth.localhost", ("shop/auth", "metrics")),
        ("web.main.shop.localhost", ("shop/main", "web")),
        ("main.shop.localhost", ("shop/main", "web")),
        ("cms.main.blog-site.localhost", ("Blog.Site/main", "cms")),
        ("auth.shop.localhost", ("shop/auth", "web")),
        ("web.shop.localhost", ("tools/shop", "web")),
        ("tenant.web.auth.localhost", ("shop/auth", "web")),
        ("tenant.web.main.shop.localhost", ("shop/main", "web")),
    ],
)
def test_a_name_leads_to_a_service(host: str, expected: tuple[str, str]) -> None:
    assert leads(host) == expected


@pytest.mark.parametrize("host", ["localhost", "localhost:7300", "127.0.0.1:7300", "[::1]:7300"])
def test_without_a_name_all_is_listed(host: str) -> None:
    assert leads(host) is Index


@pytest.mark.parametrize(
    "host", ["", "evil.example", "web.auth.localhost.evil.example", "notlocalhost", "10.0.0.1", ":"]
)
def test_a_name_that_is_not_below_localhost_is_refused(host: str) -> None:
    assert leads(host) is Stranger


@pytest.mark.parametrize(
    ("host", "said", "shown"),
    [
        ("web.main.localhost", "several projects have an env main: shop, Blog.Site", 2),
        ("wbe.auth.localhost", "auth has no service wbe", 1),
        ("silent.localhost", "silent has no service with a port", 1),
        ("nobody.localhost", "there is no env nobody", 0),
        ("a.b.c.d.localhost", "there is no env d", 0),
        ("..localhost", "there is no env", 0),
    ],
)
def test_a_name_that_leads_nowhere_says_why(host: str, said: str, shown: int) -> None:
    found = find(TABLE, host)
    assert isinstance(found, Unknown)
    assert said in found.message
    assert len(found.candidates) == shown


def test_every_name_that_is_shown_leads_back() -> None:
    for way in TABLE.envs:
        for each in (*way.services, *way.ports):
            assert leads(host_of(way, each.name, TABLE.envs)) == (way.id, each.name)


def test_a_label_holds_what_a_host_name_may_hold() -> None:
    assert [label(name) for name in ("api_v2", "Blog.Site", "-x-", "ä")] == [
        "api-v2",
        "blog-site",
        "x",
        "",
    ]
