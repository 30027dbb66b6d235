"""Puts the services of compose files beneath those of hive.toml, before anything is checked.

Only a file with `[compose]` costs anything: everything else is imported then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import msgspec

from hive_tui.config.problems import KeyPath
from hive_tui.config.templates import port_variable

Place = tuple[str, int]
"""File and line."""

_SECRET = "\0secret:"
"""Stands for a secret while names are filled in; no file can hold it."""

_DEFAULT_BLOCK = 1000
_JOINED = ("env", "ports", "extra_hosts", "stop")
"""Keys of a service whose tables are joined; of all others hive.toml's own value goes first."""


class Files(Protocol):
    """The files of a main checkout."""

    def read(self, path: str) -> str:
        """The text of a file by its path from the checkout's root.

        Raises:
            OSError: It is not there, cannot be read, is too large or lies outside.
            UnicodeDecodeError: It is not UTF-8.
        """
        ...


class Composed(msgspec.Struct, frozen=True):
    """A document of hive.toml with what its compose files add."""

    document: Mapping[str, Any]
    places: dict[KeyPath, Place] = {}
    """Where keys stand that are not in hive.toml."""
    problems: tuple[tuple[str, int, str], ...] = ()
    """File, line and the whole message of what cannot be taken."""
    hint: str | None = None
    notes: tuple[str, ...] = ()
    published: dict[str, int] = {}
    """Port name to the number that the compose file has."""


def compose(document: Mapping[str, Any], files: Files) -> Composed:
    """The document with the services that `[compose]` names; itself without that table."""
    table = document.get("compose")
    names = _texts(table.get("file")) if isinstance(table, dict) else []
    if not isinstance(table, dict) or not names:
        return Composed(document)
    from hive_tui.config.compose.taking import Request, take

    own = {name: one for name, one in _table(document, "services").items() if isinstance(one, dict)}
    ports = _table(document, "ports")
    offsets = {
        name: offset for name, offset in _table(ports, "names").items() if isinstance(offset, int)
    }
    block = ports.get("block")
    env_files = table.get("env_file")
    services = table.get("services")
    taken = take(
        Request(
            files=names,
            profiles=_texts(table.get("profiles")),
            services=_texts(services) if isinstance(services, list) else None,
            ignore=_texts(table.get("ignore")),
            env_files=_texts(env_files) if env_files is not None else None,
        ),
        files,
        known=_known(document, offsets),
        own=own,
        offsets_taken=offsets,
        block=block if isinstance(block, int) and block > 0 else _DEFAULT_BLOCK,
    )
    problems = [(one.file, one.line, f"{one}{_after(one.hint)}") for one in taken.problems]
    merged: dict[str, Any] = {}
    for name, service in taken.services.items():
        place = taken.places[name]
        service, odd = _with_secrets(service)
        problems += [
            (*place, f"{place[0]}:{place[1]}: key services.{name}: {text}") for text in odd
        ]
        merged[name] = _over(service, own.get(name, {}))
    together = {**_table(document, "services"), **merged}
    whole = {
        **document,
        "services": together,
        "ports": {**ports, "names": {**_table(ports, "names"), **taken.ports}},
    }
    paths = ", ".join(f'"{one.path}"' for one in taken.problems[:10] if one.path)
    hint = f"what you can do without: [compose] ignore = [{paths}]" if paths else None
    return Composed(
        document=whole,
        places={("services", name): place for name, place in taken.places.items()},
        problems=tuple(problems),
        hint=hint,
        notes=tuple(str(note) for note in taken.notes),
        published=taken.numbers,
    )


def _over(service: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The compose service with what `[services.NAME]` says over it."""
    merged = {**service, **own}
    for key in _JOINED:
        if isinstance(service.get(key), dict) and isinstance(own.get(key), dict):
            merged[key] = {**service[key], **own[key]}
    if isinstance(service.get("needs"), list) and isinstance(own.get("needs"), list):
        merged["needs"] = [*service["needs"], *own["needs"]]
    if "volumes" in service and "volumes" in own:
        merged["volumes"] = [*_mounts(service["volumes"]), *_mounts(own["volumes"])]
    if "image" in own:
        merged = {key: value for key, value in merged.items() if key != "build" or key in own}
    elif "build" in own:
        merged.pop("image", None)
    return merged


def _mounts(volumes: Any) -> list[Any]:
    """Mounts as a list, of either form."""
    if isinstance(volumes, dict):
        return [f"{name}:{target}" for name, target in volumes.items()]
    return list(volumes) if isinstance(volumes, list) else [volumes]


def _known(document: Mapping[str, Any], ports: Mapping[str, int]) -> dict[str, str]:
    """Values of names in compose files: `[env]`, what hive itself sets, and the folder."""
    known = {
        "PWD": "{{worktree}}",
        "COMPOSE_PROJECT_NAME": "{{project}}-{{env}}",
        "HIVE_ENV": "{{env}}",
        "HIVE_PROJECT": "{{project}}",
        "HIVE_WORKTREE": "{{worktree}}",
        "HIVE_REPO": "{{repo}}",
        "HIVE_BRANCH": "{{branch}}",
        "HIVE_INDEX": "{{env.index}}",
    }
    known |= {port_variable(name): f"{{{{port.{name}}}}}" for name in ports}
    for name, value in _table(document, "env").items():
        if isinstance(value, str):
            known[name] = value
        elif isinstance(value, dict) and isinstance(value.get("secret"), str):
            known[name] = f"{_SECRET}{value['secret']}"
    return known


def _with_secrets(service: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The service with secrets as hive.toml has them; and what has one where none may be."""
    found: dict[str, Any] = {}
    odd: list[str] = []

    def sound(value: Any) -> bool:
        names = [text.partition(_SECRET)[2] for text in _all_texts(value) if _SECRET in text]
        odd.extend(f"the secret {name} can only be the whole value of a variable" for name in names)
        return not names

    for key, value in service.items():
        if key == "env":
            whole = {name: text for name, text in value.items() if text.startswith(_SECRET)}
            secrets = {name: {"secret": text[len(_SECRET) :]} for name, text in whole.items()}
            rest = {name: text for name, text in value.items() if name not in whole and sound(text)}
            found[key] = rest | secrets
        elif sound(value):
            found[key] = value
    return found, odd


def _all_texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _all_texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _all_texts(one)


def _texts(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, str)]


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = table.get(key)
    return value if isinstance(value, dict) else {}


def _after(hint: str) -> str:
    return f" ({hint})" if hint else ""
