"""The recorder: which exchanges become takes and pages, what is skipped and noted, and that no real value is left."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.aws.model import Value
from awstape.core.aws.wire import Request, Response
from awstape.core.cassette.cassette import Page
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.recording.recorder import Recorder
from awstape.core.redaction.redactor import Redactor
from support import strategies
from support.exchanges import (
    ACCOUNT,
    KEY,
    MODELS,
    Exchange,
    cassette,
    fail,
    journalled,
    listing,
    player,
    record,
    recorder,
    request,
    respond,
    restored,
)

POLICY: dict[str, Value] = {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
NAME = "ListPolicyVersions"
_FORM = (("content-type", "application/x-www-form-urlencoded"),)


def versions(*ids: str) -> dict[str, Value]:
    return {"Versions": [{"VersionId": f"v{i}"} for i in ids]}


def traversal(*pages: str, token: str = "T", limit: int | None = None) -> list[Exchange]:
    """A listing of policy versions; each letter of `pages` is a version."""
    limits: dict[str, Value] = {} if limit is None else {"MaxItems": limit}
    return listing(NAME, {**POLICY, **limits}, [versions(*page) for page in pages], token)


def takes(*exchanges: Exchange, **options: Any) -> list[list[str]]:
    """Take by take, page by page: the versions in it, or the code of the error."""
    return [[_page_text(page) for page in take.pages] for take in cassette(*exchanges, **options).takes]


def _page_text(page: Page) -> str:
    if page.hole is not None:
        return "hole"
    if page.answer.error:
        return page.answer.error.code or str(page.answer.error.status)
    found: Any = (page.answer.output or {}).get("Versions", [])
    return "".join(version["VersionId"][1:] for version in found)


# --- takes ------------------------------------------------------------------------------------------------------


def test_a_traversal_is_a_take() -> None:
    (take,) = cassette(*traversal("12", "34", "5", limit=2)).takes
    assert [_page_text(page) for page in take.pages] == ["12", "34", "5"]
    assert [page.limit for page in take.pages] == [2, 2, 2]
    first, second, third = take.pages
    assert first.token is None
    assert first.answer.output is not None and second.answer.output is not None and third.answer.output is not None
    assert (first.answer.output["Marker"], second.answer.output["Marker"]) == (second.token, third.token)
    assert "Marker" not in third.answer.output
    assert second.token and second.token.startswith("page-2.")


def test_an_equal_listing_is_no_new_take() -> None:
    assert takes(*traversal("1", "2"), *traversal("1", "2", token="U")) == [["1", "2"]]


def test_a_recording_of_a_replay_is_the_same_cassette() -> None:
    """Its tokens are named by position already; they are no real tokens."""
    recorded = cassette(*traversal("12", "34", "5"))
    playing = player(recorded)
    tokens = [page.token for page in recorded.takes[0].pages]
    identity = recorded.takes[0].track.identity
    asked = [request(NAME, {**identity, "Marker": token} if token else identity) for token in tokens]
    replayed = [(each, reply.response) for each in asked if (reply := playing.answer(each)).response]
    assert cassette(*replayed) == recorded


def test_a_changed_listing_is_a_new_take() -> None:
    assert takes(*traversal("1", "2"), *traversal("1", "3", token="U")) == [["1", "2"], ["1", "3"]]
    assert takes(*traversal("1"), *traversal("1", "2")) == [["1"], ["1", "2"]]
    assert takes(*traversal("1"), *traversal("2"), *traversal("1")) == [["1"], ["2"], ["1"]]


def test_tokens_of_later_takes_name_their_take() -> None:
    first, second = cassette(*traversal("1", "2"), *traversal("1", "3", token="U")).takes
    assert second.pages[1].token == f"take-2.{first.pages[1].token}"


def test_a_client_that_stops_in_mid_listing() -> None:
    whole = traversal("1", "2", "3")
    assert takes(*whole[:2]) == [["1", "2"]]
    assert takes(*whole[:1], *traversal("1", "2", "3", token="U")) == [["1", "2", "3"]]
    assert takes(*whole, *traversal("1", "2", "3", token="U")[:2]) == [["1", "2", "3"]]
    assert takes(*whole[:1], *traversal("1", "2", "3", token="U")[:2], *traversal("1", "2", "3", token="V")) == [
        ["1", "2", "3"]
    ]
    assert takes(*whole[:1], *traversal("9", "2")) == [["1"], ["9", "2"]]


def test_a_page_fetched_again_is_dropped_and_its_new_token_leads_on() -> None:
    first, second, third = traversal("1", "2", "3")
    again = (second[0], respond(NAME, {"IsTruncated": True, **versions("2"), "Marker": "Z"}))
    third_again = (request(NAME, {**POLICY, "Marker": "Z"}), third[1])
    assert takes(first, second, second, third, second) == [["1", "2", "3"]]
    assert takes(first, second, again, third_again) == [["1", "2", "3"]]
    assert takes(first, second, third, again, third_again) == [["1", "2", "3"]]


def test_a_different_page_with_the_same_token_begins_a_take() -> None:
    first, second, third = traversal("1", "2", "3")
    other = (second[0], respond(NAME, {"IsTruncated": True, **versions("7"), "Marker": "Z"}))
    last = (request(NAME, {**POLICY, "Marker": "Z"}), respond(NAME, {"IsTruncated": False, **versions("8")}))
    assert takes(first, second, third, other, last) == [["1", "2", "3"], ["1", "7", "8"]]
    assert takes(first, second, other, last, third) == [["1", "2", "3"], ["1", "7", "8"]]


@pytest.mark.parametrize("tokens", ["TU", "TT"], ids=["different tokens", "the same tokens"])
def test_interleaved_traversals_of_one_listing(tokens: str) -> None:
    one, other = traversal("1", "2", "3", token=tokens[0]), traversal("1", "2", "3", token=tokens[1])
    for order in set(itertools.permutations([0, 0, 0, 1, 1, 1])):
        sides = [iter(one), iter(other)]
        assert takes(*(next(sides[side]) for side in order)) == [["1", "2", "3"]]


def test_interleaved_traversals_that_differ() -> None:
    one, other = traversal("1", "2", "3"), traversal("1", "2", "4", token="U")
    assert takes(*one[:2], *other[:2], *one[2:], *other[2:]) == [["1", "2", "3"], ["1", "2", "4"]]
    assert takes(one[0], other[0], other[1], one[1], other[2], one[2]) == [["1", "2", "3"], ["1", "2", "4"]]


def test_two_clients_with_one_token_and_one_that_continues() -> None:
    first, second = traversal("1", "2")
    assert takes(first, first, second) == [["1", "2"]]


def test_the_smaller_limit_is_kept_in_either_order() -> None:
    small, large = traversal("1", "2", limit=1), traversal("1", "2", limit=5, token="U")
    none = traversal("1", "2", token="V")
    for order in itertools.permutations([small, large, none]):
        (take,) = cassette(*itertools.chain(*order)).takes
        assert [page.limit for page in take.pages] == [1, 1]


def test_a_limit_that_aws_refuses() -> None:
    refused = fail(NAME, 400, "ValidationError", "1 validation error detected")
    (take,) = cassette((request(NAME, {**POLICY, "MaxItems": 0}), refused)).takes
    assert take.pages[0].limit is None


def test_an_empty_token_ends_a_listing_and_stays() -> None:
    answer = Response(200, (("content-type", "application/json"),), b'{"findings":[],"nextToken":""}')
    (take,) = cassette((request("ListFindings", {"analyzerArn": "x"}), answer)).takes
    assert take.pages[0].answer.output == {"findings": [], "nextToken": ""}


def test_a_token_beside_is_truncated_false_ends_a_listing() -> None:
    answer = respond(NAME, {"IsTruncated": False, **versions("1"), "Marker": "zrealtoken"})
    (take,) = cassette((request(NAME, POLICY), answer)).takes
    assert len(take.pages) == 1
    assert "zrealtoken" not in str(take)


def test_identity_and_region_distinguish_tracks() -> None:
    ask = {"analyzerArn": "x", "id": "1"}
    found = respond("GetFinding", {"finding": {"id": "1"}})
    recorded = cassette(
        (request("GetFinding", ask, region="us-west-2"), found),
        (request("GetFinding", {"analyzerArn": "x", "id": "2"}), found),
        (request("GetFinding", ask), found),
    )
    assert [(take.track.region, take.track.identity["id"]) for take in recorded.takes] == [
        ("eu-west-1", "1"),
        ("eu-west-1", "2"),
        ("us-west-2", "1"),
    ]


def test_items_are_counted() -> None:
    assert record(*traversal("12", "3"), *traversal("12", "3", token="U")).items == 3


# --- retries and errors -----------------------------------------------------------------------------------------

THROTTLED = [
    fail(NAME, 400, "Throttling", "Rate exceeded"),
    fail(NAME, 503, "ServiceUnavailable", "wait"),
    Response(503, (), b""),
    Response(502, (("content-type", "text/html"),), b"<html>Bad Gateway</html>"),
]


@pytest.mark.parametrize("throttled", THROTTLED, ids=["Throttling", "503", "empty 503", "HTML 502"])
@pytest.mark.parametrize("named", [True, False], ids=["invocation id", "no invocation id"])
def test_a_retry_replaces_the_error(throttled: Response, named: bool) -> None:
    def call(number: int, input_: dict[str, Value]) -> Request:
        return request(NAME, input_, invocation=f"i{number}" if named else None)

    answered = [response for _, response in traversal("1", "2")]
    asked = [{**POLICY}, {**POLICY, "Marker": "T1"}]
    exchanges = [
        (call(1, asked[0]), throttled),
        (call(1, asked[0]), throttled),
        (call(1, asked[0]), answered[0]),
        (call(2, asked[1]), throttled),
        (call(2, asked[1]), answered[1]),
    ]
    assert takes(*exchanges) == [["1", "2"]]


def test_errors_that_were_not_retried_stay() -> None:
    gone = fail(NAME, 404, "NoSuchEntity", "none")
    assert takes((request(NAME, POLICY), gone), (request(NAME, POLICY), gone)) == [["NoSuchEntity"]]
    assert takes((request(NAME, POLICY), gone), *traversal("1")) == [["NoSuchEntity"], ["1"]]
    assert takes(*traversal("1"), (request(NAME, POLICY), gone)) == [["1"], ["NoSuchEntity"]]


def test_an_error_in_mid_listing() -> None:
    first, second = traversal("1", "2")
    error = (second[0], fail(NAME, 400, "ValidationError", "Invalid Marker."))
    assert takes(first, error) == [["1", "ValidationError"]]
    assert takes(first, error, *traversal("1", "2", token="U")) == [["1", "ValidationError"], ["1", "2"]]
    assert takes(first, error, second) == [["1", "ValidationError"], ["1", "2"]]


# --- what is left out -------------------------------------------------------------------------------------------


def skipped(*exchanges: tuple[Request, Response | None], **options: Any) -> dict[str, int]:
    result = Recorder(MODELS, Redactor(KEY), _no_parse, **options)
    for asked, answered in exchanges:
        result.feed(asked, answered)
    recording = result.finish()
    assert recording.cassette.takes == ()
    assert strategies.identifiers_in(str(recording.skipped)) == []
    return recording.skipped


def _no_parse(operation: object, response: object) -> None:
    """A parser that returns the same for all responses."""


def test_writes_are_recorded_when_asked_for() -> None:
    write = (request("DeleteRole", {"RoleName": "x"}), respond("DeleteRole"))
    assert skipped(write, write) == {"DeleteRole: a write operation; --include-writes records it": 2}
    take, _ = cassette(write, write, include_writes=True).takes
    assert take.pages[0].answer.output == {}


def test_operations_are_chosen_by_glob() -> None:
    exchanges = [*traversal("1"), (request("GetUser"), respond("GetUser", {"User": {"UserName": "bob"}}))]
    recording = record(*exchanges, operations=("Get*", "Simulate*"))
    assert [take.track.operation for take in recording.cassette.takes] == ["GetUser"]
    assert recording.skipped == {"ListPolicyVersions: not among the selected operations": 1}
    delete = (request("DeleteRole", {"RoleName": "x"}), respond("DeleteRole"))
    assert skipped(delete, operations=("DeleteRole",)) == {
        "DeleteRole: a write operation; --include-writes records it": 1
    }
    assert skipped(delete, operations=("Get*",), include_writes=True) == {
        "DeleteRole: not among the selected operations": 1
    }


def test_a_listing_without_its_first_page() -> None:
    _, second, third = traversal("1", "2", "3")
    reason = "ListPolicyVersions: continues a listing whose first page was not recorded"
    assert skipped(second, third) == {reason: 2}
    recording = record(*traversal("1", token="U"), second)
    assert recording.skipped == {reason: 1}
    assert len(recording.cassette.takes) == 1


def test_a_token_of_another_listing_is_unknown() -> None:
    first, second = traversal("1", "2")
    other: dict[str, Value] = {"PolicyArn": "arn:aws:iam::aws:policy/Other", "Marker": "T1"}
    recording = record(first, (request(NAME, other), second[1]))
    assert len(recording.cassette.takes) == 1
    assert list(recording.skipped.values()) == [1]


# --- holes ------------------------------------------------------------------------------------------------------


GARBLED = Response(200, (("content-encoding", "br"),), b"\xff\x00")
GARBLED_REASON = "the body is not compressed as its header says"


def garble(exchanges: list[Exchange], *numbers: int) -> list[Exchange]:
    """The exchanges; those of these numbers, counted from 1, can't be read."""
    return [(asked, GARBLED if i in numbers else answered) for i, (asked, answered) in enumerate(exchanges, 1)]


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((2,), ["1", "hole", "3", "4"]),
        ((1,), ["hole", "2", "3", "4"]),
        ((4,), ["1", "2", "3", "hole"]),
        ((2, 3), ["1", "hole", "hole", "4"]),
        ((1, 2, 3), ["hole", "hole", "hole", "4"]),
    ],
)
def test_a_page_that_cannot_be_read_is_a_hole_and_the_pages_after_it_stay(
    numbers: tuple[int, ...], expected: list[str]
) -> None:
    exchanges = garble(traversal("1", "2", "3", "4"), *numbers)
    assert takes(*exchanges) == [expected]
    recording = record(*exchanges)
    assert recording.skipped == {f"{NAME}: page {number}: {GARBLED_REASON}": 1 for number in numbers}
    holes = [page.hole for page in recording.cassette.takes[0].pages]
    assert [i for i, hole in enumerate(holes, 1) if hole == GARBLED_REASON] == list(numbers)


