"""A starting hive.toml for a repository: asks every source, settles, writes, and checks the result.

The proposal always loads; it is a beginning, commented so that a person can correct it.
"""

from __future__ import annotations

from pathlib import Path

from hive_tui.config.checkout_files import CheckoutFiles
from hive_tui.config.importing.checkout import Checkout, UnreadableError
from hive_tui.config.importing.found import Findings, Source
from hive_tui.config.importing.from_files import (
    cargo,
    compose,
    conductor,
    devcontainer,
    dotenv,
    go_module,
    lockfiles,
    makefile,
    mprocs,
    package,
    process_compose,
    procfile,
    pyproject,
    superset,
    workmux,
    worktrunk,
)
from hive_tui.config.importing.settling import settle
from hive_tui.config.importing.writing import EXAMPLE, write
from hive_tui.config.loading import parse
from hive_tui.model.errors import ConfigError

SOURCES: tuple[Source, ...] = (
    compose,
    process_compose,
    mprocs,
    procfile,
    conductor,
    superset,
    worktrunk,
    workmux,
    package,
    pyproject,
    cargo,
    go_module,
    makefile,
    devcontainer,
    lockfiles,
    dotenv,
)
"""In order of precedence: what lists processes by name goes before what only has a script."""


def propose(root: Path) -> str:
    """The text of a starting hive.toml for the repository at `root`.

    Where nothing says how it runs, it is a minimal file with commented examples.
    """
    checkout = Checkout(root)
    text = write(settle(_findings(source, checkout) for source in SOURCES))
    try:
        parse(text, root=str(root), files=CheckoutFiles(root.resolve()))
    except ConfigError as error:
        return _as_comments(text, error)
    return text


def _findings(source: Source, checkout: Checkout) -> Findings:
    try:
        return source.read(checkout)
    except UnreadableError as error:
        return Findings(remarks=(str(error),))


def _as_comments(text: str, error: ConfigError) -> str:
    """What was found, with marks before every line: something in it is not accepted."""
    reason = "".join(f"# ? {line}\n" for line in error.message.splitlines())
    marked = "".join(f"# {line}\n" for line in text.splitlines())
    return f"# ? What was found does not load as it is:\n{reason}\n{marked}\n{EXAMPLE}"
