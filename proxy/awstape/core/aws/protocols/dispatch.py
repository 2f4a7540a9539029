"""Reads and writes messages by their protocol: the table of protocols is at the bottom.

To add a protocol: write a module beside the others with the functions of `Codec`, add its name to
`core.aws.model.Protocol` and add a row to the table.

1. Reading a response keeps the wire's member order and the exact text of timestamps; numbers that are timestamps become
   text (`core.aws.timestamps`). Blobs that are UTF-8 text become that text.
2. Members that are not in the service model are kept, those of outputs are listed in `Answer.unmodelled`.
3. A number in any spelling (`007`) is that number. A boolean in non-canonical spelling (`True`), which clients read in
   different ways, stays the text that it was (`SPECIAL_BOOLEANS`), but for JSON and CBOR.
4. The rest of the envelope (request ids, metadata, namespaces, other headers) is dropped.
5. A response with a body above `MAX_BODY`, with a status outside 200 to 599, or of events is refused before it is
   parsed; so is a message whose body passed through unread. How much of a body is kept is known from the headers
   (`find_unread_request`, `find_unread_response`), so that an edge needs not hold a larger one.
6. Equal answers and request ids are written as equal bytes. There is no Date header.
7. A service may have several protocols. A request shows its own by its headers, its form or its path; the response is
   of the same protocol. Where its names on the wire are others, the service is described once more (`Service.views`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import NamedTuple

from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.content_encoding import decode_message
from awstape.core.aws.model import Operation, Protocol, Service, Shape, Value
from awstape.core.aws.protocols.http_bindings import MAX_PAYLOAD, is_raw
from awstape.core.aws.wire import FIRST_ERROR_STATUS, LAST_STATUS, MAX_BODY, Request, Response, WireError, too_large

_EVENT_STREAM = "application/vnd.amazon.eventstream"
_EVENTS = "is a stream of events, which a cassette cannot hold"


def find_protocol(protocols: Sequence[Protocol], request: Request) -> Protocol | None:
    """The protocol of a service that a request is of; None if it is of none of them."""
    return next((protocol for protocol in protocols if _CODECS[protocol].accepts(request)), None)


def find_target_prefix(request: Request) -> str | None:
    """The prefix of the target that a request names in a header or in its path, which tells its service."""
    from awstape.core.aws.protocols import cbor, json

    return (json.find_target(request) or cbor.find_target(request)).rpartition(".")[0] or None


def find_operation(service: Service, request: Request) -> Operation | None:
    """The operation of a service that a request calls, as far as its headers, path, query string and form tell."""
    protocol = find_protocol(service.protocols, request)
    try:
        return _find_operation(service, request, protocol) if protocol else None
    except WireError:
        return None


def decode_request(service: Service, request: Request) -> Request:
    """The request without its content encoding, unless that is a member. Raises WireError if it can't be undone."""
    operation = find_operation(service, request) if request.header("content-encoding") else None
    return decode_message(request, is_data=operation is not None and _has_content_encoding(operation.input))


def decode_response(operation: Operation, response: Response) -> Response:
    """The response without its content encoding, unless that is a member. Raises WireError if it can't be undone."""
    return decode_message(response, is_data=_has_content_encoding(operation.output))


def _has_content_encoding(shape: Shape | None) -> bool:
    members = shape.members.values() if shape else ()
    return any(member.location == "header" and member.wire_name.lower() == "content-encoding" for member in members)


def read_request(service: Service, request: Request) -> tuple[Operation, dict[str, Value], Protocol]:
    """The operation that a request calls, its input and its protocol. Raises WireError if it is of no such protocol."""
    if request.unread:
        called = find_operation(service, request)
        raise WireError(f"{called.name if called else service.name} {request.unread}")
    protocol = find_protocol(service.protocols, request) or service.protocol
    operation, input_ = _CODECS[protocol].read_request(service.views.get(protocol, service), request)
    return service.operations[operation.name], input_, protocol


def read_response(operation: Operation, response: Response, protocol: Protocol | None = None) -> Answer:
    """The answer that a response holds. protocol: None for that of botocore.

    Raises WireError for a body that is not of the protocol.
    """
    if not 200 <= response.status <= LAST_STATUS:
        raise WireError("the status is not that of a response")
    if len(response.body) > MAX_BODY:
        raise WireError(f"the body is larger than {MAX_BODY // 2**20} MiB")
    if response.unread:
        raise WireError(f"the response {response.unread}")
    if response.status < FIRST_ERROR_STATUS and _has_events(operation.output):
        raise WireError(f"the response {_EVENTS}")
    return _codec(operation.service, protocol).read_response(_describe(operation, protocol), response)


