"""Reads a large cassette as far as it is needed: the tracks of all takes at once, the pages of a take when asked for.

1. Documents are found by the lines that begin them, without being decoded. Only a text as awstape writes it is read
   like this: with line feeds only, without ends of documents (`...`) and with a header first. Any other is not.
2. The head of a take's document is what comes before its pages: the track, what it comes after, its faults. It is
   validated at once. A document that has no such head is read as a whole.
3. The rest of a document is validated when its pages are asked for. What only a comparison of documents shows, such as
   two takes with one token, is not noticed.
4. Where items are only counted, each is an empty mapping; what it holds is not validated.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from awstape.core.aws.model import Models, Operation, Value
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.core.cassette.yaml.documents import Document, DocumentError, DocumentText
from awstape.core.cassette.yaml.plain_parser import parse_plain
from awstape.core.cassette.yaml.reader import EntryReader, parse
from awstape.core.cassette.yaml.validation import (
    build_take,
    header_account,
    header_marks,
    key_fingerprints,
    take_problems,
)

Read = Callable[[int, int], bytes]
"""(begin, end) → these bytes of the text."""
Guard = Callable[[Callable[[], "Take"]], "Take"]
"""Calls what reads a take; turns a DocumentError into the error of its file."""

_BLOCK = 1024 * 1024
_HEAD = 4096  # bytes of most heads
_PAGES = b"\npages:"
#: The beginning or the end of a document. A pattern with one line feed, at its beginning, and without groups is fast.
_DIVISION = re.compile(rb"\n(?:---|\.\.\.)[ \t\n]")
_LONGEST_DIVISION = 5
#: A head that needs no parser: an identity of paths, aliases and ARNs, which are texts in any YAML.
_PLAIN_HEAD = re.compile(
    rb"---\nservice: ([a-z0-9-]++)\noperation: (\w++)\n"
    rb"identity:(?: \{\}|((?:\n  \w++: (?:/|alias-|arn:)[\w./:@+-]*+(?<!:))++))\npages:"
)
_PlainHead = tuple[bytes, bytes, bytes | None]
"""Service, operation and the lines of the identity."""
#: Columns of the members of an output, in a page as awstape writes it, and of those of a structure below them.
_OUTPUT, _INDENTATION = 4, 2


def read_lazily(read: Read, size: int, models: Models, guard: Guard, *, counts_items: bool = False) -> Cassette | None:
    """The cassette of a text of `size` bytes; None if it has to be read as a whole. Raises DocumentError.

    counts_items: whether of the items of listings only the number is needed.
    """
    found = _find_documents(read, size)
    if found is None or len(found) < 2:
        return None
    begins = [*found, size]
    try:
        header = _parse(read(0, begins[1]), 0)
    except DocumentError:  # it may have another one when the whole text is read
        return None
    if header is None:
        return None
    if errors := EntryReader(models).read(header).errors:
        raise errors[0]
    account = header_account(header.value)
    text = _LazyText(read, begins[1:], models, account, guard, counts_items=counts_items)
    text.make_takes(found)
    cassette = Cassette.of(text.takes, key_fingerprints(header.value), account, header_marks(header.value))
    return replace(cassette, find_takes=text.find_takes)


def _find_documents(read: Read, size: int) -> dict[int, _PlainHead | None] | None:
    """Where the documents begin, first the header, and their heads where these are plain; None for another text."""
    found: dict[int, _PlainHead | None] = {0: None}
    for start in range(0, size, _BLOCK):
        before = max(start - _LONGEST_DIVISION, 0)
        block = read(before, min(start + _BLOCK, size))
        if b"\r" in block or b"\0" in block:
            return None
        for division in _DIVISION.finditer(block):
            at = division.start() + 1
            if block.startswith(b".", at):
                return None
            head = _PLAIN_HEAD.match(block, at)
            found.setdefault(before + at, head and head.groups())  # type: ignore[arg-type]
    return found


def _parse(data: bytes, lines_before: int) -> Document | None:
    """The one document of a text; None if there is none, or more than one. Raises DocumentError."""
    documents = [*parse(DocumentText(_decode(data, lines_before), lines_before))]
    return documents[0] if len(documents) == 1 else None


def _decode(data: bytes, lines_before: int) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = lines_before + 1 + data.count(b"\n", 0, error.start)
        raise DocumentError(line, "", "not UTF-8", "is this file a cassette?") from None


class _LazyText:
    """The documents of the takes of a text. begins: where they begin, and the end of the text."""

    def __init__(
        self, read: Read, begins: list[int], models: Models, account: str | None, guard: Guard, *, counts_items: bool
    ) -> None:
        self._read, self._begins, self._models, self._account, self._guard = read, begins, models, account, guard
        self._counts_items = counts_items
        self._called: dict[tuple[bytes, bytes], _Called] = {}
        self.takes: list[Take] = []

    def make_takes(self, heads: Mapping[int, _PlainHead | None]) -> None:
        """Makes the takes. heads: the plain ones, by the beginning of their document."""
        for begin, end in pairwise(self._begins):
            head = heads[begin]
            track = self._plain_track(*head) if head else None
            take = (
                Take.unread(track, (), None, self._unread(track, begin, end)) if track else self._make_take(begin, end)
            )
            self.takes.append(take)

    def find_takes(self, text: str) -> Iterator[Take]:
        """The takes whose documents hold a text, in any case; first those whose tracks do, without their pages."""
        wanted = text.lower().encode()
        for take, (begin, end) in zip(self.takes, pairwise(self._begins), strict=True):
            if wanted in self._head(begin, end).lower():
                yield Take(take.track, (), take.faults, take.after)
        found, held = -1, b""
        for start in range(self._begins[0], self._begins[-1], _BLOCK):
            block = held + self._read(start, min(start + _BLOCK, self._begins[-1])).lower()
            at = block.find(wanted)
            while at >= 0:
                number = bisect_right(self._begins, start - len(held) + at) - 1
                if number != found:
                    found = number
                    yield self.takes[number]
                at = block.find(wanted, at + 1)
            held = block[-len(wanted) + 1 :]

    def _head(self, begin: int, end: int) -> bytes:
        return self._read(begin, min(end, begin + _HEAD)).partition(_PAGES)[0]

    def _plain_track(self, service: bytes, operation: bytes, identity: bytes | None) -> Track | None:
        """The track of a plain head; None if it may have a problem, or is not plain after all."""
        if (called := self._called.get((service, operation))) is None:
            known = self._models.services.get(service.decode())
            if known is None or operation.decode() not in known.operations:
                return None
            called = self._called[service, operation] = _Called.of(known.operations[operation.decode()])
        lines = (identity or b"").decode().split()
        values: dict[str, Value] = dict(zip([name[:-1] for name in lines[::2]], lines[1::2], strict=True))
        if len(values) < len(lines) / 2 or not called.texts.issuperset(values):
            return None
        return Track(called.operation.service.name, called.operation.name, None, values, self._account)

    def _make_take(self, begin: int, end: int) -> Take:
        """The take of a document, unread if its head is found and has no problem."""
        head, has_pages, _ = self._read(begin, min(end, begin + _HEAD)).partition(_PAGES)
        try:
            document = _parse(head + b"\n", 0) if has_pages else None
        except DocumentError:
            document = None
        value = {**document.value, "pages": []} if document and isinstance(document.value, dict) else {}
        if any(each.path != ("pages",) for each in take_problems(value, self._models)):
            return self._guard(partial(self._read_take, begin, end))
        take = build_take(value, self._models, self._account)
        return Take.unread(take.track, take.faults, take.after, self._unread(take.track, begin, end))

    def _unread(self, track: Track, begin: int, end: int) -> _UnreadPages:
        if not self._counts_items:
            return _UnreadPages(self, begin, end)
        return _UnreadPages(self, begin, end, _column_of_lists(self._models.operation(track.service, track.operation)))

    def read_pages(self, pages: _UnreadPages) -> tuple[Page, ...]:
        """The pages of a document. Raises what the guard makes of a DocumentError."""
        return self._guard(partial(self._read_take, pages.begin, pages.end, pages.outlined)).pages

    def read_text(self, pages: _UnreadPages) -> bytes:
        """The text of the pages of a document."""
        data = self._read(pages.begin, pages.end)
        return data[data.find(_PAGES) :]

    def _read_take(self, begin: int, end: int, outlined: int | None = None) -> Take:
        """The take of a document. Raises DocumentError, for which the lines before it are counted."""
        data = self._read(begin, end)
        if outlined is not None and (take := self._outlined_take(data, outlined)):
            return take
        try:
            return self._validated_take(data, 0)
        except DocumentError:
            blocks = ((at, min(at + _BLOCK, begin)) for at in range(0, begin, _BLOCK))
            return self._validated_take(data, sum(self._read(*block).count(b"\n") for block in blocks))

    def _outlined_take(self, data: bytes, column: int) -> Take | None:
        """The take of a document whose items are empty; None if it is not plain, or if it may have a problem."""
        value = parse_plain(data.decode("utf-8", "replace"), column)
        document = Document.with_lines(value, {(): 1})
        return EntryReader(self._models, account=self._account).read(document).take if value else None

    def _validated_take(self, data: bytes, lines_before: int) -> Take:
        document = _parse(data, lines_before)
        if document is None:
            raise DocumentError(lines_before + 1, "", "not one document", "a take is a document of its own")
        entry = EntryReader(self._models, account=self._account).read(document)
        if entry.errors:
            raise entry.errors[0]
        assert entry.take
        return entry.take


def _column_of_lists(operation: Operation) -> int | None:
    """The column of an operation's lists in a page; None if an item is more than one of them: it may be the token."""
    if operation.paging and operation.paging.last_key:
        return None
    return _OUTPUT + _INDENTATION * max((path.count(".") for path in operation.lists), default=0)


class _Called(NamedTuple):
    """An operation, and the members of its input that are texts."""

    operation: Operation
    texts: frozenset[str]

    @classmethod
    def of(cls, operation: Operation) -> _Called:
        members = operation.input.members if operation.input else {}
        return cls(operation, frozenset(name for name, member in members.items() if member.shape.type == "string"))


class _UnreadPages(NamedTuple):
    """The pages of a take's document. outlined: the column of the lists whose items are only counted."""

    of: _LazyText
    begin: int
    end: int
    outlined: int | None = None

    def read(self) -> tuple[Page, ...]:
        return self.of.read_pages(self)

    def text(self) -> bytes:
        return self.of.read_text(self)
