"""Names and labels of what a hive has at the engine. Pure.

Whose a thing is, is said by its labels alone; its name is for people, and may be taken by others.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping

from hive_tui.engine.container_protocols import Place

HOME, PROJECT, ENV, SERVICE = "hive.home", "hive.project", "hive.env", "hive.service"
UID = "hive.uid"
"""Of the env: two envs of one name in turn never share anything."""
CONFIG = "hive.config"
"""Hash of what a container was made from."""
VOLUME = "hive.volume"
"""Name of a volume within its env."""
COPYING = "hive.copying"
"""Volume that a container is there to copy; it is never started."""
BUILD = "hive.build"
"""`project/service` that an image was built for."""

_LONGEST = 120
_NOT_IN_NAME = re.compile(r"[^a-zA-Z0-9_.-]")


def labels(home: str, place: Place) -> dict[str, str]:
    """What says whose a container is."""
    return {**env_labels(home, place), SERVICE: place.service}


def env_labels(home: str, place: Place) -> dict[str, str]:
    """What says whose a network or a volume is."""
    return {HOME: home, PROJECT: place.project, ENV: place.env, UID: place.env_uid}


def place(found: Mapping[str, str]) -> Place:
    """Whose something with these labels is."""
    return Place(
        project=found.get(PROJECT, ""),
        env=found.get(ENV, ""),
        env_uid=found.get(UID, ""),
        service=found.get(SERVICE, ""),
    )


def name(place: Place, last: str | None = None) -> str:
    """`hive-<project>-<env>`, with one more word."""
    words = ["hive", place.project, place.env, *([] if last is None else [last])]
    return _NOT_IN_NAME.sub("-", "-".join(words))[:_LONGEST]


def other_name(name: str, env_uid: str) -> str:
    """The name to take where somebody else has the first one."""
    return f"{name}-{env_uid[:6]}"


def filters(wanted: Mapping[str, str]) -> dict[str, list[str]]:
    """The engine's query for things with all of these labels."""
    return {"label": [f"{key}={value}" for key, value in wanted.items()]}


def declared_volume(service: str, path: str) -> str:
    """Name within its env of a volume that no file names: the image says that its data lives there.

    So it outlives the container, as a named one does.
    """
    return f"{service}-{hashlib.sha256(path.encode()).hexdigest()[:8]}"


def as_text(wanted: Mapping[str, list[str]]) -> str:
    """A query in the form in which it travels."""
    return json.dumps(wanted)
