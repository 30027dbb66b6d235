"""What go.mod says: a build, a suite, and the one program that may be a server."""

from __future__ import annotations

from hive_tui.config.importing.checkout import Checkout
from hive_tui.config.importing.found import Findings, Port, Service, Suite, Task

_FILE = "go.mod"


def read(checkout: Checkout) -> Findings:
    """`go build` and `go test`; `go run` where there is exactly one program."""
    if not checkout.has(_FILE):
        return Findings()
    checkout.text(_FILE)
    programs = ["."] if checkout.has("main.go") else []
    programs += [f"./{path.rpartition('/')[0]}" for path in checkout.glob("cmd/*/main.go")]
    inputs = ("**/*.go", "go.mod", "go.sum")
    found = Findings(
        tasks=(Task("build", "go build ./...", _FILE, inputs=inputs),),
        suites=(Suite("unit", "go test ./...", _FILE),),
    )
    if len(programs) != 1:
        remark = f"{_FILE}: which of {', '.join(programs)} are services is not known"
        return Findings(
            tasks=found.tasks, suites=found.suites, remarks=(remark,) if programs else ()
        )
    notes = ("guessed: the only program; if it ends by itself, make it a task",)
    run = Service(
        "web", f"go run {programs[0]}", _FILE, needs=("build",), port=Port(8080), notes=notes
    )
    return Findings(services=(run,), tasks=found.tasks, suites=found.suites)
