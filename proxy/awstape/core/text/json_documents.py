"""JSON documents in strings, such as policies: reads them, and gives documents of one meaning one text.

1. The order of members and the white space mean nothing. A document with a repeated key, which JSON readers read
   differently, or with too many levels means its own text only.
2. A policy is a document with a `Statement`. A list of texts, such as its actions, is a set there; a list with one item
   means the item. Statements have an order: answers refer to their positions.
   Source: "Grammar of the IAM JSON policy language" in IAM's user guide.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

_MOST_LEVELS = 64


def parse_json_object(text: str) -> dict[str, Any] | None:
    """The JSON object that a text holds; None for any other text and for a document that has no certain meaning."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        value: dict[str, Any] = json.loads(text, object_pairs_hook=_reject_repeated_keys)
    except (ValueError, RecursionError):
        return None
    return None if _is_deeper_than(value, _MOST_LEVELS) else value


def canonical_document(text: str) -> str | None:
    """A text that is the same for two JSON objects exactly where they mean the same; None for any other text."""
    value = parse_json_object(text)
    if value is None:
        return None
    return _to_json(_simplify(value) if "Statement" in value else value)


def _simplify(value: Any) -> Any:
    """A part of a policy, with its sets sorted and without lists of one item."""
    if isinstance(value, dict):
        return {name: _simplify(item) for name, item in value.items()}
    if not isinstance(value, list):
        return value
    items = [_simplify(item) for item in value]
    if not any(isinstance(item, dict | list) for item in items):
        by_text = {_to_json(item): item for item in items}
        items = [by_text[text] for text in sorted(by_text)]
    return items[0] if len(items) == 1 else items


def _to_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _reject_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a repeated key")
    return value


def _is_deeper_than(value: Any, levels: int) -> bool:
    parts: Iterable[Any] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels == 0 or any(_is_deeper_than(part, levels - 1) for part in parts)