def test_a_retry_fills_a_hole() -> None:
    exchanges = traversal("1", "2", "3")
    assert takes(*exchanges[:1], (exchanges[1][0], GARBLED), *exchanges[1:]) == [["1", "2", "3"]]
    assert takes((exchanges[0][0], GARBLED), *exchanges) == [["1", "2", "3"]]


def test_each_of_two_traversals_continues_after_its_own_hole() -> None:
    """The one that stopped last is the first to go on."""
    one, two = garble(traversal("1", "2", "3"), 2), garble(traversal("1", "2", "4", token="U"), 2)
    assert takes(*one[:2], *two, *one[2:]) == [["1", "hole", "3"], ["1", "hole", "4"]]


def test_a_track_without_a_page_that_can_be_read_is_not_recorded() -> None:
    assert skipped((request("GetUser"), GARBLED)) == {f"GetUser: {GARBLED_REASON}": 1}
    (later,) = garble(traversal("1", "2"), 2)[1:]
    assert skipped(later) == {f"{NAME}: {GARBLED_REASON}": 1}


def test_a_restored_recording_has_the_same_holes() -> None:
    exchanges = garble(traversal("1", "2", "3", "4"), 1, 3)
    contents = journalled(*exchanges)
    assert len(contents) == 4
    assert restored(contents).finish().cassette == record(*exchanges).cassette


