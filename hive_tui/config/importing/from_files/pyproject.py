"""What pyproject.toml and manage.py say: the suite, and the server of a known framework."""

from __future__ import annotations

import re
from typing import Any

from hive_tui.config.importing.checkout import Checkout
from hive_tui.config.importing.found import PORT, Findings, Port, Service, Suite, Task

_FILE = "pyproject.toml"
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def read(checkout: Checkout) -> Findings:
    """Suites of pytest, tox or nox; Django's server and migrations; an ASGI application."""
    project = checkout.toml(_FILE) if checkout.has(_FILE) else {}
    prefix = _prefix(checkout, project)
    packages = _packages(project)
    services: list[Service] = []
    tasks: list[Task] = []
    notes = ("which Python runs it depends on PATH: name the virtual environment's if need be",)
    if checkout.has("manage.py"):
        run = f"{prefix}python manage.py runserver 127.0.0.1:{PORT}"
        tasks.append(Task("migrate", f"{prefix}python manage.py migrate --noinput", "manage.py"))
        port = Port(8000, sure=True)
        services.append(
            Service(
                "web",
                run,
                "manage.py",
                needs=("migrate",),
                port=port,
                notes=() if prefix else notes,
            )
        )
    elif "uvicorn" in packages or "fastapi" in packages:
        services.extend(_application(checkout, prefix, notes))
    return Findings(
        services=tuple(services),
        tasks=tuple(tasks),
        suites=_suites(checkout, project, packages, prefix),
    )


def _application(checkout: Checkout, prefix: str, notes: tuple[str, ...]) -> list[Service]:
    """The ASGI application, if it is where most keep it."""
    for module in ("main.py", "app.py", "app/main.py", "src/main.py", "src/app/main.py"):
        if not checkout.has(module) or not re.search(
            r"^app\s*[:=]", checkout.text(module), re.MULTILINE
        ):
            continue
        dotted = module.removeprefix("src/").removesuffix(".py").replace("/", ".")
        folder = "--app-dir src " if module.startswith("src/") else ""
        run = f"{prefix}uvicorn {folder}{dotted}:app --port {PORT}"
        guess = f"guessed from app in {module}"
        port = Port(8000, sure=True)
        return [Service("api", run, module, port=port, notes=(guess, *(() if prefix else notes)))]
    return []


def _suites(
    checkout: Checkout, project: dict[str, Any], packages: set[str], prefix: str
) -> tuple[Suite, ...]:
    tool = project.get("tool") if isinstance(project.get("tool"), dict) else {}
    assert isinstance(tool, dict)
    if "pytest" in tool or "pytest" in packages or checkout.has("pytest.ini"):
        origin = _FILE if project else "pytest.ini"
        return (Suite("unit", f"{prefix}pytest -q --junitxml={{{{report}}}}", origin),)
    if checkout.has("tox.ini") or "tox" in tool:
        return (Suite("unit", f"{prefix}tox", "tox.ini"),)
    if checkout.has("noxfile.py"):
        return (Suite("unit", f"{prefix}nox", "noxfile.py"),)
    return ()


def _prefix(checkout: Checkout, project: dict[str, Any]) -> str:
    """What runs a command in the project's virtual environment."""
    if checkout.has("uv.lock"):
        return "uv run "
    if checkout.has("poetry.lock"):
        return "poetry run "
    if checkout.has("pdm.lock"):
        return "pdm run "
    if checkout.has("Pipfile.lock"):
        return "pipenv run "
    return ""


def _packages(project: dict[str, Any]) -> set[str]:
    """Names of all that the project depends on, whatever for."""
    lists: list[Any] = []
    table = project.get("project")
    if isinstance(table, dict):
        lists.append(table.get("dependencies"))
        optional = table.get("optional-dependencies")
        lists.extend(optional.values() if isinstance(optional, dict) else ())
    groups = project.get("dependency-groups")
    lists.extend(groups.values() if isinstance(groups, dict) else ())
    names = {
        match.group().lower()
        for items in lists
        if isinstance(items, list)
        for item in items
        if isinstance(item, str) and (match := _NAME.match(item))
    }
    return names | _poetry(project)


def _poetry(project: dict[str, Any]) -> set[str]:
    tool = project.get("tool")
    table = tool.get("poetry") if isinstance(tool, dict) else None
    if not isinstance(table, dict):
        return set()
    groups = table.get("group")
    tables = [table, *(groups.values() if isinstance(groups, dict) else ())]
    return {
        str(name).lower()
        for one in tables
        if isinstance(one, dict)
        for key in ("dependencies", "dev-dependencies")
        if isinstance(one.get(key), dict)
        for name in one[key]
    }
