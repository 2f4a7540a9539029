"""Rewrites the text of a cassette and preserves what people put into it: comments, and takes in their own formatting.

1. A take that did not change keeps its text to the letter, if the header names the same account as before. A changed
   take is written by `core.cassette.yaml.writer`, with the comments of its source, the old take that it was.
2. A comment is attached to a path (`core.cassette.yaml.comments`); one before `---` to the document that follows.
3. A comment follows its path (`core.cassette.yaml.path_mapping`): an item keeps its comment on whatever page it is.
4. If a track is in several texts, the take that is written gets the comments of all of them.
5. A comment whose path is gone is lost; it is returned, so that the caller can ask before anything is written.
6. A redaction replaces values where they stand (`core.cassette.yaml.value_splicing`), and takes keep their order.
7. The new text reads as the cassette that was to be written; if it would not, all comments are given up.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from awstape.core.aws.model import Models
from awstape.core.cassette.cassette import Cassette, Take, Track
from awstape.core.cassette.page_tokens import mask_tokens
from awstape.core.cassette.yaml.comments import Comment, find_comments, map_comments
from awstape.core.cassette.yaml.documents import DocumentError, count_line_breaks
from awstape.core.cassette.yaml.parser import parse_documents
from awstape.core.cassette.yaml.path_mapping import map_paths
from awstape.core.cassette.yaml.source_text import INDENT, CassetteText, Part
from awstape.core.cassette.yaml.validation import build_take
from awstape.core.cassette.yaml.value_splicing import splice_values
from awstape.core.cassette.yaml.writer import SCHEMA_LINE, SEPARATOR, take_document, write_header, write_take

#: A line that is in more takes than this does not identify a take.
_MAX_SHARED = 10
_SCHEMA = SCHEMA_LINE.partition("=")[0]


@dataclass(frozen=True)
class RewrittenText:
    """What was written. lost_comments: their path is gone. removed_comments: their whole take is gone."""

    written: CassetteText
    lost_comments: tuple[Comment, ...] = ()
    removed_comments: tuple[Comment, ...] = ()

    @property
    def text(self) -> str:
        return self.written.text


@dataclass(frozen=True, eq=False)
class _Source:
    """An old take, its document, and the number of the text that it is in. account: that of the text's header."""

    take: Take
    part: Part
    text: int
    account: str | None


def rewrite_cassette(
    models: Models,
    texts: Sequence[CassetteText],
    cassette: Cassette,
    old_tracks: Mapping[Track, Track] | None = None,
    *,
    in_place: bool = False,
) -> RewrittenText:
    """The text of a cassette, rewritten from the texts that its takes come from; the header of the first text stays.

    old_tracks: new track → its track in the texts, for renamed tracks. in_place: as in rule 6.
    """
    old = [
        _Source(each.take, each.part, number, text.account) for number, text in enumerate(texts) for each in text.takes
    ]
    sources, left = _match_sources(models, cassette, old, old_tracks or {})
    others, left = _match_other_texts(cassette, sources, left)
    parts, lost = [_write_header_part(texts, cassette)], list[Comment]()
    order = sorted(sources, key=lambda i: (sources[i].text, sources[i].part.line)) if in_place else []
    order += [i for i in range(len(cassette.takes)) if i not in order]
    for i in order:
        take = cassette.takes[i]
        same = [sources[i], *others[i]] if i in sources else []
        leading = "".join(dict.fromkeys(source.part.leading for source in same))
        if not same:
            parts.append(Part("", SEPARATOR + write_take(take, cassette.account), 0))
        elif part := _rewrite_part(models, same, take, cassette.account, in_place=in_place, is_last=i == order[-1]):
            parts.append(part)
        else:
            text, dropped = _write_with_comments(models, same, take, cassette.account)
            parts.append(Part(leading, SEPARATOR + text, 0))
            lost += dropped
    gone = tuple(comment for source in left for comment in source.part.find_comments())
    known = {source.part.body: source.take for source in old if source.account == cassette.account}
    if written := _read_again(_join_parts(parts), models, cassette, known):
        return RewrittenText(written, tuple(lost), gone)
    every = tuple(comment for text in texts for part in text.parts for comment in part.find_comments())
    return RewrittenText(CassetteText.write(cassette), every)


def _rewrite_part(
    models: Models, sources: Sequence[_Source], take: Take, account: str | None, *, in_place: bool, is_last: bool
) -> Part | None:
    """The text of a take's only source, if it can be kept; in place, but for single values. account: of the header."""
    first, *others = sources
    part = first.part
    if others or not (is_last or part.can_be_followed):
        return None
    if first.take == take and first.account == account:
        return part
    if not in_place:
        return None
    body = splice_values(part.body, take_document(first.take), take_document(take))
    if body is None or _texts_of_comments(body) != _texts_of_comments(part.body):
        return None
    is_equal = build_take(next(parse_documents(body)).value, models, account) == take
    return replace(part, body=body) if is_equal else None


def _texts_of_comments(text: str) -> list[str]:
    return [comment.text for comment in find_comments(text)]


