"""A real Redis per env: its own data, kept over stop and start, apart from that of other envs."""

from __future__ import annotations

import os
import shutil

import pytest

from tests import engines
from tests.stacks import Stack


@pytest.fixture
def redis(stack: Stack) -> Stack:
    """A stack of one Redis, and a task that writes into it from this machine."""
    if shutil.which("redis-server") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("redis-server is not installed")
        pytest.skip("redis-server is not installed")
    stack.image = engines.redis()
    stack.make(
        """
        [env]
        REDIS = "127.0.0.1 -p {{port.p0}}"
        [services.redis]
        image = "IMAGE"
        command = "redis-server --bind 0.0.0.0 --protected-mode no --dir /data --appendonly yes"
        ports = { p0 = 6379 }
        volumes = { data = "/data" }
        ready = { exec = "redis-cli ping" }
        memory = "64MB"
        [tasks.seed]
        run = "redis-cli -h $REDIS set env $HIVE_ENV"
        needs = ["redis"]
        when = "spawn"
        inputs = [".gitignore"]
        """
    )
    return stack


def test_every_env_has_a_redis_of_its_own(redis: Stack) -> None:
    redis.up("one")
    redis.up("two")
    assert redis.inside("redis", "redis-cli", "get", "env", env="one") == "one\n"
    assert redis.inside("redis", "redis-cli", "get", "env", env="two") == "two\n"


def test_its_data_outlives_stop_undo_and_a_killed_daemon(redis: Stack) -> None:
    redis.up()
    redis.inside("redis", "redis-cli", "set", "kept", "yes")
    redis.yard.hive("stop", "auth")
    redis.yard.kill_daemon()
    redis.yard.hive("warm", "auth")
    assert redis.inside("redis", "redis-cli", "get", "kept") == "yes\n"
    redis.yard.hive("destroy", "auth", "--force")
    redis.yard.hive("undo")
    redis.yard.hive("warm", "auth")
    assert redis.inside("redis", "redis-cli", "get", "kept") == "yes\n"
