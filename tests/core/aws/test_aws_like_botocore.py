"""Odd responses and requests are read as botocore and the services read them."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.catalog.botocore_values import from_botocore
from awstape.catalog.response_parser import parse_response
from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.model import Member, Operation, Shape, Value
from awstape.core.aws.protocols.dispatch import read_response, write_response
from awstape.core.aws.protocols.http_bindings import read_header_members, write_header_members
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.wire import Request, Response, WireError
from support import strategies
from support.exchanges import MODELS, operation, record, request
from support.odd_members import odd_members

HOST = "access-analyzer.eu-west-1.amazonaws.com"
JSON = (("content-type", "application/json"),)
OPERATIONS = [op for service in MODELS.recognised for op in service.operations.values()]


def replayed(op: Operation, response: Response) -> Response:
    """A response as a replay writes it."""
    return write_response(op, read_response(op, response), "request-id")


# --- any response -----------------------------------------------------------------------------------------------


def odd_xml(text: str, chance: random.Random) -> str:
    """XML with members without a model, empty members, comments, and without indent."""
    spots = [match.end() for match in re.finditer(r"Result>\n|<member>\n", text)]
    if spots and (at := chance.choice(spots)):
        new = chance.choice(["<zNew/>", "<zNew>x</zNew>", "<zNew><a>1</a></zNew>", "<zNew/><zNew>2</zNew>", "<!-- -->"])
        text = text[:at] + new + text[at:]
    if chance.randrange(2):
        text = re.sub(r">\s*\n\s*<", "><", text)
    return '<?xml version="1.0"?>' + text if chance.randrange(2) else text


@strategies.few(150)
@given(st.data(), st.sampled_from(OPERATIONS), st.integers(0, 10**6))
def test_a_client_sees_the_same_in_replay(data: st.DataObject, op: Operation, seed: int) -> None:
    chance = random.Random(seed)
    made = write_response(op, Answer(data.draw(strategies.outputs(op))), "request-id")
    if op.service.protocol == "query":
        odd = replace(made, body=odd_xml(made.body.decode(), chance).encode())
    else:
        odd = replace(made, body=json.dumps(odd_members(json.loads(made.body), chance)).encode())
    try:
        expected = parse_response(op, odd)
    except Exception:
        return
    assert parse_response(op, replayed(op, odd)) == expected


def test_an_unknown_member_of_a_tagged_union() -> None:
    op = operation("GetAccessPreview")
    preview = {"configurations": {"arn:aws:s3:::x": {"__type": "T", "s3Bucket": None, "newKind": {"a": 1}}}}
    response = Response(200, JSON, json.dumps({"accessPreview": preview}).encode())
    (seen,) = parse_response(op, replayed(op, response))["accessPreview"]["configurations"].values()
    assert list(seen) == ["SDK_UNKNOWN_MEMBER"]
    assert parse_response(op, replayed(op, response)) == parse_response(op, response)


def test_botocores_stand_in_for_an_unknown_member_is_written_as_that_member() -> None:
    """Recordings of boto3's values hold it, not the member."""
    op = operation("GetAccessPreview")
    assert op.output
    unknown = {"accessPreview": {"configurations": {"x": {"SDK_UNKNOWN_MEMBER": {"name": "newKind"}}}}}
    value: Any = from_botocore(unknown, op.output)
    assert parse_response(op, write_response(op, Answer(value), "")) == unknown


# --- bodies that are not of the protocol ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["GetFinding", "CheckNoNewAccess", "ListAnalyzers"])
@pytest.mark.parametrize("body", ["Service is busy.", "<p>ok</p>", "{", " ", '{"a": ' + "1" * 5000 + "}"])
def test_a_success_that_is_not_json_is_a_message(name: str, body: str) -> None:
    op, response = operation(name), Response(200, JSON, body.encode())
    answer = read_response(op, response)
    assert answer.output == {"message": body}
    assert parse_response(op, replayed(op, response)) == parse_response(op, response)


def test_such_a_message_is_noted_and_redacted() -> None:
    asked = request("GetFinding", {"analyzerArn": "x", "id": "1"})
    recording = record((asked, Response(200, JSON, b"ask zreal of 111122223333")))
    assert recording.notes == ("GetFinding: the service model has no member message; it is recorded, redacted",)
    assert "zreal" not in str(recording.merged.takes[0].pages[0].answer)


def test_a_long_text_is_refused() -> None:
    with pytest.raises(WireError, match="is not JSON"):
        read_response(operation("GetFinding"), Response(200, JSON, b"x" * 100_000))


