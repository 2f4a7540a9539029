"""Writes in several spellings: they are the takes of one track, so that replay tells the story to any program."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.aws.model import Value
from awstape.core.cassette.cassette import After, Cassette
from awstape.core.cassette.takes import follow_takes
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.editing import edits
from awstape.core.replay.misses import Miss
from awstape.core.replay.player import Player
from support import strategies
from support.exchanges import MODELS, Exchange, cassette, fail, journalled, player, recorder, request, respond, restored

POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"]}]}
COMPACT, INDENTED = json.dumps(POLICY, separators=(",", ":")), json.dumps(POLICY, indent=4)
SORTED = json.dumps(POLICY, sort_keys=True)
TAGS: list[Value] = [{"Key": "team", "Value": "a"}, {"Key": "stage", "Value": "b"}]


def create(document: str = COMPACT, name: str = "alpha", **more: Value) -> Exchange:
    asked: dict[str, Value] = {"RoleName": name, "AssumeRolePolicyDocument": document, **more}
    return request("CreateRole", asked), respond("CreateRole", {"Role": {"RoleName": "alpha"}})


DELETE = (request("DeleteRole", {"RoleName": "alpha"}), respond("DeleteRole"))


def look(age: int | None) -> Exchange:
    """A read; the role's maximum session tells the point of the story. None: there is no role."""
    asked = request("GetRole", {"RoleName": "alpha"})
    if age is None:
        return asked, fail("GetRole", 404, "NoSuchEntity", "no such role")
    return asked, respond("GetRole", {"Role": {"RoleName": "alpha", "MaxSessionDuration": age}})


def story(first: Exchange, second: Exchange) -> list[Exchange]:
    return [first, look(1), DELETE, look(None), second, look(2)]


def ages(playing: Player, program: Iterable[Exchange]) -> list[int | str]:
    """What the reads of a program see: the age of the role, 0 without a role, or the kind of a miss."""
    seen: list[int | str] = []
    for asked, _ in program:
        reply = playing.answer(asked)
        if isinstance(reply, Miss):
            seen.append(reply.kind)
        elif b"GetRoleResponse" in (body := reply.response.body if reply.response else b""):
            seen.append(int(body.partition(b"<MaxSessionDuration>")[2].partition(b"<")[0]))
        elif b"NoSuchEntity" in body:
            seen.append(0)
    return seen


def creations(recorded: Cassette) -> list[tuple[object, int]]:
    """The spellings of the document and the number of takes of each track of CreateRole."""
    tracks = [(track, takes) for track, takes in recorded.tracks() if track.operation == "CreateRole"]
    return [(track.identity["AssumeRolePolicyDocument"], len(takes)) for track, takes in tracks]


def afters(recorded: Cassette) -> list[str]:
    writes = [take.after for take in recorded.takes if take.track.operation == "GetRole"]
    known = {take.track for take in recorded.takes}
    assert all(write.track in known for write in writes if write)
    return [f"{write.track.operation} {write.take}" if write else "-" for write in writes]


SPELLINGS: dict[str, tuple[Exchange, Exchange]] = {
    "a document": (create(COMPACT), create(INDENTED)),
    "the order of members": (create(INDENTED), create(SORTED)),
    "a name in capitals": (create(), create(name="ALPHA")),
}


@pytest.mark.parametrize(("one", "other"), SPELLINGS.values(), ids=SPELLINGS)
def test_a_write_in_two_spellings_is_one_track(one: Exchange, other: Exchange) -> None:
    recorded = cassette(*story(one, other), include_writes=True)
    assert [takes for _, takes in creations(recorded)] == [2]
    assert afters(recorded) == ["-", "DeleteRole 1", "CreateRole 2"]
    for first in (one, other):
        for second in (one, other):
            playing = player(recorded)
            assert ages(playing, story(first, second)) == [1, 0, 2]
            assert not playing.misses


def test_the_spelling_that_came_first_stays() -> None:
    for first, second in ((COMPACT, INDENTED), (INDENTED, COMPACT)):
        recorded = cassette(*story(create(first), create(second)), include_writes=True)
        assert creations(recorded) == [(first, 2)]


def test_an_interrupted_recording_has_the_same_tracks() -> None:
    traffic = [*story(create(COMPACT), create(INDENTED))]
    contents = journalled(*traffic, include_writes=True)
    assert restored(contents).finish().merged == recorder(*traffic, include_writes=True).finish().merged


def test_reads_in_two_spellings_stay_two_tracks() -> None:
    """The letter decides which of them is answered: reads have no order to keep."""
    reads = [
        (request("GetRole", {"RoleName": name}), respond("GetRole", {"Role": {"RoleName": name}}))
        for name in ("alpha", "ALPHA")
    ]
    assert len([*cassette(*reads).tracks()]) == 2


def test_two_orders_of_a_list_stay_two_tracks() -> None:
    """Also if the document is spelled in two ways: each order is one track, that answers both spellings of it."""
    program = [
        *(create(Tags=TAGS), look(1), DELETE, look(None), create(INDENTED, Tags=TAGS[::-1]), look(2)),
        *(DELETE, look(None), create(COMPACT, Tags=TAGS[::-1]), look(3)),
    ]
    recorded = cassette(*program, include_writes=True)
    assert sorted(creations(recorded)) == sorted([(COMPACT, 1), (INDENTED, 2)])
    playing = player(recorded)
    assert ages(playing, program) == [1, 0, 2, 0, 3]
    assert not playing.misses


