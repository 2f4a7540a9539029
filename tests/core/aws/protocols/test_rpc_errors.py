"""Errors of services that had the protocol query: one form for all protocols."""

from __future__ import annotations

import json

import pytest

from awstape.catalog.response_parser import parse_response
from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.model import Protocol
from awstape.core.aws.protocols.dispatch import read_response, write_response
from awstape.core.aws.wire import Response

MODELS = load_models()
GET_QUEUE_URL = MODELS.operation("sqs", "GetQueueUrl")
PUT_DASHBOARD = MODELS.operation("cloudwatch", "PutDashboard")


def answer(body: object, query_error: str | None = None) -> Response:
    headers = () if query_error is None else (("x-amzn-query-error", query_error),)
    return Response(400, headers, json.dumps(body).encode())


def test_a_code_of_query_that_the_model_does_not_tell() -> None:
    body = {"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "m"}
    response = answer(body, "AWS.SimpleQueueService.NonExistentQueue;Sender")
    read = read_response(GET_QUEUE_URL, response)
    assert read.error == Failure(
        400,
        "AWS.SimpleQueueService.NonExistentQueue",
        "m",
        {"__type": "QueueDoesNotExist", "Type": "Sender"},
    )
    written = write_response(GET_QUEUE_URL, read, "id")
    assert written.header("x-amzn-query-error") == "AWS.SimpleQueueService.NonExistentQueue;Sender"
    assert json.loads(written.body) == {"__type": "QueueDoesNotExist", "message": "m"}
    assert parse_response(GET_QUEUE_URL, written) == parse_response(GET_QUEUE_URL, response)


@pytest.mark.parametrize("query_error", [None, "", "X", ";Sender", "X;", "X;Sender;more"])
def test_without_a_code_of_query_the_type_is_the_code(query_error: str | None) -> None:
    response = answer({"__type": "a#OverLimit", "message": "m"}, query_error)
    read = read_response(GET_QUEUE_URL, response)
    assert read.error
    assert (read.error.code, read.error.members) == ("OverLimit", {})
    assert write_response(GET_QUEUE_URL, read, "id").header("x-amzn-query-error") is None


def test_the_header_means_nothing_to_another_service() -> None:
    operation = MODELS.operation("dynamodb", "GetItem")
    read = read_response(operation, answer({"__type": "a#X"}, "Y;Sender"))
    assert read == Answer(error=Failure(400, "X"))


GET_ITEM = MODELS.operation("dynamodb", "GetItem")


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ("a#ResourceNotFoundException:http://internal.example.com/", b""),
        ("ResourceNotFoundException", b'{"code":"Other"}'),
        ("NotInTheModel", b'{"code":"a#ResourceNotFoundException"}'),
    ],
)
def test_without_a_type_the_code_is_in_the_header_or_in_the_body(header: str, body: bytes) -> None:
    read = read_response(GET_ITEM, Response(500, (("x-amzn-errortype", header),), body))
    assert read.error
    assert read.error.code == "ResourceNotFoundException"
    assert json.loads(write_response(GET_ITEM, read, "id").body)["__type"] == "ResourceNotFoundException"


def test_a_code_that_is_no_error_of_the_model_is_a_member() -> None:
    read = read_response(GET_ITEM, Response(400, (("x-amzn-errortype", "NotInTheModel"),), b'{"code":7,"message":"m"}'))
    assert read == Answer(error=Failure(400, None, "m", {"code": 7}))


PROTOCOLS: tuple[Protocol, ...] = ("json", "smithy-rpc-v2-cbor", "query")


@pytest.mark.parametrize("recorded", PROTOCOLS)
@pytest.mark.parametrize("served", PROTOCOLS)
def test_an_error_of_one_protocol_is_served_in_another(recorded: Protocol, served: Protocol) -> None:
    failure = Failure(400, "InvalidParameterInput", "m", {"Type": "Sender"})
    first = write_response(PUT_DASHBOARD, Answer(error=failure), "id", recorded)
    read = read_response(PUT_DASHBOARD, first, recorded)
    assert read == Answer(error=failure)
    second = write_response(PUT_DASHBOARD, read, "id", served)
    seen = parse_response(PUT_DASHBOARD, second, served)["Error"]
    assert (seen["Code"], seen["Message"], seen["Type"]) == ("InvalidParameterInput", "m", "Sender")
    assert seen.get("QueryErrorCode") == (None if served == "query" else "DashboardInvalidInputError")


@pytest.mark.parametrize("protocol", PROTOCOLS[:2])
def test_the_message_is_spelled_as_in_the_model(protocol: Protocol) -> None:
    for code, name in (("ConflictException", "Message"), ("ResourceConflict", "message")):
        failure = Answer(error=Failure(409, code, "m"))
        written = write_response(PUT_DASHBOARD, failure, "id", protocol)
        assert parse_response(PUT_DASHBOARD, written, protocol)[name] == "m"
        assert read_response(PUT_DASHBOARD, written, protocol) == failure


@pytest.mark.parametrize(
    ("service", "name", "code", "spelling"),
    [
        ("accessanalyzer", "GetAnalyzer", "ResourceNotFoundException", "message"),
        ("lambda", "GetFunction", "ResourceNotFoundException", "Message"),
        ("lambda", "GetFunction", "TooManyRequestsException", "message"),
        ("lambda", "GetFunction", "NotInTheModel", "message"),
    ],
)
def test_in_rest_json_the_message_is_spelled_as_in_the_model(service: str, name: str, code: str, spelling: str) -> None:
    operation = MODELS.operation(service, name)
    failure = Answer(error=Failure(409, code, "m", {"Type": "User"}))
    written = write_response(operation, failure, "id")
    assert json.loads(written.body) == {spelling: "m", "Type": "User"}
    assert read_response(operation, written) == failure