@pytest.mark.parametrize("root", ["<xml/>", "<GetUserResponse/>", "<a><ResponseMetadata/></a>"])
def test_xml_without_a_result_is_an_empty_output(root: str) -> None:
    op = operation("GetUser")
    response = Response(200, (), root.encode())
    assert read_response(op, response) == Answer({})
    assert parse_response(op, replayed(op, response)) == {}
    for other in ("<xml><User/></xml>", "<ErrorResponse><Error/></ErrorResponse>"):
        with pytest.raises(WireError, match="has no GetUserResult"):
            read_response(op, Response(200, (), other.encode()))


# --- errors -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["GetUser", "GetFinding"])
@pytest.mark.parametrize("status", [400, 500, 503])
def test_an_error_that_is_only_a_code_keeps_it(name: str, status: int) -> None:
    """Also with an empty body: botocore takes that for an error without a code."""
    op = operation(name)
    by_hand = write_response(op, Answer(error=Failure(status, "SomeCode")), "request-id")
    for response in (by_hand, replayed(op, by_hand)):
        assert parse_response(op, response)["Error"]["Code"] == "SomeCode"
    recorded = Response(status, (*JSON, ("x-amzn-errortype", "SomeCode")), b"")
    if op.service.protocol == "rest-json":
        assert parse_response(op, replayed(op, recorded))["Error"]["Code"] == "SomeCode"


@pytest.mark.parametrize("name", ["GetUser", "GetFinding"])
def test_an_error_that_is_only_a_status_has_no_body(name: str) -> None:
    op = operation(name)
    response = write_response(op, Answer(error=Failure(503)), "request-id")
    assert response.body == b""
    assert parse_response(op, response)["Error"]["Code"] == "503"


@pytest.mark.parametrize("body", [b" ", b"no JSON", b'{"Message": "m", "Code": "C"}', b'{"__type": "a#T:u"}', b"{}"])
@pytest.mark.parametrize("header", ["", "a.b#C:http://internal/"])
def test_an_error_has_the_code_and_message_that_botocore_reads(body: bytes, header: str) -> None:
    op = operation("GetFinding")
    response = Response(403, (*JSON, *([("x-amzn-errortype", header)] if header else [])), body)
    assert parse_response(op, replayed(op, response)) == parse_response(op, response)


# --- headers, labels and queries --------------------------------------------------------------------------------


def test_a_list_in_a_header() -> None:
    numbers = Shape(name="Numbers", type="list", member=Member("member", Shape(name="Number", type="integer")))
    shape = Shape(name="Output", type="structure", members={"numbers": Member("X-Numbers", numbers, "header")})
    for headers in ((("x-numbers", "1, 2,3"),), (("x-numbers", "1"), ("X-Numbers", "2, 3"))):
        members = read_header_members(Response(200, headers), shape)
        assert members == {"numbers": [1, 2, 3]}
        assert write_header_members(members, shape) == (("X-Numbers", "1,2,3"),)


def called(method: str, path: str, query: str = "", body: object = None) -> dict[str, Value]:
    """The input of the call that a request makes."""
    sent = b"" if body is None else json.dumps(body).encode()
    call = recognise_call(MODELS, Request(method, HOST, path, query, JSON, sent))
    assert call
    return call.input


def test_no_other_name_overrides_a_member() -> None:
    """A service ignores a query parameter, or a member of the body, with the name of a member in another place."""
    x: dict[str, Value] = {"analyzerName": "x"}
    assert called("GET", "/analyzer/x/archive-rule", "analyzerName=y") == x
    assert called("GET", "/analyzer/x/archive-rule", "analyzerName=y&analyzerName=z&maxResults=1") == x | {
        "maxResults": 1
    }
    assert called("PUT", "/analyzer/x/archive-rule", "ruleName=y", {"analyzerName": "y", "ruleName": "r"}) == x | {
        "ruleName": "r"
    }
    assert called("POST", "/findingv2", "analyzerArn=y", {"maxResults": 1}) == {"maxResults": 1}
    assert called("GET", "/analyzer/x/archive-rule", "other=y") == x | {"other": "y"}


def test_a_member_of_an_error_counts_only_in_its_place() -> None:
    op = operation("GetFinding")
    response = Response(429, (*JSON, ("x-amzn-errortype", "ThrottlingException")), b'{"retryAfterSeconds": 5}')
    assert parse_response(op, replayed(op, response)) == parse_response(op, response)
    assert "retryAfterSeconds" not in parse_response(op, response)
