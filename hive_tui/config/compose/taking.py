"""`[compose]` of hive.toml: the services of compose files as tables of hive.toml.

Nothing is dropped in silence: what cannot be taken over is a problem with its line, what is left
out without harm a note. Touches no engine and no disk but through `Files`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from hive_tui.config.compose import keys, values
from hive_tui.config.compose.env_files import EnvFileError
from hive_tui.config.compose.env_files import read as read_env
from hive_tui.config.compose.gathering import Files, Gatherer, reason
from hive_tui.config.compose.interpolation import Values
from hive_tui.config.compose.merging import as_table
from hive_tui.config.compose.ports import Published, offsets
from hive_tui.config.compose.report import Remark, Report, fewer
from hive_tui.config.compose.service import ServiceTaker
from hive_tui.config.schema import NAME
from hive_tui.config.yaml_text import Node

_COMPLETED = "service_completed_successfully"
_HEALTHY = "service_healthy"
_CONDITIONS = {"service_started", _HEALTHY, _COMPLETED}


class Request(msgspec.Struct, frozen=True):
    """What `[compose]` asks for."""

    files: Sequence[str]
    """From the checkout's root; later ones go over earlier ones."""
    profiles: Collection[str] = ()
    services: Collection[str] | None = None
    """These, and what they need; `None` for all."""
    ignore: Collection[str] = ()
    env_files: Sequence[str] | None = None
    """Where names get their values; `None` is `.env` beside the first file, if it is there."""


class Taken(msgspec.Struct, frozen=True):
    """What the compose files give."""

    services: dict[str, dict[str, Any]] = {}
    """Tables as `[services.NAME]` would have them."""
    ports: dict[str, int] = {}
    """Port name to offset in the env's block, beside those of hive.toml."""
    numbers: dict[str, int] = {}
    """Port name to the number that the file has: what would collide without hive."""
    places: dict[str, tuple[str, int]] = {}
    """Service to file and line."""
    problems: tuple[Remark, ...] = ()
    """What cannot be taken, once for each line."""
    every: tuple[Remark, ...] = ()
    """The same, once for each key."""
    notes: tuple[Remark, ...] = ()


def take(
    request: Request,
    files: Files,
    *,
    known: Mapping[str, str],
    own: Mapping[str, Mapping[str, Any]] | None = None,
    offsets_taken: Mapping[str, int] | None = None,
    block: int = 1000,
) -> Taken:
    """Read the files and turn every service into a table of hive.toml.

    Args:
        request: Which files, and what of them.
        files: Gives their texts.
        known: Values of names, templates among them; they go before those of the `.env` file.
        own: What `[services.NAME]` says itself: a port there has the name that it has there, a
            shared service none in the block, and one with `run` is a process instead.
        offsets_taken: Names and offsets of `[ports]`.
        block: Ports per env.
    """
    return _Taking(request, files, known, own or {}).taken(offsets_taken or {}, block)


