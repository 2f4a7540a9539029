"""The nearest track of a miss: which one it is, and that a miss costs the same in a large cassette."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.aws.call import Answer
from awstape.core.aws.model import Value
from awstape.core.aws.wire import Request
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.core.replay.misses import Miss
from awstape.core.replay.nearest_track import NearestTracks, identity_differences
from awstape.core.replay.player import Player
from support.exchanges import player, request
from support.growth import count_calls

IDENTITIES = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["x", "y", "1", 1, True]), max_size=4)


def track(**identity: Value) -> Track:
    return Track("iam", "GetRolePolicy", None, identity)


@given(st.lists(IDENTITIES, min_size=1, max_size=20), IDENTITIES)
def test_no_track_differs_in_fewer_members(recorded: list[dict[str, Value]], wanted: dict[str, Value]) -> None:
    tracks = [track(**identity) for identity in recorded]
    found = NearestTracks(tracks).find(wanted)
    assert found in tracks
    assert len(identity_differences(wanted, found)) == min(len(identity_differences(wanted, each)) for each in tracks)


def test_the_most_similar_of_equally_different_tracks_is_the_nearest() -> None:
    tracks = [track(RoleName=name) for name in ("Deploy", "Audit", "Auditor")]
    assert NearestTracks(tracks).find({"RoleName": "Auditors"}) == tracks[2]
    assert NearestTracks([]).find({"RoleName": "Auditors"}) is None


@pytest.mark.parametrize("wanted", [{"RoleName": "Deploy", "PolicyName": "new"}, {"RoleName": "New0100"}])
def test_a_track_with_a_rare_value_or_a_similar_text_is_found_among_thousands(wanted: dict[str, Value]) -> None:
    names = [f"Role{number:04}" for number in range(3000)]
    tracks = [track(RoleName=name, PolicyName="default") for name in names]
    tracks += [track(RoleName="Deploy", PolicyName="first"), track(RoleName="New0101")]
    found = NearestTracks(tracks).find(wanted)
    assert found == (tracks[-2] if "PolicyName" in wanted else tracks[-1])


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


@pytest.mark.parametrize("asked", ASKED, ids=["identity", "token"])
def test_a_miss_costs_the_same_in_a_cassette_four_times_as_large(asked: Request) -> None:
    small, four_times = large(600), large(2400)
    assert count_calls(lambda: four_times.answer(asked)) <= 1.02 * count_calls(lambda: small.answer(asked))
