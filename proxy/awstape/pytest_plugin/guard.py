"""The guard: a test that reaches for AWS outside a tape fails, even if the program handles the error.

A test with a cassette is guarded, too: a wider fixture runs before its tape is opened, and would reach AWS unrecorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from awstape.inprocess.aws_guard import AwsGuard
from awstape.pytest_plugin.run_summary import GUARD, uses_awstape

_WIDER = (
    'a fixture for several tests needs a cassette for all of them, pytestmark = pytest.mark.awstape(scope="module"), '
    "or guard = false in [tool.awstape.pytest] to let it reach AWS"
)


@contextmanager
def guarding(item: pytest.Item) -> Iterator[None]:
    """Refuses connections to AWS from a test and its fixtures, as long as no tape is in use."""
    item.stash[GUARD] = guard = AwsGuard(_WIDER if uses_awstape(item) else "mark it @pytest.mark.awstape")
    guard.install()
    try:
        yield
    finally:
        guard.remove()
        del item.stash[GUARD]


def fail_guarded(item: pytest.Item, report: pytest.TestReport) -> None:
    """Fails a phase of a test in which it reached for AWS, if it has not failed."""
    guard = item.stash[GUARD]
    calls = dict.fromkeys(guard.reached)
    guard.reached.clear()
    if not calls:
        return
    message = "\n".join(map(guard.message, calls))
    if crash := getattr(report.longrepr, "reprcrash", None):
        crash.message = message
    if not report.failed:
        report.outcome, report.longrepr = "failed", message
