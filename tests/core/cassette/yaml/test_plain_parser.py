"""The parser of plain documents reads what PyYAML reads, and nothing that PyYAML refuses."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from awstape.core.aws.model import Value
from awstape.core.cassette.yaml.documents import MAX_DEPTH, DocumentError, split_documents
from awstape.core.cassette.yaml.parser import parse_documents
from awstape.core.cassette.yaml.plain_parser import parse_plain
from awstape.core.cassette.yaml.writer import dump_document
from support.paths import ROOT

EXAMPLES = sorted((ROOT / "cassettes").glob("*.yaml"))
KEYS = (
    "a",
    "aws:Tag/b c",
    "aws:Tag/b",
    "null",
    "12",
    "'it''s'",
    "'x y'",
    '"q"',
    "a:",
    "- a",
    "-",
    "?",
    "<<",
    "#",
    "&a",
)
SCALARS = (
    *(
        "",
        "x",
        "x y",
        "'x: y'",
        "'it''s'",
        "'",
        '"q"',
        '"\\n"',
        "[]",
        "{}",
        "[a]",
        "{a: b}",
        "|",
        ">-",
        "~",
        "null",
        "true",
    ),
    *(
        "12",
        "-1",
        "-x",
        "--",
        "1.5",
        "1e5",
        "1.5e+3",
        "007",
        "0x1f",
        ".5",
        "a:b",
        "a: b",
        "a #b",
        "a#b",
        "a:",
        "a ",
        " a",
    ),
    *(
        "&a b",
        "*a",
        "!x y",
        "!!binary eA==",
        "%a",
        "@a",
        "=",
        "=a",
        "<<",
        "...",
        "---",
        "\u00e9",
        "\u2028",
        "\x85",
        "\t",
        "a\tb",
    ),
    *(
        "arn:aws:iam::aws:policy/A",
        "'{\"a\": [1]}'",
        "/p/",
        "(a)",
        "$a",
        "+1",
        "yes",
        "2024-03-02T09:14:11Z",
        "\U0001f600",
    ),
)
LINE = st.tuples(
    st.sampled_from(["", "", "  ", "  ", "    ", "      ", " ", "   ", "\t"]),
    st.sampled_from(["", "", "", "- ", "- ", "- - ", "-", "-  "]),
    st.sampled_from(["", "k", "k", "l", *KEYS]),
    st.sampled_from([": ", ": ", ": ", ":", ":  ", " "]),
    st.sampled_from(SCALARS),
    st.sampled_from(["\n", "\n", "\n", "\n", "\n", " # c\n", " \n", "\n\n", "\n# c\n", "\r\n", ""]),
).map(lambda parts: "".join(parts) if parts[2] else "".join((parts[0], parts[1], *parts[4:])))
TEXTS = st.tuples(st.sampled_from(["", "---\n", "# c\n"]), st.lists(LINE, max_size=8).map("".join)).map("".join)
VALUES: st.SearchStrategy[Value] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
    | st.sampled_from(["a", "null", "1", "x: y", "it's", "- a", "", '{"Version":"2012-10-17"}', "a\nb\n"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.text() | st.sampled_from(["a", "B-c"]), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


def by_pyyaml(text: str) -> object:
    """The value of a document, or its error."""
    try:
        return json.dumps([each.value for each in parse_documents(text)], default=repr)
    except DocumentError as error:
        return error


def plainly(text: str) -> object:
    return json.dumps([parse_plain(text)], default=repr)


@given(TEXTS)
@example("a:\n  b:\n- x\n")
@example("a: x\n  - b\n")
@example("- a\n  k: v\n")
@example("a:\n  b: 1\n# c\n\n  c: 2\n")
@example("a:\n- b:\n  - c\n  d: e\n- f: g\n")
@example("a:\n- - b\n  - c: d\n")
@example("a: 1\na: 2\n")
@example("k: 'a\n  b: c'\n")
@example('k: "a\n\n  b"\nl: x\n')
def test_a_plain_document_is_what_pyyaml_reads(text: str) -> None:
    if parse_plain(text) is not None:
        assert plainly(text) == by_pyyaml(text)


@given(st.dictionaries(st.sampled_from(["a", "b:c", "d e"]) | st.text(), VALUES, min_size=1, max_size=5))
def test_what_is_written_is_what_pyyaml_reads(value: dict[str, Value]) -> None:
    text = dump_document(value)
    if parse_plain(text) is not None:
        assert plainly(text) == by_pyyaml(text)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_documents_of_cassettes_are_plain(path: object) -> None:
    for document in split_documents([path.read_text("utf-8")]):  # type: ignore[attr-defined]
        assert plainly(document.text) == by_pyyaml(document.text)


@pytest.mark.parametrize("depth", [MAX_DEPTH - 2, MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1])
@pytest.mark.parametrize("line", ["a:", "- "])
def test_depth_is_limited_alike(depth: int, line: str) -> None:
    text = "".join(f"{' ' * i}a:\n" for i in range(depth)) + f"{' ' * depth}b: 1\n"
    if line == "- ":
        text = f"a:\n{'- ' * (depth - 1)}b: 1\n"
    found = by_pyyaml(text)
    assert (parse_plain(text) is None) == isinstance(found, DocumentError)


OUTLINED = """\
---
pages:
- output:
    Marker: x
    Roles:
    - Path: /
      Tags:
      - Key: a
        Value: 'b: c'
    - Path: /b/
    - Path: /c/
      Name: c
    More:
      Deep: true
