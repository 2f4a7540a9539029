"""JSON documents in strings: one text for each meaning."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.text.json_documents import canonical_document

_SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3)
_VALUES = st.recursive(
    _SCALARS, lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=3), below, max_size=3)
)
_OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "Statement"]), _VALUES, max_size=3)


def _turned(value: Any) -> Any:
    """Returns a value with the members of all objects in the reverse order."""
    if isinstance(value, dict):
        return {name: _turned(value[name]) for name in reversed(value)}
    return [_turned(item) for item in value] if isinstance(value, list) else value


@given(_OBJECTS, st.sampled_from([None, 0, 4]), st.booleans())
def test_white_space_escapes_and_order_mean_nothing(value: Any, indent: int | None, escaped: bool) -> None:
    spelled = json.dumps(_turned(value), indent=indent, ensure_ascii=escaped)
    assert canonical_document(f" {spelled}\n") == canonical_document(json.dumps(value))


@given(_OBJECTS, _OBJECTS)
def test_documents_without_a_statement_mean_the_same_only_if_they_are_equal(one: Any, other: Any) -> None:
    one.pop("Statement", None)
    other.pop("Statement", None)
    texts = [json.dumps(value, sort_keys=True) for value in (one, other)]
    assert (canonical_document(texts[0]) == canonical_document(texts[1])) == (texts[0] == texts[1])


@pytest.mark.parametrize("text", ["", "x", "[1]", '"{}"', "{", '{"a": 1, "a": 1}', '{"a":' * 99 + "1" + "}" * 99])
def test_other_texts_mean_themselves(text: str) -> None:
    assert canonical_document(text) is None
