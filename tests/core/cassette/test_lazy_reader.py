"""A cassette that is read lazily is the one that is read as a whole, and costs what is asked of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.cassette import lazy_reader
from awstape.core.cassette.cassette import Cassette, Take
from awstape.core.cassette.lazy_reader import read_lazily
from awstape.core.cassette.yaml.documents import DocumentError
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import write_cassette
from support.exchanges import MODELS
from support.paths import ROOT

EXAMPLES = sorted((ROOT / "cassettes").glob("*.yaml"))
TEXT = """\
version: 1
---
service: iam
operation: GetRole
identity:
  RoleName: alias-Tsr76sms7l
pages:
- error:
    status: 404
    code: NoSuchEntity
    message: x
---
service: iam
operation: ListUsers
identity: {}
pages:
- output:
    IsTruncated: false
    Users: []
"""


class Text:
    """A text that notes which parts of it were read."""

    def __init__(self, text: str | bytes) -> None:
        self.data = text.encode() if isinstance(text, str) else text
        self.read_parts: list[tuple[int, int]] = []
        self.guarded = 0

    def read(self, begin: int, end: int) -> bytes:
        self.read_parts.append((begin, end))
        return self.data[begin:end]

    def guard(self, read: Callable[[], Take]) -> Take:
        self.guarded += 1
        return read()

    def cassette(self) -> Cassette | None:
        return read_lazily(self.read, len(self.data), MODELS, self.guard)


def lazily(text: str | bytes) -> Cassette:
    found = Text(text).cassette()
    assert found
    return found


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_is_the_cassette_that_is_read_as_a_whole(path: object) -> None:
    text = path.read_text("utf-8")  # type: ignore[attr-defined]
    whole, lazy = read_cassette(text, MODELS), lazily(text)
    assert lazy.takes == whole.takes
    assert (lazy.keys, lazy.account, lazy.apart) == (whole.keys, whole.account, whole.apart)
    assert write_cassette(lazy) == write_cassette(whole)


@given(st.integers(1, 70), st.sampled_from([32, 4096]))
def test_blocks_and_heads_may_end_anywhere(block: int, head: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("awstape.core.cassette.lazy_reader._BLOCK", block)
        patch.setattr("awstape.core.cassette.lazy_reader._HEAD", head)
        assert lazily(TEXT).takes == read_cassette(TEXT, MODELS).takes


def test_pages_are_read_when_they_are_asked_for_and_once() -> None:
    text = Text(TEXT)
    cassette = text.cassette()
    assert cassette
    assert text.guarded == 0
    assert [take.track.operation for take in cassette.takes] == ["GetRole", "ListUsers"]
    assert text.guarded == 0
    text.read_parts.clear()
    for _ in range(2):
        assert cassette.takes[1].pages[0].answer.output == {"IsTruncated": False, "Users": []}
    begin = TEXT.index("---\nservice: iam\noperation: ListUsers")
    assert text.read_parts == [(begin, len(TEXT))]


def test_at_the_start_a_text_is_read_once_and_its_header_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that are read: all, to find the documents, and the heads once more. Bytes that are parsed: of the header,
    then of each take whose pages are asked for, once."""
    header, takes = "version: 1\n", 40
    pages = "pages:\n- output:\n    Users:\n" + "    - UserName: alias-Tsr76sms7l\n" * 2000 + "    IsTruncated: false\n"
    text = Text(header + "".join(f"---\nservice: iam\noperation: ListUsers\nidentity:\n  PathPrefix: /{n}/\n{pages}"
                                 for n in range(takes)))  # fmt: skip
    parsed: list[int] = []
    parse = lazy_reader._parse
    monkeypatch.setattr(lazy_reader, "_parse", lambda data, lines: parsed.append(len(data)) or parse(data, lines))
    cassette = text.cassette()
    assert cassette
    assert len(cassette.takes) == takes
    assert sum(end - begin for begin, end in text.read_parts) <= len(text.data) + len(header) + takes * 4096
    assert parsed == [len(header)]
    for _ in range(3):
        assert cassette.takes[7].pages
    assert len(parsed) == 2
    assert parsed[1] == pytest.approx(len(text.data) / takes, rel=0.01)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "version: 1\n",
        TEXT.replace("\n", "\r\n"),
        TEXT + "...\n",
        TEXT.replace("---\n", "...\n%YAML 1.1\n---\n", 1),
        TEXT + "\0",
        "# a comment\n---\n" + TEXT,
        "%YAML 1.1\n---\n" + TEXT,
        "version: [\n" + TEXT,
    ],
)
def test_another_text_is_read_as_a_whole(text: str) -> None:
    assert Text(text).cassette() is None


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("NoSuchEntity\n", "NoSuchEntity\n    more: 1\n", 11),  # below pages: found when they are read
        ("Users: []", "Users: [1]", 20),
        ("Users: []", "Users: [", 20),
    ],
)
def test_an_error_in_pages_is_raised_when_they_are_asked_for(old: str, new: str, line: int) -> None:
    text = TEXT.replace(old, new)
    with pytest.raises(DocumentError) as whole:
        read_cassette(text, MODELS)
    cassette = lazily(text)
    with pytest.raises(DocumentError) as lazy:
        [take.pages for take in cassette.takes]
    assert str(lazy.value) == str(whole.value)
    assert (lazy.value.line, lazy.value.path) == (whole.value.line, whole.value.path)
    assert line - 1 <= lazy.value.line <= line + 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("operation: GetRole", "operation: GetRoll"),
        ("RoleName: alias-Tsr76sms7l", "RoleName: [1]"),
        ("identity: {}\n", ""),
        ("identity: {}", "identity: {}\nmore: 1"),
        ("version: 1", "version: 2"),
        ("service: iam\noperation: L", "- a\n- b\noperation: L"),
    ],
)
def test_an_error_in_a_head_is_raised_at_once(old: str, new: str) -> None:
    text = TEXT.replace(old, new)
    with pytest.raises(DocumentError) as whole:
        read_cassette(text, MODELS)
    with pytest.raises(DocumentError) as lazy:
        Text(text).cassette()
    assert str(lazy.value) == str(whole.value)
    assert lazy.value.line == whole.value.line


