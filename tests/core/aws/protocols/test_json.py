"""AWS JSON 1.0 and 1.1 as on the wire, after Smithy's documentation of the protocol."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from awstape.catalog.response_parser import parse_response
from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.model import Member, Operation, Shape, Value
from awstape.core.aws.protocols.dispatch import read_response, write_response
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.wire import Request, Response, WireError

MODELS = load_models(("dynamodb", "sqs", "logs", "ecs", "stepfunctions"))
DESCRIBE_TABLE = MODELS.operation("dynamodb", "DescribeTable")
GET_ITEM = MODELS.operation("dynamodb", "GetItem")
GET_QUEUE_URL = MODELS.operation("sqs", "GetQueueUrl")


def request(target: str, body: str = "{}", host: str = "dynamodb.eu-west-1.amazonaws.com", **other: Any) -> Request:
    headers = (("X-Amz-Target", target), ("Content-Type", "application/x-amz-json-1.0"))
    return replace(Request("POST", host, "/", "", headers, body.encode()), **other)


def read_input(asked: Request) -> dict[str, Value]:
    call = recognise_call(MODELS, asked)
    assert call
    assert call.protocol == "json"
    return call.input


# --- requests -----------------------------------------------------------------------------------------------------


def test_the_target_names_the_operation() -> None:
    call = recognise_call(MODELS, request("DynamoDB_20120810.DescribeTable", '{"TableName": "t"}'))
    assert call
    assert (call.operation, call.input, call.protocol) == (DESCRIBE_TABLE, {"TableName": "t"}, "json")


def test_the_target_names_the_service_of_an_unsigned_request() -> None:
    asked = request("Logs_20140328.DescribeLogGroups", host="localhost")
    call = recognise_call(MODELS, asked)
    assert call
    assert call.operation is MODELS.operation("logs", "DescribeLogGroups")


@pytest.mark.parametrize("body", ["", "{}", " {} \n"])
def test_an_empty_body_is_an_empty_input(body: str) -> None:
    assert read_input(request("DynamoDB_20120810.ListTables", body)) == {}


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (request("DynamoDB_20120810.ListTabels"), "dynamodb has no such operation; did you mean ListTables?"),
        (request("Dynamo.ListTables"), "the header X-Amz-Target does not begin with DynamoDB_20120810"),
        (request("ListTables"), "the header X-Amz-Target does not begin with DynamoDB_20120810"),
        (request("DynamoDB_20120810.ListTables", method="GET"), "dynamodb accepts POST only"),
        (request("DynamoDB_20120810.ListTables", "[]"), "the JSON body is not an object"),
        (request("DynamoDB_20120810.ListTables", "Action=X"), "the body is not JSON"),
        (request("DynamoDB_20120810.ListTables", headers=()), "the header X-Amz-Target does not begin with Dynamo"),
    ],
)
def test_another_request_is_refused(asked: Request, problem: str) -> None:
    with pytest.raises(WireError, match=problem):
        recognise_call(MODELS, asked)


def test_values_of_a_request() -> None:
    body = """{
        "Key": {"n": {"N": "1E+3"}, "b": {"B": "AAE="}, "t": {"B": "aGk="}, "0": {"NULL": true}, "l": {"L": []}},
        "TableName": "t", "ConsistentRead": false, "newMember": {"a": [1, null, "x"]}
    }"""
    assert read_input(request("DynamoDB_20120810.GetItem", body)) == {
        "Key": {"n": {"N": "1E+3"}, "b": {"B": b"\0\x01"[:2].decode()}, "t": {"B": "hi"}, "0": {"NULL": True}}
        | {"l": {"L": []}},
        "TableName": "t",
        "ConsistentRead": False,
        "newMember": {"a": [1, None, "x"]},
    }


# --- responses ----------------------------------------------------------------------------------------------------


def answer(body: str, status: int = 200, *headers: tuple[str, str]) -> Response:
    return Response(status, (("Content-Type", "application/x-amz-json-1.0"), *headers), body.encode())


def assert_same_to_a_client(operation: Operation, response: Response) -> None:
    replayed = write_response(operation, read_response(operation, response), "id")
    assert parse_response(operation, replayed) == parse_response(operation, response)


def test_an_output_is_json_with_the_version_of_the_service() -> None:
    written = write_response(GET_QUEUE_URL, Answer({"QueueUrl": "https://q/é"}), "some-id")
    assert written.status == 200
    assert written.headers == (("x-amzn-RequestId", "some-id"), ("Content-Type", "application/x-amz-json-1.0"))
    assert written.body.decode() == '{"QueueUrl":"https://q/é"}'
    of_logs = write_response(MODELS.operation("logs", "PutRetentionPolicy"), Answer({}), "some-id")
    assert of_logs.header("content-type") == "application/x-amz-json-1.1"
    assert of_logs.body == b"{}"


@pytest.mark.parametrize(
    ("wire", "value", "again"),
    [
        ("1.4218669525E9", "2015-01-21T19:02:32.500Z", 1421866952.5),
        ("1421866952", "2015-01-21T19:02:32Z", 1421866952),
        ("1421866952.000", "2015-01-21T19:02:32Z", 1421866952),
        ("-1", "1969-12-31T23:59:59Z", -1),
        ('"2015-01-21T19:02:32Z"', "2015-01-21T19:02:32Z", 1421866952),
        ("null", None, None),
    ],
)
def test_a_time_is_text_in_a_cassette_and_a_number_on_the_wire(wire: str, value: Value, again: Value) -> None:
    response = answer(f'{{"Table": {{"CreationDateTime": {wire}}}}}')
    read = read_response(DESCRIBE_TABLE, response)
    assert read.output == {"Table": {"CreationDateTime": value}}
    written = write_response(DESCRIBE_TABLE, read, "id")
    assert json.loads(written.body) == {"Table": {"CreationDateTime": again}}
    assert_same_to_a_client(DESCRIBE_TABLE, response)


def test_a_time_has_the_format_of_the_model() -> None:
    formats: dict[str, Any] = {"iso8601": None, "rfc822": None, "unixTimestamp": None}
    members = {name: Member(name, Shape(name="T", type="timestamp", timestamp_format=name)) for name in formats}
    shape = Shape(name="Output", type="structure", members=members)
    operation = replace(DESCRIBE_TABLE, output=shape)
    written = write_response(operation, Answer(dict.fromkeys(formats, "2014-04-29T18:30:38Z")), "id")
    assert json.loads(written.body) == {
        "iso8601": "2014-04-29T18:30:38Z",
        "rfc822": "Tue, 29 Apr 2014 18:30:38 GMT",
        "unixTimestamp": 1398796238,
    }
    assert read_response(operation, written).output == {
        "iso8601": "2014-04-29T18:30:38Z",
        "rfc822": "Tue, 29 Apr 2014 18:30:38 GMT",
        "unixTimestamp": "2014-04-29T18:30:38Z",
    }


def test_nulls_in_lists_and_maps_are_values() -> None:
    response = answer('{"Item": {"a": {"L": [null, {"S": "x"}]}, "b": null}}')
    assert read_response(GET_ITEM, response).output == {"Item": {"a": {"L": [None, {"S": "x"}]}, "b": None}}
    written = write_response(GET_ITEM, read_response(GET_ITEM, response), "id")
    assert json.loads(written.body) == json.loads(response.body)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_json_does_not_have_is_text(text: str) -> None:
    shape = Shape(name="O", type="structure", members={"d": Member("d", Shape(name="D", type="double"))})
    operation = replace(DESCRIBE_TABLE, output=shape)
    read = read_response(operation, answer(f'{{"d": "{text}"}}'))
    assert read == Answer({"d": text})
    assert write_response(operation, read, "id").body.decode() == f'{{"d":"{text}"}}'
    with pytest.raises(WireError, match="is not JSON"):
        read_response(operation, answer(f'{{"d": {text}}}'))


def test_a_document_is_kept_as_it_is() -> None:
    document: Value = {"B": "AAE=", "time": 1421866952, "list": [None, 1.5, {}], "": True}
    shape = Shape(
        name="O",
        type="structure",
        members={
            "doc": Member("doc", Shape(name="Doc", type="structure", document=True)),
            "time": Member("t", Shape("T", "timestamp")),
        },
    )
    operation = replace(DESCRIBE_TABLE, output=shape)
    for value in (document, "text", 7, [document], None, True):
        read = read_response(operation, answer(json.dumps({"doc": value})))
        assert read == Answer({"doc": value})
        assert json.loads(write_response(operation, read, "id").body) == {"doc": value}


def test_a_success_that_is_not_json_is_a_message() -> None:
    response = answer("busy")
    assert read_response(GET_QUEUE_URL, response).output == {"message": "busy"}
    assert_same_to_a_client(GET_QUEUE_URL, response)


def test_a_stream_of_events_is_refused_but_not_its_errors() -> None:
    operation = MODELS.operation("logs", "StartLiveTail")
    with pytest.raises(WireError, match="the response is a stream of events, which a cassette cannot hold"):
        read_response(operation, Response(200, (), b"\0\0\0\x7e"))
    failed = read_response(operation, answer('{"__type": "AccessDeniedException"}', 400))
    assert failed.error
    assert failed.error.code == "AccessDeniedException"


# --- errors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code", "message", "members"),
    [
        ('{"__type": "com.amazonaws#DuplicateItemException", "message": "m"}', "DuplicateItemException", "m", {}),
        ('{"__type": "DuplicateItemException:http://x/", "message": ""}', "DuplicateItemException", "", {}),
        ('{"__type": "a#UnrecognizedClientException", "Message": "m"}', "UnrecognizedClientException", "m", {}),
        ('{"__type": "X", "message": "m", "Message": "n"}', "X", "m", {"Message": "n"}),
        ('{"__type": "DuplicateItemException", "Message": "m"}', "DuplicateItemException", None, {"Message": "m"}),
        ('{"__type": "X", "message": null}', "X", None, {"message": None}),
        ('{"message": "m", "code": "C"}', None, "m", {"code": "C"}),
        ("{}", None, None, {}),
        ("", None, None, {}),
        ("no JSON", None, "no JSON", {}),
        (
            '{"__type": "TransactionCanceledException", "Message": "m", "CancellationReasons": [{"Code": "None"}]}',
            "TransactionCanceledException",
            "m",
            {"CancellationReasons": [{"Code": "None"}]},
        ),
    ],
)  # fmt: skip
def test_an_error(body: str, code: str | None, message: str | None, members: dict[str, Value]) -> None:
    operation = MODELS.operation("dynamodb", "TransactWriteItems")
    read = read_response(operation, answer(body, 400))
    assert read == Answer(error=Failure(400, code, message, members))
    assert read_response(operation, write_response(operation, read, "id")) == read
    assert_same_to_a_client(operation, answer(body, 400))


@pytest.mark.parametrize("body", ["", "<html><body>503</body></html>"])
def test_an_error_of_a_load_balancer_is_only_a_status(body: str) -> None:
    read = read_response(GET_ITEM, answer(body, 503))
    assert read == Answer(error=Failure(503))
    assert write_response(GET_ITEM, read, "id").body == b""
    assert_same_to_a_client(GET_ITEM, answer(body, 503))
