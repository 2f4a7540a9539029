"""HTTP bindings: the members that a REST protocol puts into path, query string, headers and status, and the routes.

Shared by the REST protocols, whatever the format of their bodies.

1. The most specific route that a request has is meant: literal segments of a path before labels, labels before labels
   that hold slashes, parameters that belong to the URI before none. Of operations with one route it is the one that
   requires most of the parameters and headers that are there: S3's CopyObject is a PutObject with a header.
2. A name in the query string that belongs to a member in another place is ignored, as services do. `x-id` names the
   operation in the requests of some SDKs.
3. A list in a header is separated by commas; an item with a comma or quote is quoted. HTTP dates have a comma of their
   own. A map in headers has a prefix for its keys, in the query string it is all parameters that no member has.
4. A timestamp in a header is an HTTP date, in path and query string it is ISO 8601, unless the model says otherwise.
5. Headers that state the length or the checksum of a body tell nothing that the body doesn't. In a request they are
   ignored, in a response they are written anew.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping

from awstape.core.aws.model import Location, Member, Operation, Service, Shape, TimestampFormat, Value
from awstape.core.aws.protocols.customisations.checksums import own_checksum
from awstape.core.aws.protocols.encodings.scalars import decode_base64, format_scalar, parse_scalar
from awstape.core.aws.timestamps import format_timestamp
from awstape.core.aws.wire import (
    Headers,
    Request,
    Response,
    WireError,
    decode_utf8,
    find_headers,
    is_signature_parameter,
    parse_form,
    too_large,
    unquote_label,
)
from awstape.core.text.lazy_pattern import lazy_pattern

#: Bytes of a payload that a cassette holds, which is a text that people read.
MAX_PAYLOAD = 1024 * 1024

_HEADER_VALUE = lazy_pattern("[\t\u0020-\u007e\u00a0-\u00ff]*")
_QUOTED_ITEM = lazy_pattern(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^,]*?))\s*(?:,|$)')
_HTTP_DATE_ITEM = lazy_pattern(r"\s*([^,]*,[^,]*?)\s*(?:,|$)")
_ABOUT_THE_BODY = lazy_pattern("content-length|content-md5|x-amz-(checksum-.*|sdk-checksum-algorithm|trailer)")
#: Headers of the message itself, which a map of all headers does not hold.
_ABOUT_THE_MESSAGE = lazy_pattern(
    "connection|content-(length|type|encoding)|date|server|transfer-encoding|vary|via|x-amz-(cf-|id-|request-id).*|x-amzn-.*"
)
_TIMESTAMP_FORMATS: Mapping[Location, TimestampFormat] = {"header": "rfc822", "headers": "rfc822"}


# --- routes -------------------------------------------------------------------------------------------------------


def accepts(request: Request) -> bool:
    """Whether a request may be of a REST protocol: not if it has the headers of another one."""
    return not (request.header("x-amz-target") or request.header("smithy-protocol"))


def find_operation(service: Service, request: Request) -> Operation:
    """The operation that a method, path and query string call. Raises WireError if it is none of the service."""
    return _find_route(service, request)[0]


def _find_route(service: Service, request: Request) -> tuple[Operation, dict[str, str]]:
    """The operation at a method and path, and the path's labels, still percent-encoded. Raises WireError if none is."""
    query: list[tuple[str, str]] | None = None
    found: list[tuple[Operation, re.Match[str]]] = []
    for operation in service.routes.get(request.method, ()):
        route = operation.route
        if found and route.precedence[:2] != found[0][0].route.precedence[:2]:
            break
        if match := route.pattern.fullmatch(request.path):
            query = parse_form(request.query) if query is None else query
            if all(_has_literal(query, *literal) for literal in route.literals):
                found.append((operation, match))
    if found:
        present = {name for name, _ in query or ()}
        named = [pair for pair in found if ("x-id", pair[0].name) in (query or ())]
        is_meant = (pair for pair in named or found if _has_required(pair[0], present, request))
        operation, match = next(is_meant, found[-1])
        return operation, dict(zip(operation.route.labels, match.groups(), strict=True))
    is_known_method = request.method in service.routes  # other text may identify
    raise WireError(
        f"{service.name} has no operation at {request.method if is_known_method else 'this method'} with this path; "
        "a newer botocore may know it; "
        "the prefix of a replay session is /~NAME"
    )


def _has_literal(query: Iterable[tuple[str, str]], name: str, value: str) -> bool:
    return any(key == name and (not value or text == value) for key, text in query)


def _has_required(operation: Operation, parameters: set[str], request: Request) -> bool:
    return all(
        name in parameters if location == "querystring" else request.header(name) is not None
        for location, name in operation.route.required
    )


# --- requests -----------------------------------------------------------------------------------------------------


