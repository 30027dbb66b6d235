"""Fixed ports and names that two envs would fight over."""

from __future__ import annotations

import pytest

from hive_tui.config.collisions import collisions
from hive_tui.config.loading import parse


def _found(toml: str) -> tuple[str, ...]:
    return collisions(parse(f"[ports]\nnames = {{ web = 0 }}\n{toml}", root="/r"))


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('[services.a]\nrun = "serve --port 3000"', "services.a.run has the fixed port 3000"),
        ('[services.a]\nrun = "serve --port=3000"', "services.a.run has the fixed port 3000"),
        ('[services.a]\nrun = "PORT=3000 serve"', "services.a.run has the fixed port 3000"),
        ('[tasks.a]\nrun = "curl localhost:8080/x"', "tasks.a.run has the fixed port 8080"),
        ('[tests.a]\nrun = "x"\nenv = { DB_PORT = "5432" }', "tests.a.env.DB_PORT has the fixed"),
        ('[env]\nURL = "redis://127.0.0.1:6379/0"', "env.URL has the fixed port 6379"),
        (
            '[services.a]\nrun = "x"\nready = { http = "http://localhost:3000/" }',
            "services.a.ready has the fixed port 3000",
        ),
        ('[services.a]\nrun = "docker run --rm --name db -p 5432:5432 pg"', "the fixed name db"),
        ('[services.a]\nrun = "docker compose -p shop up"', "the fixed name shop"),
        ('[tasks.a]\nrun = "docker-compose up -d"', "runs docker compose by itself"),
    ],
)
def test_what_is_fixed_is_found(toml: str, said: str) -> None:
    assert any(said in line for line in _found(toml))


@pytest.mark.parametrize(
    "toml",
    [
        '[services.a]\nrun = "serve --port {{port.web}} --workers 3000"',
        '[env]\nURL = "redis://127.0.0.1:{{port.web}}/0"\nLIMIT = "3000"',
        '[services.a]\nimage = "i"\nenv = { PORT = "3000" }',
        '[env]\nTOKEN = { secret = "localhost" }',
        '[tasks.a]\nrun = "docker compose ps"',
    ],
)
def test_what_is_each_envs_own_is_not(toml: str) -> None:
    assert _found(toml) == ()
