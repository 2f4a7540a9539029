"""Times in requests: which values are times, and which distances count."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.aws.model import Shape, Value
from awstape.core.compare.request_times import (
    RELATIVE,
    TOLERANCE,
    Remoteness,
    Time,
    TimeRule,
    read_instant,
    remoteness,
    time_differences,
)

TEXT, LONG, TIMESTAMP = Shape("X", "string"), Shape("X", "long"), Shape("X", "timestamp")
NOON = Decimal(1793534400)
WITHIN = TimeRule("within", Decimal(3600))


@pytest.mark.parametrize(
    ("value", "shape", "expected"),
    [
        ("2026-11-01T12:00:00Z", TIMESTAMP, NOON),
        ("2026-11-01T13:00:00+01:00", TIMESTAMP, NOON),
        ("Sun, 01 Nov 2026 12:00:00 GMT", TIMESTAMP, NOON),
        (1793534400, TIMESTAMP, NOON),
        (1793534400.25, TIMESTAMP, NOON + Decimal("0.25")),
        (1, TIMESTAMP, Decimal(1)),
        ("2026-11-01", TIMESTAMP, NOON - 43200),
        ("2026-11-01", TEXT, NOON - 43200),
        ("2026-11", TEXT, NOON - 43200),
        ("2026-11-01T12:00:00.5Z", TEXT, NOON + Decimal("0.5")),
        ("1793534400", TEXT, NOON),
        ("1793534400000", TEXT, NOON),
        (1793534400, LONG, NOON),
        (1793534400123, LONG, NOON + Decimal("0.123")),
        (3600, LONG, None),
        (-1793534400, LONG, None),
        (True, LONG, None),
        ("20261101", TEXT, None),
        ("2026-13-01", TEXT, None),
        ("now", TEXT, None),
        ("", TEXT, None),
        ("NaN", TIMESTAMP, None),
        (None, TIMESTAMP, None),
        (["2026-11-01"], TEXT, None),
    ],
)
def test_times_in_all_forms_of_the_wire(value: Value, shape: Shape, expected: Decimal | None) -> None:
    assert read_instant(value, shape) == expected


def times(*instants: int, rule: TimeRule = RELATIVE) -> list[Time]:
    return [Time((f"T{i}",), Decimal(instant), rule) for i, instant in enumerate(instants)]


def names(asked: list[Time], *recorded: int) -> list[str]:
    return [".".join(each.names) for each in time_differences(asked, list(map(Decimal, recorded)))]


_INSTANTS = st.lists(st.integers(0, 10**10), min_size=1, max_size=4)
_SHIFTS = st.integers(-(10**10), 10**10)


@given(_INSTANTS, _SHIFTS)
def test_relative_times_may_all_be_shifted(instants: list[int], shift: int) -> None:
    shifted = times(*(instant + shift for instant in instants))
    assert not names(shifted, *instants)
    assert remoteness(shifted, list(map(Decimal, instants))) == Remoteness(Decimal(0), Decimal(abs(shift)))


@given(_INSTANTS.filter(lambda each: len(each) > 1), _SHIFTS, st.data())
def test_no_distance_of_relative_times_may_change(instants: list[int], shift: int, data: st.DataObject) -> None:
    changed = [instant + shift for instant in instants]
    index = data.draw(st.integers(0, len(instants) - 1))
    changed[index] += data.draw(st.integers(int(TOLERANCE) + 1, 10**9)) * data.draw(st.sampled_from([1, -1]))
    assert names(times(*changed), *instants)


@given(_INSTANTS, st.integers(-7200, 7200))
def test_times_within_a_duration_match(instants: list[int], shift: int) -> None:
    asked = times(*(instant + shift for instant in instants), rule=WITHIN)
    assert (not names(asked, *instants)) == (abs(shift) <= 3600)


def test_only_relative_times_share_the_offset() -> None:
    asked = [*times(1000, 1060), Time(("Seen",), Decimal(50), WITHIN)]
    assert not names(asked, 0, 60, 3600)
    assert names(asked, 0, 60, 3651) == ["Seen"]


def test_a_difference_says_how_times_differ_by_the_rule() -> None:
    (found,) = time_differences(times(0, 8 * 86400), [Decimal(50), Decimal(50 + 7 * 86400 + 3660)])
    assert found.reason == "8d from T0, in the cassette 7d 1h"
    (found,) = time_differences(times(0, rule=WITHIN), [Decimal(5405)])
    assert found.reason == "1h 30m apart, at most 1h match"
