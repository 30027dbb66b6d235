"""Every key that a compose file may have and that hive does not take over, with the reason.

What is harmless to leave out becomes a note; what would change what runs is refused.
"""

from __future__ import annotations

TAKEN = frozenset(
    {
        "image",
        "build",
        "environment",
        "env_file",
        "ports",
        "expose",
        "volumes",
        "depends_on",
        "links",
        "healthcheck",
        "command",
        "entrypoint",
        "working_dir",
        "tmpfs",
        "extra_hosts",
        "profiles",
        "user",
        "init",
        "stop_signal",
        "stop_grace_period",
        "mem_limit",
        "cpus",
        "deploy",
        "restart",
        "platform",
        "secrets",
        "configs",
        "networks",
        "network_mode",
        "security_opt",
        "scale",
        "hostname",
        "shm_size",
        "ulimits",
        "cap_add",
    }
)
"""Keys that are read. What of them cannot be taken is said where they are."""

HARMLESS = {
    "container_name": "each env gives its containers names of their own",
    "labels": "labels are for other tools",
    "label_file": "labels are for other tools",
    "annotations": "annotations are for other tools",
    "logging": "hive keeps the log itself; see [logs]",
    "domainname": "services reach each other by their names",
    "stdin_open": "a service has no input",
    "tty": "a service has no terminal",
    "pull_policy": "an image is pulled where it is not there",
    "attach": "all logs are kept",
    "develop": "a worktree is watched by hive's own means",
    "mem_reservation": "only limits are taken over",
    "mem_swappiness": "only limits are taken over",
    "memswap_limit": "only limits are taken over",
    "cpu_shares": "only limits are taken over",
    "cpu_quota": "take cpus instead",
    "cpu_period": "take cpus instead",
    "cpu_percent": "take cpus instead",
    "cpu_count": "take cpus instead",
    "cpuset": "take cpus instead",
    "pids_limit": "only limits of memory and processors are taken over",
    "oom_score_adj": "only limits of memory and processors are taken over",
    "oom_kill_disable": "only limits of memory and processors are taken over",
    "blkio_config": "only limits of memory and processors are taken over",
    "read_only": "the container may write into itself here",
    "cap_drop": "the engine's usual capabilities are left to it",
}
"""Keys of a service that are left out, and why that does no harm."""

REFUSED = {
    "privileged": "a container with the rights of the machine",
    "devices": "devices of the machine",
    "device_cgroup_rules": "devices of the machine",
    "gpus": "devices of the machine",
    "pid": "a process namespace that is shared",
    "ipc": "an IPC namespace that is shared",
    "uts": "a UTS namespace that is shared",
    "userns_mode": "a user namespace of its own kind",
    "cgroup": "a control group of its own",
    "cgroup_parent": "a control group of its own",
    "group_add": "further groups",
    "sysctls": "kernel settings",
    "dns": "name servers of its own",
    "dns_opt": "name servers of its own",
    "dns_search": "name servers of its own",
    "mac_address": "a hardware address of its own",
    "external_links": "containers outside of the file",
    "volumes_from": "volumes of another container",
    "volume_driver": "a driver of volumes",
    "storage_opt": "options of a storage driver",
    "runtime": "another runtime",
    "isolation": "another isolation",
    "credential_spec": "credentials of Windows",
    "post_start": "commands inside after the start; put them into a task that needs the service",
    "pre_stop": "commands inside before the end",
    "provider": "a service that another tool provides",
    "models": "models that another tool serves",
    "use_api_socket": "the engine's socket inside",
}
"""Keys of a service without which it would be another one."""

TOP = frozenset({"services", "volumes", "secrets", "configs", "networks", "name", "version"})
"""Keys of the whole file that are read, or mean nothing by themselves."""

TOP_REFUSED = {"models": "models that another tool serves"}

BUILD_TAKEN = frozenset({"context", "dockerfile", "args", "target"})

BUILD_HARMLESS = frozenset(
    {
        "cache_from",
        "cache_to",
        "labels",
        "tags",
        "pull",
        "no_cache",
        "platforms",
        "shm_size",
        "provenance",
        "sbom",
        "isolation",
        "ulimits",
    }
)

BUILD_REFUSED = {
    "dockerfile_inline": "a Dockerfile inside the compose file",
    "additional_contexts": "further contexts",
    "ssh": "SSH keys while it builds",
    "secrets": "secrets while it builds",
    "network": "a network of its own while it builds",
    "extra_hosts": "host names of its own while it builds",
    "privileged": "the rights of the machine while it builds",
    "entitlements": "further rights while it builds",
}
