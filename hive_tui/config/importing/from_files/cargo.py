"""What Cargo.toml says: a build, a suite, and a hint where a server may be."""

from __future__ import annotations

from hive_tui.config.importing.checkout import Checkout
from hive_tui.config.importing.found import Findings, Port, Service, Suite, Task

_FILE = "Cargo.toml"
_SERVERS = {"axum", "actix-web", "rocket", "warp", "tonic", "hyper", "poem", "tide", "salvo"}


def read(checkout: Checkout) -> Findings:
    """`cargo build` and `cargo test`; `cargo run` where the package depends on a web server."""
    if not checkout.has(_FILE):
        return Findings()
    manifest = checkout.toml(_FILE)
    inputs = ("**/*.rs", "**/Cargo.toml", "Cargo.lock")
    tasks = (Task("build", "cargo build", _FILE, inputs=inputs),)
    suites = (Suite("unit", "cargo test", _FILE),)
    packages = manifest.get("dependencies")
    web = sorted(_SERVERS & set(packages)) if isinstance(packages, dict) else []
    services: tuple[Service, ...] = ()
    if web and checkout.has("src/main.rs"):
        notes = (f"guessed, because it depends on {', '.join(web)}",)
        run = Service("web", "cargo run", _FILE, needs=("build",), port=Port(8080), notes=notes)
        services = (run,)
    return Findings(services=services, tasks=tasks, suites=suites)
