"""The protocol smithy-rpc-v2-cbor: the operation in the path, the input and the output in CBOR.

1. The path is `/service/NAME/operation/OPERATION`; NAME is the target prefix of the service model. A request and its
   response have the header `smithy-protocol: rpc-v2-cbor`.
2. An empty body is an empty map. An operation without an output has a response without a body.
3. An error is only a status if a load balancer made it; its body is empty from 500 on.

Source: smithy.io, "Smithy RPC v2 CBOR protocol".
"""

from __future__ import annotations

from collections.abc import Mapping

from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.conform import did_you_mean, unmodelled_members
from awstape.core.aws.model import Operation, Service, Value
from awstape.core.aws.protocols.encodings.cbor_items import (
    dump_cbor,
    parse_cbor_map,
    read_cbor_input,
    read_cbor_structure,
    write_cbor_structure,
)
from awstape.core.aws.protocols.rpc_errors import read_failure, write_failure_members
from awstape.core.aws.wire import FIRST_ERROR_STATUS, MAX_REQUEST_VALUES, Headers, Request, Response, WireError
from awstape.core.text.lazy_pattern import lazy_pattern

_PATH = lazy_pattern("/service/(?P<service>[^/]+)/operation/(?P<operation>[^/]+)")
_PROTOCOL = ("smithy-protocol", "rpc-v2-cbor")


def accepts(request: Request) -> bool:
    """Whether a request may be of this protocol: its header names it."""
    return request.header("smithy-protocol") == "rpc-v2-cbor"


def find_target(request: Request) -> str:
    """`NAME.OPERATION` of the path, as in the protocol json; empty if a request names none."""
    match = _PATH.fullmatch(request.path)
    return f"{match['service']}.{match['operation']}" if match and accepts(request) else ""


def find_operation(service: Service, request: Request) -> Operation:
    """The operation that the path names. Raises WireError if it is none of the service."""
    prefix, _, name = find_target(request).rpartition(".")
    if request.method != "POST":
        raise WireError(f"{service.name} accepts POST only")
    if prefix != service.target_prefix:
        raise WireError(
            f"the path is not /service/{service.target_prefix}/operation/NAME; the prefix of a replay session is /~NAME"
        )
    if name not in service.operations:
        hint = did_you_mean(name, service.operations) or "; a newer botocore may know it"
        raise WireError(f"{service.name} has no such operation{hint}")
    return service.operations[name]


def read_request(service: Service, request: Request) -> tuple[Operation, dict[str, Value]]:
    """The operation that a request calls, and its input."""
    operation = find_operation(service, request)
    return operation, read_cbor_input(parse_cbor_map(request.body, MAX_REQUEST_VALUES), operation.input)


def read_response(operation: Operation, response: Response) -> Answer:
    """The answer that a response holds."""
    if response.is_gateway_error:
        return Answer(error=Failure(response.status))
    body = parse_cbor_map(response.body)
    if response.status >= FIRST_ERROR_STATUS:
        return Answer(error=read_failure(operation.service, response, body, read_cbor_structure))
    output = read_cbor_structure(body, operation.output)
    return Answer(output=output, unmodelled=unmodelled_members(operation, output))


def write_output(operation: Operation, output: Mapping[str, Value], request_id: str) -> Response:
    """The response that holds an output."""
    if operation.output is None and not output:
        return Response(operation.status, (_PROTOCOL, ("x-amzn-RequestId", request_id)))
    body = dump_cbor(write_cbor_structure(output, operation.output))
    return Response(operation.status, _headers(request_id), body)


def write_failure(service: Service, failure: Failure, request_id: str) -> Response:
    """The error response; with an empty body if the failure is only a status from 500 on."""
    headers, members = write_failure_members(service, failure, write_cbor_structure)
    body = b"" if not members and failure.status >= 500 else dump_cbor(members)
    return Response(failure.status, _headers(request_id) + headers, body)


def _headers(request_id: str) -> Headers:
    return (_PROTOCOL, ("x-amzn-RequestId", request_id), ("Content-Type", "application/cbor"))
