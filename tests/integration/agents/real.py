"""The real programs of coding agents, where a folder has them, in a home of a test's own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

FOLDER = "HIVE_TEST_AGENTS"
"""Variable that names a folder into which npm installed them (`npm install --prefix`)."""

PROGRAMS = {
    "claude": "@anthropic-ai/claude-code-linux-x64/claude",
    "codex": "@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex",
    "gemini": "@google/gemini-cli/bundle/gemini.js",
    "opencode": "opencode-linux-x64/bin/opencode",
}


def program(kind: str) -> str:
    """Path of a program; skips the test where it is not installed."""
    folder = os.environ.get(FOLDER)
    path = Path(folder or "/nonexistent", "node_modules", PROGRAMS[kind])
    if not path.exists():
        pytest.skip(f"{kind} is not installed: {FOLDER} names no folder that has it")
    return f"node {path}" if path.suffix == ".js" else str(path)


def settings(kind: str, home: Path, trusted: list[Path], url: str) -> dict[str, str]:
    """Write what a person would have set up before; what has to be in the environment.

    Args:
        kind: Of the agent.
        home: Of the person.
        trusted: Folders that the person trusts.
        url: Of the model.
    """
    match kind:
        case "claude":
            return _claude(home, trusted, url)
        case "codex":
            return _codex(home, trusted, url)
        case "gemini":
            return _gemini(home, url)
    return _opencode(home, url)


def _claude(home: Path, trusted: list[Path], url: str) -> dict[str, str]:
    known = {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "customApiKeyResponses": {"approved": ["scripted-key"], "rejected": []},
        "projects": {str(folder): {"hasTrustDialogAccepted": True} for folder in trusted},
    }
    (home / ".claude.json").write_text(json.dumps(known))
    return {
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": "scripted-key",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_MAX_RETRIES": "1",
        "DISABLE_AUTOUPDATER": "1",
    }


def _codex(home: Path, trusted: list[Path], url: str) -> dict[str, str]:
    lines = [
        'model = "scripted"',
        'model_provider = "scripted"',
        "check_for_update_on_startup = false",
        "[model_providers.scripted]",
        'name = "scripted"',
        f'base_url = "{url}/v1"',
        'env_key = "SCRIPTED_KEY"',
        'wire_api = "responses"',
        "request_max_retries = 1",
        "stream_max_retries = 1",
    ]
    for folder in trusted:
        lines += [f'[projects."{folder}"]', 'trust_level = "trusted"']
    (home / ".codex").mkdir()
    (home / ".codex" / "config.toml").write_text("\n".join(lines))
    return {"SCRIPTED_KEY": "k"}


def _gemini(home: Path, url: str) -> dict[str, str]:
    known = {
        "security": {
            "auth": {"selectedType": "gemini-api-key"},
            "folderTrust": {"enabled": False},
        },
        "general": {"disableAutoUpdate": True},
    }
    (home / ".gemini").mkdir()
    (home / ".gemini" / "settings.json").write_text(json.dumps(known))
    return {
        "GEMINI_API_KEY": "scripted",
        "GOOGLE_GEMINI_BASE_URL": url,
        "GEMINI_CLI_NO_RELAUNCH": "true",
    }


def _opencode(home: Path, url: str) -> dict[str, str]:
    package = "@opencode-ai/plugin"
    config = {
        "model": "scripted/scripted",
        "permission": {"bash": "ask"},
        "provider": {
            "scripted": {
                "npm": "@ai-sdk/openai-compatible",
                "name": "scripted",
                "options": {"baseURL": f"{url}/v1", "apiKey": "k"},
                "models": {"scripted": {"name": "scripted", "tool_call": True}},
            }
        },
    }
    folder = home / ".config" / "opencode"
    (folder / "node_modules").mkdir(parents=True)
    manifest = {"dependencies": {package: "1.18.33"}}
    (folder / "package.json").write_text(json.dumps(manifest))
    lock = {"name": "opencode", "lockfileVersion": 3, "packages": {"": manifest}}
    (folder / "package-lock.json").write_text(json.dumps(lock))
    (folder / "opencode.json").write_text(json.dumps(config))
    return {
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    }
