"""`.workmux.yaml`: files to copy and link, commands after creation, panes."""

from __future__ import annotations

from typing import Any

from hive_tui.config.importing import commands
from hive_tui.config.importing.checkout import Checkout, inside
from hive_tui.config.importing.found import Findings, Folder, Service, Suite
from hive_tui.config.importing.from_files import scripts

_FILES = (".workmux.yaml", ".workmux.yml")
_ENV = {
    "WM_HANDLE": "{{env}}",
    "WM_WORKTREE_PATH": "{{worktree}}",
    "WM_PROJECT_ROOT": "{{repo}}",
}
_ELSEWHERE = "<global>"


def read(checkout: Checkout) -> Findings:
    """Panes that run on are services; those of an agent or a plain shell are not."""
    file = checkout.first(*_FILES)
    if file is None:
        return Findings()
    config = checkout.yaml(file).plain()
    if not isinstance(config, dict):
        return Findings()
    remarks: list[str] = []
    first = scripts.lines_of(config.get("post_create"))
    if _ELSEWHERE in first:
        remarks.append(f"{file}: what {_ELSEWHERE} stands for is in another file and was left out")
    first = [line for line in first if line != _ELSEWHERE]
    remarks += scripts.left_out(first, f"{file}: post_create")
    usable = [line for line in first if commands.usable(line)]
    copies, links = _files(checkout, config.get("files"))
    if config.get("pre_remove"):
        remarks.append(f"{file}: pre_remove was left out; `hive destroy` ends what the env started")
    base = config.get("main_branch")
    return Findings(
        services=tuple(_panes(config, file)),
        tasks=(scripts.setup(usable, f"{file}: post_create", _ENV),) if usable else (),
        suites=tuple(
            Suite("merge", line, f"{file}: pre_merge")
            for line in scripts.lines_of(config.get("pre_merge"))
            if commands.usable(line) and line != _ELSEWHERE
        ),
        folders=tuple(Folder(path, f"{file}: symlink", mode="symlink") for path in links),
        copies=copies,
        base=base if isinstance(base, str) and base.isprintable() and "{{" not in base else None,
        remarks=tuple(remarks),
    )


def _panes(config: dict[str, Any], file: str) -> list[Service]:
    windows = config.get("windows")
    layouts = config.get("layouts")
    tables = [config, *(windows if isinstance(windows, list) else ())]
    tables += layouts.values() if isinstance(layouts, dict) else ()
    panes = [
        pane
        for table in tables
        if isinstance(table, dict) and isinstance(table.get("panes"), list)
        for pane in table["panes"]
        if isinstance(pane, dict)
    ]
    lines = [line for pane in panes for line in scripts.lines_of(pane.get("command"))]
    return [
        scripts.server(line, f"{file}: panes", {}, scripts.name_of(line))
        for line in dict.fromkeys(lines)
        if "<agent" not in line and commands.usable(line) and commands.runs_on(line)
    ]


def _files(checkout: Checkout, files: Any) -> tuple[tuple[str, ...], list[str]]:
    """Files to copy and folders to link, patterns filled in."""
    if not isinstance(files, dict):
        return (), []

    def named(key: str) -> list[str]:
        found: list[str] = []
        for pattern in scripts.lines_of(files.get(key)):
            path = inside(pattern)
            if path is None:
                continue
            found.extend(checkout.glob(path) if set("*?[") & set(path) else (path,))
        return [path for path in dict.fromkeys(found) if inside(path)]

    return tuple(named("copy")), named("symlink")