def find_unread_request(operation: Operation | None, request: Request) -> str:
    """Why the body of a request can't be recorded, by its headers; empty if it may be. operation: None if unknown."""
    return _why_unread(operation.input if operation else None, request)


def find_unread_response(operation: Operation | None, response: Response) -> str:
    """Why the body of a response can't be recorded, by its headers; empty if it may be. operation: None if unknown."""
    shape = operation.output if operation and response.status < FIRST_ERROR_STATUS else None
    return _why_unread(shape, response)


def has_raw_body(operation: Operation | None) -> bool:
    """Whether the body of a response is one member as it is, such as a file, which a client may read as a stream."""
    payload = operation.output.payload if operation and operation.output else None
    return bool(payload and operation and operation.output and is_raw(operation.output.members[payload]))


def _why_unread(shape: Shape | None, message: Request | Response) -> str:
    if (message.header("content-type") or "").startswith(_EVENT_STREAM) or _has_events(shape):
        return _EVENTS
    is_data = bool(shape and shape.payload and is_raw(shape.members[shape.payload]))
    limit = MAX_PAYLOAD if is_data and isinstance(message, Response) else MAX_BODY
    length = message.header("x-amz-decoded-content-length") or message.header("content-length") or ""
    return too_large(limit) if re.fullmatch(r"\d+", length, re.ASCII) and int(length) > limit else ""


def _has_events(shape: Shape | None) -> bool:
    return any(member.shape.event_stream for member in shape.members.values()) if shape else False


def write_response(operation: Operation, answer: Answer, request_id: str, protocol: Protocol | None = None) -> Response:
    """The response that holds `answer`. protocol: None for that of botocore.

    Raises WireError for a value that the protocol cannot represent (a control character in XML).
    """
    if answer.error:
        return write_failure(operation.service, answer.error, request_id, protocol)
    codec = _codec(operation.service, protocol)
    return codec.write_output(_describe(operation, protocol), answer.output or {}, request_id)


def write_failure(service: Service, failure: Failure, request_id: str, protocol: Protocol | None = None) -> Response:
    """The error response of a service; the operation need not be known. Raises WireError as `write_response` does."""
    described = service.views.get(protocol, service) if protocol else service
    return _codec(service, protocol).write_failure(described, failure, request_id)


def _find_operation(service: Service, request: Request, protocol: Protocol) -> Operation:
    found = _CODECS[protocol].find_operation(service.views.get(protocol, service), request)
    return service.operations[found.name]


def _describe(operation: Operation, protocol: Protocol | None) -> Operation:
    """The operation with the names that are on the wire in a protocol."""
    view = operation.service.views.get(protocol) if protocol else None
    return view.operations[operation.name] if view else operation


def _codec(service: Service, protocol: Protocol | None) -> Codec:
    return _CODECS[protocol or service.protocol]


class Codec(NamedTuple):
    """The functions of a protocol. `write_output` and `write_failure` take the request id last.

    accepts: whether a request may be of the protocol, by its headers, path and form.
    """

    accepts: Callable[[Request], bool]
    find_operation: Callable[[Service, Request], Operation]
    read_request: Callable[[Service, Request], tuple[Operation, dict[str, Value]]]
    read_response: Callable[[Operation, Response], Answer]
    write_output: Callable[[Operation, Mapping[str, Value], str], Response]
    write_failure: Callable[[Service, Failure, str], Response]

    @classmethod
    def of(cls, module: ModuleType) -> Codec:
        """The functions of a module."""
        return cls(*(getattr(module, name) for name in cls._fields))


class _Codecs(dict[Protocol, Codec]):
    """The codecs that were needed. A program that opens a cassette seldom needs more than one."""

    def __missing__(self, protocol: Protocol) -> Codec:
        self[protocol] = Codec.of(_import(protocol))
        return self[protocol]


_CODECS = _Codecs()


def _import(protocol: Protocol) -> ModuleType:
    """The module of a protocol."""
    match protocol:
        case "query":
            from awstape.core.aws.protocols import query

            return query
        case "ec2":
            from awstape.core.aws.protocols import ec2

            return ec2
        case "json":
            from awstape.core.aws.protocols import json

            return json
        case "rest-json":
            from awstape.core.aws.protocols import rest_json

            return rest_json
        case "rest-xml":
            from awstape.core.aws.protocols import rest_xml

            return rest_xml
        case "smithy-rpc-v2-cbor":
            from awstape.core.aws.protocols import cbor

            return cbor
