"""Values as JSON text: strict parsing with limits, and the names of the service model for those of the wire.

Members that are not in the service model are kept, under their wire names. A name that belongs to a member in another
place, such as a header, is ignored.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import NoReturn

from awstape.core.aws.model import Shape, Value
from awstape.core.aws.protocols.encodings.scalars import decode_blob, format_scalar
from awstape.core.aws.wire import MAX_VALUES, WireError, decode_utf8, limit_problem


class JsonError(ValueError):
    """A text that is not strict JSON. The message is a predicate, such as `is not JSON`, and never quotes the text."""


def parse_json(text: str, max_values: int = MAX_VALUES) -> Value:
    """The value of a JSON text, from the wire or from a user. Raises JsonError if it is not strict or too large."""

    def refuse(constant: str) -> NoReturn:
        raise JsonError(f"holds {constant}, which is not JSON")

    try:
        value: Value = json.loads(text, parse_constant=refuse)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
        problem = limit_problem(value, _children, max_values)
    except JsonError:
        raise
    except UnicodeEncodeError:
        raise JsonError("holds half a surrogate pair") from None
    except (ValueError, RecursionError):  # not JSON, or a number that Python cannot represent
        raise JsonError("is not JSON") from None
    if problem:
        raise JsonError(problem)
    return value


def is_json_text(text: str) -> bool:
    """Whether Python's parser reads a text as JSON, strict or not. One that nests too deep for it counts as JSON."""
    try:
        json.loads(text)
    except RecursionError:
        return True
    except ValueError:
        return False
    return True


def parse_value(text: str, shape: Shape) -> Value:
    """The value of a member that a person writes as text: a string as it is, any other as JSON. Raises JsonError."""
    return text if shape.type in ("string", "timestamp", "blob") else parse_json(text)


def parse_json_object(body: bytes, max_values: int = MAX_VALUES) -> dict[str, Value]:
    """The object in a JSON body, as `parse_json_body`. Raises WireError also for another value."""
    value = parse_json_body(body, max_values)
    if not isinstance(value, dict):
        raise WireError("the JSON body is not an object")
    return value


def parse_json_body(body: bytes, max_values: int = MAX_VALUES) -> Value:
    """The value of a JSON body; an empty body is an empty object.

    Raises WireError if it is not strict JSON in UTF-8, or holds more than `max_values` values.
    """
    if not body:
        return {}
    try:
        return parse_json(decode_utf8(body), max_values)
    except JsonError as error:
        raise WireError(f"the body {error}") from None


def _children(value: Value) -> Iterable[Value]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
    return ()


def dump_json(body: Mapping[str, Value]) -> bytes:
    """A JSON body, compact."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def read_json_structure(members: Mapping[str, Value], shape: Shape | None) -> dict[str, Value]:
    """A JSON object with AWS member names for wire names, and blobs decoded."""
    in_body, known = (shape.by_wire_name, shape.members) if shape else ({}, {})
    output: dict[str, Value] = {}
    for wire_name, item in members.items():
        if wire_name in in_body:
            name, member = in_body[wire_name]
            output[name] = _read_value(item, member.shape)
        elif wire_name not in known:
            output[wire_name] = _read_value(item, None)
    return output


def _read_value(value: Value, shape: Shape | None) -> Value:
    match value:
        case dict() if shape and shape.type == "structure":
            return read_json_structure(value, shape)
        case list() if shape and shape.member:
            item_shape = shape.member.shape
            return [_read_value(item, item_shape) for item in value]
        case dict() if shape and shape.value:
            value_shape = shape.value.shape
            return {key: _read_value(item, value_shape) for key, item in value.items()}
        case str() if shape and shape.type == "blob":
            return decode_blob(value)
    return value


def write_json_structure(members: Mapping[str, Value], shape: Shape | None) -> dict[str, Value]:
    """A structure as a JSON object: the members whose place is the body, under their wire names."""
    body: dict[str, Value] = {}
    for name, value in members.items():
        member = shape.members.get(name) if shape else None
        if member is None:
            body[name] = _write_value(value, None)
        elif member.location != "header":
            body[member.wire_name] = _write_value(value, member.shape)
    return body


def _write_value(value: Value, shape: Shape | None) -> Value:
    match value:
        case dict() if shape and shape.type == "structure":
            return write_json_structure(value, shape)
        case dict():
            value_shape = shape.value.shape if shape and shape.value else None
            return {key: _write_value(item, value_shape) for key, item in value.items()}
        case list():
            item_shape = shape.member.shape if shape and shape.member else None
            return [_write_value(item, item_shape) for item in value]
        case str() if shape and shape.type == "blob":
            return format_scalar(value.encode())
        case bytes():
            return format_scalar(value)
        case _:
            return value
