"""Which package manager's store stands behind a dependency folder. Only looks; runs nothing.

A manager with a store of its own fills a folder by hard links or clones out of it: in little time
and for no disk. And a Python environment holds absolute paths: a copy or link of it runs the main
checkout's.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

BUILD_CACHES = frozenset(
    {
        "target", ".next", ".nuxt", ".output", ".svelte-kit", ".turbo", ".parcel-cache", ".vite",
        "dist", "build", "out", "bin", "obj", ".gradle", "__pycache__", ".pytest_cache",
        ".mypy_cache", ".ruff_cache", ".tox", "coverage", ".angular", "_build", "zig-cache",
    }
)  # fmt: skip
"""Names of folders whose content follows from one branch's sources."""


class Store(msgspec.Struct, frozen=True):
    """A package manager that shares what it installs by itself."""

    name: str
    install: str
    """The command that fills a folder out of the store."""
    fixed: bool = False
    """True where the folder holds its own absolute path, so that a copy of it is no good."""


def build_cache(path: str) -> bool:
    """Whether a folder is one that two branches must not share."""
    return os.path.basename(path.rstrip("/")) in BUILD_CACHES


def store_of(folder: str) -> Store | None:
    """The store behind a dependency folder; `None` where none is known."""
    place = Path(folder)
    if (settings := _text(place / "pyvenv.cfg")) is not None:
        if "\nuv = " in f"\n{settings}":
            return Store("uv", "uv sync --frozen", fixed=True)
        return Store("venv", "python3 -m venv …", fixed=True)
    if (place / ".pnpm").is_dir() or (place / ".modules.yaml").is_file():
        return Store("pnpm", "pnpm install --frozen-lockfile --prefer-offline")
    if place.name == "node_modules":
        if any((place.parent / name).is_file() for name in ("bun.lock", "bun.lockb")):
            return Store("bun", "bun install --frozen-lockfile")
    elif place.name == "target" and (place.parent / "Cargo.toml").is_file() and _sccache(place):
        return Store("sccache", "cargo build")
    return None


def _sccache(target: Path) -> bool:
    if "sccache" in os.environ.get("RUSTC_WRAPPER", ""):
        return True
    settings = (target.parent / ".cargo" / name for name in ("config.toml", "config"))
    home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    texts = (_text(path) for path in (*settings, home / "config.toml"))
    return any("sccache" in text for text in texts if text)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")[:65536]
    except OSError:
        return None
