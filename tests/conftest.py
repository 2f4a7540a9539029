"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.standin import StandIn


@pytest.fixture
def aws() -> Iterator[StandIn]:
    """A stand-in for AWS that runs meanwhile."""
    with StandIn() as running:
        yield running
