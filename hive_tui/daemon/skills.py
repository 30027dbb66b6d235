"""The templates of what agents read, as they are shipped, and how the product is called there."""

from __future__ import annotations

import functools
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from hive_tui.engine.skill import FILE, NAME


def shipped() -> Path:
    """The folder of the product's skills, in a wheel or in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "skills"
    return inside if inside.is_dir() else package.parent / "skills"


@functools.cache
def template() -> str:
    """The template of the skill that every env gets."""
    return (shipped() / NAME / FILE).read_text(encoding="utf-8")


def program(variables: Mapping[str, str]) -> str:
    """How a process with such variables calls the product: by name, else by the absolute path.

    A `hive` on its PATH that is another program does not count.
    """
    return _found(variables.get("PATH", os.defpath))


@functools.cache
def _found(path: str) -> str:
    own = Path(sys.executable).with_name("hive")
    found = shutil.which("hive", path=path)
    if found is not None and (not own.exists() or os.path.samefile(found, own)):
        return "hive"
    return str(own)
