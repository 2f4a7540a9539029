"""The output of `make test-slowest`."""

from __future__ import annotations

from slowest import slowest


def test_the_slowest_come_first_and_the_sum_last() -> None:
    cases = "".join(f'<testcase classname="tests.test_x" name="test_{n}" time="{n / 2}"/>' for n in range(12))
    lines = list(slowest(f"<testsuites><testsuite>{cases}</testsuite></testsuites>"))
    assert lines[0] == "    5.5 s  tests.test_x::test_11"
    assert lines[9] == "    1.0 s  tests.test_x::test_2"
    assert lines[10:] == ["   33.0 s  all 12 tests, on all workers together"]
