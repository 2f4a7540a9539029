"""Page tokens: their names by position, and their length."""

from __future__ import annotations

from awstape.core.cassette.page_tokens import token_name
from support.exchanges import operation


def test_tokens_name_track_take_and_page() -> None:
    key = ("iam", "ListUsers", "", "{}")
    tag = token_name(key, 1, 2).removeprefix("page-2.")
    assert len(tag) == 4
    assert token_name(key, 1, 12) == f"page-12.{tag}"
    assert token_name(key, 3, 2) == f"take-3.page-2.{tag}"
    assert token_name(("iam", "ListGroups", "", "{}"), 1, 2) != token_name(key, 1, 2)


def test_tokens_fit_the_models() -> None:
    """IAM takes 1 to 320 characters of a marker, and clients check that."""
    shape = operation("ListUsers").input
    assert shape
    marker = shape.members["Marker"].shape
    assert (marker.min, marker.max) == (1, 320)
    assert len(token_name(("iam", "x" * 500, "", ""), 999999, 999999)) < 40