def read_bound_members(service: Service, request: Request) -> tuple[Operation, dict[str, Value]]:
    """The operation that a request calls, and the members of its input in path, query string and headers.

    Query parameters that are not in the service model are kept, except for those of a signature. Raises WireError if it
    calls no operation of the service.
    """
    operation, labels = _find_route(service, request)
    known = operation.input.members if operation.input else {}
    members: dict[str, Value] = {}
    query = _read_query(request, operation)
    for name, member in known.items():
        shape = member.shape
        if member.location == "uri":
            members[name] = parse_scalar(unquote_label(labels[member.wire_name]), shape)
        elif member.location == "querystring" and member.wire_name in query:
            members[name] = _read_query_values(query.pop(member.wire_name), shape)
        elif member.location in ("header", "headers") and not _is_about_the_body(operation, member):
            members.update(_read_header_member(name, member, request.headers))
    others = {name: values for name, values in query.items() if name not in known and not is_signature_parameter(name)}
    for name, member in known.items():
        if member.location == "querystring" and member.shape.value and others:
            value_shape = member.shape.value.shape
            members[name] = {key: _read_query_values(values, value_shape) for key, values in others.items()}
            return operation, members
    members.update((name, values[0] if len(values) == 1 else list(values)) for name, values in others.items())
    return operation, members


def _read_query(request: Request, operation: Operation) -> dict[str, list[str]]:
    """The parameters by name, without those that belong to the URI or name the operation."""
    query: dict[str, list[str]] = {}
    for name, value in parse_form(request.query):
        query.setdefault(name, []).append(value)
    for name, _ in operation.route.literals:
        query.pop(name, None)
    if query.get("x-id") == [operation.name]:
        del query["x-id"]
    return query


def _read_query_values(values: list[str], shape: Shape) -> Value:
    if shape.member:
        return [parse_scalar(value, shape.member.shape) for value in values]
    return parse_scalar(values[-1], shape)


def _is_about_the_body(operation: Operation, member: Member) -> bool:
    """Whether a header of a request states what follows from the body; it differs from SDK to SDK."""
    name = member.wire_name.lower()
    return name == "content-length" or (operation.has_body_checksum and _ABOUT_THE_BODY.fullmatch(name) is not None)


# --- headers ------------------------------------------------------------------------------------------------------


def read_header_members(response: Response, shape: Shape | None) -> dict[str, Value]:
    """The members of an output or an error that are in headers, and the one that is the status."""
    members: dict[str, Value] = {}
    for name, member in (shape.members if shape else {}).items():
        if member.location in ("header", "headers"):
            members.update(_read_header_member(name, member, response.headers))
        elif member.location == "statusCode":
            members[name] = response.status
    return members


def _read_header_member(name: str, member: Member, headers: Headers) -> dict[str, Value]:
    """The member as a mapping, which is empty if the headers don't hold it."""
    if member.location == "headers":
        return _read_prefixed_headers(name, member.wire_name.lower(), headers)
    values = find_headers(headers, member.wire_name)
    if not values:
        return {}
    if member.json_value:
        return {name: decode_utf8(decode_base64(values[0]))}
    if member.shape.member:
        item_shape = member.shape.member.shape
        return {name: [parse_scalar(item, item_shape) for item in _split_list(",".join(values), item_shape)]}
    return {name: parse_scalar(values[0], member.shape)}


def _read_prefixed_headers(name: str, prefix: str, headers: Headers) -> dict[str, Value]:
    """A map of headers. Without a prefix it is all headers but those of the message itself."""
    found: dict[str, Value] = {
        key[len(prefix) :]: value
        for key, value in headers
        if key.lower().startswith(prefix) and (prefix or not _ABOUT_THE_MESSAGE.fullmatch(key.lower()))
    }
    return {name: found} if found else {}


def _split_list(text: str, shape: Shape) -> list[str]:
    """The items of a list in a header."""
    if shape.type == "timestamp" and (shape.timestamp_format or "rfc822") == "rfc822":
        return [match[1] for match in _HTTP_DATE_ITEM.finditer(text)]
    if not text:
        return []
    items = [
        re.sub(r"\\(.)", r"\1", match[1]) if match[1] is not None else match[2] for match in _QUOTED_ITEM.finditer(text)
    ]
    # At the end of the text there is one more match, an empty one, unless the text ends with a comma.
    return items[:-1] if len(items) > 1 and not text.rstrip().endswith(",") else items


def write_header_members(members: Mapping[str, Value], shape: Shape | None) -> Headers:
    """The headers for the members of an output or an error. Raises WireError for a value that a header cannot hold."""
    known = shape.members if shape else {}
    headers: list[tuple[str, str]] = []
    for name, value in members.items():
        member = known.get(name)
        if member is None or value is None:
            continue
        if member.location == "headers" and isinstance(value, dict):
            written = {key.lower() for key, _ in headers}  # two maps may hold one header
            headers += [
                (member.wire_name + checked_header_value(name, key), checked_header_value(name, format_scalar(item)))
                for key, item in value.items()
                if (member.wire_name + key).lower() not in written
            ]
        elif member.location == "header":
            headers.append((member.wire_name, checked_header_value(name, _format_header(value, member))))
    return tuple(headers)


