"""`hive web` before it serves: what it refuses, and what only it may load."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from hive_tui.cli import web
from tests.unit.cli.conftest import Daemon, Run


def test_without_textual_serve_it_names_the_remedy(
    hive: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "find_spec", lambda name: None)
    ended = hive("web", "--json")
    assert ended.status == 1
    assert ended.document["error"]["code"] == "not_available"
    assert ended.document["error"]["hint"] == "pip install 'hive-tui[web]'"


def test_a_port_beyond_the_last_is_refused(hive: Run, daemon: Daemon) -> None:
    ended = hive("web", "--port", "65536")
    assert ended.status == 2
    assert "there is no port 65536" in ended.err
    assert daemon.calls == []


@pytest.mark.parametrize("module", ["hive_tui.app.app", "hive_tui.cli.web"])
def test_nothing_but_the_server_loads_aiohttp(module: str) -> None:
    code = f"import sys, {module}; print({{'aiohttp', 'textual_serve'}} & set(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).resolve().parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout == "set()\n"


def test_textual_serve_is_a_dependency_of_development() -> None:
    assert importlib.util.find_spec("textual_serve") is not None
