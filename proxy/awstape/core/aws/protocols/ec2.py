"""The protocol of EC2: a variant of the protocol query.

1. In a request a member has its query name, or its name on the wire with a capital letter, such as `InstanceId` for
   `instanceId`; the latter is accepted, too. Lists are numbered directly: `InstanceId.1`.
2. A response has its members in the root, after `<requestId>`. That of an operation without output says
   `<return>true</return>`.
3. An error is `<Response><Errors><Error>`, with a `<RequestID>`.

Source: smithy.io, "AWS EC2 query protocol"; EC2's API reference for the bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.conform import unmodelled_members
from awstape.core.aws.model import Member, Operation, Service, Shape, Value
from awstape.core.aws.protocols import query
from awstape.core.aws.protocols.encodings.xml_text import (
    parse_xml,
    read_xml_structure,
    write_leaf,
    write_parent,
    write_xml_structure,
)
from awstape.core.aws.wire import FIRST_ERROR_STATUS, Headers, Request, Response

accepts = query.accepts
find_operation = query.find_operation

#: What is beside the output. Emulators spell it in one way or the other.
_REQUEST_IDS = frozenset({"requestId", "RequestId"})
_RETURN = ("return", "true")
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'


def read_request(service: Service, request: Request) -> tuple[Operation, dict[str, Value]]:
    """The operation that a form calls, and its input."""
    return query.read_input(service, request, _form_names)


@cache
def _form_names(shape: Shape) -> Mapping[str, tuple[str, Member]]:
    """The names of a structure's members in a form → (AWS member name, member)."""
    members = shape.by_wire_name.values()
    return dict(shape.by_wire_name) | {_query_name(member): (name, member) for name, member in members}


def _query_name(member: Member) -> str:
    return member.query_name or member.wire_name[:1].upper() + member.wire_name[1:]


def read_response(operation: Operation, response: Response) -> Answer:
    """The answer that an XML response holds."""
    if response.status >= FIRST_ERROR_STATUS:
        return Answer(error=query.read_failure(operation.service, response))
    output = read_xml_structure(parse_xml(response.body), operation.output) if response.body.strip() else {}
    output = {name: value for name, value in output.items() if (name, value) != _RETURN and name not in _REQUEST_IDS}
    return Answer(output=output, unmodelled=unmodelled_members(operation, output))


def write_output(operation: Operation, output: Mapping[str, Value], request_id: str) -> Response:
    """The response that holds an output."""
    lines = [write_leaf("requestId", request_id, 1), *write_xml_structure(output, operation.output, 1)]
    if operation.output is None and "return" not in output:
        lines.append(write_leaf(*_RETURN, 1))
    root = write_parent(f"{operation.name}Response", 0, lines, query.namespace_attribute(operation.service))
    return _response(200, root, request_id)


def write_failure(service: Service, failure: Failure, request_id: str) -> Response:
    """The error response; without a body if the failure is only a status."""
    if failure.is_only_a_status:
        return Response(failure.status, _headers(request_id))
    return _response(failure.status, write_error(service, failure, request_id), request_id)


def write_error(service: Service | None, failure: Failure, request_id: str) -> Iterator[str]:
    """The lines of an error response. service: None if no model of it is at hand."""
    errors = write_parent("Errors", 1, query.write_error_element(service, failure, 2))
    return write_parent("Response", 0, [*errors, write_leaf("RequestID", request_id, 1)])


def _response(status: int, lines: Iterator[str], request_id: str) -> Response:
    return Response(status, _headers(request_id), "\n".join([_DECLARATION, *lines]).encode())


def _headers(request_id: str) -> Headers:
    return (("x-amzn-RequestId", request_id), ("Content-Type", "text/xml;charset=UTF-8"))
