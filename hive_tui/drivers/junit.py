"""Reads test reports in JUnit XML, whoever wrote them. Judges nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hive_tui.engine.protocols import Report
from hive_tui.model.environment import TestFailure
from hive_tui.model.errors import HiveError

MAX_BYTES = 64 * 1024 * 1024
"""Larger reports are refused: they would take a gigabyte to parse."""

FAILURES_KEPT = 200
"""Failures that a verdict names; the count is of all."""

_MESSAGE_CHARACTERS = 500
_PLACE = re.compile(r"([\w./\\@+-]+\.\w{1,5}):(\d+)")
_DOCTYPE = re.compile(rb"<!DOCTYPE", re.IGNORECASE)


def read(path: Path) -> Report:
    """Read a report: counts of all its suites, nested ones included, and what failed.

    Raises:
        HiveError: It is too large, not XML, not a JUnit report, or declares entities (which could
            blow it up to any size).
    """
    from junitparser import JUnitXml, JUnitXmlError

    try:
        data = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
    except OSError as error:
        raise _unreadable(path, str(error.strerror)) from error
    if data is None:
        raise _unreadable(path, f"it has more than {MAX_BYTES // 1024**2} MiB")
    if _DOCTYPE.search(data[:4096]):
        raise _unreadable(path, "it declares a document type, which a report has no use for")
    try:
        root = JUnitXml.fromstring(data)
        cases = list(_cases(root))
    except (JUnitXmlError, SyntaxError, ValueError) as error:
        raise _unreadable(path, str(error)) from error
    return _report(cases)


def _unreadable(path: Path, why: str) -> HiveError:
    return HiveError(
        f"the test report {path.name} cannot be read: {why}",
        hint="write JUnit XML to {{report}}, or leave {{report}} out to go by the exit status",
        code="bad_report",
    )


def _cases(node: Any) -> Any:
    """Every test case of a report (which iterates suites) or a suite (which iterates cases)."""
    from junitparser import TestCase

    for child in node:
        if isinstance(child, TestCase):
            yield child
        else:
            yield from _cases(child)


def _report(cases: list[Any]) -> Report:
    passed = failed = skipped = 0
    failures: list[TestFailure] = []
    for case in cases:
        if case.is_failure or case.is_error:
            failed += 1
            if len(failures) < FAILURES_KEPT:
                failures.append(_failure(case))
        elif case.is_skipped:
            skipped += 1
        else:
            passed += 1
    return Report(passed, failed, skipped, tuple(failures))


def _failure(case: Any) -> TestFailure:
    results = [result for result in case.result if type(result).__name__ in ("Failure", "Error")]
    result = results[0]
    text = result.text or ""
    message = (result.message or "").strip() or _last_line(text) or "failed"
    file, line = case._elem.get("file"), case._elem.get("line")
    if file is None and (places := _PLACE.findall(text)):
        file, line = places[-1]
    number = int(line) if line is not None and line.isdigit() else None
    name = "::".join(part for part in (case.classname, case.name) if part) or "unnamed"
    return TestFailure(name, message[:_MESSAGE_CHARACTERS], file, number)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
