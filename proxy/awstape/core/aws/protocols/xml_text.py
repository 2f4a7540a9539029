"""`Answer` → Response, by the service model. The mirror of `core.aws.decode`.

1. IAM's bytes are AWS's bytes: no XML declaration, two-space indent, a newline at the end, an empty list as
   `<Users/>`, policy documents percent-encoded by RFC 3986 in upper-case hex.
2. Equal answers and request ids give equal bytes. There is no Date header.
3. What the model doesn't know is written as `decode` keeps it: strings, mappings, lists of siblings.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote
from xml.sax.saxutils import escape

from awstape.core.aws.answer import Answer, Failure
from awstape.core.aws.decode import error_name
from awstape.core.aws.model import Member, Operation, Protocol, Service, Shape, Value
from awstape.core.aws.wire import Headers, Response, WireError

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HEADER_VALUE = re.compile("[\t\u0020-\u007e\u00a0-\u00ff]*")
_CARRIAGE_RETURN = {"\r": "&#13;"}


def encode(operation: Operation, answer: Answer, request_id: str) -> Response:
    """The response that says `answer`.

    Raises WireError for a value that the protocol can't say (a control character in XML).
    """
    return _WRITERS[operation.service.protocol](operation, answer, request_id)


def encode_failure(service: Service, failure: Failure, request_id: str) -> Response:
    """An error of `service` that no operation need be known for."""
    return _FAILURES[service.protocol](service, failure, request_id)


def to_text(value: Value) -> str:
    """A scalar as XML text, header or query value."""
    match value:
        case bool():
            return "true" if value else "false"
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case None | dict() | list():
            raise WireError(f"a {type(value).__name__} stands where a scalar is expected")
        case _:
            return str(value)


# --- query ------------------------------------------------------------------------------------------------------


def _write_query(operation: Operation, answer: Answer, request_id: str) -> Response:
    service = operation.service
    if answer.error:
        return _query_failure(service, answer.error, request_id)
    lines = [f'<{operation.name}Response xmlns="{service.xml_namespace}">']
    if operation.output is not None or answer.output:
        wrapper = operation.result_wrapper or f"{operation.name}Result"
        lines += _parent(wrapper, 1, _structure(answer.output or {}, operation.output, 2))
    lines += _parent("ResponseMetadata", 1, [_leaf("RequestId", request_id, 2)])
    lines.append(f"</{operation.name}Response>\n")
    return Response(200, _query_headers(request_id), "\n".join(lines).encode())


def _query_failure(service: Service, failure: Failure, request_id: str) -> Response:
    if failure.code is None and failure.message is None and not failure.members:
        return Response(failure.status, _query_headers(request_id))
    members = dict(failure.members)
    ordered = {"Type": members.pop("Type", None), "Code": failure.code, "Message": failure.message, **members}
    lines = [f'<ErrorResponse xmlns="{service.xml_namespace}">']
    lines += _parent("Error", 1, _structure({k: v for k, v in ordered.items() if v is not None}, None, 2))
    lines += [_leaf("RequestId", request_id, 1), "</ErrorResponse>\n"]
    return Response(failure.status, _query_headers(request_id), "\n".join(lines).encode())


def _query_headers(request_id: str) -> Headers:
    return (("x-amzn-RequestId", request_id), ("Content-Type", "text/xml"))


def _structure(members: Mapping[str, Value], shape: Shape | None, depth: int) -> Iterator[str]:
    for name, value in members.items():
        member = shape.members.get(name) if shape else None
        if value is None:
            continue
        if member is None:
            yield from _generic(name, value, depth)
        elif member.flattened and isinstance(value, list) and member.shape.member:
            for item in value:
                yield from _element(member.wire_name, item, member.shape.member.shape, depth)
        else:
            yield from _element(member.wire_name, value, member.shape, depth)


def _element(name: str, value: Value, shape: Shape, depth: int) -> Iterator[str]:
    match value:
        case dict() if shape.type == "structure":
            yield from _parent(name, depth, _structure(value, shape, depth + 1))
        case list() if shape.member:
            element = shape.member
            yield from _parent(
                name, depth, (x for item in value for x in _element(element.wire_name, item, element.shape, depth + 1))
            )
        case dict() if shape.key and shape.value:
            yield from _parent(name, depth, _entries(value, shape.key, shape.value, depth + 1))
        case dict() | list():
            yield from _generic(name, value, depth)
        case str() if shape.type == "blob":
            yield _leaf(name, to_text(value.encode()), depth)
        case str() if shape.percent_encoded:
            yield _leaf(name, quote(value, safe="-._~"), depth)
        case _:
            yield _leaf(name, to_text(value), depth)


def _entries(value: Mapping[str, Value], key_member: Member, value_member: Member, depth: int) -> Iterator[str]:
    for key, item in value.items():
        pair = [
            _leaf(key_member.wire_name, key, depth + 1),
            *_element(value_member.wire_name, item, value_member.shape, depth + 1),
        ]
        yield from _parent("entry", depth, pair)


def _generic(name: str, value: Value, depth: int) -> Iterator[str]:
    """An element that no shape describes, as `decode` keeps it; a null is none at all."""
    match value:
        case None:
            return
        case list():
            for item in value:
                yield from _generic(name, item, depth)
        case dict():
            yield from _parent(name, depth, (x for k, v in value.items() for x in _generic(k, v, depth + 1)))
        case _:
            yield _leaf(name, to_text(value), depth, "a member that the service model doesn't know")


def _parent(name: str, depth: int, children: Iterator[str] | list[str]) -> Iterator[str]:
    indent = "  " * depth
    inner = list(children)
    if not inner:
        yield f"{indent}<{name}/>"
        return
    yield f"{indent}<{name}>"
    yield from inner
    yield f"{indent}</{name}>"


def _leaf(name: str, text: str, depth: int, told: str = "") -> str:
    """told: what to call it in an error; a name that nobody knows may be anything."""
    if _NOT_XML.search(text):
        raise WireError(f"{told or name} holds a character that XML can't say")
    indent = "  " * depth
    # A bare carriage return would be read as a newline.
    return f"{indent}<{name}>{escape(text, _CARRIAGE_RETURN)}</{name}>" if text else f"{indent}<{name}/>"


# --- rest-json --------------------------------------------------------------------------------------------------


def _write_rest_json(operation: Operation, answer: Answer, request_id: str) -> Response:
    if answer.error:
        return _rest_json_failure(operation.service, answer.error, request_id)
    body, headers = _to_wire(answer.output or {}, operation.output)
    return Response(200, _rest_json_headers(request_id) + headers, _json(body))


def _rest_json_failure(service: Service, failure: Failure, request_id: str) -> Response:
    headers = _rest_json_headers(request_id)
    if failure.code is not None:
        headers += (("x-amzn-errortype", _header_value("code", failure.code)),)
    if failure.message is None and not failure.members:
        return Response(failure.status, headers, b"" if failure.status >= 500 else b"{}")
    named = failure.code or failure.members.get("__type") or failure.members.get("code")
    shape = service.errors.get(error_name(named)) if isinstance(named, str) else None
    message = {} if failure.message is None else {"message": failure.message}
    body, more = _to_wire({**message, **failure.members}, shape)
    return Response(failure.status, headers + more, _json(body))


def _rest_json_headers(request_id: str) -> Headers:
    return (("content-type", "application/json"), ("x-amzn-requestid", request_id))


def _to_wire(members: Mapping[str, Value], shape: Shape | None) -> tuple[dict[str, Value], Headers]:
    headers: Headers = ()
    body: dict[str, Value] = {}
    for name, value in members.items():
        member = shape.members.get(name) if shape else None
        if member and member.location == "header":
            headers += ((member.wire_name, _header_value(name, to_text(value))),)
        else:
            body[member.wire_name if member else name] = _to_json(value, member.shape if member else None)
    return body, headers


def _header_value(name: str, text: str) -> str:
    if not _HEADER_VALUE.fullmatch(text):
        raise WireError(f"{name} holds a character that a header can't say")
    return text


def _to_json(value: Value, shape: Shape | None) -> Value:
    match value:
        case dict() if shape and shape.type == "structure":
            return _to_wire(value, shape)[0]
        case dict():
            below = shape.value.shape if shape and shape.value else None
            return {key: _to_json(item, below) for key, item in value.items()}
        case list():
            below = shape.member.shape if shape and shape.member else None
            return [_to_json(item, below) for item in value]
        case str() if shape and shape.type == "blob":
            return to_text(value.encode())
        case bytes():
            return to_text(value)
        case _:
            return value


def _json(body: dict[str, Value]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


_WRITERS: Mapping[Protocol, Callable[[Operation, Answer, str], Response]] = {
    "query": _write_query,
    "rest-json": _write_rest_json,
}

_FAILURES: Mapping[Protocol, Callable[[Service, Failure, str], Response]] = {
    "query": _query_failure,
    "rest-json": _rest_json_failure,
}
