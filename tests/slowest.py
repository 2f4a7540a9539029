"""`make test-slowest`: prints the ten slowest tests of the last `make test`, from its JUnit report.

python tests/slowest.py REPORT
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

MOST = 10


def slowest(report: str) -> Iterator[str]:
    """Yields a line for each of the slowest tests in a JUnit XML report, then the total. Times are in seconds."""
    cases = list(ElementTree.fromstring(report).iter("testcase"))
    times = sorted(
        ((float(case.get("time", 0)), f"{case.get('classname')}::{case.get('name')}") for case in cases),
        key=lambda found: (-found[0], found[1]),
    )
    for seconds, name in times[:MOST]:
        yield f"{seconds:7.1f} s  {name}"
    yield f"{sum(seconds for seconds, _ in times):7.1f} s  all {len(times)} tests, on all workers together"


if __name__ == "__main__":
    print("\n".join(slowest(Path(sys.argv[1]).read_text("utf-8"))))
