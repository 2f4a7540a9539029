"""Any value is written as text that reads as the same value."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from awstape.core.aws.call import Answer
from awstape.core.aws.model import Value
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import SCHEMA_LINE, write_cassette
from support import strategies
from support.exchanges import MODELS

_texts = st.one_of(
    st.text(max_size=12),
    st.text(st.sampled_from(" \n\t\r#:-?|>'\"&*!%@`{}[],\\a1\x00\x07\x85\u2028\ufeff\ufffe\U0010ffff"), max_size=8),
    st.from_regex(r"[-+]?(0[xob])?[0-9_]{1,4}([.:][0-9]{1,3})?([eE][-+]?[0-9]{1,2})?", fullmatch=True),
    st.sampled_from(
        ["", "~", "null", "Null", "true", "Yes", "off", "=", "<<", ".inf", ".nan", "0o7", "1:30", "---", "..."]
    ),
    st.sampled_from(["2026-01-02", "2026-01-02T03:04:05Z", "000417360182", "1e5", "1E400", "0x1F", "-0", "1_000"]),
)
_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    _texts,
)
_anything = st.recursive(
    st.one_of(_scalars, st.binary(max_size=40)),
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(_texts, below, max_size=3)),
    max_leaves=8,
)


@strategies.few(300)
@given(_anything)
def test_any_value_comes_back(value: Value) -> None:
    answer = Answer({"finding": {"id": "x", "extra": value}}, unmodelled=("finding.extra",))
    cassette = Cassette((Take(Track("accessanalyzer", "GetFinding", None, {}), (Page(None, None, answer),)),))
    text = write_cassette(cassette)
    read_again = read_cassette(text, MODELS)
    assert _typed(read_again.takes[0].pages[0].answer.output) == _typed(answer.output)
    assert write_cassette(read_again) == text
    assert "\n---" not in text.removeprefix(f"{SCHEMA_LINE}version: 1\n---\n")


def _typed(value: Any) -> Any:
    """A value to compare that distinguishes 1 from 1.0 and true."""
    if isinstance(value, dict):
        return [(key, _typed(item)) for key, item in value.items()]
    return [_typed(item) for item in value] if isinstance(value, list) else (type(value), str(value))
