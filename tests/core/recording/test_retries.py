"""Requests that failed for a reason that is not AWS's data: they end no take and replace no track, and are reported."""

from __future__ import annotations

from typing import Any

import pytest

from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.model import Value
from awstape.core.aws.wire import Request, Response
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.core.recording.summary import Recording
from awstape.core.replay.misses import Miss
from awstape.report import recording_facts, recording_lines
from support.exchanges import ACCOUNT, Exchange, fail, listing, player, recorder, request, respond, traverse

NAME = "ListUsers"
EXPIRED = fail(NAME, 403, "ExpiredToken", f"The token of {ACCOUNT} is expired")
FAILURES = {
    "expired credentials": EXPIRED,
    "unknown credentials": fail(NAME, 403, "InvalidClientTokenId", "no"),
    "a wrong secret": fail(NAME, 403, "SignatureDoesNotMatch", "no"),
    "a wrong clock": fail(NAME, 400, "RequestExpired", "no"),
    "throttling": fail(NAME, 400, "Throttling", "Rate exceeded"),
    "a failure": fail(NAME, 503, "ServiceUnavailable", "no"),
    "a gateway": Response(502, (("content-type", "text/html"),), b"<html>Bad Gateway</html>"),
    "a broken connection": None,
}
each_failure = pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)


def users(*names: str, token: str = "T") -> list[Exchange]:
    """A listing of users; each name is a page."""
    return listing(NAME, {}, [{"Users": [{"UserName": name}]} for name in names], token)


def recording(*exchanges: tuple[Request, Response | None], old: Cassette | None = None, **options: Any) -> Recording:
    subject = recorder(**options)
    for asked, answered in exchanges:
        subject.feed(asked, answered)
    return subject.finish(old or Cassette())


def pages(cassette: Cassette) -> list[int]:
    """The number of pages of each take."""
    return [len(take.pages) for take in cassette.takes]


@each_failure
def test_a_failure_is_no_page(failure: Response | None) -> None:
    made = recording((request(NAME), failure))
    assert made.cassette.takes == made.merged.takes == ()
    assert sum(made.failed.values()) == 1


@each_failure
def test_a_failure_ends_no_take(failure: Response | None) -> None:
    first, second, third = users("ann", "bob", "cem")
    made = recording(first, second, (third[0], failure))
    assert pages(made.merged) == [2]
    playing = player(made.merged)
    with pytest.raises(AssertionError, match="the recording ended after page 2"):
        list(traverse(playing, NAME, {}))
    assert isinstance(playing.misses[0], Miss)


@each_failure
@pytest.mark.parametrize("good", [0, 1, 2])
def test_a_failure_replaces_no_complete_track(failure: Response | None, good: int) -> None:
    old = recording(*users("ann", "bob", "cem")).merged
    asked = users("ann", "other", "cem", token="U")
    made = recording(*asked[:good], (asked[good][0], failure), old=old)
    assert made.merged == old
    assert sum(made.failed.values()) == 1


def test_a_track_with_a_failure_replaces_none_even_if_its_takes_are_complete() -> None:
    """The old one has a second take; the new one would have had it, too."""
    old = recording(*users("ann"), *users("ann", "bob")).merged
    assert pages(old) == [1, 2]
    made = recording(*users("ann"), (request(NAME), EXPIRED), old=old)
    assert made.merged == old


@each_failure
def test_a_request_that_is_answered_later_has_not_failed(failure: Response | None) -> None:
    """Whoever sends it: the SDK as a retry, or the program after a new login."""
    first, second = users("ann", "bob")
    made = recording((first[0], failure), first, (second[0], failure), (second[0], failure), second)
    assert pages(made.merged) == [2]
    assert made.failed == {}
    assert made.skipped == {"ListUsers: an error that was retried; the answer to its retry is recorded": 3}


def test_a_listing_that_is_begun_anew_has_not_failed() -> None:
    first, second = users("ann", "bob")
    old = recording(*users("old")).merged
    made = recording(first, (second[0], EXPIRED), *users("ann", "bob", token="U"), old=old)
    assert pages(made.merged) == [2]
    assert made.failed == {}


def test_errors_that_tests_want_are_recorded_and_replace_a_track() -> None:
    old = recording(*users("ann", "bob")).merged
    for status, code in ((403, "AccessDenied"), (404, "NoSuchEntity"), (400, "ValidationError")):
        made = recording((request(NAME), fail(NAME, status, code, "no")), old=old)
        assert [page.answer.error and page.answer.error.code for page in made.merged.takes[0].pages] == [code]
        assert made.failed == {}


