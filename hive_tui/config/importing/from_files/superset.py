"""`.superset/config.json`: commands for the set-up, for the end, and to run."""

from __future__ import annotations

from hive_tui.config.importing import commands
from hive_tui.config.importing.checkout import Checkout
from hive_tui.config.importing.found import Findings
from hive_tui.config.importing.from_files import scripts

_FILE = ".superset/config.json"
_ENV = {
    "SUPERSET_ROOT_PATH": "{{repo}}",
    "SUPERSET_WORKSPACE_NAME": "{{env}}",
    "SUPERSET_WORKSPACE_PATH": "{{worktree}}",
}


def read(checkout: Checkout) -> Findings:
    """Set-up becomes a task of the spawn, what it runs services."""
    if not checkout.has(_FILE):
        return Findings()
    config = checkout.json(_FILE)
    first, runs = scripts.lines_of(config.get("setup")), scripts.lines_of(config.get("run"))
    remarks = scripts.left_out([*first, *runs], _FILE)
    if config.get("teardown"):
        remarks.append(f"{_FILE}: teardown was left out; `hive destroy` ends what the env started")
    usable = [line for line in first if commands.usable(line)]
    return Findings(
        services=tuple(
            scripts.server(line, f"{_FILE}: run", _ENV) for line in runs if commands.usable(line)
        ),
        tasks=(scripts.setup(usable, f"{_FILE}: setup", _ENV),) if usable else (),
        remarks=tuple(remarks),
    )
