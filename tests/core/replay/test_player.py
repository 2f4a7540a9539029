"""The player: which page answers which request, and which miss if none does."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.catalog.response_parser import parse_response
from awstape.core.aws.model import Value
from awstape.core.aws.wire import Request, Response
from awstape.core.cassette.cassette import Cassette
from awstape.core.redaction.aliases import Aliases, Key
from awstape.core.replay.misses import HEADER as MISS_HEADER
from awstape.core.replay.misses import Miss
from awstape.core.replay.player import Player
from awstape.core.replay.replies import ServedPage
from support import strategies
from support.exchanges import (
    ACCOUNT,
    KEY,
    OTHER_KEY,
    Exchange,
    cassette,
    fail,
    listing,
    operation,
    player,
    request,
    respond,
    traverse,
)
from support.misses import not_recorded

ROLE: dict[str, Value] = {"RoleName": "zreal-deployer"}
ALIAS = Aliases(KEY).name("role", "zreal-deployer")
ANALYZER = f"arn:aws:access-analyzer:eu-west-1:{ACCOUNT}:analyzer/zreal-guard"


def role(note: str = "one") -> Exchange:
    return request("GetRole", ROLE), respond("GetRole", {"Role": {"RoleName": "zreal-deployer", "Description": note}})


def users(*pages: str, token: str = "T", path: str | None = None) -> list[Exchange]:
    asked: dict[str, Value] = {} if path is None else {"PathPrefix": path}
    return listing("ListUsers", asked, [{"Users": [{"UserName": name} for name in page]} for page in pages], token)


def finding(id_: str, region: str = "eu-west-1", status: str = "ACTIVE") -> Exchange:
    asked = request("GetFinding", {"analyzerArn": ANALYZER, "id": id_}, region=region)
    return asked, respond("GetFinding", {"finding": {"id": id_, "status": status}})


def served(answer: ServedPage | Miss) -> tuple[int, int]:
    assert isinstance(answer, ServedPage), answer
    return answer.take, answer.page


def missed(answer: ServedPage | Miss) -> Miss:
    assert isinstance(answer, Miss)
    assert MISS_HEADER in answer.response.headers
    assert 400 <= answer.response.status < 500
    return answer


def error_of(name: str, answer: ServedPage | Miss) -> dict[str, Any]:
    error: dict[str, Any] = parse_response(operation(name), answer.response)["Error"]
    return error


# --- matching ---------------------------------------------------------------------------------------------------


def test_form_order_limit_headers_method_and_host_do_not_matter() -> None:
    playing = player(cassette(*users("a", "b", path="/x/")))
    first = request("ListUsers", {"PathPrefix": "/x/", "MaxItems": 7})
    turned = replace(first, body=b"&".join(reversed(first.body.split(b"&"))))
    scope = "Credential=AKIAEXAMPLEID1234567/20260302/eu-west-3/iam/aws4_request, SignedHeaders=host"
    signed = replace(first, host="localhost", headers=(*first.headers, ("Authorization", f"AWS4-HMAC-SHA256 {scope}")))
    variants = [
        first,
        turned,
        signed,
        replace(first, host="localhost"),  # by the form's Version
        replace(first, host="IAM.amazonaws.com."),
        replace(first, host="iam-fips.global.api.aws"),
        replace(first, method="GET", query=first.body.decode(), body=b"", headers=()),
        replace(first, body=first.body.replace(b"%2F", b"/")),
    ]
    assert {playing.answer(variant).response for variant in variants} == {playing.answer(first).response}
    assert playing.misses == []


def test_paths_and_queries_are_matched_decoded() -> None:
    rule: dict[str, Value] = {"analyzerName": "zreal guard", "ruleName": "zreal+rule"}
    playing = player(cassette((request("GetArchiveRule", rule), respond("GetArchiveRule", {"archiveRule": {}}))))
    asked = request("GetArchiveRule", rule)
    assert "%20" in asked.path
    served(playing.answer(asked))
    served(playing.answer(replace(asked, path=asked.path.replace("%2B", "+"))))
    assert missed(playing.answer(replace(asked, path=asked.path.replace("%20", "+"))))


def test_the_region_counts_only_where_the_track_is_recorded_in_several() -> None:
    one = player(cassette(finding("1")))
    served(one.answer(finding("1", region="us-east-1")[0]))
    served(one.answer(replace(finding("1")[0], host="localhost", headers=_signed("us-west-2"))))

    several = player(cassette(finding("1", status="ACTIVE"), finding("1", "us-east-1", "ARCHIVED"), finding("2")))
    for region, status in (("eu-west-1", "ACTIVE"), ("us-east-1", "ARCHIVED")):
        answer = several.answer(finding("1", region=region)[0])
        assert json.loads(answer.response.body)["finding"]["status"] == status
    served(several.answer(finding("2", region="us-west-2")[0]))
    text = missed(several.answer(finding("1", region="us-west-2")[0])).text
    assert "it is recorded in eu-west-1, us-east-1; the request is for us-west-2" in text


def _signed(region: str) -> tuple[tuple[str, str], ...]:
    scope = f"AKIAEXAMPLEID1234567/20260302/{region}/access-analyzer/aws4_request"
    return (("Authorization", f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"),)


def test_real_values_match_with_the_key_only_and_aliases_always() -> None:
    recorded = cassette(role())
    aliased = request("GetRole", {"RoleName": ALIAS})
    for playing in (player(recorded), player(recorded, key=None), player(recorded, key=OTHER_KEY)):
        served(playing.answer(aliased))
    served(player(recorded).answer(role()[0]))
    missed(player(recorded, key=None).answer(role()[0]))
    missed(player(recorded, key=OTHER_KEY).answer(role()[0]))


def test_identical_requests_get_identical_bytes() -> None:
    recorded = cassette(*users("ab", "c"), role(), (request("GetUser"), fail("GetUser", 404, "NoSuchEntity", "no")))
    one, other = player(recorded), player(recorded, key=None)
    for asked in (request("ListUsers"), request("GetUser"), request("GetGroup", {"GroupName": "x"})):
        answers = {playing.answer(asked).response for playing in (one, one, other)}
        assert len({replace(a, body=a.body.replace(b"without the cassette", b"")) for a in answers}) <= 2
        assert one.answer(asked).response == one.answer(asked).response
    ids = {dict(served.response.headers)["x-amzn-RequestId"] for served in traverse(one, "ListUsers", {})}
    assert len(ids) == 2


# --- takes and pages --------------------------------------------------------------------------------------------


def test_first_pages_get_the_next_take_and_the_last_take_repeats() -> None:
    playing = player(cassette(role("one"), role("two"), role("three")))
    assert [served(playing.answer(role()[0]))[0] for _ in range(5)] == [1, 2, 3, 3, 3]


def test_a_page_with_a_token_is_found_by_the_token_alone() -> None:
    recorded = cassette(*users("a", "b"), *users("a", "c", token="U"))
    tokens = [take.pages[1].token for take in recorded.takes]
    playing = player(recorded)
    for number in (2, 1, 2):
        asked = request("ListUsers", {"Marker": tokens[number - 1], "MaxItems": 1})
        assert served(playing.answer(asked)) == (number, 2)
    assert served(playing.answer(request("ListUsers"))) == (1, 1)


def test_a_retry_gets_the_take_of_the_first_attempt() -> None:
    playing = player(cassette(role("one"), role("two"), role("three")))
    attempts = [1, 2, 1, 2, 3, 1]
    got = [served(playing.answer(request("GetRole", ROLE, attempt=n)))[0] for n in attempts]
    assert got == [1, 1, 2, 2, 2, 3]
    assert served(player(cassette(role())).answer(request("GetRole", ROLE, attempt=2))) == (1, 1)


def test_a_bad_token_is_answered_as_aws_answers_one() -> None:
    findings = listing("ListFindings", {"analyzerArn": ANALYZER}, [{"findings": []}, {"findings": []}])
    recorded = cassette(*users("a", "b"), *users("a", "b", path="/x/"), *findings)
    (of_other,) = (t.pages[1].token for t in recorded.takes if t.track.identity.get("PathPrefix"))
    playing = player(recorded)
    for token in ("zreal-token", of_other, "page-2"):
        asked = request("ListUsers", {"Marker": token})
        miss = missed(playing.answer(asked))
        assert error_of("ListUsers", miss) == {
            "Code": "ValidationError",
            "Message": f"Invalid Marker.\n{miss.text}",
            "Type": "Sender",
        }
        assert ("the token belongs to iam ListUsers {" in miss.text) == (token == of_other)
    asked = request("ListFindings", {"analyzerArn": ANALYZER, "nextToken": "zreal-token"})
    answer = missed(playing.answer(asked))
    message = f"Invalid nextToken\n{answer.text}"
    assert error_of("ListFindings", answer) == {"Code": "ValidationException", "Message": message}
    assert "the page token is not one of this listing" in answer.text
    assert all("zreal" not in miss.text for miss in playing.misses)
    assert len(playing.misses) == 4


def test_a_token_at_which_the_recording_ended_is_a_miss() -> None:
    recorded = cassette(*users("a", "b", "c")[:2])
    playing = player(recorded)
    output = recorded.takes[0].pages[1].answer.output
    assert output is not None
    answer = missed(playing.answer(request("ListUsers", {"Marker": output["Marker"]})))
    assert (answer.kind, answer.operation) == ("end", "iam ListUsers")
    assert error_of("ListUsers", answer)["Code"] == "CassetteMiss"
    assert not playing.has_answer(request("ListUsers"))
    assert player(cassette(*users("a", "b"))).has_answer(request("ListUsers"))
    assert not player(cassette(*users("a", "b"))).has_answer(request("ListGroups"))


def test_takes_not_replayed_are_listed() -> None:
    recorded = cassette(*users("a", "b", "c"), *users("x", token="U"), role())
    playing = player(recorded)
    assert [(t.operation, take, n) for t, take, n in playing.takes_not_replayed()] == [
        ("GetRole", 1, 1),
        ("ListUsers", 1, 3),
        ("ListUsers", 2, 1),
    ]
    list(traverse(playing, "ListUsers", {}))
    playing.answer(role()[0])
    assert [(t.operation, take, n) for t, take, n in playing.takes_not_replayed()] == [("ListUsers", 2, 1)]
    playing.answer(request("ListUsers"))
    assert playing.takes_not_replayed() == []


# --- misses -----------------------------------------------------------------------------------------------------


def test_a_miss_names_the_nearest_track_and_each_difference() -> None:
    far: dict[str, Value] = {"analyzerArn": ANALYZER, "filter": {"status": {"eq": ["ACTIVE"]}}}
    near: dict[str, Value] = {"analyzerArn": ANALYZER, "sort": {"orderBy": "ASC"}}
    empty = respond("ListFindings", {"findings": []})
    recorded = cassette((request("ListFindings", far), empty), (request("ListFindings", near), empty))
    answer = missed(player(recorded).answer(request("ListFindings", {**near, "sort": {"orderBy": "DESC"}})))
    lines = answer.text.split("\n")
    assert lines[0] == not_recorded("accessanalyzer ListFindings")
    assert lines[1].startswith("  nearest track: accessanalyzer ListFindings in eu-west-1 {")
    assert lines[2] == '    sort: request has {"orderBy": "DESC"} / cassette has {"orderBy": "ASC"}'
    assert lines[3] == "  to record it: awstape record CASSETTE --mode new_episodes -- COMMAND"
    assert len(lines) == 4
    error = error_of("ListFindings", answer)
    assert error["Code"] == "CassetteMiss"
    assert 'request has {"orderBy": "DESC"}' in error["Message"]
    answer = missed(player(recorded).answer(request("ListFindings", {**near, "maxResults": 5, "sort": {}})))
    assert '    sort: request has {} / cassette has {"orderBy": "ASC"}' in answer.text
    answer = missed(player(recorded).answer(request("ListFindings", {"analyzerArn": ANALYZER})))
    assert "request has nothing" in answer.text


@pytest.mark.parametrize("key", [KEY, None], ids=["with the key", "without a key"])
def test_a_miss_shows_the_request_redacted(key: Key | None) -> None:
    playing = player(cassette(role()), key=key)
    for asked in (
        request("GetRole", {"RoleName": "zreal-other"}),
        request("GetUser", {"UserName": "zreal-other"}),
        request("SimulateCustomPolicy", {"ContextEntries": [{"ContextKeyName": "x", "ContextKeyValues": ["zreal"]}]}),
    ):
        answer = missed(playing.answer(asked))
        assert "zreal" not in answer.text
        assert b"zreal" not in answer.response.body
        is_near = "nearest track" in answer.text
        assert ("only aliases match" in answer.text) is (key is None and is_near)
        has_tip = answer.text.find("set AWSTAPE_KEY to your team's key") > 0
        assert has_tip is (key is None)
        assert not has_tip or answer.text.index("set AWSTAPE_KEY") < answer.text.index("--mode rewrite")


def test_a_number_is_not_a_boolean() -> None:
    """`true == 1` in Python; in a cassette they differ, and the miss names both."""
    asked = request("ListFindings", {"analyzerArn": ANALYZER})
    body = {"analyzerArn": "x", "filter": {"a": {"exists": True}}}
    real = replace(asked, body=json.dumps(body).encode())
    playing = player(cassette((real, respond("ListFindings", {"findings": []}))))
    served(playing.answer(real))
    answer = missed(playing.answer(replace(asked, body=real.body.replace(b"true", b"1"))))
    assert '{"exists": 1}} / cassette has {"a": {"exists": true}}' in answer.text


def test_operations_services_and_requests_that_are_unknown() -> None:
    playing = player(cassette(role()))
    assert "no track of this operation" in missed(playing.answer(request("ListGroups"))).text
    elsewhere = Request("GET", "example.com", "/zreal", "zreal=1", (), b"zreal")
    assert missed(playing.answer(elsewhere)).kind == "service"
    unknown = replace(request("ListGroups"), body=b"Action=ListZreal&Version=2010-05-08")
    assert error_of("ListGroups", missed(playing.answer(unknown)))["Code"] == "CassetteMiss"
    new = replace(finding("1")[0], path="/zreal", host="127.0.0.1", headers=_signed("eu-west-1"))
    error = error_of("GetFinding", missed(playing.answer(new)))
    assert error["Code"] == "CassetteMiss", "in the protocol of the service that it was signed for"
    assert "zreal" not in error["Message"]
    assert all("zreal" not in miss.text for miss in playing.misses)


def test_a_miss_has_no_terminal_escapes_and_no_characters_that_xml_lacks() -> None:
    playing = player(cassette(role()))
    body = b"Action=GetRole&Version=2010-05-08&RoleName=x&%1B%5B31m%00%EF%BF%BE=1"
    answer = missed(playing.answer(replace(role()[0], body=body)))
    assert answer.text.replace("\n", "").isprintable()
    assert error_of("GetRole", answer)["Code"] == "CassetteMiss"


def test_an_empty_cassette_misses_everything() -> None:
    playing = player(Cassette())
    missed(playing.answer(role()[0]))
    assert playing.takes_not_replayed() == []
    assert len(playing.misses) == 1


# --- whatever a client may send ---------------------------------------------------------------------------------

_HOSTS = ["iam.amazonaws.com", "access-analyzer.eu-west-1.amazonaws.com", "localhost", "example.com", ""]
_PATHS = [
    "/",
    "/findingv2/1",
    "/finding",
    "/analyzer/a%20b/archive-rule",
    "/policy/generation",
    "/analyzer/%FF",
    "//",
    "",
]
_names = st.sampled_from(
    ["Action", "Version", "RoleName", "Marker", "Tags.member.1.Key", "Tags", "X-Amz-Credential", "a.b"]
)
_forms = st.lists(
    st.tuples(_names | st.text(max_size=8), st.sampled_from(["GetRole", "ListUsers", "2010-05-08"]) | st.text())
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(["analyzerArn", "filter", "nextToken", "maxResults"]) | st.text(), below, max_size=3
        )
    ),
)
_CREDENTIAL = "Credential=AKIA/20260302/eu-west-1/{}/aws4_request"
_headers = st.lists(
    st.one_of(
        st.just(("content-type", "application/x-www-form-urlencoded")),
        st.sampled_from(["iam", "access-analyzer", "s3"]).map(lambda name: ("authorization", _CREDENTIAL.format(name))),
        st.tuples(st.sampled_from(["authorization", "amz-sdk-request", "content-type"]), st.text(max_size=20)),
        st.just(("amz-sdk-request", "attempt=99999999999999999999")),
    ),
    max_size=3,
)
_bodies = st.one_of(
    st.binary(),
    _forms.map(lambda form: "&".join(f"{name}={value}" for name, value in form).encode()),
    _json.map(lambda value: json.dumps(value).encode()),
    st.sampled_from(
        [b'{"a":' * 20_000, b"[" * 100, b'{"analyzerArn":"\\ud800"}', b'{"maxResults":' + b"1" * 5_000 + b"}"]
    ),
    st.just(b"Action=GetRole&Version=2010-05-08&Role" + b".a" * 20_000 + b"=1"),
)
_any_request = st.builds(
    Request,
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "BREW", ""]),
    host=st.sampled_from(_HOSTS) | st.text(),
    path=st.sampled_from(_PATHS) | st.text(),
    query=st.one_of(st.just(""), st.text(), _forms.map(lambda f: "&".join(f"{name}={value}" for name, value in f))),
    headers=_headers.map(tuple),
    body=_bodies,
)
_RECORDED = cassette(*users("a", "b"), role(), finding("1"))


@strategies.few(500)
@given(st.lists(_any_request, min_size=1, max_size=2))
def test_a_player_never_raises(requests: list[Request]) -> None:
    playing: Player = player(_RECORDED)
    for asked in requests:
        answer = playing.answer(asked)
        assert isinstance(answer.response, Response)
        playing.has_answer(asked)
        if isinstance(answer, Miss):
            assert answer.text.replace("\n", "").isprintable()
    assert len(playing.misses) <= len(requests)
