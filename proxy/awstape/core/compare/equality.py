"""Equality: decides when two values mean the same, whatever their order and formatting.

1. The order of members never counts. The order of a list counts only in lists of `_ORDERED` shapes and in lists that
   the service model does not know: tags, policies of a role and values of a filter are sets to the services.
2. A string that is a JSON object means what the JSON means. A policy (a document with a `Statement`) has the shapes
   below: one statement or value means a list with it, and a repeated value counts once.
   Source: "Grammar of the IAM JSON policy language" in IAM's user guide.
3. A document without a certain meaning (`core.text.json_documents`) is compared as text.
4. A null means the same as an absent member.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from awstape.core.aws.model import Member, Shape, Type, Value, child_shape
from awstape.core.text.json_documents import parse_json_object

#: "A path in a policy, represented as a sequence of path elements" (Access Analyzer's model).
_ORDERED = frozenset({"PathElementList"})


def canonical_text(value: Value, shape: Shape | None) -> str:
    """A text that is the same for two values of a shape exactly where they mean the same."""
    return json_text(_canonical_value(value, shape))


def json_text(value: object, *, sort_keys: bool = True) -> str:
    """A value as JSON; bytes as `encode_binary` gives them."""
    return json.dumps(value, sort_keys=sort_keys, ensure_ascii=False, default=encode_binary)


def encode_binary(value: object) -> object:
    """Bytes as `{"!!binary": base64}`, for JSON."""
    assert isinstance(value, bytes)
    return {"!!binary": base64.b64encode(value).decode("ascii")}


def is_ordered(shape: Shape | None) -> bool:
    """Whether the order of a list of this shape counts."""
    return shape is None or shape.name in _ORDERED


def parse_document(text: str) -> tuple[dict[str, Value], Shape | None] | None:
    """The JSON object that a text holds, with its shape if it is a policy; None for any other text."""
    value = parse_json_object(text)
    if value is None:
        return None
    return (_wrap_in_lists(value, POLICY), POLICY) if "Statement" in value else (value, None)


def _canonical_value(value: Value, shape: Shape | None) -> Value:
    if isinstance(value, str):
        found = parse_document(value)
        return {"document": _canonical_value(*found)} if found else value
    if isinstance(value, list):
        items = [_canonical_value(item, child_shape(shape, 0)) for item in value]
        return items if is_ordered(shape) else sorted(items, key=json_text)
    if isinstance(value, dict):
        return {
            name: _canonical_value(item, child_shape(shape, name)) for name, item in value.items() if item is not None
        }
    return value


# --- the policy language ----------------------------------------------------------------------------------------


def _wrap_in_lists(value: Any, shape: Shape | None) -> Any:
    """The value with a list wherever its shape is a list; repeated values are left out."""
    if shape is not None and shape.type == "list":
        items = [
            _wrap_in_lists(item, child_shape(shape, 0)) for item in (value if isinstance(value, list) else [value])
        ]
        return list({canonical_text(item, child_shape(shape, 0)): item for item in items}.values())
    if isinstance(value, dict):
        return {name: _wrap_in_lists(item, child_shape(shape, name)) for name, item in value.items()}
    return value


def _policy_shape(type_: Type, of: Shape | None = None, **members: Shape) -> Shape:
    member = Member("", of) if of else None
    return Shape(
        name="policy",
        type=type_,
        members={name: Member(name, shape) for name, shape in members.items()},
        member=member if type_ == "list" else None,
        value=member if type_ == "map" else None,
    )


_TEXT = _policy_shape("string")
_TEXTS = _policy_shape("list", _TEXT)
_PRINCIPAL = _policy_shape("map", _TEXTS)
_STATEMENT = _policy_shape(
    "structure",
    Sid=_TEXT,
    Effect=_TEXT,
    Principal=_PRINCIPAL,
    NotPrincipal=_PRINCIPAL,
    Action=_TEXTS,
    NotAction=_TEXTS,
    Resource=_TEXTS,
    NotResource=_TEXTS,
    Condition=_policy_shape("map", _policy_shape("map", _TEXTS)),
)
POLICY = _policy_shape("structure", Version=_TEXT, Id=_TEXT, Statement=_policy_shape("list", _STATEMENT))
