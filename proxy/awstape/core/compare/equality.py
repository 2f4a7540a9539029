"""What a value says, whatever its order and its formatting.

1. The order of members never counts, nor that of a list: tags, policies of a role, values of a filter are sets to the
   services. It counts in lists of `_ORDERED` shapes, and in those that the model doesn't know.
2. A string that is a JSON object says what the JSON says. Of a policy (a document with a `Statement`) the shapes are
   below, so that it compares like any other value: one statement or value is a list of one, and one that is given
   twice is given once. Source: "Grammar of the IAM JSON policy language" in IAM's user guide.
3. A document that no JSON reader reads like another (a key that stands twice), or that is nested too deep, is text.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from awstape.core.aws.model import Member, Shape, Type, Value, child_shape

#: "A path in a policy, represented as a sequence of path elements" (Access Analyzer's model).
_ORDERED = frozenset({"PathElementList"})
_DEEPEST = 64


def meaning(value: Value, shape: Shape | None) -> str:
    """A text that two values share exactly where they say the same. A null says what an absent member does."""
    return as_json(_plain(value, shape))


def as_json(value: object, *, sort_keys: bool = True) -> str:
    return json.dumps(value, sort_keys=sort_keys, ensure_ascii=False, default=binary)


def binary(value: object) -> object:
    """What JSON has for a blob that is not text: its base64, under a key that tells."""
    assert isinstance(value, bytes)
    return {"!!binary": base64.b64encode(value).decode("ascii")}


def is_ordered(shape: Shape | None) -> bool:
    """Whether the order of a list of this shape counts."""
    return shape is None or shape.name in _ORDERED


def document(text: str) -> tuple[dict[str, Value], Shape | None] | None:
    """The JSON object that a text is, with its shape if it is a policy; None for any other text."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        value: dict[str, Value] = json.loads(text, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError):
        return None
    if _is_deep(value, _DEEPEST):
        return None
    return (_in_lists(value, POLICY), POLICY) if "Statement" in value else (value, None)


def _plain(value: Value, shape: Shape | None) -> Value:
    if isinstance(value, str):
        found = document(value)
        return {"document": _plain(*found)} if found else value
    if isinstance(value, list):
        items = [_plain(item, child_shape(shape, 0)) for item in value]
        return items if is_ordered(shape) else sorted(items, key=as_json)
    if isinstance(value, dict):
        return {name: _plain(item, child_shape(shape, name)) for name, item in value.items() if item is not None}
    return value


def _without_doubles(pairs: list[tuple[str, Value]]) -> dict[str, Value]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key stands twice")
    return value


def _is_deep(value: Value, levels: int) -> bool:
    parts: Iterable[Value] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels == 0 or any(_is_deep(part, levels - 1) for part in parts)


# --- the policy language ----------------------------------------------------------------------------------------


def _in_lists(value: Any, shape: Shape | None) -> Any:
    """The value with a list wherever its shape is one."""
    if shape is not None and shape.type == "list":
        items = [_in_lists(item, child_shape(shape, 0)) for item in (value if isinstance(value, list) else [value])]
        return list({meaning(item, child_shape(shape, 0)): item for item in items}.values())
    if isinstance(value, dict):
        return {name: _in_lists(item, child_shape(shape, name)) for name, item in value.items()}
    return value


def _shape(type_: Type, of: Shape | None = None, **members: Shape) -> Shape:
    member = Member("", of) if of else None
    return Shape(
        name="policy",
        type=type_,
        members={name: Member(name, shape) for name, shape in members.items()},
        member=member if type_ == "list" else None,
        value=member if type_ == "map" else None,
    )


_TEXT = _shape("string")
_TEXTS = _shape("list", _TEXT)
_PRINCIPAL = _shape("map", _TEXTS)
_STATEMENT = _shape(
    "structure",
    Sid=_TEXT,
    Effect=_TEXT,
    Principal=_PRINCIPAL,
    NotPrincipal=_PRINCIPAL,
    Action=_TEXTS,
    NotAction=_TEXTS,
    Resource=_TEXTS,
    NotResource=_TEXTS,
    Condition=_shape("map", _shape("map", _TEXTS)),
)
POLICY = _shape("structure", Version=_TEXT, Id=_TEXT, Statement=_shape("list", _STATEMENT))
