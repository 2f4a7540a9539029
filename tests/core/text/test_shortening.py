"""Shortened texts fit, and keep what they promise."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from awstape.core.text.shortening import shorten_middle


@given(st.text(), st.integers(3, 50))
def test_a_shortened_text_fits_and_keeps_its_beginning_and_end(text: str, longest: int) -> None:
    short = shorten_middle(text, longest)
    assert len(short) == min(len(text), longest)
    assert text.startswith(short.partition("…")[0])
