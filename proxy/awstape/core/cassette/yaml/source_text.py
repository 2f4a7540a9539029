"""The text of a cassette, divided into the parts of its documents, each with its take.

1. The parts, joined in their order, are the text to the letter.
2. A comment before `---` belongs to the part that follows. Comments at the end of the text are the tail of the last
   part.
3. A part that is known from another text is not parsed again: the same text is the same take.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

from awstape.core.aws.model import Models
from awstape.core.cassette.cassette import Cassette, Take, Track
from awstape.core.cassette.yaml.comments import Comment, find_comments
from awstape.core.cassette.yaml.documents import (
    BREAKS,
    Document,
    DocumentError,
    DocumentText,
    count_line_breaks,
    split_documents,
)
from awstape.core.cassette.yaml.parser import parse_documents
from awstape.core.cassette.yaml.reader import Entry, EntryReader, read_entries
from awstape.core.cassette.yaml.validation import header_account, header_marks, key_fingerprints
from awstape.core.cassette.yaml.writer import SEPARATOR, write_header, write_take

#: Before a comment at the end of a document: without it, the comment would belong to the next document.
INDENT = " "
Owner = TypeVar("Owner", bound=Hashable)
_LINE = re.compile(rf"[^{BREAKS}]*(?:\r\n|[{BREAKS}]|\Z)")


@dataclass(frozen=True)
class Part:
    """The text of a document.

    leading: the comments before its `---`. body: from `---` on. line: the number of lines before both.
    tail: the comments behind the last document.
    """

    leading: str
    body: str
    line: int
    tail: str = ""

    @property
    def text(self) -> str:
        return self.leading + self.body + self.tail

    def find_comments(self) -> list[Comment]:
        """The comments, with their lines in the whole text."""
        return [Comment(self.line + c.line, c.text, c.is_alone) for c in find_comments(self.text)]

    def parse(self) -> Document:
        """The document, with its lines in the whole text."""
        return next(parse_documents(self.body, lines_before=self.line + count_line_breaks(self.leading)))

    @property
    def can_be_followed(self) -> bool:
        """Whether its value stays the same before another part: a block scalar that ends with the text would change."""
        ends = self.text.endswith("\n") or self.tail
        return bool(ends) or next(parse_documents(self.body)).value == next(parse_documents(f"{self.body}\n")).value

    def text_for_joining(self, *, is_last: bool) -> str:
        """The text, ready to be followed by another part unless it is the last."""
        if is_last:
            return self.text
        text = self.leading + self.body + re.sub(r"^#", f"{INDENT}#", self.tail, flags=re.MULTILINE)
        return text if text.endswith("\n") else text + "\n"


@dataclass(frozen=True, eq=False)
class TakeText:
    """A take and the part that it was read from."""

    take: Take
    part: Part


@dataclass(frozen=True, eq=False)
class CassetteText:
    """The text of a cassette: its header, and its takes in the order of the text.

    keys, apart: as in `Cassette`. account: the one that the header names, None if it names none.
    """

    header: Part
    takes: tuple[TakeText, ...]
    keys: frozenset[str]
    account: str | None = None
    apart: frozenset[str] = frozenset()

    @classmethod
    def read(cls, blocks: Iterable[str], models: Models, known: Mapping[str, Take] | None = None) -> CassetteText:
        """Reads a text, which comes in blocks of any size. Raises DocumentError.

        known: body of a part → its take, for parts that need not be parsed; the header must name the same account.
        """
        header: Part | None = None
        takes: list[TakeText] = []
        keys: set[str] = set()
        account: str | None = None
        apart: frozenset[str] = frozenset()
        reader = EntryReader(models)
        for part in _parts(blocks):
            if known and header and part.body in known:
                takes.append(TakeText(known[part.body], part))
                continue
            entry = reader.read(_parse_one(part))
            if entry.errors:
                raise entry.errors[0]
            if entry.take:
                takes.append(TakeText(entry.take, part))
            else:
                header, keys = part, key_fingerprints(entry.document.value)
                account, apart = header_account(entry.document.value), header_marks(entry.document.value)
        if header is None:
            raise next(iter(read_entries("", models))).errors[0]
        return cls(header, tuple(takes), frozenset(keys), account, apart)

    @classmethod
    def write(cls, cassette: Cassette) -> CassetteText:
        """The text of a cassette, written anew."""
        header = Part("", write_header(cassette), 0)
        takes: list[TakeText] = []
        line = count_line_breaks(header.body)
        for take in cassette.takes:
            part = Part("", SEPARATOR + write_take(take, cassette.account), line)
            takes.append(TakeText(take, part))
            line += count_line_breaks(part.body)
        return cls(header, tuple(takes), cassette.keys, cassette.account, cassette.apart)

    @cached_property
    def cassette(self) -> Cassette:
        return Cassette.of((each.take for each in self.takes), self.keys, self.account, self.apart)

    @property
    def parts(self) -> tuple[Part, ...]:
        return (self.header, *(each.part for each in self.takes))

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts)

    def divide(self, owners: Mapping[Track, Owner]) -> dict[Owner, CassetteText]:
        """The takes of some tracks, divided by the owner of their track; each owner gets the header, too."""
        takes: dict[Owner, list[TakeText]] = {owner: [] for owner in owners.values()}
        for each in self.takes:
            if each.take.track in owners:
                takes[owners[each.take.track]].append(each)
        return {owner: replace(self, takes=tuple(owned)) for owner, owned in takes.items()}

    def entries(self, tracks: Collection[Track]) -> Iterator[Entry]:
        """The documents of some tracks, with their lines in the whole text."""
        for each in self.takes:
            if each.take.track in tracks:
                yield Entry(each.part.parse(), (), each.take)


def _parse_one(part: Part) -> Document:
    """The document of a part. Raises DocumentError."""
    line = part.line + count_line_breaks(part.leading)
    documents = list(parse_documents(part.body, lines_before=line))
    if len(documents) != 1:
        raise DocumentError(line + 1, "", "not one document", "write `---` before each document")
    return documents[0]


def _parts(blocks: Iterable[str]) -> Iterator[Part]:
    """The parts of a text; none for a text of comments only."""
    leading, before = "", None
    for document in split_documents(blocks):
        if before:
            end = _end_of_content(before.text)
            yield _part(leading, before, end)
            leading = before.text[end:]
        before = document
    if before and next(parse_documents(before.text, lines_before=before.lines_before), None) is not None:
        yield _part(leading, before, _end_of_content(before.text), has_tail=True)


def _part(leading: str, document: DocumentText, end: int, *, has_tail: bool = False) -> Part:
    line = document.lines_before - count_line_breaks(leading)
    return Part(leading, document.text[:end], line, document.text[end:] if has_tail else "")


def _end_of_content(text: str) -> int:
    """Where the comments at the end of a document begin: at the first that is not indented."""
    end = len(text)
    if "#" in text:
        for line in reversed([match.span() for match in _LINE.finditer(text)]):
            bare = text[slice(*line)].lstrip(" \t")
            if bare.startswith("#"):
                end = line[0] if len(bare) == line[1] - line[0] else end
            elif bare.strip(BREAKS):
                break
    return end
