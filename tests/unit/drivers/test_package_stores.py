"""Package managers that share by themselves are known by what they leave behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from hive_tui.drivers.package_stores import build_cache, store_of


@pytest.mark.parametrize(
    ("folder", "files", "name", "fixed"),
    [
        (".venv", {".venv/pyvenv.cfg": "home = /usr\nuv = 0.5.1\n"}, "uv", True),
        (".venv", {".venv/pyvenv.cfg": "home = /usr\n"}, "venv", True),
        ("node_modules", {"node_modules/.modules.yaml": "{}"}, "pnpm", False),
        ("node_modules", {"node_modules/.pnpm/lock.yaml": ""}, "pnpm", False),
        ("node_modules", {"bun.lock": "{}", "node_modules/a": ""}, "bun", False),
        (
            "target",
            {
                "Cargo.toml": "",
                "target/a": "",
                ".cargo/config.toml": '[build]\nrustc-wrapper = "sccache"\n',
            },
            "sccache",
            False,
        ),
    ],
)
def test_a_store_is_recognised(
    tmp_path: Path, folder: str, files: dict[str, str], name: str, fixed: bool
) -> None:
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    store = store_of(str(tmp_path / folder))
    assert store is not None
    assert (store.name, store.fixed) == (name, fixed)


def test_what_npm_installs_has_no_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARGO_HOME", str(tmp_path))
    (tmp_path / "package-lock.json").write_text("{}")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / ".package-lock.json").write_text("{}")
    (tmp_path / "Cargo.toml").touch()
    (tmp_path / "target").mkdir()
    assert store_of(str(tmp_path / "node_modules")) is None
    assert store_of(str(tmp_path / "target")) is None
    assert store_of(str(tmp_path / "not-there")) is None


def test_build_caches_are_known_by_their_names() -> None:
    assert all(map(build_cache, ("target", "web/.next", "a/dist/", ".turbo")))
    assert not any(map(build_cache, ("node_modules", ".venv", "vendor")))
