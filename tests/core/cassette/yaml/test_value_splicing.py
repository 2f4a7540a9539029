"""Values are replaced in a document's text; everything around them stays to the letter."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from awstape.core.aws.model import Value
from awstape.core.cassette.yaml.parser import parse_documents
from awstape.core.cassette.yaml.value_splicing import splice_values


def value_of(text: str) -> Value:
    return next(parse_documents(text)).value


def spliced(text: str, new: Value) -> str:
    result = splice_values(text, value_of(text), new)
    assert result is not None
    assert value_of(result) == new
    return result


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: old\nb: old2\n", "a: new\nb: old2\n"),
        ("---\na:   old   # why\n\n\nb:\n- c\n", "---\na:   new   # why\n\n\nb:\n- c\n"),
        ("b: 'old'\na: 'old'\n", "b: 'old'\na: 'new'\n"),
        ('a: "old"\n', 'a: "new"\n'),
        ("{ a: old , b: [ 1,2 ] }\n", "{ a: new , b: [ 1,2 ] }\n"),
        ("a: |  # a block\n  old\nb: 1\n", "a: |  # a block\n  new\nb: 1\n"),
        ("a: |-\n      old\n\n# end\nb: 1\n", "a: |-\n      new\n\n# end\nb: 1\n"),
        ("a: >-\n  old\nb: 1\n", 'a: "new"\nb: 1\n'),
        ("a:\n  # the value\n  old\n", "a:\n  # the value\n  new\n"),
        ("? a\n: old\n", "? a\n: new\n"),
        ("a: old", "a: new"),
    ],
)
def test_only_the_value_changes(text: str, expected: str) -> None:
    before = value_of(text)
    assert isinstance(before, dict)
    old = before["a"]
    assert isinstance(old, str)
    assert spliced(text, {**before, "a": old.replace("old", "new")}) == expected


@pytest.mark.parametrize(
    ("text", "new", "expected"),
    [
        ("a: x\n", "123456789012", "a: '123456789012'\n"),
        ("a: 123456789012\n", 111122223333, "a: 111122223333\n"),
        ("a: 123456789012\n", "alias-x", "a: alias-x\n"),
        ("a: x\n", "it's: #1", "a: 'it''s: #1'\n"),
        ("a: 'x'\n", "it's", "a: 'it''s'\n"),
        ("a: 'x'\n", "two\nlines", 'a: "two\\nlines"\n'),
        ('a: "x"\n', 'say "ü"\u2028', 'a: "say \\"ü\\"\\u2028"\n'),
        ("{a: x}\n", "one, two", '{a: "one, two"}\n'),
        ("{a: x}\n", "<alias-x>", "{a: <alias-x>}\n"),
        ("a: |\n  x\n  y\nb: 1\n", "one\ntwo\nthree\n", "a: |\n  one\n  two\n  three\nb: 1\n"),
        ("a: |\n  x\nb: 1\n", "  indented\n", 'a: "  indented\\n"\nb: 1\n'),
        ("a: |2\n    x\nb: 1\n", "  y\n", 'a: "  y\\n"\nb: 1\n'),
    ],
)
def test_the_new_value_fits_its_place(text: str, new: Value, expected: str) -> None:
    before = value_of(text)
    assert isinstance(before, dict)
    assert spliced(text, {**before, "a": new}) == expected


def test_keys_and_items_change_too() -> None:
    text = "tags:\n- {old: 1, b: [x, old]}  # first\n- 'old': {old: old}\n"
    new: Value = {"tags": [{"new": 1, "b": ["x", "new"]}, {"new": {"new": "new"}}]}
    assert spliced(text, new) == text.replace("old", "new")


@pytest.mark.parametrize("new", [{"a": [1]}, {"a": "x", "b": 1}, {}, ["a"], {"a": {"b": 1}}, {"a": b"x"}])
def test_other_shapes_are_not_spliced(new: Value) -> None:
    text = "a: x\n"
    assert splice_values(text, value_of(text), new) is None


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
STYLES = ["a: x", "a: 'x'", 'a: "x"', "a: |-\n  x", "a: >-\n  x", "{a: x, b: 1}"]


@settings(max_examples=200)
@given(TEXTS, st.sampled_from(STYLES))
def test_any_text_is_read_again_in_any_style(new: str, style: str) -> None:
    text = style if style.startswith("{") else f"{style}\nb: 1\n"
    result = splice_values(text, value_of(text), {"a": new, "b": 1})
    if all(c.isprintable() or c == "\n" for c in new):
        assert result is not None
        assert value_of(result) == {"a": new, "b": 1}
