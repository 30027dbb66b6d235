"""One service of a compose file as a table of hive.toml."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from hive_tui.config.compose import health, keys, values
from hive_tui.config.compose.building import build
from hive_tui.config.compose.gathering import Gatherer
from hive_tui.config.compose.merging import as_table
from hive_tui.config.compose.ports import Published, published
from hive_tui.config.compose.report import Report
from hive_tui.config.compose.volumes import Volumes, files
from hive_tui.config.schema import CAPABILITY, HOST_NAME, ULIMIT
from hive_tui.config.yaml_text import Node

_SIGNALS = {"TERM", "INT", "QUIT", "HUP", "USR1", "USR2", "WINCH", "ABRT", "KILL"}
_NUMBERS = {"15": "TERM", "2": "INT", "3": "QUIT", "1": "HUP", "9": "KILL", "6": "ABRT"}
_RESTARTS = {"no": "no", "always": "always", "unless-stopped": "always", "on-failure": "on-failure"}
_MOST_GRACE_S = 3600.0
_LEAST_BYTES = 6 << 20


class ServiceTaker:
    """Takes services over, one after the other, with what the whole file says for all."""

    def __init__(
        self, whole: Node, known: Mapping[str, str], gatherer: Gatherer, report: Report
    ) -> None:
        """Take the merged file, the values of names, and what is told of problems."""
        self._whole = whole
        self._known = known
        self._gatherer = gatherer
        self._report = report
        self._volumes = Volumes(whole.get("volumes"), report)

    def take(self, name: str, node: Node) -> tuple[dict[str, Any], list[Published]]:
        """The table, and the ports that it publishes; `needs` is left to the caller."""
        path = f"services.{name}"
        self._judge(name, node)
        table: dict[str, Any] = {}
        if (found := node.get("build")) is not None:
            table["build"] = build(found, f"{path}.build", self._known, self._report)
        elif (image := node.get("image")) is not None:
            table["image"] = values.text(image.value)
        if not any(table.values()):
            table = {"image": "scratch"}
            if node.get("build") is None:
                self._report.refuse(node, path, "it has neither image nor build")
        for key, take in self._takers().items():
            if (child := node.get(key)) is not None:
                take(child, f"{path}.{key}", table)
        table["env"] = self._environment(node, path)
        mounts, memory = self._volumes.mounts(name, node.get("volumes"))
        for kind in ("secrets", "configs"):
            inner = f"{path}.{kind}"
            mounts += files(node.get(kind), self._whole.get(kind), kind, inner, self._report)
        table["volumes"] = mounts
        table["tmpfs"] = [*table.get("tmpfs", []), *memory]
        table.setdefault("restart", "no")
        ready = health.ready(node.get("healthcheck"), f"{path}.healthcheck", self._report)
        if ready is not None:
            table["ready"] = ready
        ports = published(node.get("ports"), f"{path}.ports", self._report)
        return {
            key: value
            for key, value in table.items()
            if value not in ([], {}, None) or key == "entrypoint"
        }, ports

    def _takers(self) -> dict[str, Callable[[Node, str, dict[str, Any]], None]]:
        return {
            "command": self._words,
            "entrypoint": self._words,
            "working_dir": self._same,
            "user": self._same,
            "platform": self._same,
            "init": self._truth,
            "tmpfs": self._tmpfs,
            "extra_hosts": self._extra_hosts,
            "stop_signal": self._stop_signal,
            "stop_grace_period": self._stop_grace,
            "mem_limit": self._memory,
            "shm_size": self._shm_size,
            "ulimits": self._ulimits,
            "cap_add": self._cap_add,
            "networks": self._aliases,
            "cpus": self._cpus,
            "deploy": self._deploy,
            "restart": self._restart,
        }

    def _judge(self, name: str, node: Node) -> None:
        """Say of every key that is not taken over why not."""
        for key, child in node.items():
            path = f"services.{name}.{key}"
            if reason := keys.REFUSED.get(key):
                if child.value not in (None, False, (), {}):
                    self._report.refuse(child, path, reason)
            elif reason := keys.HARMLESS.get(key):
                self._report.note(child, path, f"left out: {reason}")
            elif key not in keys.TAKEN:
                self._report.unknown(child, path, key, (*keys.TAKEN, *keys.HARMLESS, *keys.REFUSED))
        self._networks(name, node)
        self._others(name, node)

    def _networks(self, name: str, node: Node) -> None:
        path = f"services.{name}.network_mode"
        mode = node.get("network_mode")
        if mode is not None and mode.value not in ("bridge", "default", None):
            self._report.refuse(mode, path, f"the network of something else ({mode.value})")
        networks = node.get("networks")
        for network, settings in networks.items() if networks is not None else ():
            for key, child in settings.items():
                path = f"services.{name}.networks.{network}.{key}"
                if key in ("ipv4_address", "ipv6_address", "mac_address", "link_local_ips"):
                    self._report.refuse(child, path, "an address of its own")
        hostname = node.get("hostname")
        if hostname is not None and hostname.value != name:
            text = "left out: it is called as its service, inside and for others"
            self._report.note(hostname, f"services.{name}.hostname", text)

    def _others(self, name: str, node: Node) -> None:
        options = node.get("security_opt")
        for option in options.each() if options is not None else ():
            path = f"services.{name}.security_opt"
            if str(option.value).startswith("no-new-privileges"):
                self._report.note(option, path, "left out: hardening that changes nothing else")
            else:
                self._report.refuse(option, path, f"another confinement ({option.value})")
        scale = node.get("scale")
        if scale is not None and values.whole(scale.value) != 1:
            self._report.refuse(scale, f"services.{name}.scale", "several of one service")
        links = node.get("links")
        for link in links.each() if links is not None else ():
            service, _, alias = str(link.value).partition(":")
            if alias and alias != service:
                path = f"services.{name}.links"
                hint = f'give it to all: [services.{service.lower()}] aliases = ["{alias}"]'
                self._report.refuse(link, path, f"another name ({alias}) for {service}", hint)

    def _environment(self, node: Node, path: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        env_file = node.get("env_file")
        for item in env_file.each() if env_file is not None else ():
            file = item.get("path") or item
            required = item.get("required")
            format_ = item.get("format")
            if format_ is not None:
                self._report.note(format_, f"{path}.env_file.format", "read as any other file")
            found |= self._gatherer.env_file(
                str(file.value),
                item,
                f"{path}.env_file",
                required=required is None or values.truth(required.value) is not False,
            )
        environment = node.get("environment")
        for name, child in as_table(environment).items() if environment is not None else ():
            value = self._known.get(name) if child.value is None else values.text(child.value)
            if value is not None:
                found[name] = value
            else:
                key = f"{path}.environment.{name}"
                self._report.note(child, key, f"{name} has no value and is left out")
        return found

    def _same(self, node: Node, path: str, table: dict[str, Any]) -> None:
        value = values.text(node.value)
        if value:
            table[path.rpartition(".")[2]] = value
        elif value is None and node.value is not None:
            self._report.wrong(node, path, "text")

    def _words(self, node: Node, path: str, table: dict[str, Any]) -> None:
        if node.value is None:
            return
        words = values.words(node.plain())
        if words is None:
            self._report.wrong(node, path, "a command, or a list of its words")
        elif words or path.endswith(".entrypoint"):
            table[path.rpartition(".")[2]] = words
        else:
            self._report.refuse(node, path, "nothing in the place of what the image says")

    def _truth(self, node: Node, path: str, table: dict[str, Any]) -> None:
        value = values.truth(node.value)
        if value is None:
            self._report.wrong(node, path, "true or false")
        else:
            table[path.rpartition(".")[2]] = value

    def _tmpfs(self, node: Node, path: str, table: dict[str, Any]) -> None:
        table["tmpfs"] = [str(item.value) for item in node.each() or (node,)]

    def _extra_hosts(self, node: Node, path: str, table: dict[str, Any]) -> None:
        hosts: dict[str, str] = {}
        for name, child in as_table(node, "extra_hosts").items():
            addresses = [str(one.value) for one in child.each() or (child,)]
            if len(addresses) > 1:
                self._report.note(child, path, f"of the addresses of {name} the first is taken")
            hosts[name] = addresses[0].strip("[]")
        table["extra_hosts"] = hosts

    def _stop_signal(self, node: Node, path: str, table: dict[str, Any]) -> None:
        word = str(node.value).upper().removeprefix("SIG")
        signal = _NUMBERS.get(word, word)
        if signal in _SIGNALS:
            table.setdefault("stop", {})["signal"] = signal
        else:
            self._report.wrong(node, path, ", ".join(sorted(_SIGNALS)))

    def _stop_grace(self, node: Node, path: str, table: dict[str, Any]) -> None:
        grace = values.seconds(node.value)
        if grace is None:
            self._report.wrong(node, path, "a time such as 10s or 1m30s")
        else:
            table.setdefault("stop", {})["grace"] = min(grace, _MOST_GRACE_S)

    def _memory(self, node: Node, path: str, table: dict[str, Any]) -> None:
        amount = values.size_bytes(node.value)
        if amount is None or 0 < amount < _LEAST_BYTES:
            self._report.wrong(node, path, "a size such as 512m, at least 6m")
        elif amount:
            table["memory"] = values.size_text(amount)

    def _shm_size(self, node: Node, path: str, table: dict[str, Any]) -> None:
        amount = values.size_bytes(node.value)
        if amount is None or amount < _LEAST_BYTES:
            self._report.wrong(node, path, "a size such as 256m, at least 6m")
        else:
            table["shm_size"] = values.size_text(amount)

    def _ulimits(self, node: Node, path: str, table: dict[str, Any]) -> None:
        found: dict[str, Any] = {}
        for name, child in node.items():
            soft, hard = (child.get(key) or child for key in ("soft", "hard"))
            pair = {"soft": values.whole(soft.value), "hard": values.whole(hard.value)}
            if None in pair.values() or not re.fullmatch(ULIMIT, name):
                self._report.wrong(child, f"{path}.{name}", "a whole number, or soft and hard")
            else:
                found[name] = pair
        table["ulimits"] = found

    def _cap_add(self, node: Node, path: str, table: dict[str, Any]) -> None:
        names = [str(one.value).upper().removeprefix("CAP_") for one in node.each()]
        if all(re.fullmatch(CAPABILITY, name) for name in names):
            table["cap_add"] = names
        else:
            self._report.wrong(node, path, "capabilities such as SYS_PTRACE")

    def _aliases(self, node: Node, path: str, table: dict[str, Any]) -> None:
        found: dict[str, None] = {}
        for network, settings in node.items():
            for one in (settings.get("aliases") or Node(())).each():
                if re.fullmatch(HOST_NAME, str(one.value)):
                    found[str(one.value)] = None
                else:
                    self._report.wrong(one, f"{path}.{network}.aliases", "host names")
        table["aliases"] = list(found)

    def _cpus(self, node: Node, path: str, table: dict[str, Any]) -> None:
        number = values.number(node.value)
        if number is None or number < 0:
            self._report.wrong(node, path, "a number of processors such as 1.5")
        elif number:
            table["cpus"] = number

    def _deploy(self, node: Node, path: str, table: dict[str, Any]) -> None:
        for key, child in node.items():
            here = f"{path}.{key}"
            if key == "resources":
                self._resources(child, here, table)
            elif key in ("replicas", "mode"):
                if child.value not in (1, "1", "replicated"):
                    self._report.refuse(child, here, "several of one service")
            elif key == "restart_policy":
                how = {"none": "no", "on-failure": "on-failure", "any": "always"}
                condition = (child.get("condition") or Node("any")).value
                table.setdefault("restart", how.get(str(condition), "always"))
            else:
                self._report.note(child, here, "left out: it is about a cluster")

    def _resources(self, node: Node, path: str, table: dict[str, Any]) -> None:
        limits = node.get("limits") or Node({})
        for key, take in (("memory", self._memory), ("cpus", self._cpus)):
            if (child := limits.get(key)) is not None:
                take(child, f"{path}.limits.{key}", table)
        if (pids := limits.get("pids")) is not None:
            self._report.note(
                pids, f"{path}.limits.pids", f"left out: {keys.HARMLESS['pids_limit']}"
            )
        reserved = node.get("reservations") or Node({})
        for key, child in reserved.items():
            here = f"{path}.reservations.{key}"
            if key == "devices":
                self._report.refuse(child, here, keys.REFUSED["devices"])
            else:
                self._report.note(child, here, "left out: only limits are taken over")

    def _restart(self, node: Node, path: str, table: dict[str, Any]) -> None:
        word = "no" if node.value in (False, None) else str(node.value)
        policy, _, limit = word.partition(":")
        if policy not in _RESTARTS:
            self._report.wrong(node, path, "no, always, unless-stopped or on-failure")
            return
        if limit:
            self._report.note(node, path, "hive's own limit of restarts holds")
        table["restart"] = _RESTARTS[policy]
