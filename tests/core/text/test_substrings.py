"""The search for many values in a text finds what a search for each of them finds."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from awstape.core.text.substrings import Substrings

VALUES = st.sets(st.text("abc", min_size=1, max_size=9), max_size=8)
TEXTS = st.text("abc ", max_size=60)


@given(VALUES, TEXTS)
def test_every_place_of_every_value_is_found(values: set[str], text: str) -> None:
    found = set(Substrings({value: value for value in values}).find(text))
    assert found == {
        (match.start(), match.start() + len(value), value)
        for value in values
        for match in re.finditer(f"(?={re.escape(value)})", text)
    }


@given(VALUES, TEXTS)
def test_matches_apart_are_those_of_an_alternation_of_the_longest_first(values: set[str], text: str) -> None:
    pattern = re.compile("|".join(sorted(map(re.escape, values), key=len, reverse=True)) or "(?!)")
    found = Substrings(dict.fromkeys(values)).find_apart(text)
    assert [(begin, end) for begin, end, _ in found] == [match.span() for match in pattern.finditer(text)]
