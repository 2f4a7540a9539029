"""Smithy RPC v2 CBOR as on the wire, after Smithy's documentation of the protocol."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from awstape.catalog.response_parser import parse_response
from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.protocols.dispatch import read_response, write_response
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.wire import Request, Response, WireError

MODELS = load_models(("cloudwatch", "codebuild", "dynamodb"))
GET_STATISTICS = MODELS.operation("cloudwatch", "GetMetricStatistics")
DELETE_ALARMS = MODELS.operation("cloudwatch", "DeleteAlarms")
PATH = "/service/GraniteServiceVersion20100801/operation/"
CBOR = (("smithy-protocol", "rpc-v2-cbor"), ("Content-Type", "application/cbor"), ("Accept", "application/cbor"))
NAMESPACE = "694e616d657370616365"  # the text Namespace


def request(name: str, body: str = "a0", host: str = "monitoring.eu-west-1.amazonaws.com", **other: Any) -> Request:
    return replace(Request("POST", host, PATH + name, "", CBOR, bytes.fromhex(body)), **other)


def response(body: str, status: int = 200) -> Response:
    return Response(status, CBOR[:2], bytes.fromhex(body))


# --- requests -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["monitoring.eu-west-1.amazonaws.com", "localhost"])
@pytest.mark.parametrize("body", [f"a1{NAMESPACE}6161", f"bf{NAMESPACE}7f6161ffff"])
def test_the_path_names_the_operation(host: str, body: str) -> None:
    call = recognise_call(MODELS, request("ListMetrics", body, host))
    assert call
    assert (call.operation.name, call.input, call.protocol) == ("ListMetrics", {"Namespace": "a"}, "smithy-rpc-v2-cbor")


@pytest.mark.parametrize("body", ["", "a0", "bfff"])
def test_an_empty_body_is_an_empty_input(body: str) -> None:
    call = recognise_call(MODELS, request("ListMetrics", body))
    assert call
    assert call.input == {}


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (request("ListMetric"), "cloudwatch has no such operation; did you mean ListMetrics?"),
        (request("ListMetrics", method="GET"), "cloudwatch accepts POST only"),
        (request("ListMetrics", path="/service/X/operation/ListMetrics"), "the path is not /service/GraniteService"),
        (request("ListMetrics", path="/"), "the path is not /service/GraniteService"),
        (request("ListMetrics", "01"), "the CBOR body is not a map"),
        (request("ListMetrics", "a1"), "the body is not CBOR"),
        (request("ListMetrics", f"a16161{'9a00002711'}{'00' * 10_001}"), "holds more than 10,000 values"),
    ],
)
def test_another_request_is_refused(asked: Request, problem: str) -> None:
    with pytest.raises(WireError, match=problem):
        recognise_call(MODELS, asked)


# --- responses ----------------------------------------------------------------------------------------------------


def test_an_output() -> None:
    point = {"Timestamp": "2013-03-21T20:04:00.500Z", "Average": 0.1, "Sum": "NaN", "SampleCount": 2, "Unit": "Count"}
    answer = Answer({"Label": "é", "Datapoints": [point]})
    written = write_response(GET_STATISTICS, answer, "some-id")
    assert written.headers == (
        ("smithy-protocol", "rpc-v2-cbor"),
        ("x-amzn-RequestId", "some-id"),
        ("Content-Type", "application/cbor"),
    )
    assert written.body.hex() == (
        "a2654c6162656c62c3a96a44617461706f696e747381a5"
        "6954696d657374616d70c1fb41d452d9ec200000"
        "6741766572616765fb3fb999999999999a"
        "6353756df97e00"
        "6b53616d706c65436f756e74f94000"
        "64556e697465436f756e74"
    )
    assert read_response(GET_STATISTICS, written) == answer


def test_an_operation_without_an_output_has_no_body() -> None:
    written = write_response(DELETE_ALARMS, Answer({}), "id")
    assert (written.body, written.header("content-type"), written.header("smithy-protocol")) == (b"", None, CBOR[0][1])
    for body in ("", "a0", "bfff"):
        assert read_response(DELETE_ALARMS, response(body)) == Answer({})


def test_a_member_that_is_not_in_the_model_is_kept() -> None:
    read = read_response(GET_STATISTICS, response("a1634e6577a26162420001617441ff"))
    assert read == Answer({"New": {"b": "\0\x01", "t": b"\xff"}}, unmodelled=("New",))


def test_a_body_that_is_not_cbor_is_refused() -> None:
    with pytest.raises(WireError, match="CBOR"):
        read_response(GET_STATISTICS, Response(200, CBOR[:2], b'{"Label": "x"}'))


# --- errors -------------------------------------------------------------------------------------------------------


def test_an_error_has_the_type_and_the_message_in_the_body() -> None:
    type_ = "aws.codebuild#ResourceNotFoundException"
    body = f"bf665f5f747970657827{type_.encode().hex()}676d657373616765616dff"
    operation = MODELS.operation("codebuild", "ListBuildsForProject")
    read = read_response(operation, response(body, 400))
    assert read == Answer(error=Failure(400, "ResourceNotFoundException", "m"))
    written = write_response(operation, read, "id")
    assert written.body.hex() == f"a2665f5f747970657819{b'ResourceNotFoundException'.hex()}676d657373616765616d"
    assert parse_response(operation, written) == parse_response(operation, response(body, 400))


@pytest.mark.parametrize("body", [b"", b"<html>503</html>"])
def test_an_error_of_a_load_balancer_is_only_a_status(body: bytes) -> None:
    read = read_response(GET_STATISTICS, Response(503, (), body))
    assert read == Answer(error=Failure(503))
    assert write_response(GET_STATISTICS, read, "id").body == b""
