"""Listings that a program stopped reading and read on later, as the AWS CLI does with `--starting-token`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.aws.model import Value
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.faults import Fault
from support import paging
from support.exchanges import Exchange, fail, journalled, player, recorder, request, respond, restored
from support.strategies import few

NAME = "ListUsers"
ALL = ("ann", "bob", "cem", "dan", "eve", "fay", "gil")
UNKNOWN = "ListUsers: continues a listing whose first page was not recorded"


def pages(
    size: int, begin: int = 0, count: int = 99, everybody: tuple[str, ...] = ALL, run: str = "T"
) -> list[Exchange]:
    """Pages of a listing of users, from the item at `begin` on. run: its tokens differ from those of other runs."""
    exchanges = []
    for at in list(range(begin, max(len(everybody), 1), size))[:count]:
        end = at + size
        asked: dict[str, Value] = {"Marker": f"{run}-{at}"} if at else {}
        more: dict[str, Value] = {"Marker": f"{run}-{end}"} if end < len(everybody) else {}
        users: list[Value] = [{"UserName": name} for name in everybody[at:end]]
        output = {"IsTruncated": bool(more), "Users": users, **more}
        exchanges.append((request(NAME, {**asked, "MaxItems": size}), respond(NAME, output)))
    return exchanges


def recorded(*runs: Iterable[Exchange]) -> Cassette:
    """The cassette after several recordings, one after the other."""
    cassette = Cassette()
    for run in runs:
        cassette = recorder(*run).finish(cassette).merged
    return cassette


def sizes(cassette: Cassette) -> list[list[int]]:
    """Take by take, page by page: the number of users."""
    found = []
    for take in cassette.takes:
        outputs = [page.answer.output or {} for page in take.pages]
        found.append([len(users) if isinstance(users := output.get("Users"), list) else 0 for output in outputs])
    return found


@pytest.mark.parametrize("is_older", [True, False], ids=["older recording", "same recording"])
@pytest.mark.parametrize(
    ("first", "resumed", "expected"),
    [
        (pages(2, count=1), pages(2, 2), [2, 2, 2, 1]),
        (pages(2, count=1), pages(3, 2), [2, 3, 2]),
        (pages(2, count=1), pages(100, 2), [2, 5]),
        # A program that takes three of four items begins anew at the second page.
        (pages(2, count=2), pages(2, 2), [2, 2, 2, 1]),
        (pages(2, count=2), pages(1, 2), [2, 2, 1, 1, 1]),
        (pages(2, count=2), pages(3, 2), [2, 3, 2]),
        (pages(2, count=2), pages(1, 2, count=1), [2, 2]),
        (pages(2), pages(3, 2), [2, 2, 2, 1]),
        (pages(2), pages(1, 4, count=2), [2, 2, 2, 1]),
    ],
)
def test_a_resumed_listing_joins_its_take(
    first: list[Exchange], resumed: list[Exchange], expected: list[int], is_older: bool
) -> None:
    runs = [first, resumed] if is_older else [[*first, *resumed]]
    assert sizes(recorded(*runs)) == [expected]
    assert not recorder(*resumed).finish(recorded(first)).skipped


@few(60)
@given(st.integers(1, 9), st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.booleans(), st.data())
def test_the_whole_listing_is_replayed(
    count: int, size: int, stop: int, resumed_size: int, is_older: bool, data: st.DataObject
) -> None:
    """However it was cut, and wherever it was resumed: each item once, in order."""
    everybody = tuple(f"user-{i}" for i in range(count))
    first = pages(size, count=stop, everybody=everybody)
    boundary = data.draw(st.integers(1, len(first))) * size
    resumed = pages(resumed_size, boundary, everybody=everybody) if boundary < count else []
    cassette = recorded(*([first, resumed] if is_older else [[*first, *resumed]]))
    got = list(paging.follow(player(cassette), NAME, {}))
    seen = [user["UserName"] for page in got for user in page.parsed["Users"]]
    whole = [
        user["UserName"]
        for page in paging.follow(player(recorded(pages(9, everybody=everybody))), NAME, {})
        for user in page.parsed["Users"]
    ]
    assert seen == whole
    assert len(cassette.takes) == 1


def test_the_resumed_pages_may_stop_again() -> None:
    assert sizes(recorded(pages(2, count=1), pages(2, 2, count=1), pages(1, 4))) == [[2, 2, 1, 1, 1]]


def test_a_resumed_listing_ends_with_its_error() -> None:
    (asked, _), *_ = pages(2, 2)
    cassette = recorded(pages(2, count=1), [(asked, fail(NAME, 403, "AccessDenied", "no"))])
    (take,) = cassette.takes
    assert [page.answer.error and page.answer.error.code for page in take.pages] == [None, "AccessDenied"]


def test_other_takes_of_the_track_stay() -> None:
    changed = pages(2, everybody=("ann", "zoe", "cem"), run="U")
    cassette = recorded([*changed, *pages(2, count=1)], pages(3, 2))
    assert sizes(cassette) == [[2, 1], [2, 3, 2]]


def test_pages_of_unknown_origin_are_not_joined() -> None:
    """Pages from before the end, which do not fit; two takes that they could continue; no take at all."""
    other = pages(2, 2, everybody=("x", "y", "cem", "bob", "z"))
    for old in (pages(2, count=1), [*pages(2, count=1), *pages(3, count=1, run="U")], []):
        recording = recorder(*other).finish(recorded(old))
        assert recording.merged == recorded(old)
        assert recording.skipped == {UNKNOWN: 2}
    ambiguous = recorded([*pages(2, count=1), *pages(1, count=1, everybody=("zoe", "x"), run="U")])
    assert recorder(*pages(2, 4)).finish(ambiguous).skipped == {UNKNOWN: 2}


def test_a_track_that_is_recorded_anew_is_not_joined_to_the_old_one() -> None:
    old = recorded(pages(2, count=1))
    new = recorder(*pages(3, everybody=("zoe", "yan"), run="U"), *pages(2, 2)).finish(old)
    assert sizes(new.merged) == [[2]]
    assert new.skipped == {UNKNOWN: 3}


def test_a_restored_recording_is_joined_as_well() -> None:
    old = recorded(pages(2, count=2))
    made = restored(journalled(*pages(3, 2))).finish(old).merged
    assert made == recorder(*pages(3, 2)).finish(old).merged
    assert sizes(made) == [[2, 3, 2]]


def test_faults_of_the_old_take_stay_once() -> None:
    (take,) = recorded(pages(2, count=1)).takes
    fault = Fault.parse("throttle page=2")
    old = Cassette((replace(take, faults=(fault,)),))
    (joined,) = recorder(*pages(2, 2)).finish(old).merged.takes
    assert joined.faults == (fault,)
