"""Rewrites the text of a cassette and preserves what people put into it: comments, and takes in their own formatting.

1. A take that did not change keeps its text to the letter. A changed take is written by `core.cassette.yaml.writer`,
   with the comments of its source, the old take that it was.
2. A comment is attached to a path (`core.cassette.yaml.comments`); one before `---` to the document that follows.
3. A comment follows its path (`core.cassette.yaml.path_mapping`): an item keeps its comment on whatever page it is.
4. If a track is in several texts, the take that is written gets the comments of all of them.
5. A comment whose path is gone is lost; it is returned, so that the caller can ask before anything is written.
6. The new text reads as the cassette that was to be written; if it would not, all comments are given up.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from awstape.core.aws.model import Models
from awstape.core.cassette.cassette import Cassette, Take, Track
from awstape.core.cassette.page_tokens import mask_tokens
from awstape.core.cassette.yaml.comments import Comment, count_line_breaks, find_comments, map_comments
from awstape.core.cassette.yaml.parser import DocumentError, parse_documents
from awstape.core.cassette.yaml.path_mapping import map_paths
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import SCHEMA_LINE, SEPARATOR, take_document, write_header, write_take

#: A line that is in more takes than this does not identify a take.
_MAX_SHARED = 50
#: Before a comment at the end of a document: without it, the comment would belong to the next document.
_INDENT = " "
_SCHEMA = SCHEMA_LINE.partition("=")[0]


@dataclass(frozen=True)
class RewrittenText:
    """The new text. lost_comments: their path is gone. removed_comments: their whole take is gone."""

    text: str
    lost_comments: tuple[Comment, ...] = ()
    removed_comments: tuple[Comment, ...] = ()


@dataclass(frozen=True)
class _Part:
    """The text of a document.

    leading: the comments before its `---`. body: from `---` on. line: the number of lines before both.
    tail: the rest of the text after the last document.
    """

    leading: str
    body: str
    line: int
    tail: str = ""

    @property
    def text(self) -> str:
        return self.leading + self.body + self.tail

    def find_comments(self) -> list[Comment]:
        return [Comment(self.line + c.line, c.text, c.is_alone) for c in find_comments(self.text)]

    @property
    def can_be_followed(self) -> bool:
        """Whether its value stays the same before another part: a block scalar that ends with the text would change."""
        ends = self.text.endswith("\n") or self.tail
        return bool(ends) or next(parse_documents(self.body)).value == next(parse_documents(f"{self.body}\n")).value

    def text_for_joining(self, *, is_last: bool) -> str:
        """The text, ready to be followed by another part unless it is the last."""
        if is_last:
            return self.text
        text = self.leading + self.body + re.sub(r"^#", f"{_INDENT}#", self.tail, flags=re.MULTILINE)
        return text if text.endswith("\n") else text + "\n"


@dataclass(frozen=True, eq=False)
class _Source:
    """An old take, its document, and the number of the text that it is in."""

    take: Take
    part: _Part
    text: int


def rewrite_cassette(
    models: Models, texts: Sequence[str], cassette: Cassette, old_tracks: Mapping[Track, Track] | None = None
) -> RewrittenText:
    """The text of a cassette, rewritten from the texts that its takes come from; the header of the first text stays.

    old_tracks: new track → its track in the texts, for renamed tracks. Raises DocumentError if one of the texts is not
    a cassette.
    """
    old: list[_Source] = []
    headers = []
    cassettes = [read_cassette(text, models) for text in texts]
    for number, text in enumerate(texts):
        header, *parts = _split_documents(text)
        takes = _takes_in_text_order(text, cassettes[number])
        old += [_Source(take, part, number) for take, part in zip(takes, parts, strict=True)]
        headers.append(header)
    sources, left = _match_sources(models, cassette, old, old_tracks or {})
    others, left = _match_other_texts(cassette, sources, left)
    parts, lost = [_write_header_part(headers, cassette, cassettes[0].keys)], list[Comment]()
    for i, take in enumerate(cassette.takes):
        same = [sources[i], *others[i]] if i in sources else []
        leading = "".join(dict.fromkeys(source.part.leading for source in same))
        if not same:
            parts.append(_Part("", SEPARATOR + write_take(take), 0))
        elif same[0].take == take and not others[i] and (i == len(cassette.takes) - 1 or same[0].part.can_be_followed):
            parts.append(same[0].part)
        else:
            text, dropped = _write_with_comments(models, same, take)
            parts.append(_Part(leading, SEPARATOR + text, 0))
            lost += dropped
    gone = tuple(comment for source in left for comment in source.part.find_comments())
    text = _join_parts(parts)
    if not _reads_as(text, models, cassette):
        every = tuple(comment for text in texts for comment in find_comments(text))
        return RewrittenText(write_header(cassette) + "".join(SEPARATOR + write_take(t) for t in cassette.takes), every)
    return RewrittenText(text, tuple(lost), gone)


def _join_parts(parts: Sequence[_Part]) -> str:
    text: list[str] = []
    for i, part in enumerate(parts):
        if part.body.startswith("%") and i > 0 and not text[-1].endswith("...\n"):
            text.append("...\n")  # otherwise it would not be read as a directive
        text.append(part.text_for_joining(is_last=i == len(parts) - 1))
    return "".join(text)


def _write_header_part(headers: Sequence[_Part], cassette: Cassette, keys: frozenset[str]) -> _Part:
    """The first header with its comments, and those of the other headers at its head."""
    first, *others = headers
    head: list[str] = []
    if keys == cassette.keys:
        body, tail = first.leading + first.body, first.tail
    else:
        body, tail = write_header(cassette), ""
        head = [comment.text for comment in first.find_comments() if not comment.text.startswith(_SCHEMA)]
    known = {*head, *(comment.text for comment in find_comments(body + tail))}
    more = dict.fromkeys(comment.text for part in others for comment in part.find_comments())
    head += [comment for comment in more if comment not in known and not comment.startswith(_SCHEMA)]
    return _Part("".join(f"{comment}\n" for comment in head), body, 0, tail)


def _reads_as(text: str, models: Models, cassette: Cassette) -> bool:
    try:
        return read_cassette(text, models) == cassette
    except DocumentError:
        return False


# --- texts and their documents ----------------------------------------------------------------------------------


def _split_documents(text: str) -> list[_Part]:
    """The documents of a YAML stream."""
    text = text.removeprefix("\ufeff")
    cuts: list[tuple[int, int]] = []  # per document: where its leading comments begin, and where its `---` is
    end = 0
    is_open = False
    for token in yaml.scan(text, Loader=yaml.CSafeLoader):
        if isinstance(token, yaml.DocumentStartToken | yaml.DirectiveToken) and not is_open:
            leading = re.compile(r"^#", re.MULTILINE).search(text, end, token.start_mark.index)
            at = token.start_mark.index
            cuts.append((leading.start() if leading and cuts else at if cuts else 0, at))
        elif not cuts and token.end_mark.index > token.start_mark.index:
            cuts.append((0, 0))  # the first document may have no `---`
        is_open = isinstance(token, yaml.DirectiveToken)
        if token.end_mark.index > token.start_mark.index:
            end = token.end_mark.index
    ends = [begin for begin, _ in cuts[1:]] + [len(text)]
    parts = [
        _Part(text[begin:at], text[at:stop], count_line_breaks(text[:begin]))
        for (begin, at), stop in zip(cuts, ends, strict=True)
    ]
    at = cuts[-1][1]
    return [*parts[:-1], replace(parts[-1], body=text[at:end], tail=text[end:])]


def _takes_in_text_order(text: str, cassette: Cassette) -> list[Take]:
    """The takes of a text in the order of the text."""
    takes = {track: list(same) for track, same in cassette.tracks()}
    ordered = []
    for document in list(parse_documents(text))[1:]:
        value: Any = document.value
        track = Track(value["service"], value["operation"], value.get("region"), value["identity"])
        ordered.append(takes[track].pop(0))
    return ordered


def _match_sources(
    models: Models, cassette: Cassette, old: Iterable[_Source], old_tracks: Mapping[Track, Track]
) -> tuple[dict[int, _Source], list[_Source]]:
    """Index of a new take → its source; and the old takes that are the source of none.

    The source is an equal take, else the most similar one of the same track (under its old name), else of the same
    operation.
    """
    left = dict.fromkeys(old)
    found: dict[int, _Source] = {}
    equal = defaultdict[Track, list[_Source]](list)
    for source in left:
        equal[source.take.track].append(source)
    for i, take in enumerate(cassette.takes):
        if same := next((s for s in equal[take.track] if s in left and s.take == take), None):
            found[i] = same
            del left[same]
    for length in (4, 3):  # of the key: with the identity, and without
        takes = defaultdict[tuple[str, ...], dict[int, Take]](dict)
        for i, take in enumerate(cassette.takes):
            if i not in found:
                takes[old_tracks.get(take.track, take.track).key[:length]][i] = take
        sources = defaultdict[tuple[str, ...], list[_Source]](list)
        for source in left:
            sources[source.take.track.key[:length]].append(source)
        for key, of_key in takes.items():
            for i, source in _match_by_lines(models, of_key, sources[key]).items():
                found[i] = source
                del left[source]
    return found, list(left)


def _match_by_lines(models: Models, takes: Mapping[int, Take], sources: Sequence[_Source]) -> dict[int, _Source]:
    """Index of a take → its source: those that share most of their lines, and the rest in order."""
    found: dict[int, _Source] = {}
    left = dict(enumerate(sources))
    if len(takes) > 1 or len(sources) > 1:
        owners = defaultdict[str, list[int]](list)
        theirs = {j: _lines_of(models, source.take) for j, source in left.items()}
        for j, lines in theirs.items():
            for line in lines:
                owners[line].append(j)
        identifying = {line: of_line for line, of_line in owners.items() if len(of_line) <= _MAX_SHARED}
        shared: list[tuple[float, int, int]] = []
        for i, take in takes.items():
            lines = _lines_of(models, take)
            votes = Counter(j for line in lines for j in identifying.get(line, ()))
            shared += [(-count / len(lines | theirs[j]), i, j) for j, count in votes.items()]
        for _, i, j in sorted(shared):
            if i not in found and j in left:
                found[i] = left.pop(j)
    return found | dict(zip((i for i in takes if i not in found), left.values(), strict=False))


def _lines_of(models: Models, take: Take) -> set[str]:
    """The lines of a take's text, without its tokens."""
    operation = models.operation(take.track.service, take.track.operation)
    pages = (replace(page, token=None) for page in mask_tokens(operation, take).pages)
    return set(write_take(replace(take, pages=tuple(pages))).splitlines())


