"""Paths that JMESPath expressions select: the same values that the library finds, with their paths."""

from __future__ import annotations

from typing import Any

import jmespath
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from awstape.core.aws.member_paths import Path
from awstape.core.editing.jmespath_paths import ExpressionError, is_condition_true, select_paths

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
def test_the_values_at_the_paths_are_those_that_jmespath_finds(expression: str) -> None:
    found = jmespath.search(expression, DOCUMENT)
    while isinstance(found, list) and any(isinstance(each, list) for each in found):
        found = [item for each in found for item in each]
    expected = [found] if expression in ("@",) or not isinstance(found, list) else found
    there = [path for path in select_paths(expression, DOCUMENT) if _is_there(path)]
    assert [at(DOCUMENT, path) for path in there] == [value for value in expected if value is not None]


def _is_there(path: Path) -> bool:
    try:
        at(DOCUMENT, path)
    except LookupError:
        return False
    return True


def test_a_missing_member_is_selected() -> None:
    assert select_paths("pages[].output.Roles[].Max", DOCUMENT) == [
        ("pages", 0, "output", "Roles", 0, "Max"),
        ("pages", 0, "output", "Roles", 1, "Max"),
        ("pages", 1, "output", "Roles", 0, "Max"),
    ]
    assert select_paths("nothing.at.all", DOCUMENT) == []


def test_slices_and_flattening() -> None:
    assert select_paths("pages[0:1][].output", DOCUMENT) == [("pages", 0, "output")]


@pytest.mark.parametrize(
    "expression", ["length(pages)", "`1`", "'x'", "{a: pages}", "[pages]", "a || b", "!a", "a == b"]
)
def test_an_expression_that_computes_is_refused(expression: str) -> None:
    with pytest.raises(ExpressionError, match="selects no member"):
        select_paths(expression, DOCUMENT)


@pytest.mark.parametrize("expression", ["", "pages[", "pages..x", "a b", "pages[?unknown(@)]", "\x00"])
def test_invalid_expressions_are_refused(expression: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        select_paths(expression, DOCUMENT)
    assert "\n" not in str(caught.value)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text("pages[]*.?:012@|'output ", max_size=12))
def test_any_text_selects_paths_or_is_refused(expression: str) -> None:
    try:
        found = select_paths(expression, DOCUMENT)
    except ExpressionError:
        return
    for path in found:
        at(DOCUMENT, path[:-1])


def test_conditions() -> None:
    item = {"RoleName": "a", "Max": 0}
    assert is_condition_true("RoleName=='a'", item)
    assert not is_condition_true("RoleName=='b' || Max", {"RoleName": "a"})
    with pytest.raises(ExpressionError):
        is_condition_true("RoleName==", item)
