"""Compose files in memory, and in the folder of whole projects."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hive_tui.config.compose.taking import Request, Taken, take

PROJECTS = Path(__file__).with_name("projects")


class Texts:
    """Files by their paths."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts

    def read(self, path: str) -> str:
        try:
            return self.texts[path]
        except KeyError:
            raise FileNotFoundError(2, "No such file or directory") from None


def took(*texts: str, **asked: Any) -> Taken:
    """What is taken out of texts that are laid one over the other.

    `more` are further files, `known` values of names, `own` what hive.toml says itself.
    """
    known, own = asked.pop("known", {}), asked.pop("own", {})
    given = asked.pop("offsets", {})
    files = {f"{number}.yaml": text for number, text in enumerate(texts)}
    request = Request(tuple(files), **{k: v for k, v in asked.items() if k != "more"})
    return take(
        request,
        Texts({**files, **asked.get("more", {})}),
        known=known,
        own=own,
        offsets_taken=given,
    )


def one(text: str, **asked: Any) -> dict[str, Any]:
    """The table of a single service `a`, whose keys are given; nothing may be wrong with it."""
    taken = took(service(text), **asked)
    assert taken.problems == ()
    return taken.services["a"]


def service(text: str) -> str:
    """A file with a service `a` that has an image and the given keys."""
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    return f"services:\n  a:\n    image: i\n{lines}"


def problems(text: str, **asked: Any) -> list[str]:
    """What is wrong with a service `a` of the given keys, one line each."""
    return [str(problem) for problem in took(service(text), **asked).problems]


def project(name: str, **asked: Any) -> Taken:
    """What is taken out of one of the projects."""
    text = (PROJECTS / f"{name}.yaml").read_text(encoding="utf-8")
    env = PROJECTS / f"{name}.env"
    texts = {"compose.yaml": text}
    if env.exists():
        texts[".env"] = env.read_text(encoding="utf-8")
    return take(Request(("compose.yaml",), **asked), Texts(texts), known={})
