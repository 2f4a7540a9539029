"""Operations of the REST protocols with generated inputs and outputs, for services sampled from all of them."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.catalog.botocore_values import build_request, to_botocore
from awstape.catalog.response_parser import parse_response
from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Answer
from awstape.core.aws.model import Member, Operation, Shape, Value, child_shape
from awstape.core.aws.protocols.dispatch import read_response, write_response
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.timestamps import canonical_timestamp
from support import strategies

ALL = load_models()
REST = [name for name, entry in ALL.entries.items() if entry.protocols[0] in ("rest-json", "rest-xml")]
#: Services with a feature that few have, and every thirtieth of the others. A variable selects all.
PECULIAR = """
    apigateway bedrock-runtime cloudfront iot-data lex-runtime mpa neptune-graph omics route53 s3 s3control
""".split()
SERVICES = REST if os.environ.get("AWSTAPE_ALL_SERVICES") else sorted({*PECULIAR, *REST[::30]})

each_service = pytest.mark.parametrize("service", SERVICES)


def operations(service: str) -> st.SearchStrategy[Operation]:
    """The operations of a service that can be recorded and have a route of their own."""
    found = ALL.services[service].operations.values()
    return st.sampled_from([op for op in found if not (has_events(op) or op.is_deprecated or op.name in _BY_HOST)])


#: Operations of S3 that have a host of their own.
_BY_HOST = ("ListDirectoryBuckets", "WriteGetObjectResponse")


def has_events(op: Operation) -> bool:
    shapes = (shape for shape in (op.input, op.output) if shape and shape.payload)
    return any(shape.members[shape.payload or ""].shape.event_stream for shape in shapes)


@each_service
@strategies.few(60)
@given(data=st.data())
def test_a_request_of_botocore_is_recognised(service: str, data: st.DataObject) -> None:
    op = data.draw(operations(service))
    input_ = fit_input(op, data.draw(strategies.inputs(op)))
    call = recognise_call(ALL.of([service]), build_request(op, input_, "eu-west-1"))
    assert call is not None
    assert call.operation.name == op.name
    assert plain(call.input, op.input) == plain(_as_sent(input_, op), op.input)


@each_service
@strategies.few(60)
@given(data=st.data())
def test_botocore_and_read_response_read_what_write_response_writes(service: str, data: st.DataObject) -> None:
    op = data.draw(operations(service))
    output = fit_output(op, data.draw(strategies.outputs(op)))
    response = write_response(op, Answer(output), "request-id")
    parsed = parse_response(op, response)
    assert plain(parsed, op.output) == plain(to_botocore(output, op.output), op.output)
    again = read_response(op, response)
    assert again.unmodelled == ()
    assert plain(again.output, op.output) == plain(output, op.output)
    encoded_again = write_response(op, again, "request-id")
    assert encoded_again.body == response.body
    assert parse_response(op, encoded_again) == parsed


# --- what the wire can hold ---------------------------------------------------------------------------------------


def fit_input(op: Operation, value: dict[str, Value]) -> dict[str, Value]:
    """An input with texts that the wire can hold in their place, and all members by which a route is told."""
    fitted = _fit(value, op.input, op)
    of_type: dict[str, Value] = {"string": "1", "list": ["1"], "boolean": True}
    for name in op.input.required if op.input else ():
        member = op.input.members[name] if op.input else None
        if member and name not in fitted and member.location in ("header", "querystring"):
            fitted[name] = of_type.get(member.shape.type, 1)
    return fitted


def fit_output(op: Operation, value: dict[str, Value]) -> dict[str, Value]:
    """As `fit_input`, for an output: as botocore reads it, with payload and status, without a body where none is."""
    fitted = _fit(value, op.output, op)
    known = op.output.members if op.output else {}
    if op.output and op.output.payload:
        is_text = known[op.output.payload].shape.type in ("blob", "string")
        fitted.setdefault(op.output.payload, "" if is_text else {})
    has_no_body = op.method == "HEAD" or op.status == 204
    for name, member in known.items():
        if member.location == "statusCode":
            fitted[name] = op.status
        elif member.wire_name == "Content-Range" or (has_no_body and member.location == "body"):
            fitted.pop(name, None)
    return fitted


def _fit(value: dict[str, Value], shape: Shape | None, op: Operation) -> dict[str, Value]:
    known = shape.members if shape else {}
    fitted = {name: _fit_member(item, known[name], op) for name, item in value.items()}
    return {name: item for name, item in fitted.items() if item is not None}


def _fit_member(value: Any, member: Member, op: Operation) -> Any:
    if member.host_label:
        return "123456789012"
    if member.json_value:
        return '{"a":[1,"x"]}'
    if member.location in ("header", "headers"):
        is_of_message = re.fullmatch("|content-(length|encoding)|x-amz-checksum-(crc|sha).*", member.wire_name.lower())
        return None if is_of_message else _in_header(value) or None
    if member.location == "uri" and isinstance(value, str):
        return value.strip("/") or "x"
    return _without_returns(value) if op.service.protocol == "rest-xml" else value


def _in_header(value: Any) -> Any:
    """The value without spaces, commas and quotes; of times the whole seconds."""
    if isinstance(value, list):
        return [held for item in value if (held := _in_header(item))]
    if isinstance(value, dict):
        return {re.sub("[^a-z0-9]", "", key.lower()) or "k": _in_header(item) or "x" for key, item in value.items()}
    return re.sub(r"[^!-~]|[,\"]|\.\d+(?=Z$)", "", value) if isinstance(value, str) else value


def _without_returns(value: Any) -> Any:
    """The value without carriage returns, which botocore writes into XML as they are."""
    if isinstance(value, list):
        return [_without_returns(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_returns(item) for name, item in value.items()}
    return value.replace("\r", "") if isinstance(value, str) else value


def _as_sent(input_: dict[str, Value], op: Operation) -> dict[str, Value]:
    """An input without the members that the service takes from the body: its checksums."""
    known = op.input.members if op.input else {}
    about_body = re.compile("content-md5|x-amz-(checksum|sdk-checksum|trailer).*")
    bound = {name for name, member in known.items() if member.location == "header"}
    checksums = {name for name in bound if op.has_body_checksum and about_body.fullmatch(known[name].wire_name.lower())}
    return {name: value for name, value in input_.items() if name not in checksums}


def plain(value: Any, shape: Shape | None) -> Any:
    """A value to compare: times as instants, numbers with a fraction as such, without what is empty in a structure.

    An empty member is not sent in a query string, a header or a flattened list.
    """
    if isinstance(value, dict):
        members = {name: plain(item, child_shape(shape, name)) for name, item in value.items()}
        return {name: item for name, item in members.items() if item not in ([], {}, "", b"", None)}
    if isinstance(value, list):
        return [plain(item, child_shape(shape, i)) for i, item in enumerate(value)]
    if shape and shape.type == "timestamp" and not hasattr(value, "year"):
        return canonical_timestamp(value)
    return float(value) if shape and shape.type in ("float", "double") else value
