"""Requests that failed for a reason that is not AWS's data: they end no take and replace no track, and are reported."""

from __future__ import annotations

from typing import Any

import pytest

from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.model import Value
from awstape.core.aws.wire import Request, Response
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.core.recording.recorder import Recorder, Recording
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
    subject: Recorder = recorder(**options)
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


def test_a_write_that_failed_is_no_take() -> None:
    role: dict[str, Value] = {"RoleName": "zreal"}
    made = recording(
        (request("DeleteRole", role), fail("DeleteRole", 503, "ServiceUnavailable", "no")),
        (request("DeleteRole", role), respond("DeleteRole")),
        include_writes=True,
    )
    assert [take.pages[0].answer.output for take in made.merged.takes] == [{}]


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