def _format_header(value: Value, member: Member) -> str:
    if member.json_value:
        return base64.b64encode(str(value).encode()).decode("ascii")
    if isinstance(value, list) and member.shape.member:
        return ",".join(_format_item(item, member.shape.member.shape) for item in value)
    return _format_text(value, member.shape, member.location)


def _format_item(value: Value, shape: Shape) -> str:
    text = _format_text(value, shape, "header")
    if shape.type == "string" and re.search('[,"]', text):
        return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
    return text


def make_response(operation: Operation, output: Mapping[str, Value], own: Headers, body: bytes) -> Response:
    """The response to an operation with the members in headers and status. own: the headers of the protocol."""
    status = _status(operation, output)
    has_no_body = operation.method == "HEAD" or status in (204, 205, 304)  # RFC 9110, 6.4.1
    body = b"" if has_no_body else body
    members = write_header_members(output, operation.output)
    if operation.method != "HEAD":  # where they are about the body of another response
        of_body = [(name, _of_body(name, value, operation, body)) for name, value in members]
        members = tuple((name, value) for name, value in of_body if value is not None)
    known = operation.output.members.values() if operation.output else ()
    bound = {member.wire_name.lower() for member in known if member.location == "header"}
    return Response(status, add_headers((header for header in own if header[0].lower() not in bound), members), body)


def _of_body(name: str, value: str, operation: Operation, body: bytes) -> str | None:
    """The value of a header that tells of the body, which redaction may have changed; None to leave it out."""
    if name.lower() == "content-length":
        return str(len(body))
    return own_checksum(name, value, body) if operation.output and operation.output.payload else value


def _status(operation: Operation, output: Mapping[str, Value]) -> int:
    """The status of a success: what a member says, else that of the model, or 206 for a part of a body."""
    for name, member in (operation.output.members if operation.output else {}).items():
        value = output.get(name)
        if member.location == "statusCode" and isinstance(value, int):
            return value
        if member.location == "header" and member.wire_name.lower() == "content-range" and value is not None:
            return 206
    return operation.status


def add_headers(own: Iterable[tuple[str, str]], members: Headers) -> Headers:
    """The headers of the protocol, unless members have the same names, and those of members."""
    names = {name.lower() for name, _ in members}
    return tuple(header for header in own if header[0].lower() not in names) + members


def checked_header_value(name: str, text: str) -> str:
    """The text, if a header can hold it. Raises WireError, which names `name`, otherwise."""
    if not _HEADER_VALUE.fullmatch(text):
        raise WireError(f"{name} holds a character that a header can't hold")
    return text


# --- scalars ------------------------------------------------------------------------------------------------------


def _format_text(value: Value, shape: Shape, location: Location) -> str:
    if shape.type == "timestamp":
        value = format_timestamp(value, shape.timestamp_format or _TIMESTAMP_FORMATS.get(location, "iso8601"))
    if shape.type == "blob" and isinstance(value, str):
        return format_scalar(value.encode())
    return format_scalar(value)


# --- payloads -----------------------------------------------------------------------------------------------------


def find_payload(operation: Operation, shape: Shape | None) -> tuple[str, Member] | None:
    """Name and member of what alone is the body of an input or output, if anything is.

    Raises WireError if the operation has a stream of events.
    """
    for each in (operation.input, operation.output):
        if each and each.payload and each.members[each.payload].shape.event_stream:
            raise WireError(f"{operation.name} has a stream of events, which can't be recorded")
    return (shape.payload, shape.members[shape.payload]) if shape and shape.payload else None


def is_raw(member: Member) -> bool:
    """Whether a payload is the body as it is, of whatever format."""
    return member.shape.type in ("blob", "string")


def read_raw_payload(operation: Operation, body: bytes, member: Member) -> Value:
    """The value of a payload that is the body: text if it is UTF-8, else bytes.

    A large one of a request is only compared, so its digest stands for it: parts of uploads have 5 MiB or more. Raises
    WireError for a large one of a response.
    """
    if len(body) > MAX_PAYLOAD:
        request = operation.input
        if member.shape.type == "blob" and request and request.members.get(request.payload or "") is member:
            return hashlib.sha256(body).digest()
        raise WireError(f"{operation.name} {too_large(MAX_PAYLOAD)}")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        if member.shape.type == "string":
            raise WireError("the body is not UTF-8") from None
        return body


def write_raw_payload(value: Value) -> bytes:
    """The body that a payload is."""
    return value if isinstance(value, bytes) else b"" if value is None else format_scalar(value).encode()


def body_members(members: Mapping[str, Value], shape: Shape | None) -> dict[str, Value]:
    """The members of an output or an error that are in the body."""
    known = shape.members if shape else {}
    return {name: value for name, value in members.items() if name not in known or known[name].location == "body"}
