"""The nearest track of a miss: which one it is, and that a miss costs the same in a large cassette."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.aws.call import Answer
from awstape.core.aws.model import Value
from awstape.core.aws.wire import Request
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.core.compare.identity_meaning import member_meanings
from awstape.core.replay.misses import Miss
from awstape.core.replay.nearest_track import NearestTracks, identity_differences
from awstape.core.replay.player import Player
from support.exchanges import operation, player, request
from support.growth import count_calls

GET_ROLE_POLICY = operation("GetRolePolicy")
IDENTITIES = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["x", "y", "1", 1, True]), max_size=4)


def track(**identity: Value) -> Track:
    return Track("iam", "GetRolePolicy", None, identity)


def nearest(tracks: list[Track], wanted: dict[str, Value]) -> Track | None:
    meanings = [member_meanings(GET_ROLE_POLICY, each.identity) for each in tracks]
    found = NearestTracks(zip(tracks, meanings, strict=True))
    return found.find(wanted, member_meanings(GET_ROLE_POLICY, wanted))


@given(st.lists(IDENTITIES, min_size=1, max_size=20), IDENTITIES)
def test_no_track_differs_in_fewer_members(recorded: list[dict[str, Value]], wanted: dict[str, Value]) -> None:
    tracks = [track(**identity) for identity in recorded]
    found = nearest(tracks, wanted)
    assert found is not None
    assert found in tracks

    def count(to: Track) -> int:
        return len(identity_differences(GET_ROLE_POLICY, wanted, to))

    assert count(found) == min(map(count, tracks))


def test_the_most_similar_of_equally_different_tracks_is_the_nearest() -> None:
    tracks = [track(RoleName=name) for name in ("Deploy", "Audit", "Auditor")]
    assert nearest(tracks, {"RoleName": "Auditors"}) == tracks[2]
    assert nearest([], {"RoleName": "Auditors"}) is None


@pytest.mark.parametrize("wanted", [{"RoleName": "Deploy", "PolicyName": "new"}, {"RoleName": "New0100"}])
def test_a_track_with_a_rare_value_or_a_similar_text_is_found_among_thousands(wanted: dict[str, Value]) -> None:
    names = [f"Role{number:04}" for number in range(3000)]
    tracks = [track(RoleName=name, PolicyName="default") for name in names]
    tracks += [track(RoleName="Deploy", PolicyName="first"), track(RoleName="New0101")]
    found = nearest(tracks, wanted)
    assert found == (tracks[-2] if "PolicyName" in wanted else tracks[-1])


def test_a_track_whose_text_ends_alike_is_found_among_thousands() -> None:
    tracks = [track(RoleName=f"{number:04}-role") for number in range(3000)] + [track(RoleName="a-payments-writer")]
    assert nearest(tracks, {"RoleName": "zz-payments-writer"}) == tracks[-1]


def large(size: int) -> Player:
    """A replay of so many tracks, which has answered a miss and a wrong token already."""
    answer = Answer({"PolicyNames": [], "IsTruncated": False})
    tracks = (Track("iam", "ListRolePolicies", None, {"RoleName": f"Role{number:05}"}) for number in range(size))
    playing = player(Cassette.of(Take(each, (Page(None, None, answer),)) for each in tracks), key=None)
    assert {type(playing.answer(asked)) for asked in ASKED} == {Miss}
    return playing


UNKNOWN = request("ListRolePolicies", {"RoleName": "Other"})
WRONG_TOKEN = request("ListRolePolicies", {"RoleName": "Role00001", "Marker": "unknown"})
ASKED = (UNKNOWN, WRONG_TOKEN)


def test_a_miss_costs_little_more_in_a_cassette_of_thousands_than_in_one_of_ten() -> None:
    few, many = large(10), large(2400)
    assert count_calls(lambda: many.answer(UNKNOWN)) <= 3 * count_calls(lambda: few.answer(UNKNOWN))


@pytest.mark.parametrize("asked", ASKED, ids=["identity", "token"])
def test_a_miss_costs_the_same_in_a_cassette_four_times_as_large(asked: Request) -> None:
    small, four_times = large(600), large(2400)
    assert count_calls(lambda: four_times.answer(asked)) <= 1.02 * count_calls(lambda: small.answer(asked))


# --- the part that differs ---

STATEMENT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def document(*actions: str, indent: int | None = None) -> str:
    statements = [STATEMENT] * 20 + [{**STATEMENT, "Action": action} for action in actions]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=indent)


@pytest.mark.parametrize("name", ["PolicyDocument", "Unknown"])
def test_a_long_document_is_shown_from_where_it_differs(name: str) -> None:
    put = operation("PutRolePolicy")
    recorded = Track("iam", "PutRolePolicy", None, {name: document("s3:PutObject"), "RoleName": "x"})
    for indent in (None, 4):
        asked: dict[str, Value] = {name: document("s3:DeleteObject", indent=indent), "RoleName": "x"}
        (found,) = identity_differences(put, asked, recorded)
        assert found.member == name
        assert '"s3:DeleteObject"' in found.request
        assert '"s3:PutObject"' in found.cassette
        assert len(str(found)) < 500


def test_a_long_list_is_shown_from_the_first_item_that_differs() -> None:
    simulate = operation("SimulatePrincipalPolicy")
    names = [f"service{number}:Action" for number in range(100)]
    recorded = Track("iam", "SimulatePrincipalPolicy", None, {"ActionNames": [*names]})
    (found,) = identity_differences(simulate, {"ActionNames": [*names[::-1], "z:Other"]}, recorded)
    assert '"z:Other"' in found.request
    assert found.cassette.startswith("…")
    (found,) = identity_differences(simulate, {}, recorded)
    assert (found.request, len(found.cassette) < 200) == ("nothing", True)
