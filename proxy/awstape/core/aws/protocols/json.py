"""The protocols AWS JSON 1.0 and 1.1: the operation in the header `X-Amz-Target`, the input and the output in JSON.

1. The target is `PREFIX.Operation`; the prefix is that of the service model. Version 1.0 and 1.1 differ in the content
   type of the response only.
2. An empty body is an empty object. An output of a success that is not JSON is a message, as botocore reads it.
3. An error is only a status if a load balancer made it; its body is empty from 500 on.

Source: smithy.io, "AWS JSON 1.0 protocol" and "AWS JSON 1.1 protocol".
"""

from __future__ import annotations

from collections.abc import Mapping

from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.conform import did_you_mean, unmodelled_members
from awstape.core.aws.model import Operation, Service, Value
from awstape.core.aws.protocols.encodings.json_text import (
    dump_json,
    parse_object_body,
    parse_object_or_text,
    read_json_structure,
    write_json_structure,
)
from awstape.core.aws.protocols.rpc_errors import read_failure, write_failure_members
from awstape.core.aws.wire import FIRST_ERROR_STATUS, MAX_REQUEST_VALUES, Headers, Request, Response, WireError


def accepts(request: Request) -> bool:
    """Whether a request may be of this protocol: it has its header, and not that of another one."""
    return request.header("x-amz-target") is not None and request.header("smithy-protocol") is None


def find_target(request: Request) -> str:
    """`PREFIX.Operation`, empty if a request names none."""
    return request.header("x-amz-target") or ""


def find_operation(service: Service, request: Request) -> Operation:
    """The operation that the target names. Raises WireError if it is none of the service."""
    prefix, _, name = find_target(request).rpartition(".")
    if request.method != "POST":
        raise WireError(f"{service.name} accepts POST only")
    if prefix != service.target_prefix:
        raise WireError(f"the header X-Amz-Target does not begin with {service.target_prefix}")
    if name not in service.operations:
        hint = did_you_mean(name, service.operations) or "; a newer botocore may know it"
        raise WireError(f"{service.name} has no such operation{hint}")
    return service.operations[name]


def read_request(service: Service, request: Request) -> tuple[Operation, dict[str, Value]]:
    """The operation that a request calls, and its input."""
    operation = find_operation(service, request)
    body = parse_object_body(request.body.strip(), MAX_REQUEST_VALUES)
    return operation, read_json_structure(body, operation.input)


def read_response(operation: Operation, response: Response) -> Answer:
    """The answer that a response holds."""
    if response.status < FIRST_ERROR_STATUS:
        output = read_json_structure(parse_object_or_text(response.body), operation.output)
        return Answer(output=output, unmodelled=unmodelled_members(operation, output))
    if response.is_gateway_error and response.header("x-amzn-errortype") is None:
        return Answer(error=Failure(response.status))
    body = parse_object_or_text(response.body)
    return Answer(error=read_failure(operation.service, response, body, read_json_structure))


def write_output(operation: Operation, output: Mapping[str, Value], request_id: str) -> Response:
    """The response that holds an output."""
    body = dump_json(write_json_structure(output, operation.output))
    return Response(operation.status, _headers(operation.service, request_id), body)


def write_failure(service: Service, failure: Failure, request_id: str) -> Response:
    """The error response; with an empty body if the failure is only a status from 500 on."""
    headers, members = write_failure_members(service, failure, write_json_structure)
    body = b"" if not members and failure.status >= 500 else dump_json(members)
    return Response(failure.status, _headers(service, request_id) + headers, body)


def _headers(service: Service, request_id: str) -> Headers:
    return (("x-amzn-RequestId", request_id), ("Content-Type", f"application/x-amz-json-{service.json_version}"))
