"""A cassette's text, written anew with what people put into it: comments, and takes spelled their own way.

1. A take that did not change keeps its text to the letter. One that changed is written as the writer writes, with the
   comments of the take that it was.
2. A comment is about a place: one behind something about what it stands behind, one on a line of its own about what
   comes next; before `---`, about the document that follows; at the end, about the document that ends.
3. Places move (`core.cassette.yaml.path_mapping`): an item goes with its comment to whatever page it comes to be on.
4. Where a track stands in several texts, the comments of all of them come together at the take that is written.
5. A comment whose place is gone is lost. It is told, so that somebody can be asked before anything is written.
6. What comes out reads as the cassette that was to be written; if need be, at the cost of all comments.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from awstape.core.aws.model import Models
from awstape.core.aws.paths import Path
from awstape.core.cassette.cassette import Cassette, Take, Track
from awstape.core.cassette.tokens import mask_tokens
from awstape.core.cassette.yaml.comments import Comment, count_line_breaks, find_comments
from awstape.core.cassette.yaml.parser import DocumentError, parse_documents
from awstape.core.cassette.yaml.path_mapping import map_paths
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import SCHEMA_LINE, SEPARATOR, take_document, write_header, write_take

#: A line that stands in more takes than this doesn't tell which one another take was.
_COMMON = 50
#: Of a comment at the end of a document: without it, it would be one before the next.
_INDENT = " "
#: No place of any document.
_GONE: Path = ("",)
_SCHEMA = SCHEMA_LINE.partition("=")[0]


@dataclass(frozen=True)
class RewrittenText:
    """lost: comments whose place is gone. gone: those of takes that are gone themselves."""

    text: str
    lost_comments: tuple[Comment, ...] = ()
    removed_comments: tuple[Comment, ...] = ()


@dataclass(frozen=True)
class _Part:
    """A document of a text: what stands before its `---`, its own text, and the line before both.

    tail: what stands behind the last document, to the end of the text.
    """

    leading: str
    body: str
    line: int
    tail: str = ""

    @property
    def text(self) -> str:
        return self.leading + self.body + self.tail

    def comments(self) -> list[Comment]:
        return [Comment(self.line + c.line, c.text, c.is_alone) for c in find_comments(self.text)]

    @property
    def can_be_followed(self) -> bool:
        """Whether it says the same before another part: not so a block scalar that ends with the text."""
        ends = self.text.endswith("\n") or self.tail
        return bool(ends) or next(parse_documents(self.body)).value == next(parse_documents(f"{self.body}\n")).value

    def before(self, is_last: bool) -> str:
        """Its text, as it can stand before another part."""
        if is_last:
            return self.text
        text = self.leading + self.body + re.sub(r"^#", f"{_INDENT}#", self.tail, flags=re.MULTILINE)
        return text if text.endswith("\n") else text + "\n"


@dataclass(frozen=True, eq=False)
class _Source:
    """A take and the document that it stands in, of which text."""

    take: Take
    part: _Part
    text: int


def rewrite_cassette(
    models: Models, texts: Sequence[str], cassette: Cassette, called: Mapping[Track, Track] | None = None
) -> RewrittenText:
    """The cassette as text, out of the texts that its takes come from; the first one's header stays.

    called: what a track was called in the texts, where somebody knows that. Raises DocumentError if one of them is no
    cassette.
    """
    old: list[_Source] = []
    headers = []
    cassettes = [read_cassette(text, models) for text in texts]
    for number, text in enumerate(texts):
        header, *parts = _parts(text)
        takes = _in_order_of(text, cassettes[number])
        old += [_Source(take, part, number) for take, part in zip(takes, parts, strict=True)]
        headers.append(header)
    sources, left = _sources(models, cassette, old, called or {})
    others, left = _beside(cassette, sources, left)
    parts, lost = [_header(headers, cassette, cassettes[0].keys)], list[Comment]()
    for i, take in enumerate(cassette.takes):
        same = [sources[i], *others[i]] if i in sources else []
        leading = "".join(dict.fromkeys(source.part.leading for source in same))
        if not same:
            parts.append(_Part("", SEPARATOR + write_take(take), 0))
        elif same[0].take == take and not others[i] and (i == len(cassette.takes) - 1 or same[0].part.can_be_followed):
            parts.append(same[0].part)
        else:
            text, dropped = _commented(models, same, take)
            parts.append(_Part(leading, SEPARATOR + text, 0))
            lost += dropped
    gone = tuple(comment for source in left for comment in source.part.comments())
    text = _joined(parts)
    if not _reads_as(text, models, cassette):
        every = tuple(comment for text in texts for comment in find_comments(text))
        return RewrittenText(write_header(cassette) + "".join(SEPARATOR + write_take(t) for t in cassette.takes), every)
    return RewrittenText(text, tuple(lost), gone)


def _joined(parts: Sequence[_Part]) -> str:
    text: list[str] = []
    for i, part in enumerate(parts):
        if part.body.startswith("%") and i > 0 and not text[-1].endswith("...\n"):
            text.append("...\n")  # or it would be no directive
        text.append(part.before(is_last=i == len(parts) - 1))
    return "".join(text)


def _header(headers: Sequence[_Part], cassette: Cassette, keys: frozenset[str]) -> _Part:
    """The first header; a new one gets the comments of the old one. Those of the others stand at its head."""
    first, *others = headers
    said: list[str] = []
    if keys == cassette.keys:
        body, tail = first.leading + first.body, first.tail
    else:
        body, tail = write_header(cassette), ""
        said = [comment.text for comment in first.comments() if not comment.text.startswith(_SCHEMA)]
    there = {*said, *(comment.text for comment in find_comments(body + tail))}
    more = dict.fromkeys(comment.text for part in others for comment in part.comments())
    said += [comment for comment in more if comment not in there and not comment.startswith(_SCHEMA)]
    return _Part("".join(f"{comment}\n" for comment in said), body, 0, tail)


def _reads_as(text: str, models: Models, cassette: Cassette) -> bool:
    try:
        return read_cassette(text, models) == cassette
    except DocumentError:
        return False


# --- a text and its documents -----------------------------------------------------------------------------------


def _parts(text: str) -> list[_Part]:
    """The documents of a YAML stream."""
    text = text.removeprefix("\ufeff")
    cuts: list[tuple[int, int]] = []  # of each document, where it begins with what stands before it, and its `---`
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


def _in_order_of(text: str, cassette: Cassette) -> list[Take]:
    """The takes of a text in the order in which they stand there."""
    takes = {track: list(same) for track, same in cassette.tracks()}
    ordered = []
    for document in list(parse_documents(text))[1:]:
        value: Any = document.value
        track = Track(value["service"], value["operation"], value.get("region"), value["identity"])
        ordered.append(takes[track].pop(0))
    return ordered


def _sources(
    models: Models, cassette: Cassette, old: Iterable[_Source], called: Mapping[Track, Track]
) -> tuple[dict[int, _Source], list[_Source]]:
    """The index of each take → the old one that it was, if there is one; and the old ones that are no more.

    It is an equal one, else of its track, or of what that was called, the one most alike, else of its operation.
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
                takes[called.get(take.track, take.track).key[:length]][i] = take
        sources = defaultdict[tuple[str, ...], list[_Source]](list)
        for source in left:
            sources[source.take.track.key[:length]].append(source)
        for key, of_key in takes.items():
            for i, source in _most_alike(models, of_key, sources[key]).items():
                found[i] = source
                del left[source]
    return found, list(left)