def test_traffic_of_other_hosts_is_ignored() -> None:
    elsewhere = Request("GET", "example.com", "/", "", (), b"")
    assert skipped((elsewhere, Response(200))) == {}


NO_XML = (("content-type", "text/xml"),)
UNREADABLE: dict[str, tuple[Request, Response, str]] = {
    "no XML": (request("GetUser"), Response(200, NO_XML, b"oops"), "not XML"),
    "no result": (
        request("GetUser"),
        Response(200, NO_XML, b"<GetUserResponse><a/></GetUserResponse>"),
        "has no GetUser",
    ),
    "document type": (request("GetUser"), Response(200, NO_XML, b"<!DOCTYPE a []><a/>"), "document type"),
    "no Error element": (request("GetUser"), Response(400, NO_XML, b"<a/>"), "has no Error element"),
    "deep XML": (request("GetUser"), Response(200, NO_XML, b"<a>" * 9000 + b"</a>" * 9000), "nests deeper"),
    "no UTF-8": (request("GetFinding", {"analyzerArn": "x", "id": "1"}), Response(200, (), b"\xff"), "not UTF-8"),
    "no object": (request("GetFinding", {"analyzerArn": "x", "id": "1"}), Response(200, (), b"[]"), "not an object"),
    "NaN": (
        request("GetFinding", {"analyzerArn": "x", "id": "1"}),
        Response(200, (), b'{"a":NaN}'),
        "which is not JSON",
    ),
    "infinite": (request("GetFinding", {"analyzerArn": "x", "id": "1"}), Response(200, (), b'{"a":1e999}'), "not JSON"),
    "deep JSON": (
        request("GetFinding", {"analyzerArn": "x", "id": "1"}),
        Response(200, (), b'{"a":' * 500 + b"1" + b"}" * 500),
        "nests deeper",
    ),
    "half a pair": (
        request("GetFinding", {"analyzerArn": "x", "id": "1"}),
        Response(200, (), b'{"a":"\\ud800"}'),
        "surrogate",
    ),
    "another type": (
        request("GetAccessPreview", {"analyzerArn": "x", "accessPreviewId": "1"}),
        Response(200, (), b'{"accessPreview":{"configurations":{"arn:aws:s3:::zreal-bucket":1}}}'),
        "GetAccessPreview: accessPreview.configurations.*: expected a mapping, got a number",
    ),
    "unknown operation": (
        Request("POST", "iam.amazonaws.com", "/", "", _FORM, b"Action=GetZrealSecret&Version=2010-05-08"),
        Response(200),
        "no such operation",
    ),
    "request of another type": (
        Request("POST", "iam.amazonaws.com", "/", "", _FORM, b"Action=GetUser&Version=2010-05-08&UserName.zreal=1"),
        fail("GetUser", 400, "ValidationError", "no"),
        "GetUser: the request's UserName: expected text, got a mapping",
    ),
    "deep form": (
        Request("POST", "iam.amazonaws.com", "/", "", _FORM, b"Action=GetUser&A" + b".b" * 490 + b"=1"),
        fail("GetUser", 400, "ValidationError", "no"),
        "nests deeper",
    ),
}


