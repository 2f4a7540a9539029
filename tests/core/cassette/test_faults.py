"""Faults: their text, the response that a client reads, the requests that they apply to, and how often."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import botocore.loaders
import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.catalog.response_parser import parse_response
from awstape.core.aws.call import Answer
from awstape.core.aws.error_codes import client_problem
from awstape.core.aws.model import Value
from awstape.core.aws.protocols.dispatch import write_response
from awstape.core.aws.wire import Reply
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.faults import KINDS, Fault, FaultError
from awstape.core.replay.misses import HEADER as MISS_HEADER
from awstape.core.replay.replies import ServedPage
from support import strategies
from support.exchanges import (
    MODELS,
    operation,
    player,
    request,
)
from support.paging import code, codes, recording, users

#: Kind → status and code of IAM, and of Access Analyzer.
SAID = {
    "throttle": ((400, "Throttling"), (429, "ThrottlingException")),
    "internal": ((500, "ServiceFailure"), (500, "InternalServerException")),
    "unavailable": ((503, "ServiceUnavailable"), (503, "ServiceUnavailableException")),
    "denied": ((403, "AccessDenied"), (403, "AccessDeniedException")),
    "expired": ((403, "ExpiredToken"), (403, "ExpiredTokenException")),
}
OF_SERVICES = [
    (kind, name, *said)
    for kind, both in SAID.items()
    for name, said in zip(("ListUsers", "ListFindings"), both, strict=True)
]
ANALYZER = "arn:aws:access-analyzer:eu-west-1:000000000000:analyzer/made-up"
INPUTS: dict[str, dict[str, Value]] = {"ListUsers": {}, "ListFindings": {"analyzerArn": ANALYZER}}
#: Nothing is recorded.
NOTHING = Cassette()


# --- text -------------------------------------------------------------------------------------------------------


@strategies.few(300)
@given(
    st.builds(
        lambda kind, seconds, **more: Fault(kind, seconds=seconds if kind == "slow" else None, **more),
        kind=st.sampled_from(list(KINDS)),
        operation=st.none() | st.from_regex(r"[A-Za-z*?\[\]!-]{1,9}", fullmatch=True),
        page=st.none() | st.integers(1, 999_999_999),
        times=st.none() | st.integers(1, 999_999_999),
        seconds=st.none() | st.integers(0, 3_600_000).map(lambda n: n / 1000),
    )
)
def test_the_text_of_a_fault_reads_as_the_fault(fault: Fault) -> None:
    assert Fault.parse(str(fault)) == fault
    assert Fault.parse(f"  {str(fault).replace(' ', '   ')}\n") == fault


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("throttle", "throttle"),
        ("throttle times=1", "throttle"),
        ("slow seconds=2.50", "slow seconds=2.5"),
        ("slow seconds=1234.567", "slow seconds=1234.567"),
        ("drop times=always page=2", "drop page=2 times=always"),
        ("denied List* page=3", "denied List* page=3"),
    ],
)
def test_a_fault_has_one_canonical_text(text: str, said: str) -> None:
    assert str(Fault.parse(text)) == said


@pytest.mark.parametrize(
    ("text", "problem", "tip"),
    [
        (
            "",
            "does not begin with one of throttle, internal, ",
            "for example 'throttle ListPolicyVersions page=2 times=1'",
        ),
        ("throtle", "'throtle' does not begin with one of", "did you mean throttle?"),
        ("Throttle", "does not begin with one of", "did you mean throttle?"),
        ("ListUsers throttle", "does not begin with one of", "for example"),
        ("throttle ListUsers ListRoles", "an unexpected 'ListRoles'", "it is KIND [OPERATION] [page=N]"),
        ("throttle page=2 ListUsers", "an unexpected 'ListUsers'", "it is KIND"),
        ("throttle page=1 page=2", "an unexpected 'page=2'", "it is KIND"),
        ("throttle pages=1", "an unexpected 'pages=1'", "it is KIND"),
        ("throttle iam:ListUsers", "has 'iam:ListUsers'", "operation is a glob of operation names"),
        ("throttle page=0", "has 'page=0'", "page is a number, counted from 1"),
        ("throttle page=always", "has 'page=always'", "page is a number, counted from 1"),
        ("throttle page=٣", "has 'page=٣'", "page is a number, counted from 1"),
        ("throttle times=0", "has 'times=0'", "times is a number from 1, or always"),
        ("throttle times=never", "has 'times=never'", "times is a number from 1, or always"),
        ("slow seconds=-1", "has 'seconds=-1'", "seconds is a number up to 3600"),
        ("slow seconds=3600.001", "has 'seconds=3600.001'", "seconds is a number up to 3600"),
        ("slow seconds=nan", "has 'seconds=nan'", "seconds is a number up to 3600"),
        ("unavailable always", "has 'always'", "always is times=always"),
        ("throttle 2", "has '2'", "a number is page=, times= or seconds="),
        ("throttle seconds=2", "an unexpected 'seconds=2'", "slow [OPERATION] … [seconds=S]"),
        ("slow seconds=", "has 'seconds='", "seconds is a number up to 3600"),
    ],
)
def test_a_text_that_is_not_a_fault_is_refused_with_a_tip(text: str, problem: str, tip: str) -> None:
    with pytest.raises(FaultError) as caught:
        Fault.parse(text)
    assert problem in str(caught.value)
    assert tip in caught.value.tip


@strategies.few(300)
@given(
    st.lists(st.sampled_from(["throttle", "slow", "page=1", "times=2", "seconds=1", "List*", "=", "page="]) | st.text())
)
def test_any_text_is_a_fault_or_refused(words: list[str]) -> None:
    fault = None
    with suppress(FaultError):
        fault = Fault.parse(" ".join(words))
    assert fault is None or Fault.parse(str(fault)) == fault


# --- what a client reads ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "name", "status", "said"), [(k, n, *said) for k, n, *said in OF_SERVICES])
def test_what_a_client_reads(kind: str, name: str, status: int, said: str) -> None:
    playing = player(NOTHING, faults=[kind])
    reply = playing.answer(request(name, INPUTS[name]))
    assert reply.response
    assert reply.delay == 0
    assert reply.response.status == status
    assert MISS_HEADER not in reply.response.headers
    parsed = parse_response(operation(name), reply.response)
    assert parsed["Error"]["Code"] == said
    assert strategies.identifiers_in(parsed["Error"]["Message"]) == []
    assert "111122223333" not in str(reply.response)
    waits = name == "ListFindings" and kind in ("throttle", "internal")
    assert reply.response.header("Retry-After") == ("1" if waits else None)
    assert parsed.get("retryAfterSeconds") == (1 if waits else None)
    if name == "ListUsers":
        assert parsed["Error"]["Type"] == ("Receiver" if status >= 500 else "Sender")
    assert playing.misses == []


@pytest.mark.parametrize(("kind", "name", "status", "said"), [(k, n, *said) for k, n, *said in OF_SERVICES])
def test_codes_are_those_of_the_model_if_it_has_them(kind: str, name: str, status: int, said: str) -> None:
    service = operation(name).service.name
    shapes = botocore.loaders.Loader().load_service_model(service, "service-2")["shapes"].items()
    statuses: dict[str, int] = {
        shape.get("error", {}).get("code", name): shape["error"]["httpStatusCode"]
        for name, shape in shapes
        if shape.get("exception") and "error" in shape
    }
    assert len(statuses) > 5
    assert statuses.get(said, status) == status
    if said not in statuses:
        stem = said.removesuffix("Exception")
        assert not [known for known in statuses if known.removesuffix("Exception") == stem]


@pytest.mark.parametrize(("kind", "status"), [("throttle", 400), ("denied", 400), ("expired", 400), ("internal", 500)])
@pytest.mark.parametrize("name", ["dynamodb ListTables", "cloudwatch ListMetrics"])
def test_errors_of_a_client_have_one_status_in_json_and_cbor(kind: str, status: int, name: str) -> None:
    op = MODELS.operation(*name.split())
    failure = Fault(kind).failure(op)
    assert failure
    response = write_response(op, Answer(error=failure), "id")
    assert response.status == status
    assert parse_response(op, response)["Error"]["Code"] == failure.code


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("throttle", 503, "SlowDown"),
        ("internal", 500, "InternalError"),
        ("unavailable", 503, "ServiceUnavailable"),
        ("denied", 403, "AccessDenied"),
        ("expired", 400, "ExpiredToken"),
    ],
)
def test_errors_of_s3_have_its_codes(kind: str, status: int, code: str) -> None:
    op = MODELS.operation("s3", "ListBuckets")
    failure = Fault(kind).failure(op)
    assert failure
    assert (failure.status, failure.code, failure.members) == (status, code, {})
    assert client_problem(failure) or kind == "denied"
    assert parse_response(op, write_response(op, Answer(error=failure), "id"))["Error"]["Code"] == code


def test_errors_of_other_services_in_xml_are_those_of_query() -> None:
    op = MODELS.operation("route53", "ListHostedZones")
    failure = Fault("throttle").failure(op)
    assert failure
    assert (failure.status, failure.code, failure.members) == (400, "Throttling", {"Type": "Sender"})
    parsed = parse_response(op, write_response(op, Answer(error=failure), "id"))["Error"]
    assert (parsed["Code"], parsed["Type"]) == ("Throttling", "Sender")


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("throttle", 503, "RequestLimitExceeded"),
        ("internal", 500, "InternalError"),
        ("unavailable", 503, "Unavailable"),
        ("denied", 403, "UnauthorizedOperation"),
        ("expired", 400, "RequestExpired"),
    ],
)
def test_errors_of_ec2_have_its_codes(kind: str, status: int, code: str) -> None:
    failure = Fault(kind).failure(MODELS.operation("ec2", "DescribeInstances"))
    assert failure
    assert (failure.status, failure.code, failure.members) == (status, code, {})
    assert client_problem(failure) or kind == "denied"


def test_the_denied_action_is_the_requested_one() -> None:
    playing = player(NOTHING, faults=["denied times=always"])
    for name, action in (("ListUsers", "iam:ListUsers"), ("ListFindings", "access-analyzer:ListFindings")):
        response = playing.answer(request(name, INPUTS[name])).response
        assert response
        assert f"perform: {action} on resource: *" in parse_response(operation(name), response)["Error"]["Message"]


def test_each_kind_does_one_thing_and_each_error_is_stated_here() -> None:
    """That a client gets what a kind does is tested in e2e/test_faults.py."""
    for kind in KINDS.values():
        assert [bool(does) for does in (kind.failure, kind.drops, kind.delay)].count(True) == 1
    assert SAID.keys() == {name for name, kind in KINDS.items() if kind.failure}


def test_a_dropped_connection_has_no_answer() -> None:
    playing = player(recording("ListUsers", {}, users(1)), faults=["drop"])
    assert playing.answer(request("ListUsers")) == Reply(None)
    assert codes(playing, None) == ["-"]


@pytest.mark.parametrize(("text", "delay"), [("slow", 5.0), ("slow seconds=0.25", 0.25), ("slow seconds=0", 0.0)])
def test_a_slow_answer_is_the_recorded_one(text: str, delay: float) -> None:
    recorded = recording("ListUsers", {}, users(1), users(2))
    slow, fast = player(recorded, faults=[text]), player(recorded)
    (one, two), others = ([playing.answer(request("ListUsers")) for _ in range(2)] for playing in (slow, fast))
    assert (one.delay, two.delay) == (delay, 0)
    assert [replace(one, delay=0.0), two] == others
    assert slow.takes_not_replayed() == []


def test_a_limit_out_of_range_is_answered_slowly_as_well() -> None:
    playing = player(recording("ListUsers", {}, users(1)), paging="client", faults=["slow"])
    reply = playing.answer(request("ListUsers", {"MaxItems": 0}))
    assert (code(reply), reply.delay) == ("ValidationError", 5)


# --- whom it strikes, and how often -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "struck"),
    [
        ("throttle", [1]),
        ("throttle page=2", [2]),
        ("throttle page=9", []),
        ("throttle times=2", [1, 1]),
        ("throttle List* page=3 times=2", [3, 3]),
        ("throttle ListUsers", [1]),
        ("throttle L?st[UVW]sers", [1]),
        ("throttle listusers", []),
        ("throttle List", []),
        ("throttle [!L]*", []),
    ],
)
@pytest.mark.parametrize("mode", ["recorded", "2", "torture"])
def test_the_pages_that_a_fault_applies_to(text: str, struck: list[int], mode: str) -> None:
    """A client that retries until it gets the page sees the whole listing, and the fault as often as it is injected."""
    playing = player(recording("ListUsers", {}, users(2, 2, 2)), paging=mode, faults=[text])
    page, token, failed, seen = 1, None, list[int](), list[str]()
    while page == 1 or token:
        reply = playing.answer(request("ListUsers", {"Marker": token} if token else {}))
        if not isinstance(reply, ServedPage):
            failed.append(page)
            assert len(failed) < 9
            continue
        assert reply.response
        parsed = parse_response(operation("ListUsers"), reply.response)
        seen += [user["UserName"] for user in parsed["Users"]]
        page, token = page + 1, parsed.get("Marker")
    assert failed == struck
    assert seen == [f"u{n}" for n in range(6)]


def test_always_is_always() -> None:
    playing = player(recording("ListUsers", {}, users(1)), faults=["throttle times=always"])
    assert codes(playing, *[None] * 50) == ["Throttling"] * 50
    assert playing.takes_not_replayed() != []


def test_of_several_faults_the_first_is_injected_and_then_the_next() -> None:
    playing = player(recording("ListUsers", {}, users(1)), faults=["throttle times=2", "denied page=2", "internal"])
    assert codes(playing, *[None] * 4) == ["Throttling", "Throttling", "ServiceFailure", "-"]


def test_a_fault_needs_no_recording() -> None:
    for name, input_ in INPUTS.items():
        playing = player(NOTHING, faults=["throttle page=1", "throttle page=2"])
        replies = [code(playing.answer(request(name, input_)), name) for _ in range(2)]
        assert replies == [SAID["throttle"][name == "ListFindings"][1], "CassetteMiss"]
        assert len(playing.misses) == 1


def test_a_fault_does_not_use_up_a_take() -> None:
    playing = player(recording("ListUsers", {}, users(1), users(2), users(3)), faults=["throttle times=2", "drop"])
    replies = [playing.answer(request("ListUsers")) for _ in range(7)]
    assert [reply.take for reply in replies if isinstance(reply, ServedPage)] == [1, 2, 3, 3]


@pytest.mark.parametrize("marks", ["invocation", "attempt"])
def test_a_retry_after_a_fault_gets_the_same_take(marks: str) -> None:
    (one, two) = recording("ListUsers", {}, users(1), users(2)).takes
    faulty = Cassette((one, replace(two, faults=(Fault.parse("throttle times=2"),))))
    playing = player(faulty)
    got = list[Any]()
    for call, attempt in (("a", 1), ("b", 1), ("b", 2), ("b", 3), ("c", 1)):
        asked = request("ListUsers", attempt=attempt, invocation=call if marks == "invocation" else None)
        reply = playing.answer(asked)
        got.append(reply.take if isinstance(reply, ServedPage) else code(reply))
    assert got == [1, "Throttling", "Throttling", 2, 2]


def test_faults_are_counted_per_session() -> None:
    (take,) = recording("ListUsers", {}, users(1)).takes
    playing = player(Cassette((replace(take, faults=(Fault("denied"),)),)), faults=["throttle"])
    for session in ("", "one", "two"):
        assert codes(playing, None, None, None, session=session) == ["Throttling", "AccessDenied", "-"]
    playing.reset("one")
    assert codes(playing, None, None, None, session="one") == ["Throttling", "AccessDenied", "-"]
    assert codes(playing, None, session="two") == ["-"]