def _most_alike(models: Models, takes: Mapping[int, Take], sources: Sequence[_Source]) -> dict[int, _Source]:
    """Which source each take was: those that share most of their lines, and the rest in order."""
    found: dict[int, _Source] = {}
    left = dict(enumerate(sources))
    if len(takes) > 1 or len(sources) > 1:
        owners = defaultdict[str, list[int]](list)
        theirs = {j: _lines(models, source.take) for j, source in left.items()}
        for j, lines in theirs.items():
            for line in lines:
                owners[line].append(j)
        telling = {line: of_line for line, of_line in owners.items() if len(of_line) <= _COMMON}
        shared: list[tuple[float, int, int]] = []
        for i, take in takes.items():
            lines = _lines(models, take)
            votes = Counter(j for line in lines for j in telling.get(line, ()))
            shared += [(-count / len(lines | theirs[j]), i, j) for j, count in votes.items()]
        for _, i, j in sorted(shared):
            if i not in found and j in left:
                found[i] = left.pop(j)
    return found | dict(zip((i for i in takes if i not in found), left.values(), strict=False))


def _lines(models: Models, take: Take) -> set[str]:
    """The lines of a take's text, whatever its tokens are called."""
    operation = models.operation(take.track.service, take.track.operation)
    pages = (replace(page, token=None) for page in mask_tokens(operation, take).pages)
    return set(write_take(replace(take, pages=tuple(pages))).splitlines())


