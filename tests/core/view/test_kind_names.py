"""The names of kinds of real values, and their plurals."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.redaction.members.member_kinds import NAME_KINDS, SECRET_KINDS
from awstape.core.redaction.text.identifiers import KINDS as KINDS_WITH_ROWS
from awstape.core.text.counting import count
from awstape.core.view.kind_names import count_kinds, kind_name

KNOWN = sorted({*NAME_KINDS.values(), *SECRET_KINDS.values(), *KINDS_WITH_ROWS, "secret-name"})
KINDS = st.sampled_from(KNOWN) | st.from_regex(r"[a-z]{2,9}(-[a-z]{2,9})?", fullmatch=True)


@given(KINDS)
def test_every_kind_has_a_singular_and_a_plural(kind: str) -> None:
    name = kind_name(kind)
    assert count_kinds({kind: 1}) == f"1 {name}"
    plural = count_kinds({kind: 2}).removeprefix("2 ")
    assert plural != name and plural.endswith("s")
    assert not re.search(r"(ss|xs|zs|chs|shs|[^aeiou]ys)$", plural), plural
    assert "-" not in name.replace("e-mail", "")


@pytest.mark.parametrize(
    ("kind", "name"),
    [("role", "role name"), ("instance-profile", "instance profile name"), ("secret-name", "secret name")],
)
def test_other_kinds_are_those_of_names(kind: str, name: str) -> None:
    assert kind_name(kind) == name


def test_kinds_of_one_name_are_counted_together() -> None:
    kinds = {"account": 2, "address": 5, "display": 1, "name": 1, "part": 2, "password": 2}
    assert count_kinds(kinds) == "2 account ids, 1 display name, 5 IP addresses, 3 other names, 2 secrets"


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (1, "page", "1 page"),
        (0, "page", "0 pages"),
        (2, "entity", "2 entities"),
        (2, "key", "2 keys"),
        (3, "box", "3 boxes"),
    ],
)
def test_counts_have_singular_and_plural_nouns(number: int, noun: str, text: str) -> None:
    assert count(number, noun) == text