@pytest.mark.parametrize("code", ["ExpiredToken", "AccessDenied"])
def test_a_failure_in_a_cassette_is_not_complete(code: str) -> None:
    """An older version recorded them, people may write them: `new_episodes` asks again."""
    page = Page(None, None, Answer(error=Failure(403, code, "no")))
    playing = player(Cassette((Take(Track("iam", NAME, None, {}), (page,)),)))
    assert playing.has_answer(request(NAME)) == (code == "AccessDenied")


# --- writes ---------------------------------------------------------------------------------------------------------

ROLE: dict[str, Value] = {"RoleName": "zreal"}
CREATED = (request("CreateRole", ROLE), respond("CreateRole", {"Role": ROLE}))
DELETED = respond("DeleteRole")
UNKNOWN_OUTCOMES = {"a failure", "a gateway", "a broken connection"}


def delete(invocation: str | None = None) -> Request:
    return request("DeleteRole", ROLE, invocation=invocation)


def holes(cassette: Cassette) -> list[str | None]:
    return [take.hole for take in cassette.takes if take.track.operation == "DeleteRole"]


@pytest.mark.parametrize("kind", FAILURES)
def test_a_write_that_may_have_taken_effect_is_a_hole(kind: str) -> None:
    made = recording((delete(), FAILURES[kind]), CREATED, include_writes=True)
    (problem,) = made.failed
    reason = f"{problem}; nothing tells whether the write took effect"
    assert holes(made.merged) == ([reason] if kind in UNKNOWN_OUTCOMES else [])


@each_failure
def test_a_failed_write_alone_is_not_recorded(failure: Response | None) -> None:
    made = recording((delete(), failure), include_writes=True)
    assert made.merged.takes == ()
    assert sum(made.failed.values()) == 1


@each_failure
@pytest.mark.parametrize("invocation", [None, "one"])
def test_the_answer_to_a_retry_fills_the_hole_of_a_write(failure: Response | None, invocation: str | None) -> None:
    asked = delete(invocation)
    made = recording(CREATED, (asked, failure), (asked, failure), (asked, DELETED), include_writes=True)
    assert holes(made.merged) == [None]
    assert made.failed == {}
    assert made.skipped == {"DeleteRole: an error that was retried; the answer to its retry is recorded": 2}


@pytest.mark.parametrize(("first", "second"), [(None, None), ("one", "two"), ("one", None)])
def test_the_same_write_for_another_reason_fills_no_hole(first: str | None, second: str | None) -> None:
    made = recording((delete(first), None), CREATED, (delete(second), DELETED), include_writes=True)
    assert [hole is None for hole in holes(made.merged)] == [False, True]
    assert sum(made.failed.values()) == 1
    assert made.skipped == {}


def test_a_write_that_was_not_sent_is_no_hole() -> None:
    subject = recorder(CREATED, include_writes=True)
    subject.feed(delete(), None, no_response="the upstream can't be reached")
    made = subject.finish()
    assert holes(made.merged) == []
    assert sum(made.failed.values()) == 1


def test_a_hole_replaces_no_write_that_was_recorded() -> None:
    old = recording(CREATED, (delete(), DELETED), include_writes=True).merged
    made = recording(CREATED, (delete(), None), old=old, include_writes=True)
    assert made.merged == old


def test_the_summary_begins_with_what_failed() -> None:
    exchanges = [(request(NAME), EXPIRED), (request("ListRoles"), EXPIRED), (request("ListGroups"), None)]
    groups = (request("ListGroups", {"PathPrefix": "/a/"}), respond("ListGroups", {"Groups": []}))
    made = recording(*exchanges, groups)
    lines = list(recording_lines("a.yaml", made))
    assert lines[:3] == [
        "ExpiredToken: the credentials have expired; 2 requests not recorded",
        "no response: the connection broke; 1 request not recorded",
        "recorded a.yaml: 1 track, 1 page, 0 items",
    ]
    assert recording_facts("a.yaml", made)["failed"] == made.failed
    nothing = recording(*exchanges)
    assert list(recording_lines("a.yaml", nothing))[2] == "nothing was recorded, a.yaml was not written"
    assert not [line for line in lines if ACCOUNT in line]