def _beside(
    cassette: Cassette, sources: Mapping[int, _Source], left: Iterable[_Source]
) -> tuple[dict[int, list[_Source]], list[_Source]]:
    """The index of each take → the sources of its track in other texts that have comments; and those that are left."""
    takes = defaultdict[Track, list[int]](list)
    for i in sources:
        takes[cassette.takes[i].track].append(i)
    beside, gone = defaultdict[int, list[_Source]](list), list[_Source]()
    seen = Counter[tuple[Track, int]]()
    for source in left:
        track = source.take.track
        of_others = sorted(i for i in takes[track] if sources[i].text != source.text)
        number = seen[track, source.text]
        seen[track, source.text] += 1
        if not of_others:
            gone.append(source)
        elif source.part.comments():
            same = (i for i in of_others if cassette.takes[i] == source.take)
            beside[next(same, of_others[min(number, len(of_others) - 1)])].append(source)
    return beside, gone


# --- comments -----------------------------------------------------------------------------------------------------


def _commented(models: Models, sources: Sequence[_Source], take: Take) -> tuple[str, list[Comment]]:
    """The text of a take with the comments of those that it was, and the comments that are lost."""
    text = write_take(take)
    operation = models.operation(take.track.service, take.track.operation)
    there = next(parse_documents(text)).lines
    lines = text.split("\n")[:-1]
    above, behind, lost = defaultdict[int, list[str]](list), defaultdict[int, list[str]](list), list[Comment]()
    for source in sources:
        part = source.part
        if not (said := list(find_comments(part.body + part.tail))):
            continue
        places = map_paths(operation, take_document(source.take), take_document(take))
        known = {line: [*above[line], *behind[line]] for line in {*above, *behind}}  # of other texts
        for comment, place, is_above in _placed(said, next(parse_documents(part.body)).lines, places):
            if place is not None and place not in there:
                lost.append(replace(comment, line=part.line + count_line_breaks(part.leading) + comment.line))
                continue
            line = len(lines) + 1 if place is None else there[place]
            if comment.text not in known.get(line, ()):
                (above if is_above else behind)[line].append(comment.text)
    out = []
    for i, text_line in enumerate([*lines, _INDENT], 1):
        indent = re.match(" *", text_line)[0]  # type: ignore[index]
        out += [indent + comment for comment in above[i]]
        out += [" ".join([text_line, *behind[i]])] if i <= len(lines) else []
    return "\n".join(out) + "\n", lost


def _placed(
    said: Iterable[Comment], lines: Mapping[Path, int], places: Mapping[Path, Path]
) -> Iterator[tuple[Comment, Path | None, bool]]:
    """Where comments come to be, None for the end, and whether above it. A place that is gone is one that isn't there.

    One on a line of its own is about the first thing that begins behind it, one behind something about the last.
    """
    begins = defaultdict[int, list[Path]](list)
    for path, line in lines.items():
        begins[line].append(path)
    numbers = sorted(begins)
    for comment in said:
        at = bisect_right(numbers, comment.line)
        if comment.is_alone and at == len(numbers):
            yield comment, None, True
            continue
        if comment.is_alone:
            place = min(begins[numbers[at]], key=lambda path: (not path, len(path)))
        else:
            place = max(begins[numbers[at - 1]], key=len)
        while place not in places and lines.get(place[:-1]) == lines[place]:
            place = place[:-1]  # what it is in stands beside it, too
        yield comment, places.get(place, _GONE), comment.is_alone
