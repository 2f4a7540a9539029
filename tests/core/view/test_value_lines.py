"""Value lines: nothing is lost, and no terminal escape is printed."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from awstape.core.aws.model import Value
from awstape.core.text.printable import printable
from awstape.core.view.value_lines import json_lines, mapping_lines

#: Each looks like another.
LOOKALIKES: list[Value] = [
    *(
        None,
        True,
        1,
        1.5,
        b"",
        b"1",
        {},
        [],
        [None],
        [[]],
        {"a": "b"},
        [{"a": "b"}],
        ["a: b"],
        [["a"], "b"],
        [["a", "b"]],
    ),
    *(
        "",
        " ",
        "null",
        "true",
        "1",
        "1.5",
        "-1",
        "|",
        '"',
        '""',
        '"1"',
        "!!binary MQ==",
        "a: b",
        "- a",
        " a",
        "a ",
        "a",
    ),
    *("{}", "[]", '{"a": "b"}', '{"a": "b", "a": "b"}', '{"a": 1.0}', '{"a": 1.00}', r'{"a": "\u0062"}'),
    *(
        "a\nb",
        "a\nb\n",
        "a \nb",
        "a\n b",
        "\na",
        "a\r\nb",
        r"a\nb",
        "a\tb",
        "a\u202eb",
        r"a\u202eb",
        "a\x9bb",
        "\U000e0001",
    ),
    *(
        {"a: b": "c"},
        {"a": "b: c"},
        {"a:": "c"},
        {"a": ": c"},
        {"- a": "c"},
        {"": "c"},
        {"a b": 1},
        {'"a b"': 1},
        {"a\nb": 1},
    ),
]


def text(value: Value) -> str:
    return "\n".join(map(str, mapping_lines({"member": value, "next": 1})))


def test_different_values_have_different_lines() -> None:
    assert len({text(value) for value in LOOKALIKES}) == len(LOOKALIKES)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.recursive(
        st.text() | st.binary(max_size=3) | st.integers(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)
    )
)
def test_all_lines_are_printable(value: Value) -> None:
    assert text(value).replace("\n", "").isprintable()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.text(max_size=3), st.recursive(st.text() | st.floats(), lambda v: st.lists(v, max_size=3))))
def test_indented_json_is_the_same_value(value: dict[str, Value]) -> None:
    lines = json_lines(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    assert lines == printable_lines(json.dumps(value, ensure_ascii=False, indent=2))


def printable_lines(text: str) -> list[str]:
    return [printable(line) for line in text.split("\n")]


@pytest.mark.parametrize("text", ["", "{", "a", '"a"', "1", "{a: b}", "[" * 100_000, "{}{}", "\x1b[31m"])
def test_other_text_is_no_document(text: str) -> None:
    assert json_lines(text) is None
