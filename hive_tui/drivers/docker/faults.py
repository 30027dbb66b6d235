"""Turns what the engine refuses into errors that say what to do next. Pure."""

from __future__ import annotations

import re

from hive_tui.drivers.docker.endpoint import Endpoint
from hive_tui.model.errors import HiveError

_LONGEST = 400


class EngineGoneError(HiveError):
    """The engine does not answer, or no longer."""

    default_code = "no_engine"


class MissingError(HiveError):
    """What was asked for is not there (404)."""

    default_code = "engine_missing"


class ConflictError(HiveError):
    """It is there already, or in use, or not in the state for it (409)."""

    default_code = "engine_conflict"


class PortTakenError(HiveError):
    """Somebody else holds a port that was to be published."""

    default_code = "port_taken"


class OrphanError(HiveError):
    """Something of an earlier run is there that the engine does not know of."""

    default_code = "engine_unsound"


class OverlapError(HiveError):
    """The addresses of a network are in use."""

    default_code = "subnet_taken"


def unreachable(endpoint: Endpoint, error: OSError | None, detail: str = "") -> EngineGoneError:
    """The error for an engine that cannot be spoken to.

    Args:
        endpoint: Where it was looked for.
        error: Why; `None` where it answered and broke off.
        detail: What is known beyond that.
    """
    where = f"{endpoint.path or endpoint.url} ({endpoint.source})"
    if isinstance(error, PermissionError):
        return EngineGoneError(
            f"no permission to use the container engine at {where}",
            hint="add yourself to its group (`sudo usermod -aG docker $USER`), log in anew, "
            "then `hive daemon stop`; or use rootless Docker",
            code="engine_forbidden",
        )
    if isinstance(error, FileNotFoundError):
        return EngineGoneError(
            f"there is no container engine: nothing is at {where}",
            hint="install or start Docker, OrbStack, Colima or Podman; or set DOCKER_HOST, "
            "then `hive daemon stop`",
        )
    why = detail or (error.strerror or str(error) if error is not None else "it broke off")
    return EngineGoneError(
        f"the container engine at {where} does not answer: {why}",
        hint="start it (`sudo systemctl start docker`, or its app), then try again",
    )


def refused(status: int, message: str, what: str) -> HiveError:
    """The error for an answer that is none of success.

    Args:
        status: Of HTTP; 0 where the engine said it in the middle of a stream.
        message: The engine's words.
        what: What was asked for, as the beginning of a sentence: `start of db`.
    """
    text = _short(message)
    low = text.lower()
    if "port is already allocated" in low or "address already in use" in low:
        return PortTakenError(
            f"{what}: a port is taken: {text}",
            hint="`hive ports` and `docker ps` show who has it; end that, then try again",
        )
    if low.startswith("task ") and low.endswith("already exists"):
        return OrphanError(
            f"{what}: the engine was killed in the middle of an earlier start: {text}"
        )
    if "overlaps with other one" in low or "overlaps with existing" in low:
        return OverlapError(f"{what}: {text}")
    if "exec format error" in low or "does not match the specified platform" in low:
        return HiveError(
            f"{what}: the image is for another processor: {text}",
            hint='set `platform = "linux/…"` to what this machine runs, or use another image',
            code="wrong_platform",
        )
    if "requires buildkit" in low:
        return HiveError(
            f"{what}: {text}",
            hint="the Dockerfile needs BuildKit, which only the `docker` command speaks: "
            "install docker-buildx and build the image as a task",
            code="needs_buildkit",
        )
    if "bind source path does not exist" in low:
        return HiveError(
            f"{what}: {text}",
            hint="make the folder, or a task that makes it and that the service needs",
            code="folder_missing",
        )
    if "no space left" in low:
        return HiveError(
            f"{what}: {text}", hint="free some space: `docker system df`", code="disk_full"
        )
    if "executable file not found" in low or "no such file or directory" in low:
        return HiveError(
            f"{what}: {text}",
            hint="the image has no such program: check `command`, `entrypoint` and the image",
            code="no_program",
        )
    kinds = {404: MissingError, 409: ConflictError}
    kind = kinds.get(status, HiveError)
    code = None if status in kinds else "engine_refused"
    return kind(f"{what}: {text}", hint="`hive doctor` looks at the engine", code=code)


def image_missing(image: str, message: str) -> HiveError:
    """The error for an image that is neither here nor to be had."""
    text = _short(message)
    low = text.lower()
    if "no matching manifest" in low or "does not match the specified platform" in low:
        return HiveError(
            f"the image {image} is not made for this platform: {text}",
            hint='set `platform = "linux/amd64"` (it is emulated, where the engine can)',
            code="wrong_platform",
        )
    if re.search("not found|manifest unknown|denied|no such image|unauthorized|name unknown", low):
        return HiveError(
            f"the image {image} cannot be had: {text}",
            hint=f"check its name and tag, and `docker login`; or make it: `docker pull {image}`",
            code="image_missing",
        )
    return HiveError(
        f"the image {image} cannot be fetched: {text}",
        hint="check the network and try again; an image that is here already is not fetched",
        code="pull_failed",
    )


def wrong_platform(image: str, found: str, wanted: str) -> HiveError:
    """The error for an image that exists, and is made for another platform than was asked for."""
    return HiveError(
        f"the image {image} is made for the platform {found}, not for {wanted}",
        hint="correct `platform` in hive.toml, or leave it out",
        code="wrong_platform",
    )


def _short(message: str) -> str:
    text = " ".join(message.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
