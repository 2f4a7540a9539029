"""The cassette that the tests of edits change."""

from __future__ import annotations

import pytest

from awstape.core.cassette.cassette import Cassette
from support.exchanges import cassette
from support.role_cassette import READ


@pytest.fixture(scope="module")
def recorded() -> Cassette:
    return cassette(*READ)
