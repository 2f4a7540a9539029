"""Values as JSON text: strict parsing with limits, and the values of a cassette for those of JSON.

1. A blob is base64. A time is a number unless the model gives another format; in a cassette it is text.
2. NaN and the infinities are the texts "NaN", "Infinity" and "-Infinity", in a cassette, too: JSON has no such numbers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import NoReturn

from awstape.core.aws.model import SPECIAL_BOOLEANS, Shape, Value
from awstape.core.aws.protocols.encodings.modelled_values import read_structure, write_structure
from awstape.core.aws.protocols.encodings.scalars import decode_blob, format_scalar
from awstape.core.aws.timestamps import format_timestamp, read_epoch_seconds
from awstape.core.aws.wire import MAX_VALUES, WireError, decode_utf8, limit_problem

#: Bytes in a body that is a text in the place of JSON.
MAX_TEXT = 64 * 1024


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


def parse_object_body(body: bytes, max_values: int = MAX_VALUES) -> dict[str, Value]:
    """The object in a JSON body, as `parse_json_body`. Raises WireError also for another value."""
    value = parse_json_body(body, max_values)
    if not isinstance(value, dict):
        raise WireError("the JSON body is not an object")
    return value


def parse_object_or_text(body: bytes) -> dict[str, Value]:
    """The object in a JSON body; a text that is not JSON is its message, as botocore reads it.

    Raises WireError for another value, and for a long text.
    """
    try:
        return parse_object_body(body)
    except WireError:
        if len(body) > MAX_TEXT or is_json_text(text := decode_utf8(body)):
            raise
        return {"message": text}


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


def dump_json(body: object) -> bytes:
    """A JSON body, compact."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def read_json_structure(members: Mapping[str, Value], shape: Shape | None) -> dict[str, Value]:
    """A JSON object with AWS member names for wire names, blobs decoded, and times of any format as text."""
    return read_structure(members, shape, _read_scalar)


def _read_scalar(value: Value, shape: Shape | None) -> Value:
    match value:
        case str() if shape and shape.type == "blob":
            return decode_blob(value)
        case int() | float() if shape and shape.type == "timestamp" and not isinstance(value, bool):
            return read_epoch_seconds(value)
    return value


def write_json_structure(members: Mapping[str, Value], shape: Shape | None) -> dict[str, object]:
    """A structure as a JSON object: the members whose place is the body, under their wire names."""
    return write_structure(members, shape, _write_scalar)


def _write_scalar(value: Value, shape: Shape | None) -> Value:
    match value:
        case str() if shape and shape.type == "blob":
            return format_scalar(value.encode())
        case bytes():
            return format_scalar(value)
        case str() if shape and shape.type == "boolean":
            return SPECIAL_BOOLEANS.get(value, value)
        case str() | int() | float() if shape and shape.type == "timestamp":
            return format_timestamp(value, shape.timestamp_format or "unixTimestamp")
    return value
