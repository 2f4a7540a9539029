"""YAML text that is refused while it is parsed: depth, syntax and size, with the line and in our own words."""

from __future__ import annotations

import pytest

from awstape.core.cassette.yaml import parser
from awstape.core.cassette.yaml.documents import MAX_DEPTH, DocumentError
from awstape.core.cassette.yaml.parser import parse_documents


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: " + "[" * 5000, 1),
        ("[" * 1001 + "@", 1),
        ("\ufeffa: x\nb: " + "{[" * 3000, 2),
        ("a: " + "[{" * 3000, 1),
        ("a: " + "{a: " * 2000, 1),
        ("a: &b " + "[" * 3000, 1),
        ("a: !x " + "[" * 3000, 1),
        ("- " * 3000 + "x", 1),
        ("".join(f"{' ' * i}a:\n" for i in range(3000)), MAX_DEPTH + 2),
        ("a: " + "[\n" * 2000, MAX_DEPTH + 1),
    ],
)
def test_depth_is_reported_before_any_other_error(text: str, line: int) -> None:
    """PyYAML 6.0.4 refuses what nests deeper than 1,000 levels, 6.0.3 reads it: both lead to the same words."""
    with pytest.raises(DocumentError) as caught:
        list(parse_documents(text))
    assert (caught.value.line, caught.value.problem) == (line, f"nested deeper than {MAX_DEPTH} levels")


SYNTAX = {
    "unclosed bracket": ("a: [\n", 2, "at column 1: the text ends before a value, a quote or a bracket does"),
    "unclosed quote": ("a: 'b\nc: d", 2, "at column 5: the text ends before a value, a quote or a bracket does"),
    "tab": ("a:\n\t- b\n", 2, "at column 1: a tab in the indentation, where only spaces may be"),
    "colon": ("a: b: c\n", 1, "at column 5: an unexpected colon; quote a text that contains one"),
    "sign": ("a: @b\n", 1, "at column 4: a text that begins with @ needs quotes"),
    "escape": ('a: "\\q"\n', 1, "at column 5: a text, a tag or an escape that can't be read; quote the text"),
    "indentation": (
        "a:\n  b: 1\n c: 2\n",
        3,
        "at column 2: an unexpected value or character; check indentation, brackets and commas",
    ),
    "NUL": ("a: b\nc: \0\n", 2, ": a control character"),
    "surrogate": ("a: \ud800\n", 1, ": half a surrogate pair"),
}


@pytest.mark.parametrize(("text", "line", "problem"), SYNTAX.values(), ids=SYNTAX)
def test_syntax_errors_have_our_own_words(text: str, line: int, problem: str) -> None:
    with pytest.raises(DocumentError) as caught:
        list(parse_documents(text))
    expected = f"not YAML{problem}" if problem.startswith(":") else f"not YAML {problem}"
    assert (caught.value.line, caught.value.problem) == (line, expected)


def test_the_number_of_values_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser, "MAX_VALUES", 100)
    assert list(parse_documents("[" + "a, " * 99 + "]"))
    with pytest.raises(DocumentError, match="line 3: more than 100 values"):
        list(parse_documents("[\n" + "a, " * 99 + "\na,\n b]"))


def test_a_document_of_lines_may_have_any_number_of_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser, "MAX_VALUES", 100)
    assert len(next(parse_documents("a:\n" + "  - role-of-a-company\n" * 1000)).lines) == 1002
    with pytest.raises(DocumentError, match="more than 125 values"):
        list(parse_documents("[" + "1," * 999 + "1]"))
