"""Values of JSON and CBOR by their shapes: the names of the service model for those of the wire, and back.

1. Members that are not in the service model are kept, under their wire names. A name that belongs to a member in
   another place, such as a header, is ignored.
2. Nulls stay: in lists and maps they are values. A document holds any value, which is kept as it is.
3. Both directions take a function for scalars, because they differ between the encodings. It gets the shape of the
   scalar, or None if there is none in the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from awstape.core.aws.model import Shape, Value

ReadScalar = Callable[[Value, Shape | None], Value]
WriteScalar = Callable[[Value, Shape | None], object]


def read_structure(members: Mapping[str, Value], shape: Shape | None, read_scalar: ReadScalar) -> dict[str, Value]:
    """The members of a structure on the wire, with their AWS member names."""
    in_body, known = (shape.by_wire_name, shape.members) if shape else ({}, {})
    output: dict[str, Value] = {}
    for wire_name, item in members.items():
        if wire_name in in_body:
            name, member = in_body[wire_name]
            output[name] = read_value(item, member.shape, read_scalar)
        elif wire_name not in known:
            output[wire_name] = read_value(item, None, read_scalar)
    return output


def read_value(value: Value, shape: Shape | None, read_scalar: ReadScalar) -> Value:
    """A value of the wire as that of a cassette."""
    read: Value = _convert(value, shape, read_structure, read_scalar)
    return read


def write_structure(members: Mapping[str, Value], shape: Shape | None, write_scalar: WriteScalar) -> dict[str, object]:
    """A structure as on the wire: the members whose place is the body, under their wire names."""
    body: dict[str, object] = {}
    for name, value in members.items():
        member = shape.members.get(name) if shape else None
        if member is None:
            body[name] = write_value(value, None, write_scalar)
        elif member.location == "body":
            body[member.wire_name] = write_value(value, member.shape, write_scalar)
    return body


def write_value(value: Value, shape: Shape | None, write_scalar: WriteScalar) -> object:
    """A value of a cassette as that of the wire."""
    return _convert(value, shape, write_structure, write_scalar)


def _convert(value: Value, shape: Shape | None, structure: Any, scalar: Any) -> Any:
    """A value with its structures and scalars converted. structure, scalar: the functions of one direction."""
    if isinstance(value, str) and shape and shape.type == "string":  # as most values are
        return value
    if shape and shape.document:
        shape = None
    match value:
        case dict() if shape and shape.type == "structure":
            return structure(value, shape, scalar)
        case dict():
            value_shape = shape.value.shape if shape and shape.value else None
            return {key: _convert(item, value_shape, structure, scalar) for key, item in value.items()}
        case list():
            item_shape = shape.member.shape if shape and shape.member else None
            return [_convert(item, item_shape, structure, scalar) for item in value]
        case None:
            return None
    return scalar(value, shape)
