"""Misses: each kind; the client, the report and a test get the same text."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from awstape.catalog.response_parser import parse_response
from awstape.core.aws.model import Value
from awstape.core.aws.wire import Request
from awstape.core.cassette.cassette import Cassette, Page
from awstape.core.redaction.aliases import Key
from awstape.core.redaction.redactor import Redactor
from awstape.core.replay.misses import HEADER, Kind, Miss
from awstape.core.replay.player import Player
from awstape.report import miss_lines, replay_facts
from support.exchanges import ACCOUNT, KEY, MODELS, OTHER_KEY, cassette, listing, operation, player, request, respond

ANALYZER = f"arn:aws:access-analyzer:eu-west-1:{ACCOUNT}:analyzer/zreal-guard"
OF_ANALYZER: dict[str, Value] = {"analyzerArn": ANALYZER}
SIGNED = "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLEID1234567/20260302/eu-west-1/{}/aws4_request, SignedHeaders=host"


def _recorded() -> Cassette:
    """A listing of each service that was not read to its end, and a track recorded in two regions."""
    regions = [
        (request("ListAnalyzers", region=region), respond("ListAnalyzers", {"analyzers": []}))
        for region in ("eu-west-1", "us-east-1")
    ]
    return cassette(
        *listing("ListUsers", {"PathPrefix": "/zreal/"}, [{"Users": []}] * 3)[:2],
        *listing("ListFindings", OF_ANALYZER, [{"findings": []}] * 3)[:2],
        *regions,
        (request("GetUser"), respond("GetUser", {"User": {"UserName": "zreal"}})),
        (request("GetRole", {"RoleName": "zreal"}), respond("GetRole", {"Role": {"Description": "before"}})),
        (request("DeleteRole", {"RoleName": "zreal"}), respond("DeleteRole")),
        (request("GetRole", {"RoleName": "zreal"}), respond("GetRole", {"Role": {"Description": "behind"}})),
        include_writes=True,
    )


def _with_hole(recorded: Cassette) -> Cassette:
    """The cassette with a hole in the place of its GetUser, and without the first take of its GetRole."""
    pages = (Page.make_hole("set aside: a secret in User.UserName"),)
    takes = [replace(take, pages=pages) if take.track.operation == "GetUser" else take for take in recorded.takes]
    return Cassette.of((take for take in takes if "before" not in take.fingerprint), recorded.keys)


RECORDED = _with_hole(_recorded())
OF_TWO_CALLERS = cassette(
    *((request("ListRoles", caller=caller), respond("ListRoles", {"Roles": []})) for caller in ("one", "two"))
)


def end_of(name: str) -> str:
    """The token at which a listing stops."""
    (take,) = (take for take in RECORDED.takes if take.track.operation == name)
    paging, output = operation(name).paging, take.pages[-1].answer.output
    assert paging and output
    token = output[paging.output_token]
    assert isinstance(token, str)
    return token


@dataclass(frozen=True)
class Case:
    """A request that misses, and what its miss says. name: an operation in the protocol of the response."""

    kind: Kind
    name: str
    asked: Request
    operation: str
    summary: str
    nearest: str | None = None
    members: tuple[str, ...] = ()
    code: str = "CassetteMiss"
    said: str = ""
    key: Key = KEY
    recorded: Cassette | None = None


def signed(asked: Request, service: str) -> Request:
    return replace(asked, host="localhost", headers=(*asked.headers, ("Authorization", SIGNED.format(service))))


def cases() -> list[Case]:
    users, findings = "iam ListUsers", "accessanalyzer ListFindings"
    other_status: dict[str, Value] = {**OF_ANALYZER, "filter": {"status": {"eq": ["ACTIVE"]}}}
    path: dict[str, Value] = {"PathPrefix": "/zreal/"}
    unknown = "{} was not recorded".format
    refused = "{}: the page token is not one of this listing".format
    ended = "{}: the recording ended after page 2".format
    return [
        Case("operation", "ListRoles", request("ListRoles"), "iam ListRoles", unknown("iam ListRoles")),
        Case(
            "operation",
            "ListFindingsV2",
            request("ListFindingsV2", OF_ANALYZER),
            "accessanalyzer ListFindingsV2",
            unknown("accessanalyzer ListFindingsV2"),
        ),
        Case("identity", "ListUsers", request("ListUsers"), users, unknown(users), "ListUsers", ("PathPrefix",)),
        Case(
            "identity",
            "ListFindings",
            request("ListFindings", other_status),
            findings,
            unknown(findings),
            "ListFindings",
            ("filter",),
        ),
        Case(
            "region",
            "ListAnalyzers",
            request("ListAnalyzers", region="us-west-2"),
            "accessanalyzer ListAnalyzers",
            unknown("accessanalyzer ListAnalyzers"),
            "ListAnalyzers",
        ),
        Case(
            "key",
            "ListUsers",
            request("ListUsers", path),
            users,
            unknown(users),
            "ListUsers",
            ("PathPrefix",),
            key=OTHER_KEY,
        ),
        Case(
            "token",
            "ListUsers",
            request("ListUsers", {**path, "Marker": "zreal"}),
            users,
            refused(users),
            "ListUsers",
            code="ValidationError",
            said="Invalid Marker.\n",
        ),
        Case(
            "token",
            "ListFindings",
            request("ListFindings", {**OF_ANALYZER, "nextToken": "zreal"}),
            findings,
            refused(findings),
            "ListFindings",
            code="ValidationException",
            said="Invalid nextToken\n",
        ),
        Case(
            "end",
            "ListUsers",
            request("ListUsers", {**path, "Marker": end_of("ListUsers")}),
            users,
            ended(users),
            "ListUsers",
        ),
        Case(
            "end",
            "ListFindings",
            request("ListFindings", {**OF_ANALYZER, "nextToken": end_of("ListFindings")}),
            findings,
            ended(findings),
            "ListFindings",
        ),
        Case(
            "hole",
            "GetUser",
            request("GetUser"),
            "iam GetUser",
            "iam GetUser: page 1 is a hole in the cassette",
            "GetUser",
        ),
        Case(
            "early",
            "GetRole",
            request("GetRole", {"RoleName": "zreal"}),
            "iam GetRole",
            "iam GetRole was recorded only after a write that was not requested yet",
            "GetRole",
        ),
        Case(
            "service",
            "ListFindings",
            signed(Request("GET", "localhost", "/zreal"), "lambda"),
            "",
            "lambda is not replayed: only iam, accessanalyzer and sts are",
        ),
        Case(
            "service",
            "ListFindings",
            signed(Request("GET", "localhost", "/zreal"), "iam"),
            "",
            "another service that signs as iam is not replayed: only iam, accessanalyzer and sts are",
        ),
        Case(
            "service",
            "ListUsers",
            Request("GET", "10.0.0.1", "/zreal"),
            "",
            "an unknown service is not replayed: only iam, accessanalyzer and sts are",
        ),
        Case(
            "caller",
            "ListRoles",
            request("ListRoles", caller="zreal"),
            "iam ListRoles",
            unknown("iam ListRoles"),
            "ListRoles",
            recorded=OF_TWO_CALLERS,
        ),
        Case(
            "request",
            "ListUsers",
            replace(request("ListUsers"), body=b"Action=ListZreal&Version=2010-05-08"),
            "iam",
            "the request can't be read: iam has no such operation; a newer botocore may know it",
        ),
        Case(
            "request",
            "ListFindings",
            replace(request("ListFindings", OF_ANALYZER), body=b"{zreal"),
            "accessanalyzer",
            "the request can't be read: the body is not JSON",
        ),
    ]


each_case = pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.kind}-{case.name}")


def playing(case: Case, paging: str = "recorded") -> Player:
    return player(case.recorded or RECORDED, key=case.key, paging=paging)


@each_case
def test_the_text_of_a_miss(case: Case) -> None:
    miss = playing(case).answer(case.asked)
    assert isinstance(miss, Miss)
    assert (miss.kind, miss.operation, miss.text.splitlines()[0]) == (case.kind, case.operation, case.summary)
    assert (miss.nearest.operation if miss.nearest else None) == case.nearest
    assert tuple(difference.member for difference in miss.differences) == case.members
    for difference in miss.differences:
        assert f"    {difference}" in miss.text.splitlines()
    assert "zreal" not in repr(miss).lower()
    assert ACCOUNT not in repr(miss)


@each_case
def test_the_client_and_the_report_get_the_same_text(case: Case) -> None:
    asked = playing(case)
    miss = asked.answer(case.asked)
    assert isinstance(miss, Miss)
    assert miss.response
    assert HEADER in miss.response.headers
    assert miss.response.status == 400
    error = parse_response(operation(case.name), miss.response)["Error"]
    assert (error["Code"], error["Message"]) == (case.code, case.said + miss.text)
    assert facts_of(asked) == [facts(miss)]


def facts_of(asked: Player) -> object:
    return replay_facts(asked)["misses"]


def facts(miss: Miss) -> dict[str, Any]:
    nearest = miss.nearest
    return {
        "kind": miss.kind,
        "operation": miss.operation,
        "text": miss.text,
        "nearest": nearest
        and {
            "service": nearest.service,
            "operation": nearest.operation,
            "region": nearest.region,
            "account": nearest.account,
            "identity": nearest.identity,
        },
        "differences": [
            {"member": found.member, "request": found.request, "cassette": found.cassette} for found in miss.differences
        ],
    }


def test_a_connection_to_another_host_is_a_miss() -> None:
    asked = player(RECORDED)
    miss = asked.refuse_host("example.com")
    assert (miss.kind, miss.operation, miss.nearest, miss.differences) == ("host", "", None, ())
    assert miss.text == "example.com is not replayed: only iam, accessanalyzer and sts are"
    assert facts_of(asked) == [facts(miss)]


def test_a_session_beyond_the_limit_is_a_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("awstape.core.replay.sessions.MAX_SESSIONS", 2)
    asked = player(RECORDED)
    case = next(case for case in cases() if case.kind == "operation")
    for name in ("one", "two", "one", ""):
        assert isinstance(miss := asked.answer(case.asked, name), Miss)
        assert miss.kind == "operation", name
    for name in ("three", "four"):
        assert isinstance(miss := asked.answer(case.asked, name), Miss)
        assert (miss.kind, miss.operation) == ("session", "iam")
        assert miss.text.startswith("there are 2 sessions, and no more can begin\n")
        assert "POST /~NAME/~/reset" in miss.text
        assert miss.response
        assert b"<Code>CassetteMiss</Code>" in miss.response.body
    assert len(asked.misses) == 6
    asked.reset("two")
    assert isinstance(miss := asked.answer(case.asked, "three"), Miss)
    assert miss.kind == "operation"


def test_misses_are_kept_up_to_a_number_and_counted_beyond(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("awstape.core.replay.sessions.MAX_MISSES", 3)
    asked = player(RECORDED)
    case = next(case for case in cases() if case.kind == "operation")
    for name in ("one", "one", "two", "two", "two"):
        asked.answer(case.asked, name)
    assert [(len(s.misses), s.misses_not_kept) for s in (asked.sessions.by_name["two"], asked.sessions.total)] == [
        (3, 0),
        (3, 2),
    ]
    assert replay_facts(asked)["more_misses"] == 2
    assert "more_misses" not in replay_facts(asked, asked.sessions.by_name["two"])
    assert list(miss_lines(asked))[-1] == "miss: and 2 more, without details"
    monkeypatch.setattr(
        "awstape.core.replay.sessions.MAX_MISSES_TEXT",
        asked.sessions.by_name["one"].misses_length + asked.sessions.by_name["two"].misses_length,
    )
    asked.answer(case.asked, "one")
    assert (len(asked.sessions.by_name["one"].misses), asked.sessions.by_name["one"].misses_not_kept) == (2, 1)
    asked.reset("two")
    asked.answer(case.asked, "one")
    assert len(asked.sessions.by_name["one"].misses) == 3


def test_the_values_of_requests_are_forgotten() -> None:
    """Except in misses: otherwise a server that runs for long would grow with every name."""
    redactor = Redactor(Key(b"an example key of some length"))
    asked = Player(MODELS, Cassette(), redactor, has_key=True)
    for number in range(3):
        form = f"Action=GetRole&Version=2010-05-08&RoleName=Name{number}&x=arn:aws:iam::111122223333:role/{number}"
        headers = (("Content-Type", "application/x-www-form-urlencoded"),)
        request = Request("POST", "iam.amazonaws.com", "/", headers=headers, body=form.encode())
        assert isinstance(asked.answer(request), Miss)
        assert not asked.has_answer(request)
        assert (redactor.count_by_kind(), redactor.count_existing_aliases()) == ({}, 0)


def test_every_kind_of_miss_has_a_case() -> None:
    kinds: Any = Kind
    assert {case.kind for case in cases()} | {"host", "session"} == set(kinds.__args__)


@pytest.mark.parametrize("paging", ["client", "1", "torture"])
@each_case
def test_a_miss_is_the_same_in_every_paging_mode(case: Case, paging: str) -> None:
    one, other = (playing(case, mode).answer(case.asked) for mode in ("recorded", paging))
    assert one == other


def test_without_a_cassette_no_service_is_said_to_be_replayed() -> None:
    asked = replace(request("ListRoles"), host="dynamodb.eu-west-1.amazonaws.com")
    miss = player(cassette()).answer(asked)
    assert isinstance(miss, Miss) and miss.kind == "service"
    assert miss.text.startswith("dynamodb is not replayed: there is no cassette, or it is empty: CASSETTE\n")
