"""Places that JMESPath expressions select: the same values that the library finds, and where they stand."""

from __future__ import annotations

from typing import Any

import jmespath
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from awstape.core.conform import Path
from awstape.core.places import PlaceError, holds, places

DOCUMENT: Any = {
    "identity": {"PathPrefix": "/"},
    "pages": [
        {"output": {"Roles": [{"RoleName": "a", "Tags": [{"Key": "k", "Value": "v"}]}, {"RoleName": "b", "Max": 1}]}},
        {"token": "t", "output": {"Roles": [{"RoleName": "c", "Max": 0, "Tags": [{"Key": "k", "Value": "w"}]}]}},
        {"error": {"status": 404}},
    ],
}


def at(document: Any, path: Path) -> Any:
    for step in path:
        document = document[step]
    return document


@pytest.mark.parametrize(
    "expression",
    [
        "@",
        "identity.PathPrefix",
        "pages[0].output.Roles[1].Max",
        "pages[-1].error.status",
        "pages[].output.Roles[].RoleName",
        "pages[*].output.Roles[*].RoleName",
        "pages[].output[].Roles[].Tags[].Value",
        "pages[1:].output.Roles[0].RoleName",
        "pages[::-1].token",
        "pages[].output.Roles[] | [?RoleName=='b'].Max",
        "pages[].output.Roles[?Max > `0`][].Max",
        "pages[].output.Roles[?contains(RoleName, 'c')].Tags[?Key=='k'].Value",
        "pages[].output.Roles[].Tags[?Key=='k'].Value | [1]",
        "pages[?output].output.Roles[] | [0].RoleName",
        "pages[?!output].error.status",
        "pages[].output.Roles[?Max][].RoleName",
        "identity.*",
        "*.PathPrefix",
        "pages[7].output",
        "nothing.at.all",
    ],
)
def test_what_stands_there_is_what_jmespath_finds(expression: str) -> None:
    found = jmespath.search(expression, DOCUMENT)
    while isinstance(found, list) and any(isinstance(each, list) for each in found):
        found = [item for each in found for item in each]
    expected = [found] if expression in ("@",) or not isinstance(found, list) else found
    there = [path for path in places(expression, DOCUMENT) if _is_there(path)]
    assert [at(DOCUMENT, path) for path in there] == [value for value in expected if value is not None]


def _is_there(path: Path) -> bool:
    try:
        at(DOCUMENT, path)
    except LookupError:
        return False
    return True


def test_a_member_that_is_not_there_is_a_place() -> None:
    assert places("pages[].output.Roles[].Max", DOCUMENT) == [
        ("pages", 0, "output", "Roles", 0, "Max"),
        ("pages", 0, "output", "Roles", 1, "Max"),
        ("pages", 1, "output", "Roles", 0, "Max"),
    ]
    assert places("nothing.at.all", DOCUMENT) == []


def test_slices_and_flattening() -> None:
    assert places("pages[0:1][].output", DOCUMENT) == [("pages", 0, "output")]


@pytest.mark.parametrize(
    "expression", ["length(pages)", "`1`", "'x'", "{a: pages}", "[pages]", "a || b", "!a", "a == b"]
)
def test_what_computes_selects_no_place(expression: str) -> None:
    with pytest.raises(PlaceError, match="selects no place"):
        places(expression, DOCUMENT)


@pytest.mark.parametrize("expression", ["", "pages[", "pages..x", "a b", "pages[?unknown(@)]", "\x00"])
def test_what_is_no_expression(expression: str) -> None:
    with pytest.raises(PlaceError) as caught:
        places(expression, DOCUMENT)
    assert "\n" not in str(caught.value)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text("pages[]*.?:012@|'output ", max_size=12))
def test_any_text_is_a_place_or_an_error(expression: str) -> None:
    try:
        found = places(expression, DOCUMENT)
    except PlaceError:
        return
    for path in found:
        at(DOCUMENT, path[:-1])


def test_conditions() -> None:
    item = {"RoleName": "a", "Max": 0}
    assert holds("RoleName=='a'", item)
    assert not holds("RoleName=='b' || Max", {"RoleName": "a"})
    with pytest.raises(PlaceError):
        holds("RoleName==", item)