def _join_parts(parts: Sequence[Part]) -> str:
    text: list[str] = []
    for i, part in enumerate(parts):
        if part.body.startswith("%") and i > 0 and not text[-1].endswith("...\n"):
            text.append("...\n")  # otherwise it would not be read as a directive
        text.append(part.text_for_joining(is_last=i == len(parts) - 1))
    return "".join(text)


def _write_header_part(texts: Sequence[CassetteText], cassette: Cassette) -> Part:
    """The first header with its comments, and those of the other headers at its head."""
    first, *others = (text.header for text in texts)
    head: list[str] = []
    old = texts[0]
    if (old.keys, old.account, old.apart) == (cassette.keys, cassette.account, cassette.apart):
        body, tail = first.leading + first.body, first.tail
    else:
        body, tail = write_header(cassette), ""
        head = [comment.text for comment in first.find_comments() if not comment.text.startswith(_SCHEMA)]
    known = {*head, *(comment.text for comment in find_comments(body + tail))}
    more = dict.fromkeys(comment.text for part in others for comment in part.find_comments())
    head += [comment for comment in more if comment not in known and not comment.startswith(_SCHEMA)]
    return Part("".join(f"{comment}\n" for comment in head), body, 0, tail)


def _read_again(text: str, models: Models, cassette: Cassette, known: Mapping[str, Take]) -> CassetteText | None:
    """The text with its takes, None if it does not read as the cassette. known: body of a part → its take."""
    try:
        written = CassetteText.read([text], models, known)
    except DocumentError:
        return None
    return written if written.cassette == cassette else None


def _match_sources(
    models: Models, cassette: Cassette, old: Iterable[_Source], old_tracks: Mapping[Track, Track]
) -> tuple[dict[int, _Source], list[_Source]]:
    """Index of a new take → its source; and the old takes that are the source of none.

    The source is an equal take, else the most similar one of the same track (under its old name), else of the same
    operation.
    """
    left = dict.fromkeys(old)
    found = _match_equal(cassette, left)
    for length in (5, 4, 3):  # of the key: all of it, without the account, and without the identity
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


def _match_equal(cassette: Cassette, left: dict[_Source, None]) -> dict[int, _Source]:
    """Index of a new take → the first source with an equal take, which is then no longer left."""
    found: dict[int, _Source] = {}
    for identify in (id, _content):  # most takes are the very ones that were read
        missing = [i for i in range(len(cassette.takes)) if i not in found]
        equal = defaultdict[Hashable, list[_Source]](list)
        for source in reversed(left) if missing else ():
            equal[identify(source.take)].append(source)
        for i in missing:
            if same := equal.get(identify(cassette.takes[i])):
                found[i] = same.pop()
                del left[found[i]]
    return found


def _content(take: Take) -> Hashable:
    return take.track, take.fingerprint


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
    in_others: dict[tuple[Track, int], list[int]] = {}
    for source in left:
        track = source.take.track
        if (track, source.text) not in in_others:
            in_others[track, source.text] = sorted(i for i in takes[track] if sources[i].text != source.text)
        of_others = in_others[track, source.text]
        number = seen[track, source.text]
        seen[track, source.text] += 1
        if not of_others:
            gone.append(source)
        elif source.part.find_comments():
            same = (i for i in of_others if cassette.takes[i] == source.take)
            found[next(same, of_others[min(number, len(of_others) - 1)])].append(source)
    return found, gone


# --- comments -----------------------------------------------------------------------------------------------------


def _write_with_comments(
    models: Models, sources: Sequence[_Source], take: Take, account: str | None
) -> tuple[str, list[Comment]]:
    """The text of a take with the comments of its sources, and the comments that are lost. account: of the header."""
    text = write_take(take, account)
    found = [(source, list(find_comments(source.part.body + source.part.tail))) for source in sources]
    if not any(comments for _, comments in found):
        return text, []
    operation = models.operation(take.track.service, take.track.operation)
    line_of = next(parse_documents(text)).lines
    lines = text.split("\n")[:-1]
    above, behind, lost = defaultdict[int, list[str]](list), defaultdict[int, list[str]](list), list[Comment]()
    for source, old_comments in found:
        if not old_comments:
            continue
        part = source.part
        new_paths = map_paths(operation, take_document(source.take), take_document(take))
        known = {line: [*above[line], *behind[line]] for line in {*above, *behind}}  # from other texts
        for comment, path in map_comments(old_comments, next(parse_documents(part.body)).lines, new_paths):
            if path is not None and path not in line_of:
                lost.append(comment._replace(line=part.line + count_line_breaks(part.leading) + comment.line))
                continue
            line = len(lines) + 1 if path is None else line_of[path]
            if comment.text not in known.get(line, ()):
                (above if comment.is_alone else behind)[line].append(comment.text)
    out = []
    for i, text_line in enumerate([*lines, INDENT], 1):
        indent = re.match(" *", text_line)[0]  # type: ignore[index]
        out += [indent + comment for comment in above[i]]
        out += [" ".join([text_line, *behind[i]])] if i <= len(lines) else []
    return "\n".join(out) + "\n", lost
