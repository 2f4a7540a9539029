"""Recordings of principals into a cassette that exists: what is replaced, and what stands beside it."""

from __future__ import annotations

import pytest

from awstape.core.cassette.cassette import Cassette
from awstape.core.redaction.aliases import Aliases
from support.exchanges import KEY, Exchange, cassette, player, recorder, request, respond
from support.principals import OTHER_USER, ROLE, ROLE_AGAIN, SECOND_ROLE, USER, assume, identity, users

AUDITOR, PERSON = (
    f"{kind}/{Aliases(KEY).spell_name(name)}" for kind, name in (("role", "zauditor"), ("user", "zuser1"))
)


def merged(old: Cassette, *exchanges: Exchange) -> Cassette:
    return recorder(*exchanges, old=old).finish(old).merged


def lists(found: Cassette) -> dict[str | None, list[int]]:
    """Principal → how many users it gets, take by take."""
    counts: dict[str | None, list[int]] = {}
    for take in found.takes:
        if take.track.operation == "ListUsers":
            output = take.pages[0].answer.output or {}
            counts.setdefault(take.track.principal, []).append(len(output["Users"]))  # type: ignore[arg-type]
    return counts


ONE_USER = cassette(identity(USER), users(USER, 1))
ROLE_AND_UNKNOWN = cassette(assume(ROLE), users(USER, 1), users(ROLE, 2))
BOTH = cassette(identity(USER), assume(ROLE), users(USER, 1), users(ROLE, 2))


@pytest.mark.parametrize(
    ("old", "traffic", "expected"),
    [
        (ONE_USER, [identity(USER), users(USER, 3)], {None: [3]}),
        (ONE_USER, [users(USER, 3)], {None: [3]}),
        (cassette(users(USER, 1)), [identity(USER), users(USER, 3)], {None: [3]}),
        (ONE_USER, [assume(ROLE), users(ROLE, 2)], {None: [1], AUDITOR: [2]}),
        (ONE_USER, [identity(ROLE), users(ROLE, 2)], {None: [1], AUDITOR: [2]}),
        (cassette(users(USER, 1)), [identity(ROLE), users(ROLE, 2)], {None: [2]}),
        (cassette(assume(ROLE), users(ROLE, 1)), [assume(ROLE_AGAIN), users(ROLE_AGAIN, 2)], {None: [2]}),
        (ONE_USER, [identity(USER), assume(ROLE), users(USER, 3), users(ROLE, 2)], {PERSON: [3], AUDITOR: [2]}),
        (BOTH, [assume(ROLE_AGAIN), users(ROLE_AGAIN, 3)], {PERSON: [1], AUDITOR: [3]}),
        (BOTH, [identity(USER), users(USER, 3)], {PERSON: [3], AUDITOR: [2]}),
        (BOTH, [users(OTHER_USER, 3)], {None: [3], PERSON: [1], AUDITOR: [2]}),
        (ROLE_AND_UNKNOWN, [identity(USER), users(USER, 3)], {PERSON: [3], AUDITOR: [2]}),
    ],
    ids=range(12),
)
def test_what_a_recording_replaces(
    old: Cassette, traffic: list[Exchange], expected: dict[str | None, list[int]]
) -> None:
    found = merged(old, *traffic)
    assert lists(found) == expected
    assert lists(merged(found, *traffic)) == expected, "once more"


def test_a_new_role_is_not_answered_from_what_another_one_recorded() -> None:
    """In `new_episodes`: it is recorded, and the tracks stand side by side."""
    feeding, playing = recorder(old=ONE_USER), player(ONE_USER)
    by_user, by_role = request("ListUsers", caller=USER), request("ListUsers", caller=ROLE)
    assert playing.has_answer(by_user)
    for asked, answered in [assume(ROLE)]:
        playing.learn(asked, answered)
        feeding.feed(asked, answered)
    assert (playing.has_answer(by_user), playing.has_answer(by_role)) == (True, False)
    feeding.feed(*users(ROLE, 2))
    both = feeding.finish(ONE_USER).merged
    assert lists(both) == {None: [1], AUDITOR: [2]}

    playing = player(both)
    playing.learn(*assume(ROLE_AGAIN))
    assert all(playing.has_answer(request("ListUsers", caller=key)) for key in (USER, ROLE_AGAIN))


def test_a_listing_that_goes_on_is_that_of_its_principal() -> None:
    def page(key: str, token: str | None, more: str | None) -> Exchange:
        output = {"Users": [{"UserName": "z"}], "IsTruncated": more is not None, **({"Marker": more} if more else {})}
        return request("ListUsers", {"Marker": token} if token else {}, caller=key), respond("ListUsers", output)  # type: ignore[arg-type]

    told = [assume(ROLE), assume(SECOND_ROLE), assume(ROLE_AGAIN)]
    begun = [page(ROLE, None, "T1"), page(SECOND_ROLE, None, "T1")]
    made = cassette(*told, *begun, page(ROLE_AGAIN, "T1", "T2"), page(SECOND_ROLE, "T1", None), page(ROLE, "T2", None))
    pages = {take.track.principal: len(take.pages) for take in made.takes if take.track.operation == "ListUsers"}
    assert pages == {AUDITOR: 3, f"role/{Aliases(KEY).spell_name('zadmin')}": 2}