@pytest.mark.parametrize(("asked", "answered", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable_exchanges_are_skipped_with_a_reason(asked: Request, answered: Response, reason: str) -> None:
    ((said, count),) = skipped((asked, answered), include_writes=True).items()
    assert reason in said
    assert count == 1


# --- lossless or loud -------------------------------------------------------------------------------------------


def test_members_without_a_model_are_kept_redacted_and_noted() -> None:
    body = (
        b'<GetUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetUserResult><User>'
        b"<UserName>zrealbob</UserName><Shade>zrealblue</Shade><Level>7</Level>"
        b"<Extra><Arn>arn:aws:iam::111122223333:user/zrealbob</Arn><Arn>x</Arn></Extra>"
        b"</User></GetUserResult></GetUserResponse>"
    )
    recording = record((request("GetUser"), Response(200, NO_XML, body)))
    text = write_cassette(recording.cassette)
    assert read_cassette(text, MODELS) == recording.cassette
    assert strategies.identifiers_in(text) == []
    (page,) = recording.cassette.takes[0].pages
    assert page.answer.unmodelled == ("User.Shade", "User.Level", "User.Extra")
    assert page.answer.output is not None
    user: Any = page.answer.output["User"]
    assert list(user) == ["UserName", "Shade", "Level", "Extra"]
    assert len(user["Extra"]["Arn"]) == 2
    assert recording.notes == (
        "GetUser: the service model has no member User.Extra; it is recorded, redacted",
        "GetUser: the service model has no member User.Level; it is recorded, redacted",
        "GetUser: the service model has no member User.Shade; it is recorded, redacted",
    )


def test_members_without_a_model_below_a_mapping() -> None:
    """The keys of a mapping are data: they are not in the unmodelled paths of the page."""
    body = {
        "accessPreview": {
            "id": "1",
            "configurations": {f"arn:aws:s3:::zreal-{ACCOUNT}": {"s3Bucket": {"shade": {ACCOUNT: [{"a": 1.5}]}}}},
        }
    }
    asked = request("GetAccessPreview", {"analyzerArn": "x", "accessPreviewId": "1"})
    recording = record((asked, Response(200, (), json.dumps(body).encode())))
    text = write_cassette(recording.cassette)
    assert strategies.identifiers_in(text) == []
    assert read_cassette(text, MODELS) == recording.cassette
    (page,) = recording.cassette.takes[0].pages
    assert page.answer.unmodelled == ("accessPreview.configurations.*.s3Bucket.shade",)


def odd_exchange() -> Exchange:
    """A page with an attribute, which is recorded nowhere."""
    ((asked, answered),) = traversal("1")
    return asked, replace(answered, body=answered.body.replace(b"<Versions>", b'<Versions odd="1">'))


def test_a_document_that_is_encoded_to_itself_needs_no_parser() -> None:
    def parse(operation: object, response: object, protocol: object) -> object:
        raise AssertionError

    result = Recorder(MODELS, Redactor(KEY), parse)
    for exchange in traversal("1", "2"):
        result.feed(*exchange)
    assert result.finish().notes == ()


def test_a_difference_that_a_client_would_see_is_noted() -> None:
    answers = iter(range(10))
    result = Recorder(MODELS, Redactor(KEY), lambda op, response, protocol: next(answers))
    result.feed(*odd_exchange())
    recording = result.finish()
    assert recording.notes == (
        "ListPolicyVersions: a client parses the recorded response differently from the real one",
    )
    assert len(recording.cassette.takes) == 1


def test_a_parser_that_fails_is_noted() -> None:
    def parse(operation: object, response: object, protocol: object) -> object:
        raise KeyError("zreal")

    result = Recorder(MODELS, Redactor(KEY), parse)
    result.feed(*odd_exchange())
    assert result.finish().notes == ("ListPolicyVersions: KeyError in botocore's parser",)


# --- redaction of the whole -------------------------------------------------------------------------------------


def _user(name: str, note: str) -> Exchange:
    tags: list[Value] = [{"Key": "owner", "Value": note}]
    return request("GetUser", {"UserName": name}), respond("GetUser", {"User": {"UserName": name, "Tags": tags}})


def test_a_name_is_replaced_in_free_text_of_earlier_exchanges() -> None:
    text = write_cassette(cassette(_user("alice", "boss is zrealbob"), _user("zrealbob", "alice")))
    assert "zrealbob" not in text
    assert "alice" not in text


def test_the_order_of_the_traffic_changes_nothing() -> None:
    """Also where one name is that of a user, a group, a path and a bucket."""
    group = request("GetGroup", {"GroupName": "zrealops"}), respond("GetGroup", {"Group": {"GroupName": "zrealops"}})
    exchanges = [
        _user("alice", "zrealops at arn:aws:s3:::zrealops/zrealbob"),
        _user("zrealops", "of zrealbob"),
        group,
        (request("ListUsers", {"PathPrefix": "/zrealops/"}), respond("ListUsers", {"Users": []})),
        *traversal("1", "2"),
    ]
    texts = {write_cassette(cassette(*order)) for order in itertools.permutations(exchanges[:4])}
    assert len(texts) == 1
    assert {write_cassette(cassette(*reversed(exchanges[:4]), *exchanges[4:]))} == {
        write_cassette(cassette(*exchanges[4:], *exchanges[:4]))
    }


def test_words_of_the_policy_language_that_are_also_names() -> None:
    """A path `/lambda/` and a user `aws` must not keep a recording from being written."""
    policy = {
        "Version": "2012-10-17",
        "Statement": {
            "Sid": "lambda",
            "Action": ["lambda:InvokeFunction", "logs:*"],
            "Resource": "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/app:*",
            "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333", "lambda:SourceFunctionArn": "*"}},
        },
    }
    document_ = json.dumps(policy, indent=2)
    names = ["lambda", "logs", "aws", "app", "Statement", "Allow", "log-group"]
    recorded = cassette(
        *(_user(name, "x") for name in names),
        (request("ListUsers", {"PathPrefix": "/lambda/logs/"}), respond("ListUsers", {"Users": []})),
        (
            request("GetRolePolicy", {"RoleName": "aws", "PolicyName": "logs"}),
            respond("GetRolePolicy", {"RoleName": "aws", "PolicyName": "logs", "PolicyDocument": document_}),
        ),
    )
    output = next(take for take in recorded.takes if take.track.operation == "GetRolePolicy").pages[0].answer.output
    assert output is not None
    redacted = json.loads(str(output["PolicyDocument"]))
    assert redacted["Statement"]["Action"] == ["lambda:InvokeFunction", "logs:*"]
    assert redacted["Statement"]["Resource"].startswith("arn:aws:logs:eu-west-1:000")
    assert list(redacted["Statement"]["Condition"]["StringEquals"]) == ["aws:SourceAccount", "lambda:SourceFunctionArn"]
    assert redacted["Statement"]["Sid"] != "lambda"


