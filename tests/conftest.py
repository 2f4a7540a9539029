"""What all tests share."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from standin import StandIn

# What is imported and collected stays to the end: to look through it for garbage, again and again, takes a tenth of
# the time.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture
def aws() -> Iterator[StandIn]:
    """A stand-in for AWS that runs meanwhile."""
    with StandIn() as running:
        yield running
