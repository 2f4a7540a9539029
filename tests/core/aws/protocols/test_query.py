"""The protocol query by hand: requests of every trait, responses and errors of every form.

The cases follow Smithy's documentation of the protocol aws-query; models and texts are made up. botocore's serializer
and parser are the judges.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.model import Value
from awstape.core.aws.protocols.dispatch import read_request, read_response, write_response
from awstape.core.aws.wire import Request, Response, WireError, read_parameters
from support.small_models import FORM, HOST, SmallModel, reference, structure

LISTS: dict[str, Any] = {
    "Names": {"type": "list", "member": {"shape": "string"}},
    "Items": {"type": "list", "member": reference("string", locationName="item")},
    "FlatNames": {"type": "list", "member": {"shape": "string"}, "flattened": True},
    "FlatItems": {"type": "list", "member": reference("Tag", locationName="Item"), "flattened": True},
    "Tag": structure(Key="string", Values="Names"),
    "Tags": {"type": "list", "member": {"shape": "Tag"}},
    "Map": {"type": "map", "key": {"shape": "string"}, "value": {"shape": "integer"}},
    "FlatMap": {"type": "map", "key": {"shape": "string"}, "value": {"shape": "string"}, "flattened": True},
    "TagMap": {
        "type": "map",
        "key": reference("string", locationName="Name"),
        "value": reference("Tag", locationName="Value"),
    },
    "Node": structure(Name="string", Node="Node"),
}
MODEL = SmallModel(
    "query",
    {
        **LISTS,
        "Input": structure(
            Text="string",
            Number="integer",
            Fraction="double",
            Flag="boolean",
            Bytes="blob",
            When="timestamp",
            Renamed=reference("string", locationName="other"),
            Names="Names",
            Items="Items",
            FlatNames="FlatNames",
            FlatItems="FlatItems",
            RenamedFlat=reference("FlatNames", locationName="Flat"),
            Tags="Tags",
            Map="Map",
            FlatMap="FlatMap",
            RenamedFlatMap=reference("FlatMap", locationName="KVP"),
            TagMap="TagMap",
            Node="Node",
        ),
    },
)


def form(*parameters: tuple[str, str], method: str = "POST") -> Request:
    text = urlencode([("Action", "Run"), ("Version", "2020-01-08"), *parameters])
    return Request(method, HOST, "/", "", FORM, text.encode()) if method == "POST" else Request("GET", HOST, "/", text)


#: Parameters, input. The first are as botocore sends them.
REQUESTS: dict[str, tuple[list[tuple[str, str]], dict[str, Value]]] = {
    "nothing": ([], {}),
    "text": ([("Text", "a b+&=%é")], {"Text": "a b+&=%é"}),
    "a number": ([("Number", "10")], {"Number": 10}),
    "a fraction": ([("Fraction", "10.8")], {"Fraction": 10.8}),
    "no number": ([("Fraction", "NaN")], {"Fraction": "NaN"}),
    "a boolean": ([("Flag", "false")], {"Flag": False}),
    "a blob": ([("Bytes", "dmFsdWU=")], {"Bytes": "value"}),
    "a blob of bytes": ([("Bytes", "/w==")], {"Bytes": b"\xff"}),
    "a timestamp": ([("When", "2015-01-25T08:00:00Z")], {"When": "2015-01-25T08:00:00Z"}),
    "a renamed member": ([("other", "a")], {"Renamed": "a"}),
    "a list": ([("Names.member.1", "a"), ("Names.member.2", "b")], {"Names": ["a", "b"]}),
    "an empty list": ([("Names", "")], {"Names": []}),
    "a list with named items": ([("Items.item.1", "a")], {"Items": ["a"]}),
    "a flattened list": ([("FlatNames.1", "a"), ("FlatNames.2", "b")], {"FlatNames": ["a", "b"]}),
    "an empty flattened list": ([("FlatItems", "")], {"FlatItems": []}),
    "a flattened list with named items": (
        [("Item.1.Key", "a"), ("Item.1.Values.member.1", "b"), ("Item.2.Key", "c")],
        {"FlatItems": [{"Key": "a", "Values": ["b"]}, {"Key": "c"}]},
    ),
    "a renamed flattened list": ([("Flat.1", "a")], {"RenamedFlat": ["a"]}),
    "a list of structures": (
        [("Tags.member.1.Key", "a"), ("Tags.member.2.Values.member.1", "b")],
        {"Tags": [{"Key": "a"}, {"Values": ["b"]}]},
    ),
    "a map": (
        [("Map.entry.1.key", "a"), ("Map.entry.1.value", "1"), ("Map.entry.2.key", "b.c"), ("Map.entry.2.value", "2")],
        {"Map": {"a": 1, "b.c": 2}},
    ),
    "a flattened map": ([("FlatMap.1.key", "a"), ("FlatMap.1.value", "b")], {"FlatMap": {"a": "b"}}),
    "a renamed flattened map": ([("KVP.1.key", "a"), ("KVP.1.value", "b")], {"RenamedFlatMap": {"a": "b"}}),
    "a map with named sides": (
        [("TagMap.entry.1.Name", "a"), ("TagMap.entry.1.Value.Key", "b"), ("TagMap.entry.1.Value.Values", "")],
        {"TagMap": {"a": {"Key": "b", "Values": []}}},
    ),
    "a structure in itself": (
        [("Node.Node.Name", "a"), ("Node.Name", "b")],
        {"Node": {"Node": {"Name": "a"}, "Name": "b"}},
    ),
}
#: Parameters of other clients, input.
OTHER_REQUESTS: dict[str, tuple[list[tuple[str, str]], dict[str, Value]]] = {
    "items below `member`": ([("Items.member.1", "a")], {"Items": ["a"]}),
    "items directly": ([("Names.1", "a"), ("Names.2", "b")], {"Names": ["a", "b"]}),
    "an empty list below `member`": ([("Names.member", "")], {"Names": []}),
    "items in another order": ([("Names.member.10", "j"), ("Names.member.9", "i")], {"Names": ["i", "j"]}),
    "a flattened list below `member`": ([("FlatNames.member.1", "a")], {"FlatNames": ["a"]}),
    "a map directly": ([("Map.1.key", "a"), ("Map.1.value", "1")], {"Map": {"a": 1}}),
    "an HTTP date": ([("When", "Sun, 25 Jan 2015 08:00:00 GMT")], {"When": "Sun, 25 Jan 2015 08:00:00 GMT"}),
    "a number with an exponent": ([("Fraction", "1.0E-5")], {"Fraction": 1e-05}),
    "a parameter of no model": ([("zNew.1.a", "b")], {"zNew": {"1": {"a": "b"}}}),
}


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize(
    ("parameters", "expected"), [*REQUESTS.values(), *OTHER_REQUESTS.values()], ids=[*REQUESTS, *OTHER_REQUESTS]
)
def test_a_request_is_read(method: str, parameters: list[tuple[str, str]], expected: dict[str, Value]) -> None:
    operation, input_, protocol = read_request(MODEL.service, form(*parameters, method=method))
    assert (operation.name, protocol) == ("Run", "query")
    assert input_ == expected


@pytest.mark.parametrize(("parameters", "expected"), REQUESTS.values(), ids=REQUESTS)
def test_botocore_sends_that_request(parameters: list[tuple[str, str]], expected: dict[str, Value]) -> None:
    bytes_of = {"Bytes": b"value" if expected.get("Bytes") == "value" else b"\xff"} if "Bytes" in expected else {}
    nan = {"Fraction": float("nan")} if expected.get("Fraction") == "NaN" else {}
    request = MODEL.request({**expected, **bytes_of, **nan})
    sent = read_parameters(request)
    assert sorted(sent) == sorted([("Action", "Run"), ("Version", "2020-01-08"), *parameters])
    assert read_request(MODEL.service, request)[1] == expected


@pytest.mark.parametrize("name", ["Names.a", "Names.member.x", "FlatNames.a.1", "Map.entry.a", "Map.key"])
def test_a_list_without_numbers_is_refused(name: str) -> None:
    with pytest.raises(WireError, match="are not numbered"):
        read_request(MODEL.service, form((name, "a")))


def test_parameters_in_the_url_of_the_operation_are_no_input() -> None:
    model = SmallModel("query", {"Input": structure(Text="string")}, uri="/?Operation=Run")
    assert read_request(model.service, model.request({"Text": "a"}))[1] == {"Text": "a"}
    assert read_request(model.service, form(("Operation", "Other")))[1] == {"Operation": "Other"}


# --- responses ---

OUTPUT = {
    **LISTS,
    "Output": structure(
        Text="string",
        Number=reference("integer", locationName="FooNum"),
        Names="Names",
        FlatItems="FlatItems",
        Map="Map",
        FlatMap="FlatMap",
        Fraction="float",
    ),
    "Input": structure(),
}
WRAPPED = SmallModel("query", OUTPUT, wrapper="RunResult")
META = "<ResponseMetadata><RequestId>request-id</RequestId><BoxUsage>0.1</BoxUsage></ResponseMetadata>"
MEMBERS = (
    "<Text>a &amp; b</Text><FooNum>7</FooNum><Names><member>a</member></Names><Item><Key>a</Key></Item><Item/>"
    "<Map><entry><key>a</key><value>1</value></entry></Map><FlatMap><key>a</key><value>b</value></FlatMap>"
    "<Fraction>1.5</Fraction>"
)
VALUE: dict[str, Value] = {
    "Text": "a & b",
    "Number": 7,
    "Names": ["a"],
    "FlatItems": [{"Key": "a"}, {}],
    "Map": {"a": 1},
    "FlatMap": {"a": "b"},
    "Fraction": 1.5,
}
RESPONSES = {
    "with a result": (WRAPPED, f"<RunResponse><RunResult>{MEMBERS}</RunResult>{META}</RunResponse>", VALUE),
    "with a namespace": (
        WRAPPED,
        f'<?xml version="1.0"?><z:RunResponse xmlns:z="urn:z" xmlns="urn:z"><z:RunResult><Text>a</Text></z:RunResult>'
        f"{META}</z:RunResponse>",
        {"Text": "a"},
    ),
    "with the result of another name": (
        SmallModel("query", OUTPUT, wrapper="Wrapper"),
        f"<RunResponse>{META}<Wrapper>{MEMBERS}</Wrapper></RunResponse>",
        VALUE,
    ),
    "with a result that the shape names": (
        SmallModel("query", {**OUTPUT, "Output": {**OUTPUT["Output"], "resultWrapper": "Wrapper"}}),
        f"<RunResponse><Wrapper>{MEMBERS}</Wrapper></RunResponse>",
        VALUE,
    ),
    "without a result element": (SmallModel("query", OUTPUT), f"<RunResponse>{MEMBERS}{META}</RunResponse>", VALUE),
    "with an empty result": (WRAPPED, f"<RunResponse><RunResult/>{META}</RunResponse>", {}),
    "with an empty text": (SmallModel("query", OUTPUT), "<R><Text/><RequestId>r</RequestId></R>", {"Text": ""}),
    "without output": (SmallModel("query", {}), f"<RunResponse>{META}</RunResponse>", {}),
}


@pytest.mark.parametrize(("model", "body", "value"), RESPONSES.values(), ids=RESPONSES)
def test_a_response_is_read_and_written(model: SmallModel, body: str, value: dict[str, Value]) -> None:
    response = Response(200, (("Content-Type", "text/xml"),), body.encode())
    answer = read_response(model.operation, response)
    assert answer == Answer(value)
    again = write_response(model.operation, answer, "request-id")
    assert read_response(model.operation, again) == answer
    assert model.parse(again) == model.parse(response)


def test_a_response_without_a_body_is_an_empty_output() -> None:
    assert read_response(WRAPPED.operation, Response(200)) == Answer({})


# --- errors ---

ERRORS = SmallModel(
    "query",
    {
        "Tags": {"type": "list", "member": {"shape": "Tag"}},
        "Tag": structure(Key="string"),
        "Plain": {**structure(Message="string"), "exception": True},
        "CodedException": {
            **structure(message="string", Usage="float", Tags="Tags", Nested="Tag", Count="integer"),
            "exception": True,
            "error": {"code": "Coded", "httpStatusCode": 402},
        },
        "Odd": {**structure(Code="string", Message="string"), "exception": True},
    },
)
ERROR = "<Type>Sender</Type><Code>{}</Code><Message>Hi</Message>"
FAILURES: dict[str, tuple[str, str | None, Failure]] = {
    "the usual": (
        f"<ErrorResponse><Error>{ERROR.format('Plain')}</Error><RequestId>r</RequestId></ErrorResponse>",
        "Plain",
        Failure(400, "Plain", "Hi", {"Type": "Sender"}),
    ),
    "with detail": (
        f"<ErrorResponse><Error>{ERROR.format('Plain')}<Detail/></Error></ErrorResponse>",
        "Plain",
        Failure(400, "Plain", "Hi", {"Type": "Sender", "Detail": ""}),
    ),
    "of no model": (
        "<ErrorResponse><Error><Code>Zzz</Code><Message/><A><B>1</B><B>2</B></A></Error></ErrorResponse>",
        None,
        Failure(400, "Zzz", "", {"A": {"B": ["1", "2"]}}),
    ),
    "with members": (
        f"<ErrorResponse><Error>{ERROR.format('Coded')}<Usage>0.5</Usage><Tags><member><Key>a</Key></member></Tags>"
        "<Nested><Key>b</Key></Nested><Count>3</Count></Error></ErrorResponse>",
        "CodedException",
        Failure(
            400,
            "Coded",
            "Hi",
            {"Type": "Sender", "Usage": 0.5, "Tags": [{"Key": "a"}], "Nested": {"Key": "b"}, "Count": 3},
        ),
    ),
    "with a model that has the code": (
        f"<ErrorResponse><Error>{ERROR.format('Odd')}</Error></ErrorResponse>",
        "Odd",
        Failure(400, "Odd", "Hi", {"Type": "Sender"}),
    ),
    "without a code": (
        "<ErrorResponse><Error><Message>Hi</Message></Error></ErrorResponse>",
        None,
        Failure(400, None, "Hi"),
    ),
    "as SimpleDB has it": (
        "<Response><Errors><Error><Code>Zzz</Code><Message>Hi</Message></Error></Errors><RequestID>r</RequestID></Response>",
        None,
        Failure(400, "Zzz", "Hi"),
    ),
}


@pytest.mark.parametrize(("body", "shape", "failure"), FAILURES.values(), ids=FAILURES)
def test_an_error_is_read_and_written(body: str, shape: str | None, failure: Failure) -> None:
    response = Response(400, (), body.encode())
    answer = read_response(ERRORS.operation, response)
    assert answer == Answer(error=failure)
    again = write_response(ERRORS.operation, answer, "r")
    assert read_response(ERRORS.operation, again) == answer
    parsed, expected = ERRORS.parse(again), ERRORS.parse(response)
    assert parsed["Error"] == expected["Error"]
    if shape:
        assert ERRORS.parse(again, shape) == ERRORS.parse(response, shape)


@pytest.mark.parametrize("body", [b"", b" \n", b"<html><body>503</body></html>", b"<HTML>"])
def test_an_error_of_a_gateway_is_only_a_status(body: bytes) -> None:
    answer = read_response(ERRORS.operation, Response(503, (), body))
    assert answer == Answer(error=Failure(503))
    assert write_response(ERRORS.operation, answer, "r").body == b""


def test_the_text_of_an_error_is_that_of_aws() -> None:
    failure = Failure(404, "Coded", "a < b", {"Type": "Sender", "Usage": 0.5})
    assert write_response(ERRORS.operation, Answer(error=failure), "r").body.decode() == (
        '<ErrorResponse xmlns="https://zservice.example.com/doc/2020-01-08/">\n'
        "  <Error>\n"
        "    <Type>Sender</Type>\n"
        "    <Code>Coded</Code>\n"
        "    <Message>a &lt; b</Message>\n"
        "    <Usage>0.5</Usage>\n"
        "  </Error>\n"
        "  <RequestId>r</RequestId>\n"
        "</ErrorResponse>\n"
    )


@pytest.mark.parametrize("code", ["DashboardNotFoundError", "ResourceNotFound"])
def test_an_error_of_another_protocol_has_the_code_of_this_one(code: str) -> None:
    operation = load_models(("cloudwatch",)).operation("cloudwatch", "GetDashboard")
    failure = Failure(404, code, "a", {"Type": "Sender", "__type": "DashboardNotFoundError"})
    body = write_response(operation, Answer(error=failure), "r", "query").body.decode()
    assert "<Code>ResourceNotFound</Code>" in body
    assert "__type" not in body