class _Taking:
    def __init__(
        self,
        request: Request,
        files: Files,
        known: Mapping[str, str],
        own: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self._request = request
        self._files = files
        self._own = own
        self._report = Report(request.ignore)
        self._replaced: set[str] = set()
        self._known = {**self._values_of_files(known), **known}
        self._gatherer = Gatherer(files, Values(self._known), self._report)

    def taken(self, offsets_taken: Mapping[str, int], block: int) -> Taken:
        whole = self._gatherer.gather(self._request.files)
        self._judge(whole)
        all_nodes = dict((whole.get("services") or Node({})).items())
        names = self._names(all_nodes)
        needs = {name: self._needs(name, node, all_nodes) for name, node in all_nodes.items()}
        chosen = self._chosen(all_nodes, needs)
        taker = ServiceTaker(whole, self._known, self._gatherer, self._report)
        services: dict[str, dict[str, Any]] = {}
        published: dict[str, list[Published]] = {}
        for name in chosen:
            own = names[name]
            table, ports = taker.take(name, all_nodes[name])
            services[own] = table | self._when(all_nodes[name])
            there = [need for need in needs[name] if need in chosen or need in self._replaced]
            if needed := [names[need] for need in there]:
                services[own]["needs"] = needed
            published[own] = ports
        self._share_builds(services, all_nodes, names)
        self._mark_completed(services, needs, names, published, all_nodes, chosen)
        wanted = self._name_ports(services, published)
        for path in self._report.useless:
            self._report.note(Node(None), path, "is ignored, but there is nothing to ignore")
        return Taken(
            services=services,
            ports=offsets(wanted, offsets_taken, block),
            numbers={name: number for name, number in wanted.items() if number is not None},
            places={names[name]: (all_nodes[name].file, all_nodes[name].line) for name in chosen},
            problems=fewer(self._report.problems),
            every=tuple(self._report.problems),
            notes=fewer(self._report.notes),
        )

    def _values_of_files(self, known: Mapping[str, str]) -> dict[str, str]:
        """Values out of `.env`, or of the files that are named instead."""
        found: dict[str, str] = {}
        named = self._request.env_files
        beside = posixpath.dirname(self._request.files[0]) if self._request.files else ""
        for name in (posixpath.join(beside, ".env"),) if named is None else named:
            here = Node(None, 1, name)
            try:
                found |= read_env(self._files.read(name), known)
            except FileNotFoundError:
                if named is not None:
                    self._report.broken(here, "there is no such file")
            except (OSError, UnicodeDecodeError, EnvFileError) as error:
                self._report.broken(here, f"the file cannot be read: {reason(error)}")
        return found

    def _judge(self, whole: Node) -> None:
        """Say of the keys of the whole file what is not taken over."""
        for key, child in whole.items():
            if reason := keys.TOP_REFUSED.get(key):
                self._report.refuse(child, key, reason)
            elif key not in keys.TOP and not key.startswith("x-"):
                self._report.unknown(child, key, key, keys.TOP)
        networks = whole.get("networks")
        for name, node in networks.items() if networks is not None else ():
            external = node.get("external")
            if external is not None and external.value is not False:
                text = "the containers of an env see each other and nothing of this network"
                self._report.note(external, f"networks.{name}.external", text)

    def _names(self, nodes: Mapping[str, Node]) -> dict[str, str]:
        """Names as hive.toml takes them: those of the file in small letters."""
        found: dict[str, str] = {}
        for name, node in nodes.items():
            own = name.lower()
            if not re.fullmatch(NAME, own) or own in found.values():
                allowed = "a name of a-z, 0-9, - and _ that begins with a letter, once"
                self._report.refuse(
                    node, f"services.{name}", f"the name {name}; allowed: {allowed}"
                )
                own = re.sub(r"[^a-z0-9_-]+", "-", f"s-{own}")[:60]
            found[name] = own
        return found

    def _needs(self, name: str, node: Node, nodes: Mapping[str, Node]) -> dict[str, str]:
        """Services that it waits for, each with the condition."""
        found: dict[str, str] = {}
        depends = node.get("depends_on")
        table = as_table(depends, "depends_on").items() if depends is not None else ()
        for need, how in table:
            path = f"services.{name}.depends_on.{need}"
            condition = str((how.get("condition") or Node("service_started")).value)
            if condition not in _CONDITIONS:
                self._report.wrong(how, f"{path}.condition", ", ".join(sorted(_CONDITIONS)))
            if need in nodes:
                found[need] = condition
            elif values.truth((how.get("required") or Node(True)).value) is not False:
                self._report.refuse(how, path, f"there is no service {need}")
            if (restart := how.get("restart")) is not None and values.truth(restart.value):
                text = "left out: what needs it is not restarted with it"
                self._report.note(restart, f"{path}.restart", text)
        links = node.get("links")
        for link in links.each() if links is not None else ():
            need = str(link.value).partition(":")[0]
            if need in nodes:
                found.setdefault(need, "service_started")
        return found

    def _chosen(
        self, nodes: Mapping[str, Node], needs: Mapping[str, Mapping[str, str]]
    ) -> list[str]:
        """The services that are asked for and all that they need, in the order of the file.

        One that hive.toml makes a process of is not among them, nor what only that one needs.
        """
        self._replaced = {name for name in nodes if "run" in self._own.get(name.lower(), {})}
        asked = self._request.services
        for name in asked if asked is not None else ():
            if name not in nodes:
                here = Node(None, 1, self._request.files[0] if self._request.files else "")
                self._report.refuse(here, f"services.{name}", "there is no such service")
        left = [name for name in nodes if asked is None or name in asked]
        chosen: set[str] = set()
        while left:
            name = left.pop()
            if name not in chosen and name not in self._replaced:
                chosen.add(name)
                left.extend(needs[name])
        return [name for name in nodes if name in chosen]

    def _when(self, node: Node) -> dict[str, str]:
        """A service of a profile that is not asked for runs only when it is asked for itself."""
        profiles = node.get("profiles")
        names = {str(one.value) for one in profiles.each()} if profiles is not None else set()
        active = not names or "*" in self._request.profiles
        return {} if active or names & set(self._request.profiles) else {"when": "manual"}

    def _share_builds(
        self,
        services: Mapping[str, dict[str, Any]],
        nodes: Mapping[str, Node],
        names: Mapping[str, str],
    ) -> None:
        """Where one service builds an image and another one uses it, both have the build."""
        built = {
            str(image.value): services[names[name]]["build"]
            for name, node in nodes.items()
            if (image := node.get("image")) is not None and "build" in services.get(names[name], {})
        }
        for table in services.values():
            if table.get("image") in built:
                table["build"] = built[table.pop("image")]

    def _mark_completed(
        self,
        services: Mapping[str, dict[str, Any]],
        needs: Mapping[str, Mapping[str, str]],
        names: Mapping[str, str],
        published: Mapping[str, list[Published]],
        nodes: Mapping[str, Node],
        chosen: Collection[str],
    ) -> None:
        """What others wait for: to end, or to be healthy by a check that has to be known."""
        waited = [
            (need, condition, name)
            for name in chosen
            for need, condition in needs[name].items()
            if need in chosen
        ]
        ended = {need for need, condition, _ in waited if condition == _COMPLETED}
        for need in ended:
            table = services[names[need]]
            table["once"] = True
            table.pop("ready", None)
            table.pop("restart", None)
        for need, condition, name in waited:
            table = services[names[need]]
            own = self._own.get(names[need], {})
            if need in ended and condition == _COMPLETED:
                continue
            path = f"services.{name}.depends_on.{need}"
            if need in ended:
                text = f"others wait until {need} has ended, so this one does too"
                self._report.note(nodes[name], path, text)
            elif condition == _HEALTHY and "ready" not in table and "ready" not in own:
                hint = f"give it one: [services.{names[need]}] ready = {{ … }}"
                ports = published[names[need]]
                if ports:
                    table["ready"] = {"tcp": ports[0]}
                    text = f"{need} has no healthcheck here: it is ready when it listens"
                    self._report.note(nodes[need], f"services.{need}", text)
                else:
                    text = f"{need} has no healthcheck here, and no port to look at"
                    self._report.refuse(nodes[name], path, text, hint)

    def _name_ports(
        self, services: Mapping[str, dict[str, Any]], published: Mapping[str, list[Published]]
    ) -> dict[str, int | None]:
        """Give every published port a name; the names, and the numbers of the machine."""
        wanted: dict[str, int | None] = {}
        for service, ports in published.items():
            own = self._own.get(service, {})
            given = own.get("ports")
            named = (
                {inside: name for name, inside in given.items()} if isinstance(given, dict) else {}
            )
            table: dict[str, int] = {}
            for index, port in enumerate(ports):
                name = named.get(port.inside) or _port_name(service, port, index)
                if name in wanted or name in table:
                    name = f"{service}-{port.inside}"
                table[name] = port.inside
                if own.get("scope") != "shared" and port.inside not in named:
                    wanted[name] = port.number
            if table:
                services[service]["ports"] = table
            ready = services[service].get("ready", {})
            if isinstance(ready.get("tcp"), Published):
                inside = ready["tcp"].inside
                ready["tcp"] = next(name for name, port in table.items() if port == inside)
        return wanted


def _port_name(service: str, port: Published, index: int) -> str:
    if port.name is not None and re.fullmatch(NAME, port.name):
        return f"{service}-{port.name}" if port.name != service else service
    return service if index == 0 else f"{service}-{port.inside}"
