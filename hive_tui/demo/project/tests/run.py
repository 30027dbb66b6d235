"""Runs the tests beside it and writes what became of them as JUnit XML: `tests/run.py REPORT`."""

from __future__ import annotations

import sys
import time
import traceback
import unittest
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent


class Recorder(unittest.TextTestResult):
    """Keeps a `<testcase>` for each test."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.suite = ElementTree.Element("testsuite", name="unit")

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        group, _, name = test.id().rpartition(".")
        self._case = ElementTree.SubElement(self.suite, "testcase", classname=group, name=name)
        self._began = time.monotonic()

    def stopTest(self, test: unittest.TestCase) -> None:
        super().stopTest(test)
        self._case.set("time", f"{time.monotonic() - self._began:.3f}")

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        super().addFailure(test, err)
        self._put("failure", err)

    def addError(self, test: unittest.TestCase, err: Any) -> None:
        super().addError(test, err)
        self._put("error", err)

    def _put(self, kind: str, err: Any) -> None:
        """Note what went wrong, and in which line of the shop."""
        where = [one for one in traceback.extract_tb(err[2]) if one.filename.startswith(str(ROOT))]
        if where:
            self._case.set("file", str(Path(where[-1].filename).relative_to(ROOT)))
            self._case.set("line", str(where[-1].lineno))
        problem = ElementTree.SubElement(self._case, kind, message=str(err[1]))
        problem.text = "".join(traceback.format_exception(*err))


def main(report: str) -> bool:
    """Run everything; True where it is green."""
    sys.path.insert(0, str(ROOT))
    tests = unittest.defaultTestLoader.discover(str(ROOT / "tests"))
    result = unittest.TextTestRunner(resultclass=Recorder, verbosity=2).run(tests)
    assert isinstance(result, Recorder)
    ElementTree.ElementTree(result.suite).write(report, encoding="utf-8", xml_declaration=True)
    return result.wasSuccessful()


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1]) else 1)
