"""Reads a large cassette as far as it is needed: the tracks of all takes at once, the pages of a take when asked for.

1. Documents are found by the lines that begin them, without being decoded. Only a text as awstape writes it is read
   like this: with line feeds only, without ends of documents (`...`) and with a header first. Any other is not.
2. The head of a take's document is what comes before its pages: the track, what it comes after, its faults. It is
   validated at once. A document that has no such head is read as a whole.
3. The rest of a document is validated when its pages are asked for. What only a comparison of documents shows, such as
   two takes with one token, is not noticed.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise

from awstape.core.aws.model import Models, Value
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.core.cassette.yaml.documents import Document, DocumentError
from awstape.core.cassette.yaml.parser import parse_documents
from awstape.core.cassette.yaml.reader import EntryReader
from awstape.core.cassette.yaml.validation import (
    Problem,
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
#: A head that needs no parser: an identity of paths, aliases and ARNs, which are texts in any YAML.
_PLAIN_HEAD = re.compile(
    rb"---\nservice: ([a-z0-9-]+)\noperation: (\w+)\n"
    rb"identity:(?: \{\}|((?:\n  \w+: (?:/|alias-|arn:)[\w./:@+-]*(?<!:))+))"
)


def read_lazily(read: Read, size: int, models: Models, guard: Guard) -> Cassette | None:
    """The cassette of a text of `size` bytes; None if it has to be read as a whole. Raises DocumentError."""
    begins = _find_documents(read, size)
    if begins is None or len(begins) < 2:
        return None
    try:
        header = _parse(read(0, begins[1]), 0)
    except DocumentError:  # it may have another one when the whole text is read
        return None
    if header is None:
        return None
    if errors := EntryReader(models).read(header).errors:
        raise errors[0]
    account = header_account(header.value)
    text = _LazyText(read, [*begins[1:], size], models, account, guard)
    cassette = Cassette.of(text.takes, key_fingerprints(header.value), account, header_marks(header.value))
    return replace(cassette, find_takes=text.find_takes)


def _find_documents(read: Read, size: int) -> list[int] | None:
    """Where the documents begin, first the header; None for a text that awstape did not write."""
    begins, held = [0], b"\n"
    for start in range(0, size, _BLOCK):
        block = read(start, min(start + _BLOCK, size))
        text = held + block
        if b"\r" in block or b"\0" in block or b"\n..." in text:
            return None
        at = text.find(b"\n---")
        while 0 <= at < len(text) - 4:
            if text[at + 4] in b" \t\n" and start - len(held) + at + 1 > 0:
                begins.append(start - len(held) + at + 1)
            at = text.find(b"\n---", at + 4)
        held = text[-4:]
    return begins


def _parse(data: bytes, lines_before: int) -> Document | None:
    """The one document of a text; None if there is none, or more than one. Raises DocumentError."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = lines_before + 1 + data.count(b"\n", 0, error.start)
        raise DocumentError(line, "", "not UTF-8", "is this file a cassette?") from None
    documents = [*parse_documents(text, lines_before=lines_before)]
    return documents[0] if len(documents) == 1 else None


class _LazyText:
    """The documents of the takes of a text. begins: where they begin, and the end of the text."""

    def __init__(self, read: Read, begins: list[int], models: Models, account: str | None, guard: Guard) -> None:
        self._read, self._begins, self._models, self._account, self._guard = read, begins, models, account, guard
        self.takes = [self._make_take(begin, end) for begin, end in pairwise(begins)]

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

    def _make_take(self, begin: int, end: int) -> Take:
        """The take of a document, unread if its head is found and has no problem."""
        head, pages, _ = self._read(begin, min(end, begin + _HEAD)).partition(_PAGES)
        if pages and (found := _PLAIN_HEAD.fullmatch(head)) and (track := self._plain_track(*found.groups())):
            return Take.unread(track, (), None, partial(self._read_pages, begin, end))
        try:
            document = _parse(head, 0) if pages else None
        except DocumentError:
            document = None
        if document is None or any(each.path != ("pages",) for each in self._head_problems(document)):
            return self._guard(partial(self._read_take, begin, end))
        take = build_take({**_members(document), "pages": []}, self._models, self._account)
        return Take.unread(take.track, take.faults, take.after, partial(self._read_pages, begin, end))

    def _plain_track(self, service: bytes, operation: bytes, identity: bytes | None) -> Track | None:
        """The track of a plain head; None if it may have a problem, or is not plain after all."""
        known = self._models.services.get(service.decode())
        if known is None or operation.decode() not in known.operations:
            return None
        members = known.operations[operation.decode()].input
        lines = (identity or b"").decode().split()
        values: dict[str, Value] = dict(zip((name[:-1] for name in lines[::2]), lines[1::2], strict=True))
        is_known = members and all(
            name in members.members and members.members[name].shape.type == "string" for name in values
        )
        if len(values) < len(lines) / 2 or (values and not is_known):
            return None
        return Track(known.name, operation.decode(), None, values, self._account)

    def _head_problems(self, document: Document) -> Iterator[Problem]:
        return take_problems({**_members(document), "pages": []}, self._models)

    def _read_pages(self, begin: int, end: int) -> tuple[Page, ...]:
        return self._guard(partial(self._read_take, begin, end)).pages

    def _read_take(self, begin: int, end: int) -> Take:
        """The take of a document. Raises DocumentError, for which the lines before it are counted."""
        data = self._read(begin, end)
        try:
            return self._validated_take(data, 0)
        except DocumentError:
            blocks = ((at, min(at + _BLOCK, begin)) for at in range(0, begin, _BLOCK))
            return self._validated_take(data, sum(self._read(*block).count(b"\n") for block in blocks))

    def _validated_take(self, data: bytes, lines_before: int) -> Take:
        document = _parse(data, lines_before)
        if document is None:
            raise DocumentError(lines_before + 1, "", "not one document", "a take is a document of its own")
        reader = EntryReader(self._models, account=self._account)
        entry = reader.read(document)
        if entry.errors:
            raise entry.errors[0]
        assert entry.take
        return entry.take


def _members(document: Document) -> dict[str, Value]:
    """The members of a head; none if it is no mapping, so that it has problems."""
    return dict(document.value) if isinstance(document.value, dict) else {}
