"""Compose files: taken over as they are, by `[compose]`; what cannot be is listed there."""

from __future__ import annotations

from collections.abc import Sequence

from hive_tui.config.checkout_files import CheckoutFiles
from hive_tui.config.compose.taking import Request, Taken, take
from hive_tui.config.importing.checkout import Checkout
from hive_tui.config.importing.found import Containers, Findings

_FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_OVERRIDES = tuple(name.replace(".y", ".override.y") for name in _FILES)
_SHOWN = 12


def read(checkout: Checkout) -> Findings:
    """The file that compose itself would take, with the one that it would lay over it."""
    file = checkout.first(*_FILES)
    if file is None:
        return Findings()
    override = checkout.first(*_OVERRIDES)
    return read_files(checkout, (file,) if override is None else (file, override))


def read_files(checkout: Checkout, files: Sequence[str]) -> Findings:
    """What hive takes over of these files, with what it has to leave out named."""
    disk = CheckoutFiles(checkout.root.resolve())
    taken = take(Request(tuple(files)), disk, known={})
    refused = taken.problems
    ignore = tuple(dict.fromkeys(one.path for one in taken.every if one.path))
    if refused:
        taken = take(Request(tuple(files), ignore=ignore), disk, known={})
    remarks = [str(one) for one in refused[:_SHOWN]]
    if len(refused) > _SHOWN:
        remarks.append(f"{files[0]}: and {len(refused) - _SHOWN} more such keys")
    usable = not taken.problems and bool(taken.services)
    if not usable:
        return Findings(remarks=(*remarks, f"{files[0]} is not taken over"))
    return Findings(
        containers=Containers(tuple(files), ignore, tuple(taken.services), _builds(taken)),
        ports={name: number for name, number in taken.numbers.items() if name in taken.ports},
        remarks=tuple(remarks),
    )


def _builds(taken: Taken) -> bool:
    return any("build" in table for table in taken.services.values())
