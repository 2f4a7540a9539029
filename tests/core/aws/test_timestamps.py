"""Timestamps: all spellings of one instant have one text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.aws.timestamps import canonical_timestamp

_OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(1970, 1, 2), datetime(9000, 1, 1)).map(lambda time: time.replace(microsecond=0)), _OFFSETS)
def test_every_offset_and_format_of_an_instant_is_the_same(time: datetime, offset: timezone) -> None:
    instant = time.replace(tzinfo=UTC)
    seconds = int(instant.timestamp())
    spellings = [
        instant.isoformat(),
        instant.astimezone(offset).isoformat(),
        instant.strftime("%Y-%m-%dT%H:%M:%SZ"),
        instant.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        instant.strftime("%Y-%m-%d %H:%M:%S"),
        f"{instant:%a, %d %b %Y %H:%M:%S} GMT",
        seconds,
        float(seconds),
        f"{seconds}.0",
    ]
    assert [canonical_timestamp(each) for each in spellings] == [str(seconds)] * len(spellings)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1970-01-01T00:00:01.250Z", "1.25"),
        (1.25, "1.25"),
        ("Thu, 01 Jan 1970 00:00:01.25 GMT", "1.25"),
        ("1970-01-01T00:00Z", "0"),
        ("2026-13-01T00:00:00Z", None),
        ("2026-03-02", None),
        ("yesterday", None),
        ("", None),
        (1e300, None),
    ],
)
def test_fractions_count_and_other_texts_are_no_timestamps(value: str | float, text: str | None) -> None:
    assert canonical_timestamp(value) == text
