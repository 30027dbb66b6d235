"""One Redis for all envs, with a numbered database for each."""

from __future__ import annotations

from tests import databases
from tests.hives import Yard

TOML = """
[ports]
base = BASE
block = 10
names = { redis = 3 }
[services.redis]
run = "exec redis-server --bind 127.0.0.1 --port {{port.redis}} --save '' --appendonly no"
scope = "shared"
ready = { exec = "redis-cli -p {{port.redis}} ping" }
[services.redis.per_env]
create = "redis-cli -p {{port.redis}} -n {{env.index}} set owner {{env.slug}} nx"
drop = "redis-cli -p {{port.redis}} -n {{env.index}} flushdb"
[services.worker]
run = "redis-cli -p {{port.redis}} -n {{env.index}} get owner && exec sleep 1000"
needs = ["redis"]
ready = { log = "^{{env.slug}}" }
"""


def test_every_env_has_keys_of_its_own_and_they_are_made_again_after_a_restart(yard: Yard) -> None:
    databases.need("redis-server", "redis-cli")
    yard.make_repo(TOML.replace("BASE", str(yard.port_base())))
    yard.hive("spawn", "one", "--warm")
    yard.hive("spawn", "two", "--warm")
    yard.hive("stop", "one", "two")
    yard.until(lambda: "redis-server" not in yard.hive("ports").out, "it is stopped")
    yard.hive("warm", "two")
    assert yard.service("two", "worker")["state"] == "ready"