def tell(steps: Iterable[tuple[str, str]]) -> Iterator[Exchange]:
    """The traffic of a program that creates, deletes and reads a role; an age is never the same twice."""
    ages, age = count(1), 0
    for step, document in steps:
        if step == "CreateRole":
            made = create(document)
            yield made if not age else (made[0], fail("CreateRole", 409, "EntityAlreadyExists", "it is there already"))
            age = age or next(ages)
        elif step == "DeleteRole":
            yield DELETE if age else (DELETE[0], fail("DeleteRole", 404, "NoSuchRole", "no such role"))
            age = 0
        else:
            yield look(age or None)


@strategies.few(60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["GetRole", "CreateRole", "DeleteRole"]), st.sampled_from([COMPACT, INDENTED, SORTED])
        )
    ),
    st.sampled_from([COMPACT, INDENTED, SORTED]),
)
def test_any_spelling_plays_the_story_that_was_recorded_in_several(steps: list[tuple[str, str]], one: str) -> None:
    playing = player(cassette(*tell(steps), include_writes=True))
    program = list(tell((step, one) for step, _ in steps))
    replies = [playing.answer(asked).response for asked, _ in program]
    assert [reply and reply.status for reply in replies] == [answered.status for _, answered in program]
    playing.reset()
    assert ages(playing, program) == ages_of(program)
    assert not playing.misses


def ages_of(program: Iterable[Exchange]) -> list[int]:
    """What the reads of a program saw when it was recorded."""
    reads = [answered for asked, answered in program if asked.body.startswith(b"Action=GetRole&")]
    return [int(reply.body.partition(b"<MaxSessionDuration>")[2].partition(b"<")[0] or 0) for reply in reads]


# --- older cassettes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", [COMPACT, INDENTED, SORTED])
def test_a_write_recorded_again_in_another_spelling_replaces_the_old_track(spelling: str) -> None:
    old = cassette(*story(create(INDENTED), create(COMPACT)), include_writes=True)
    new = recorder(*story(create(spelling), create(COMPACT)), include_writes=True).finish(old)
    assert new.merged == old
    assert {track for track, _ in old.tracks()} == set(new.made)


def test_reads_that_stay_follow_the_write_in_its_other_spelling() -> None:
    old = cassette(*story(create(INDENTED), create(INDENTED)), include_writes=True)
    merged = recorder(create(COMPACT), create(COMPACT), include_writes=True).finish(old).merged
    assert creations(merged) == [(INDENTED, 2)]
    assert afters(merged) == afters(old)
    assert ages(player(merged), story(create(COMPACT), create(SORTED))) == [1, 0, 2]


def test_a_failed_request_in_another_spelling_leaves_the_old_track() -> None:
    old = cassette(create(INDENTED), include_writes=True)
    subject = recorder(create(COMPACT), include_writes=True)
    subject.feed(create(INDENTED)[0], fail("CreateRole", 400, "Throttling", "Rate exceeded"))
    recording = subject.finish(old)
    assert recording.failed == {"Throttling: AWS refused that many requests": 1}
    assert recording.merged == old


def test_merged_cassettes_have_one_track_of_a_write() -> None:
    one = cassette(create(COMPACT), look(1), DELETE, look(None), include_writes=True)
    preferences: list[edits.Preference | None] = [None, "first", "last", "both"]
    for prefer in preferences:
        merged = edits.merge_cassettes(MODELS, [one, cassette(create(INDENTED), include_writes=True)], prefer)
        assert merged == one


def test_merged_cassettes_tell_one_story_after_the_other() -> None:
    one = cassette(look(None), create(COMPACT), look(1), DELETE, look(None), include_writes=True)
    there_already = fail("CreateRole", 409, "EntityAlreadyExists", "it is there already")
    other = cassette(look(1), (create(INDENTED)[0], there_already), look(2), include_writes=True)
    with pytest.raises(edits.EditError, match="differs between the cassettes"):
        edits.merge_cassettes(MODELS, [one, other], None)
    merged = edits.merge_cassettes(MODELS, [one, other], "both")
    assert creations(merged) == [(COMPACT, 2)]
    assert afters(merged) == ["-", "CreateRole 1", "DeleteRole 1", "-", "CreateRole 2"]
    assert read_cassette(write_cassette(merged), MODELS) == merged


@pytest.mark.parametrize("order", [(COMPACT, INDENTED), (INDENTED, COMPACT)])
def test_tracks_of_an_older_version_are_joined_in_the_order_of_their_reads(order: tuple[str, str]) -> None:
    """They have one track for each spelling. Nothing but the reads tells which was first."""
    program = [*story(*map(create, order)), DELETE, look(None), create(order[0]), look(3)]
    whole = cassette(*program, include_writes=True)
    written = [take for take in whole.takes if take.track.operation == "CreateRole"]
    identities = [{**written[0].track.identity, "AssumeRolePolicyDocument": document} for document in order]
    spelled = [replace(written[0].track, identity=identity) for identity in identities]
    old = {1: After(spelled[0], 1), 2: After(spelled[1], 1), 3: After(spelled[0], 2)}
    moved = {(written[0].track, number): place for number, place in old.items()}
    apart = [replace(take, track=place.track) for take, place in zip(written, old.values(), strict=True)]
    rest = [take for take in whole.takes if take.track.operation != "CreateRole"]
    before = whole.with_takes(follow_takes([*apart, *rest], moved))
    assert len(creations(before)) == 2
    mended = edits.merge_cassettes(MODELS, [before], None)
    assert len(creations(mended)) == 1
    assert afters(mended) == afters(whole)
    assert ages(player(mended), [*story(create(), create()), DELETE, look(None), create(), look(3)]) == [1, 0, 2, 0, 3]