def _match_other_texts(
    cassette: Cassette, sources: Mapping[int, _Source], left: Iterable[_Source]
) -> tuple[dict[int, list[_Source]], list[_Source]]:
    """Index of a take → old takes of its track in other texts that have comments; and the old takes left over."""
    takes = defaultdict[Track, list[int]](list)
    for i in sources:
        takes[cassette.takes[i].track].append(i)
    found, gone = defaultdict[int, list[_Source]](list), list[_Source]()
    seen = Counter[tuple[Track, int]]()
    for source in left:
        track = source.take.track
        of_others = sorted(i for i in takes[track] if sources[i].text != source.text)
        number = seen[track, source.text]
        seen[track, source.text] += 1
        if not of_others:
            gone.append(source)
        elif source.part.find_comments():
            same = (i for i in of_others if cassette.takes[i] == source.take)
            found[next(same, of_others[min(number, len(of_others) - 1)])].append(source)
    return found, gone


# --- comments -----------------------------------------------------------------------------------------------------


def _write_with_comments(models: Models, sources: Sequence[_Source], take: Take) -> tuple[str, list[Comment]]:
    """The text of a take with the comments of its sources, and the comments that are lost."""
    text = write_take(take)
    operation = models.operation(take.track.service, take.track.operation)
    line_of = next(parse_documents(text)).lines
    lines = text.split("\n")[:-1]
    above, behind, lost = defaultdict[int, list[str]](list), defaultdict[int, list[str]](list), list[Comment]()
    for source in sources:
        part = source.part
        if not (old_comments := list(find_comments(part.body + part.tail))):
            continue
        new_paths = map_paths(operation, take_document(source.take), take_document(take))
        known = {line: [*above[line], *behind[line]] for line in {*above, *behind}}  # from other texts
        for comment, path in map_comments(old_comments, next(parse_documents(part.body)).lines, new_paths):
            if path is not None and path not in line_of:
                lost.append(replace(comment, line=part.line + count_line_breaks(part.leading) + comment.line))
                continue
            line = len(lines) + 1 if path is None else line_of[path]
            if comment.text not in known.get(line, ()):
                (above if comment.is_alone else behind)[line].append(comment.text)
    out = []
    for i, text_line in enumerate([*lines, _INDENT], 1):
        indent = re.match(" *", text_line)[0]  # type: ignore[index]
        out += [indent + comment for comment in above[i]]
        out += [" ".join([text_line, *behind[i]])] if i <= len(lines) else []
    return "\n".join(out) + "\n", lost
