"""Reads a cassette from YAML text.

1. The text is a stream: a header document with the version, the fingerprint of the key, the account and the marks, then
   one document per take. A take without an account has that of the header.
   They are divided (`core.cassette.yaml.documents`), parsed and dropped one by one. `core.cassette.yaml.plain_parser`
   parses those that are written as awstape writes them, `core.cassette.yaml.parser` all others.
2. Every document is validated (`core.cassette.yaml.validation`); `read_cassette` raises the first error.
3. No two pages of a track have the same token.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Literal, NamedTuple

from awstape.core.aws.model import Models
from awstape.core.cassette.cassette import Cassette, Take, Track
from awstape.core.cassette.yaml.documents import Document, DocumentError, DocumentText, split_documents
from awstape.core.cassette.yaml.plain_parser import parse_plain
from awstape.core.cassette.yaml.validation import (
    Problem,
    build_take,
    header_account,
    header_marks,
    header_problems,
    key_fingerprints,
    take_problems,
)


def read_cassette(text: str, models: Models) -> Cassette:
    """The cassette that a YAML text describes. Raises DocumentError."""
    return read_cassette_blocks([text], models)


def read_cassette_blocks(blocks: Iterable[str], models: Models) -> Cassette:
    """The cassette that a YAML text describes, which comes in blocks of any size. Raises DocumentError."""
    takes: list[Take] = []
    keys: set[str] = set()
    account: str | None = None
    apart: frozenset[str] = frozenset()
    for entry in read_documents(split_documents(blocks), models):
        if entry.errors:
            raise entry.errors[0]
        if entry.take:
            takes.append(entry.take)
        else:
            keys |= key_fingerprints(entry.document.value)
            account, apart = header_account(entry.document.value), header_marks(entry.document.value)
    return Cassette.of(takes, keys, account, apart)


class Entry(NamedTuple):
    """A document of a cassette and its errors. take: None for the header and for a document with errors."""

    document: Document
    errors: tuple[DocumentError, ...] = ()
    take: Take | None = None


def read_entries(text: str, models: Models) -> Iterator[Entry]:
    """The documents of a cassette with all their errors. Raises DocumentError for a text that is not YAML."""
    return read_documents(split_documents([text]), models)


def read_documents(documents: Iterable[DocumentText], models: Models) -> Iterator[Entry]:
    """As `read_entries`, for documents that are read one by one."""
    stream = (parsed for each in documents for parsed in parse(each))
    header = next(stream, None)
    if header is None:
        empty = DocumentError(1, "", "the file is empty", "a cassette begins with `version: 1`")
        yield Entry(Document.with_lines(None, {(): 1}), (empty,))
        return
    reader = EntryReader(models)
    yield from map(reader.read, chain([header], stream))


def parse(document: DocumentText) -> Iterator[Document]:
    """The document of a text; none or several where it has no, or more than one, beginning. Raises DocumentError."""
    if (value := parse_plain(document.text)) is None:
        yield from _parse_any(document)
    else:
        yield Document(value, lambda: next(_parse_any(document)).lines)


def _parse_any(document: DocumentText) -> Iterator[Document]:
    from awstape.core.cassette.yaml.parser import parse_documents  # not at the top: most documents need no PyYAML

    return parse_documents(document.text, lines_before=document.lines_before)


class EntryReader:
    """Validates the documents of a cassette one by one, in their order: first the header, then the takes.

    account: that of a header that was read before; then there are takes only.
    """

    def __init__(self, models: Models, *, account: str | Literal[False] | None = False) -> None:
        self._models = models
        self._is_header = account is False
        self._account = account or None
        self._tokens: defaultdict[Track, _Tokens] = defaultdict(dict)

    def read(self, document: Document) -> Entry:
        """The next document, with all its errors."""
        if self._is_header:
            self._is_header = False
            errors = document.errors(header_problems(document.value))
            self._account = None if errors else header_account(document.value)
            return Entry(document, errors)
        if errors := document.errors(take_problems(document.value, self._models)):
            return Entry(document, errors)
        take = build_take(document.value, self._models, self._account)
        return Entry(document, document.errors(_token_problems(document, take, self._tokens)), take)


_Tokens = dict[str, tuple[Take, Document, int]]
"""Token → the take that has it, its document, and the number of the page."""


def _token_problems(document: Document, take: Take, tokens: Mapping[Track, _Tokens]) -> Iterator[Problem]:
    """Tokens that another page of the track has, too; for an equal take, one problem only.

    tokens: those of each track; takes of one page have none.
    """
    for i, page in enumerate(take.pages):
        if page.token is None:
            continue
        here = (take, document, i)
        other, its_document, number = first = tokens[take.track].setdefault(page.token, here)
        if first is here:
            continue
        if other is not take and other.pages == take.pages:
            problem = f"the take occurs twice, the first time in line {its_document.line(())}"
            yield Problem((), problem, "remove one of the two")
            return
        line = its_document.line(("pages", number, "token"))
        problem = f"another page of the track has this token, in line {line}"
        yield Problem(("pages", i, "token"), problem, "tokens of a track must differ")