def test_short_names_in_other_texts_stay() -> None:
    text = write_cassette(cassette(_user("al", "al and all"), _user("x", "x")))
    assert "al and all" in text


@pytest.mark.parametrize("member", ["Arn", "Value"])
@pytest.mark.usefixtures("values_stand")
def test_a_leak_sets_its_take_aside(monkeypatch: pytest.MonkeyPatch, member: str) -> None:
    """Even if redaction fails: a value once recognised as real is found again, in any encoding."""
    arn = f"arn:aws:iam::{ACCOUNT}:user/zrealbob"
    note = f"see arn%253Aaws%253Aiam%253A%253A{ACCOUNT}%253Auser%252Fzrealbob"
    user: dict[str, Value] = {"UserName": "zrealbob", "Arn": arn, "Tags": [{"Key": "k", "Value": note}]}
    subject = recorder(_user("zrealbob", "x"), (request("GetUser"), respond("GetUser", {"User": {"Arn": arn}})))
    real = Redactor.redact_string
    monkeypatch.setattr(
        Redactor,
        "redact_string",
        lambda self, text, context: text if context.member == member else real(self, text, context),
    )
    subject.feed(request("ListUsers"), respond("ListUsers", {"Users": [user]}))
    recording = subject.finish()
    (aside,) = recording.set_aside
    (leak,) = aside.leaks
    assert (leak.member.split(".")[-1].strip("[]"), leak.kind, leak.take, leak.page) == (member, "account", 1, 1)
    assert strategies.identifiers_in(str(leak) + repr(leak) + write_cassette(recording.merged)) == []
    assert [(take.track.operation, take.hole) for take in recording.merged.takes] == [
        ("GetUser", None),
        ("GetUser", None),
        ("ListUsers", f"set aside: account in {leak.member}"),
    ]


