"""HTTP bindings: the members that a REST protocol puts into path, query string and headers, and the routes.

Shared by the REST protocols, whatever the format of their bodies. A list in a header is separated by commas. A name in
the query string that belongs to a member in another place is ignored, as services do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from awstape.core.aws.model import Operation, Service, Shape, Value
from awstape.core.aws.protocols.encodings.scalars import format_scalar, parse_scalar
from awstape.core.aws.wire import (
    Headers,
    Request,
    Response,
    WireError,
    find_headers,
    is_signature_parameter,
    parse_form,
    unquote_label,
)

_HEADER_VALUE = re.compile("[\t\u0020-\u007e\u00a0-\u00ff]*")


def find_route(service: Service, request: Request) -> tuple[Operation, dict[str, str]]:
    """The operation at a method and path, and the path's labels, still percent-encoded. Raises WireError if none is."""
    for method, route, operation in service.routes:
        if method == request.method and (match := route.fullmatch(request.path)):
            return operation, match.groupdict()
    is_known_method = request.method in {method for method, _, _ in service.routes}  # other text may identify
    raise WireError(
        f"{service.name} has no operation at {request.method if is_known_method else 'this method'} with this path; "
        "a newer botocore may know it; "
        "the prefix of a replay session is /~NAME"
    )


def read_bound_members(request: Request, shape: Shape | None, labels: Mapping[str, str]) -> dict[str, Value]:
    """The members in path, query string and headers.

    Query parameters that are not in the service model are kept, except for those of a signature.
    """
    known = shape.members if shape else {}
    members: dict[str, Value] = {}
    query: dict[str, list[str]] = {}
    for name, value in parse_form(request.query):
        query.setdefault(name, []).append(value)
    for name, member in known.items():
        if member.location == "uri":
            members[name] = parse_scalar(unquote_label(labels[member.wire_name]), member.shape)
        elif member.location == "querystring" and member.wire_name in query:
            members[name] = _read_query_values(query.pop(member.wire_name), member.shape)
        elif member.location == "header" and (values := find_headers(request.headers, member.wire_name)):
            members[name] = _read_header_values(values, member.shape)
    for name, values in query.items():
        if name not in known and not is_signature_parameter(name):
            members[name] = values[0] if len(values) == 1 else list(values)
    return members


def _read_query_values(values: list[str], shape: Shape) -> Value:
    if shape.member:
        return [parse_scalar(value, shape.member.shape) for value in values]
    return parse_scalar(values[-1], shape)


def read_header_members(response: Response, shape: Shape | None) -> dict[str, Value]:
    """The members of an output or an error that are in headers."""
    return {
        name: _read_header_values(values, member.shape)
        for name, member in (shape.members if shape else {}).items()
        if member.location == "header" and (values := find_headers(response.headers, member.wire_name))
    }


def _read_header_values(values: list[str], shape: Shape) -> Value:
    if shape.member:
        items = (item.strip() for item in ",".join(values).split(","))
        return [parse_scalar(item, shape.member.shape) for item in items]
    return parse_scalar(values[0], shape)


def write_header_members(members: Mapping[str, Value], shape: Shape | None) -> Headers:
    """The headers for the members of an output or an error. Raises WireError for a value that a header cannot hold."""
    known = shape.members if shape else {}
    return tuple(
        (known[name].wire_name, checked_header_value(name, _format_header(value)))
        for name, value in members.items()
        if name in known and known[name].location == "header"
    )


def _format_header(value: Value) -> str:
    return ",".join(map(format_scalar, value)) if isinstance(value, list) else format_scalar(value)


def checked_header_value(name: str, text: str) -> str:
    """The text, if a header can hold it. Raises WireError, which names `name`, otherwise."""
    if not _HEADER_VALUE.fullmatch(text):
        raise WireError(f"{name} holds a character that a header can't hold")
    return text