"""


def test_the_items_of_an_outline_are_counted_and_not_parsed() -> None:
    outline = parse_plain(OUTLINED, 4)
    assert outline == {
        "pages": [{"output": {"Marker": "x", "Roles": [{}, {"Path": "/b/"}, {}], "More": {"Deep": True}}}]
    }
    assert parse_plain(OUTLINED, 2) == parse_plain(OUTLINED)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("'b: c'", "'b\n    - Path: /x/'"),
        ("'b: c'", '"b\n    - Path: /x/"'),
        ("'b: c'", "|\n          - x"),
        ("'b: c'", "|\n          x\n\n    - Path: /x/"),
        ("'b: c'", "|\n    - Path: /x/"),
        ("'b: c'", "|\n      Name: 'x\n    - Path: /x/'"),
        ("'b: c'", "|-\n          'x\n    - Path: /x/"),
        ("Value: 'b: c'", "Value: b\n         c"),
        ("'b: c'", "[\n    - a, b]"),
        ("      - Key: a\n", "      # c\u2028    - Key: a\n"),
        ("Name: c", "Name: &a c"),
    ],
)
def test_an_outline_is_not_misled_by_values_of_several_lines(old: str, new: str) -> None:
    text = OUTLINED.replace(old, new)
    assert text != OUTLINED
    if (outline := parse_plain(text, 4)) is not None:
        (whole,) = [each.value for each in parse_documents(text)]
        assert _lengths(outline["pages"][0]["output"]) == _lengths(whole["pages"][0]["output"])  # type: ignore


def _lengths(value: object) -> object:
    """The value without the contents of lists."""
    if isinstance(value, list):
        return len(value)
    return {name: _lengths(each) for name, each in value.items()} if isinstance(value, dict) else value


@given(st.lists(LINE, max_size=6).map("".join), st.sampled_from([0, 2, 4]))
def test_an_outline_has_as_many_items(lines: str, column: int) -> None:
    text = f"a:\n- output:\n    R:\n    - b: c\n{lines}"
    whole, outline = parse_plain(text), parse_plain(text, column)
    if outline is not None and whole is not None:
        assert set(outline) == set(whole)
        if column == 4:
            assert [_lengths(each) for each in outline["a"]] == [_lengths(each) for each in whole["a"]]  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["RoleName: a\n", "'RoleName': a\n"])
def test_equal_names_are_one_object(text: str) -> None:
    (one,), (other,) = (parse_plain(text) or {}, parse_plain(f"{text}") or {})
    assert one is other
    assert one == "RoleName"
