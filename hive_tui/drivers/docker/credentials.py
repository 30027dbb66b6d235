"""What Docker's client knows to log in with at a registry. Shown nowhere, kept nowhere."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_HELPER_TIMEOUT_S = 10.0
_TOKEN_USER = "<token>"


def registry_of(image: str) -> str | None:
    """The registry that a reference names; `None` where it names none: the engine's own."""
    first, slash, _ = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first
    return None


def header(image: str, config: Path, environ: Mapping[str, str], *, own: str) -> dict[str, str]:
    """The header that logs in for an image; empty where nothing is known. Starts a helper.

    Args:
        image: Reference.
        config: Folder of Docker's configuration.
        environ: For the helper, which is found on its `PATH`.
        own: Address of the engine's own registry, as it tells it and as logins are kept under.
    """
    try:
        known = json.loads((config / "config.json").read_bytes())
    except (OSError, ValueError):
        return {}
    named = registry_of(image)
    host = urlsplit(own).hostname or ""
    key = own if named is None or host.endswith(f".{named}") else named
    found = _from_helper(known, key, environ) or _from_file(known, key)
    if found is None:
        return {}
    encoded = base64.urlsafe_b64encode(json.dumps({**found, "serveraddress": key}).encode())
    return {"X-Registry-Auth": encoded.decode()}


def _from_file(known: Mapping[str, Any], key: str) -> dict[str, str] | None:
    auths = known.get("auths") or {}
    entry = auths.get(key) or auths.get(f"https://{key}")
    if not isinstance(entry, dict) or not entry.get("auth"):
        return None
    try:
        user, _, password = base64.b64decode(entry["auth"]).decode().partition(":")
    except ValueError:
        return None
    return {"username": user, "password": password}


def _from_helper(
    known: Mapping[str, Any], key: str, environ: Mapping[str, str]
) -> dict[str, str] | None:
    helper = (known.get("credHelpers") or {}).get(key) or known.get("credsStore")
    if not helper:
        return None
    try:
        answer = subprocess.run(
            [f"docker-credential-{helper}", "get"],
            input=key.encode(),
            capture_output=True,
            env=dict(environ),
            timeout=_HELPER_TIMEOUT_S,
            check=True,
        )
        found = json.loads(answer.stdout)
        user, secret = str(found["Username"]), str(found["Secret"])
    except (OSError, ValueError, KeyError, subprocess.SubprocessError):
        return None
    if user == _TOKEN_USER:
        return {"identitytoken": secret}
    return {"username": user, "password": secret}