def test_what_is_not_utf_8_is_an_error_of_its_line() -> None:
    cassette = lazily(TEXT.encode().replace(b"message: x", b"message: \xff"))
    with pytest.raises(DocumentError, match="not UTF-8") as error:
        _ = cassette.takes[0].pages
    assert error.value.line == 11


def test_a_document_with_its_pages_first_is_read_at_once() -> None:
    lines = ["---", "pages:", "- output:", "    IsTruncated: false", "    Users: []", "service: iam"]
    text = "version: 1\n" + "\n".join([*lines, "operation: ListUsers", "identity: {}"]) + "\n"
    text_ = Text(text)
    cassette = text_.cassette()
    assert cassette
    assert text_.guarded == 1
    assert cassette.takes == read_cassette(text, MODELS).takes


def test_takes_are_found_by_their_texts() -> None:
    find = lazily(TEXT).find_takes
    assert find
    assert [take.track.operation for take in find("tsr76sms7l")] == ["GetRole", "GetRole"]
    assert [take.pages == () for take in find("tsr76sms7l")] == [True, False]
    assert [take.track.operation for take in find("istruncated")] == ["ListUsers"]
    assert list(find("nowhere")) == []


@given(
    st.dictionaries(
        st.sampled_from(["PathPrefix", "Marker", "MaxItems", "None"]),
        st.sampled_from(
            ["/a/", "alias-Tsr76sms7l", "arn:aws:iam::000123456780:role/x", "/x:", "/ #y", "12", "no", "/é"]
        ),
        max_size=3,
    ),
    st.sampled_from(["ListRoles", "ListUsers", "GetAccountSummary", "Nothing"]),
)
def test_plain_heads_are_what_a_parser_reads(identity: dict[str, str], operation: str) -> None:
    members = "".join(f"\n  {name}: {value}" for name, value in identity.items()) or " {}"
    pages = "pages:\n- error:\n    status: 404\n    code: X\n    message: x\n"
    text = (
        f"version: 1\naccount: '000123456780'\n---\nservice: iam\noperation: {operation}\nidentity:{members}\n{pages}"
    )

    def read(reading: Callable[[str], Cassette]) -> object:
        try:
            found = reading(text)
            return found.account, [(take.track.identity, take.track.account, take.pages) for take in found.takes]
        except DocumentError as error:
            return str(error)

    assert read(lazily) == read(lambda text: read_cassette(text, MODELS))
