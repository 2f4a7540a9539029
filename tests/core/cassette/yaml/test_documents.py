"""Documents of a stream: they are what YAML's own scanner finds, in blocks of any size."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from awstape.core.cassette.yaml import documents
from awstape.core.cassette.yaml.documents import BREAKS, DocumentError, count_line_breaks, split_documents
from awstape.core.cassette.yaml.parser import parse_documents

LINES = (
    *("---", "--- a", "--- # c", "---a", " ---", "...", "... # c", "....", "%YAML 1.1", "# c", "  # c", ""),
    *("a: 1", "b: |", "  ---", "  # text", "c: 'x", "y'", "- d", "e: [", "]", '"f": "g', '# h"', "--"),
)
BREAK = st.sampled_from(["\n", "\n", "\n", "\r\n", *BREAKS])
TEXTS = st.lists(st.tuples(st.sampled_from(LINES), BREAK), max_size=12).map(lambda lines: "".join(map("".join, lines)))


def values_of(*texts: str) -> list[object] | None:
    """The values of the documents in some texts, None if one of them is not YAML."""
    try:
        return [document.value for text in texts for document in parse_documents(text)]
    except DocumentError:
        return None


@given(TEXTS, st.integers(1, 9))
@example("a: 1\n...\n# c\n%YAML 1.1\n---\nb: 2\n", 4)
@example("a: 1\n...\n# c\nb: 2\n...\nc: 3\n---\n", 3)
def test_the_documents_of_a_stream(text: str, size: int) -> None:
    found = list(split_documents([text]))
    texts = [each.text for each in found]
    assert "".join(texts) == text
    blocks = [text[at : at + size] for at in range(0, len(text), size)]
    assert list(split_documents(blocks)) == found
    assert [each.lines_before for each in found] == [0, *accumulate(map(count_line_breaks, texts))][: len(found)]
    whole = values_of(text)
    if whole is not None and not _has_directive_without_end(text):
        assert values_of(*texts) == whole
        assert all(len(values_of(each) or ()) <= 1 for each in texts)


def _has_directive_without_end(text: str) -> bool:
    """Whether a directive follows a document that is not ended by `...`, which YAML 1.1 forbids and libyaml accepts."""
    is_open = False
    for token in yaml.scan(text, Loader=yaml.CSafeLoader):
        if isinstance(token, yaml.DirectiveToken) and is_open:
            return True
        if not isinstance(token, yaml.StreamStartToken | yaml.DirectiveToken):
            is_open = not isinstance(token, yaml.DocumentEndToken)
    return False


def test_a_document_has_a_limit_and_a_stream_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_DOCUMENT", 100)
    document = "---\n" + "a: b\n" * 19
    assert len(list(split_documents([document] * 50))) == 50
    with pytest.raises(DocumentError, match="line 41: a document of more than 0 MiB"):
        list(split_documents([document, document, "---\n" + "a: b\n" * 20]))


def test_nothing_is_read_behind_a_nul() -> None:
    def blocks() -> Iterator[str]:
        yield "a: 1\n---\nb: \0 2\n"
        raise AssertionError("read on")

    assert [each.text for each in split_documents(blocks())] == ["a: 1\n", "---\nb: \0"]
