"""Expressions of DynamoDB keep their language; names in them are those of the items."""

from __future__ import annotations

import pytest

from awstape.core.redaction.services.expressions import edit_names


@pytest.mark.parametrize(
    ("text", "edited"),
    [
        ("pk = :p AND begins_with(sk, :s)", "<pk> = <:p> AND begins_with(<sk>, <:s>)"),
        ("#s BETWEEN :a and :b", "<#s> BETWEEN <:a> and <:b>"),
        ("NOT contains(#0.x[3].y, :0)", "NOT contains(<#0>.<x>[3].<y>, <:0>)"),
        ("set a = if_not_exists(a, :z) + :one REMOVE b", "set <a> = if_not_exists(<a>, <:z>) + <:one> REMOVE <b>"),
        ("size (a) >= :n OR attribute_not_exists(size)", "size (<a>) >= <:n> OR attribute_not_exists(<size>)"),
        ("alias-k42mrt7s3l_status <> :alias-k42mrt7s3l", "<alias-k42mrt7s3l_status> <> <:alias-k42mrt7s3l>"),
        ("inset = :x", "<inset> = <:x>"),
        ("a = 'Meier'", None),
        ("jane@acme.example", None),
        ("", ""),
    ],
)
def test_names_are_edited_and_nothing_else(text: str, edited: str | None) -> None:
    assert edit_names(text, lambda name: f"<{name}>") == edited