@pytest.mark.usefixtures("values_stand")
def test_a_name_that_is_left_in_free_text_sets_its_take_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("awstape.core.redaction.text.names_in_text.KnownNames.replace_in", lambda self, text: text)
    subject = recorder(_user("alice", "boss=zrealbob."), _user("zrealbob", "x"))
    recording = subject.finish()
    leaks = [str(leak) for aside in recording.set_aside for leak in aside.leaks]
    assert leaks == ["user in User.Tags[].Value of page 1, take 1 of iam GetUser"]
    assert "zrealbob" not in write_cassette(recording.merged)


# --- any traffic ------------------------------------------------------------------------------------------------

_bodies = st.one_of(
    st.binary(max_size=60),
    strategies.prose.map(str.encode),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
        lambda below: st.one_of(
            st.lists(below, max_size=3),
            st.dictionaries(
                st.sampled_from(["finding", "id", "condition", "nextToken", "findings", "message", "status", "zz"]),
                below,
                max_size=4,
            ),
        ),
        max_leaves=10,
    ).map(lambda value: json.dumps(value).encode()),
    st.lists(
        st.sampled_from(
            "<GetUserResult> </GetUserResult> <User> </User> <Tags> </Tags> <member> </member> <Error> </Error> <Code> "
            "</Code> <Path/> <Zz> </Zz> text <CreateDate>x</CreateDate>".split(" ")
        ),
        max_size=12,
    ).map(lambda parts: f"<R>{''.join(parts)}</R>".encode()),
)


