"""The rest-json protocol of most services: members in path, query string and headers, the others in a JSON body.

1. An error has its code in the header `x-amzn-errortype`, or as `__type` or `code` in the body. Its message is
   spelled as in `rpc_errors`.
2. The body of a response that is not JSON is a message, as botocore reads it. A 5xx that has only a code is written
   with an empty object: botocore reads the code of an empty body from its status.
3. A payload is the body: a structure or document as JSON, a blob or string as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from awstape.core.aws.call import Answer, Failure, error_name
from awstape.core.aws.conform import unmodelled_members
from awstape.core.aws.model import Member, Operation, Service, Shape, Value
from awstape.core.aws.protocols import http_bindings
from awstape.core.aws.protocols.encodings.json_text import (
    MAX_TEXT,
    dump_json,
    parse_json_body,
    parse_object_body,
    parse_object_or_text,
    read_json_structure,
    write_json_structure,
)
from awstape.core.aws.protocols.http_bindings import (
    add_headers,
    body_members,
    checked_header_value,
    find_payload,
    is_raw,
    make_response,
    read_bound_members,
    read_header_members,
    read_raw_payload,
    write_header_members,
    write_raw_payload,
)
from awstape.core.aws.protocols.rpc_errors import make_failure, message_names
from awstape.core.aws.wire import (
    FIRST_ERROR_STATUS,
    MAX_REQUEST_VALUES,
    MAX_VALUES,
    Headers,
    Request,
    Response,
    WireError,
)

accepts = http_bindings.accepts
find_operation = http_bindings.find_operation


def read_request(service: Service, request: Request) -> tuple[Operation, dict[str, Value]]:
    """The operation that a method and path call, and its input."""
    operation, input_ = read_bound_members(service, request)
    body = request.body
    if payload := find_payload(operation, operation.input):
        input_.update(_read_payload(operation, *payload, body, MAX_REQUEST_VALUES) if body else {})
    else:
        input_.update(read_json_structure(parse_object_body(body.strip(), MAX_REQUEST_VALUES), operation.input))
    return operation, input_


def read_response(operation: Operation, response: Response) -> Answer:
    """The answer that a response holds: the members of its JSON body, then those in headers."""
    if response.status >= FIRST_ERROR_STATUS:
        return Answer(error=_read_failure(operation.service, response))
    if payload := find_payload(operation, operation.output):
        output = _read_payload(operation, *payload, response.body)
    else:
        output = read_json_structure(parse_object_or_text(response.body), operation.output)
    output.update(read_header_members(response, operation.output))
    return Answer(output=output, unmodelled=unmodelled_members(operation, output))


def _read_payload(
    operation: Operation, name: str, member: Member, body: bytes, max_values: int = MAX_VALUES
) -> dict[str, Value]:
    """The member that is the body; none for an empty body, unless the body is read as it is."""
    if is_raw(member):
        return {name: read_raw_payload(operation, body, member)}
    if not body:
        return {}
    if member.shape.document:
        return {name: parse_json_body(body, max_values)}
    return {name: read_json_structure(parse_object_body(body, max_values), member.shape)}


def _read_failure(service: Service, response: Response) -> Failure:
    code = response.header("x-amzn-errortype")
    try:
        body = parse_json_body(response.body)
    except WireError:
        if response.is_gateway_error:
            return Failure(response.status, code)
        if len(response.body) > MAX_TEXT:
            raise
        body = {"message": response.body.decode("utf-8", errors="replace")}
    if not isinstance(body, dict):
        raise WireError("the JSON body of an error is not an object")
    shape = _error_shape(service, code, body)
    members = {**read_json_structure(body, shape), **read_header_members(response, shape)}
    return make_failure(response.status, code, members, shape)


def write_output(operation: Operation, output: Mapping[str, Value], request_id: str) -> Response:
    """The response that holds an output."""
    payload = find_payload(operation, operation.output)
    body = _write_payload(output, *payload) if payload else _write_body(output, operation.output)
    own = _headers(request_id)
    return make_response(operation, output, own[1:] if payload and is_raw(payload[1]) else own, body)


def _write_payload(output: Mapping[str, Value], name: str, member: Member) -> bytes:
    value = output.get(name)
    if value is None or is_raw(member):
        return write_raw_payload(value)
    if isinstance(value, dict) and not member.shape.document:
        return dump_json(write_json_structure(value, member.shape))
    return dump_json(value)


def _write_body(members: Mapping[str, Value], shape: Shape | None) -> bytes:
    return dump_json(write_json_structure(body_members(members, shape), shape))


def write_failure(service: Service, failure: Failure, request_id: str) -> Response:
    """The error response; with an empty body if the failure is only a status from 500 on."""
    headers = _headers(request_id)
    if failure.code is not None:
        headers += (("x-amzn-errortype", checked_header_value("code", failure.code)),)
    if failure.message is None and not failure.members:
        is_status_only = failure.code is None and failure.status >= 500
        return Response(failure.status, headers, b"" if is_status_only else b"{}")
    shape = _error_shape(service, failure.code, failure.members)
    message: dict[str, Value] = {} if failure.message is None else {message_names(shape)[0]: failure.message}
    members = {**message, **failure.members}
    headers = add_headers(headers, write_header_members(members, shape))
    return Response(failure.status, headers, _write_body(members, shape))


def _error_shape(service: Service, code: str | None, members: Mapping[str, Value]) -> Shape | None:
    """The shape of an error, by its code in the header or in the members."""
    named = code or members.get("__type") or members.get("code")
    return service.errors.get(error_name(named)) if isinstance(named, str) else None


def _headers(request_id: str) -> Headers:
    return (("content-type", "application/json"), ("x-amzn-requestid", request_id))
