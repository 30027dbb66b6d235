"""`.env` files: those that git does not have are copied; fixed ports in them are seen."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hive_tui.config.importing import naming
from hive_tui.config.importing.checkout import Checkout, UnreadableError
from hive_tui.config.importing.found import Findings, Variable

_LOCAL = (".env", ".env.local", ".env.development.local", ".env.test.local", ".envrc")
_READ = (".env", ".env.local", ".env.example", ".env.sample", ".env.development")
_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*")
_LOCAL_URL = re.compile(r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0):([1-9][0-9]{1,4})(?![0-9])")
_PASSWORD = re.compile(r"://[^/@\s]*:[^/@\s]+@")
_PORT = re.compile(r"(?:([A-Z][A-Z0-9_]*)_)?PORT")


def read(checkout: Checkout) -> Findings:
    """Variables that name a port of this machine; values with passwords in them are not shown."""
    copies = tuple(name for name in _LOCAL if checkout.has(name) and not checkout.tracked(name))
    found: dict[str, Variable] = {}
    remarks: list[str] = []
    for file in _READ:
        if not checkout.has(file):
            continue
        try:
            text = checkout.text(file)
        except UnreadableError as error:
            remarks.append(str(error))
            continue
        for name, value in _lines(text):
            if name not in found and (variable := _variable(name, value, file)):
                found[name] = variable
    return Findings(copies=copies, variables=tuple(found.values()), remarks=tuple(remarks))


def _variable(name: str, value: str, file: str) -> Variable | None:
    """The variable, if it names a port of this machine and may be shown."""
    sound = naming.variables({name: value})
    if not sound or name in ("PORT", "HIVE_PORT"):
        return None
    is_port = _PORT.fullmatch(name) and value.isdecimal() and 80 <= int(value) <= 65535
    if not is_port and not _LOCAL_URL.search(value):
        return None
    if _PASSWORD.search(value):
        return Variable(name, _PASSWORD.sub("://…@", value), file, known=False)
    return Variable(name, value, file)


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        if match := _LINE.fullmatch(line):
            value = match.group(2)
            if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
                value = value[1:-1]
            yield match.group(1), value