@strategies.few(400)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["GetUser", "ListFindings", "GetFinding"]), st.sampled_from([200, 301, 400, 500]), _bodies
        ),
        max_size=3,
    )
)
def test_a_recording_of_any_responses_can_be_written_and_read(answers: list[tuple[str, int, bytes]]) -> None:
    inputs: dict[str, dict[str, Value]] = {
        "GetUser": {},
        "ListFindings": {"analyzerArn": "x"},
        "GetFinding": {"analyzerArn": "x", "id": "1"},
    }
    cassette(*((request(name, inputs[name]), Response(status, (), body)) for name, status, body in answers))


@strategies.few(400)
@given(
    st.dictionaries(
        st.sampled_from(["UserName", "Marker", "MaxItems", "Tags.member.1.Key", "Tags", "Tags.x", "Foo", "Foo.a", ""]),
        st.one_of(strategies.prose, st.sampled_from(["0", "7", "-1", "true"])),
        max_size=4,
    ),
    st.sampled_from(["ListUsers", "ListRoleTags", "GetUser", "SimulateCustomPolicy"]),
)
def test_a_recording_of_any_form_can_be_written_and_read(form: dict[str, str], name: str) -> None:
    body = urlencode({"Action": name, "Version": "2010-05-08", **form}).encode()
    asked = Request("POST", "iam.amazonaws.com", "/", "", _FORM, body)
    cassette((asked, fail(name, 400, "ValidationError", "no")))


@strategies.few(200)
@given(
    st.dictionaries(
        st.sampled_from(["analyzerArn", "filter", "maxResults", "nextToken", "sort", "zz"]),
        st.recursive(
            st.one_of(
                st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
            ),
            lambda below: st.one_of(st.lists(below, max_size=2), st.dictionaries(st.text(), below, max_size=2)),
            max_leaves=5,
        ),
    )
)
def test_a_recording_of_any_json_can_be_written_and_read(body: dict[str, Any]) -> None:
    asked = replace(request("ListFindings", {"analyzerArn": "x"}), body=json.dumps(body).encode())
    cassette((asked, fail("ListFindings", 400, "ValidationException", "no")))


def test_unexpected_input_and_output_is_kept_and_can_be_read() -> None:
    asked = request("DeleteAnalyzer", {"analyzerName": "unused"})
    answered = Response(200, (), b'{"Extra":"more"}')
    recording = record((asked, answered), include_writes=True)
    (page,) = recording.cassette.takes[0].pages
    assert page.answer.unmodelled == ("Extra",)
    assert read_cassette(write_cassette(recording.cassette), MODELS) == recording.cassette
