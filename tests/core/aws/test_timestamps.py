"""Timestamps: all spellings of one instant have one text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.aws.model import TimestampFormat, Value
from awstape.core.aws.timestamps import canonical_timestamp, format_timestamp, read_epoch_seconds

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
    "text",
    [
        *("20260302T091411Z", "2026-03-02T09:14:11Z", "20260302T101411+0100", "1.772442851E9", "1772442851"),
        *("Mon, 2 Mar 2026 09:14:11 GMT", "Mon, 02 Mar 2026 09:14:11 UTC", "Mon, 02 Mar 2026 09:14:11 +0000"),
    ],
)
def test_forms_that_clients_read_too(text: str) -> None:
    assert canonical_timestamp(text) == "1772442851"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1970-01-01T00:00:01.250Z", "1.25"),
        (1.25, "1.25"),
        ("Thu, 01 Jan 1970 00:00:01.25 GMT", "1.25"),
        ("1970-01-01T00:00Z", "0"),
        (-1.5, "-1.5"),
        ("1969-12-31T23:59:58.500Z", "-1.5"),
        ("2026-13-01T00:00:00Z", None),
        ("2026-03-02", None),
        ("yesterday", None),
        ("", None),
        (1e300, None),
    ],
)
def test_fractions_count_and_other_texts_are_no_timestamps(value: str | float, text: str | None) -> None:
    assert canonical_timestamp(value) == text


_NUMBERS = st.one_of(st.integers(-62135596800, 253402300799), st.integers(-(10**12), 10**13).map(lambda ms: ms / 1000))


@given(_NUMBERS)
def test_a_number_is_a_date_and_time_of_the_same_instant_and_back(seconds: float) -> None:
    text = read_epoch_seconds(seconds)
    assert isinstance(text, str)
    assert text.endswith("Z")
    assert canonical_timestamp(text) == canonical_timestamp(seconds)
    for format_ in get_args(TimestampFormat):
        assert format_timestamp(format_timestamp(text, format_), "unixTimestamp") == seconds


@pytest.mark.parametrize(
    ("value", "format_", "expected"),
    [
        ("2015-01-25T08:00:00Z", "unixTimestamp", 1422172800),
        ("2015-01-25T08:00:00.250Z", "unixTimestamp", 1422172800.25),
        ("Sun, 25 Jan 2015 08:00:00 GMT", "unixTimestamp", 1422172800),
        ("1422172800.5", "unixTimestamp", 1422172800.5),
        (1422172800.0, "unixTimestamp", 1422172800.0),
        ("Sun, 25 Jan 2015 08:00:00 GMT", "iso8601", "2015-01-25T08:00:00Z"),
        (1422172800.25, "iso8601", "2015-01-25T08:00:00.250Z"),
        ("2015-01-25T08:00:00.000+00:00", "iso8601", "2015-01-25T08:00:00.000+00:00"),
        ("2015-01-25T09:00:00+01:00", "rfc822", "Sun, 25 Jan 2015 08:00:00 GMT"),
        ("yesterday", "unixTimestamp", "yesterday"),
        (None, "unixTimestamp", None),
        (True, "iso8601", True),
        (253402300800, "iso8601", 253402300800),
    ],
)
def test_a_timestamp_is_written_in_the_format_of_a_protocol(
    value: Value, format_: TimestampFormat, expected: Value
) -> None:
    written = format_timestamp(value, format_)
    assert (written, type(written)) == (expected, type(expected))


@pytest.mark.parametrize("number", [1422172800500, -1e12, 1e300, 1e-300])
def test_a_number_that_is_no_time_of_four_digit_years_stays(number: float) -> None:
    assert read_epoch_seconds(number) == number
