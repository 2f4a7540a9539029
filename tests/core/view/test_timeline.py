"""The timeline of a cassette: the order of writes, and the takes between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.aws.call import Answer
from awstape.core.cassette.cassette import After, Cassette, Page, Take, Track
from awstape.core.view.timeline import Timeline, timeline_of
from support.exchanges import MODELS

PAGE = Page(None, None, Answer({}))


def track(operation: str, name: str = "") -> Track:
    return Track("iam", operation, None, {"RoleName": name} if name else {})


def after(operation: str, name: str = "", take: int = 1) -> After:
    return After(track(operation, name), take)


def takes(read: Track, *writes: After | None) -> list[Take]:
    """The takes of a track, each with the write that it comes after."""
    return [Take(read, (PAGE,), after=write) for write in writes]


def timeline(*groups: list[Take]) -> Timeline:
    return timeline_of(Cassette.of(take for group in groups for take in group), MODELS)


CREATE, DELETE = after("CreateRole", "one"), after("DeleteRole", "one")
GET, LIST = track("GetRole", "one"), track("ListRoles")


def test_takes_stand_between_the_writes_that_they_come_after() -> None:
    found = timeline(takes(GET, None, CREATE, DELETE), takes(CREATE.track, None), takes(DELETE.track, None))
    assert found.writes == (CREATE, DELETE)
    assert [(lane.track, lane.epochs) for lane in found.lanes] == [(GET, (0, 1, 2))]
    assert (found.unmoved, found.silent) == (0, ())


def test_the_takes_tell_the_order_of_the_writes_and_their_names_do_not() -> None:
    attach, tag = after("AttachRolePolicy", "one"), after("TagRole", "one")
    found = timeline(takes(GET, tag, attach), takes(LIST, None, CREATE, tag))
    assert found.writes == (CREATE, tag, attach)
    assert [(lane.track, lane.epochs) for lane in found.lanes] == [(LIST, (0, 1, 2)), (GET, (2, 3))]


def test_the_takes_of_one_write_stand_in_their_order() -> None:
    again = after("CreateRole", "one", 2)
    assert timeline(takes(GET, again), takes(LIST, CREATE)).writes == (CREATE, again)


def test_a_take_that_comes_after_no_write_stands_with_the_one_before_it() -> None:
    found = timeline(takes(GET, None, None, CREATE, None))
    assert found.lanes[0].epochs == (0, 0, 1, 1)


def test_what_is_not_drawn_is_counted() -> None:
    found = timeline(takes(GET, None, None), takes(LIST, None), takes(CREATE.track, None))
    assert [lane.track for lane in found.lanes] == [GET]
    assert (found.unmoved, found.silent) == (1, (CREATE.track,))


def test_repeated_writes_alone_make_no_timeline() -> None:
    assert timeline(takes(CREATE.track, None, None), takes(LIST, None)).lanes == ()


def test_takes_that_contradict_each_other_leave_the_order_of_the_tracks() -> None:
    found = timeline(takes(GET, DELETE, CREATE), takes(LIST, CREATE, DELETE))
    assert found.writes == (CREATE, DELETE)
    assert {lane.track: lane.epochs for lane in found.lanes} == {GET: (2, 1), LIST: (1, 2)}


_WRITES = [after(operation, name) for operation in ("CreateRole", "DeleteRole", "TagRole") for name in ("one", "two")]


@given(st.permutations(_WRITES), st.lists(st.sets(st.sampled_from(range(6))), min_size=1, max_size=5))
def test_what_was_recorded_in_an_order_is_shown_in_it(order: list[After], changed: list[set[int]]) -> None:
    """Whatever the writes were and whichever of them changed an answer, each track's takes go from left to right."""
    groups = [
        takes(track("GetRole", f"read{number}"), None, *(order[i] for i in sorted(each)))
        for number, each in enumerate(changed)
    ]
    found = timeline(*groups)
    assert set(found.writes) == {order[i] for each in changed for i in each}
    for lane in found.lanes:
        assert list(lane.epochs) == sorted(set(lane.epochs))
        number = int(lane.track.identity["RoleName"].removeprefix("read"))  # type: ignore[union-attr]
        assert [found.writes[epoch - 1] for epoch in lane.epochs[1:]] == [order[i] for i in sorted(changed[number])]


@pytest.mark.parametrize("text", ["", "x" * 1000])
def test_any_identity_has_a_place(text: str) -> None:
    assert timeline(takes(track("GetRole", text), None, CREATE)).lanes[0].epochs == (0, 1)
