from __future__ import annotations

from pathlib import Path

import pytest

from hive_tui.drivers.junit import read
from hive_tui.engine.protocols import Report
from hive_tui.model.environment import TestFailure
from hive_tui.model.errors import HiveError

PYTEST = """<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="1" skipped="1"
 tests="4" time="0.05">
<testcase classname="test_a" name="test_ok" time="0.001" />
<testcase classname="test_a" name="test_no"><failure message="assert 1 == 2">def test_no():
&gt;       assert 1 == 2
test_a.py:5: AssertionError</failure></testcase>
<testcase classname="test_a" name="test_skip"><skipped type="pytest.skip" message="x"/></testcase>
<testcase classname="test_a" name="test_err"><error message="failed on setup">E   boom
conftest.py:3: ValueError</error></testcase>
</testsuite></testsuites>"""

JEST = """<testsuites name="jest tests" tests="2" failures="1"><testsuite name="cart" tests="2">
<testcase classname="cart adds" name="adds" file="cart.test.js" line="7"><failure>Error: expected 2
    at Object.toBe (/repo/cart.test.js:9:12)</failure></testcase>
<testcase classname="cart" name="empties"/></testsuite></testsuites>"""

NESTED = """<testsuite name="all"><testsuite name="inner"><testcase name="a"/>
<testcase name="b"/></testsuite><testcase name="c"/></testsuite>"""


def report(tmp_path: Path, text: str | bytes) -> Report:
    path = tmp_path / "report.xml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read(path)


def test_counts_and_failures_of_pytest_are_read(tmp_path: Path) -> None:
    found = report(tmp_path, PYTEST)
    assert (found.passed, found.failed, found.skipped) == (1, 2, 1)
    assert found.failures == (
        TestFailure("test_a::test_no", "assert 1 == 2", "test_a.py", 5),
        TestFailure("test_a::test_err", "failed on setup", "conftest.py", 3),
    )


def test_the_place_is_taken_from_attributes_where_they_are(tmp_path: Path) -> None:
    (failure,) = report(tmp_path, JEST).failures
    assert (failure.file, failure.line) == ("cart.test.js", 7)
    assert failure.message.startswith("at Object.toBe") or failure.message.startswith("Error")


def test_nested_suites_are_counted_once(tmp_path: Path) -> None:
    assert report(tmp_path, NESTED).passed == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not xml",
        "<html></html>",
        "<testsuite",
        '<!DOCTYPE x [<!ENTITY a "aaaa">]><testsuite><testcase name="&a;"/></testsuite>',
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_report_is_refused_with_a_remedy(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(HiveError) as caught:
        report(tmp_path, text)
    assert caught.value.hint is not None


def test_a_thousand_failures_are_counted_and_some_kept(tmp_path: Path) -> None:
    cases = "".join(f'<testcase name="t{n}"><failure/></testcase>' for n in range(1000))
    found = report(tmp_path, f"<testsuite>{cases}</testsuite>")
    assert found.failed == 1000
    assert len(found.failures) == 200
