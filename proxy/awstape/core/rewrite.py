"""A cassette's text, written anew with what people put into it: comments, and takes spelled their own way.

1. A take that did not change keeps its text to the letter. One that changed is written as the writer writes, with the
   comments of the take that it was.
2. A comment is about a place: one behind something about what it stands behind, one on a line of its own about what
   comes next; before `---`, about the document that follows.
3. Places move: an item goes with its comment to whatever page it comes to be on. Items are the same where they are
   equal; between equal ones, in order, if there are as many as before.
4. A comment whose place is gone is lost. It is told, so that somebody can be asked before anything is written.
5. What comes out reads as the cassette that was to be written; if need be, at the cost of all comments.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import yaml

from awstape.core.cassette import Cassette, Take, Track
from awstape.core.comments import Comment, comments
from awstape.core.conform import Path
from awstape.core.document import SEPARATOR, DocumentError, documents, header_text, read, take_text, take_value
from awstape.core.model import Models, Operation, Value


@dataclass(frozen=True)
class Rewritten:
    """lost: comments whose place is gone. gone: those of takes that are gone themselves."""

    text: str
    lost: tuple[Comment, ...] = ()
    gone: tuple[Comment, ...] = ()


@dataclass(frozen=True)
class _Part:
    """A document of a text: what stands before its `---`, its own text, and the line before both."""

    leading: str
    body: str
    line: int

    def comments(self) -> list[Comment]:
        return [Comment(self.line + c.line, c.text, c.is_alone) for c in comments(self.leading + self.body)]


@dataclass(frozen=True, eq=False)
class _Source:
    """A take and the document that it stands in."""

    take: Take
    part: _Part


def rewrite(models: Models, texts: Sequence[str], cassette: Cassette) -> Rewritten:
    """The cassette as text, out of the texts that its takes come from; the first one's header stays.

    Raises DocumentError if one of them is no cassette.
    """
    old: list[_Source] = []
    headers = []
    for text in texts:
        header, *parts = _parts(text)
        old += map(_Source, _in_order_of(text, models), parts)
        headers.append(header)
    sources, left = _sources(cassette, old)
    written, lost = [_header(headers[0], cassette, texts[0], models)], list[Comment]()
    for i, take in enumerate(cassette.takes):
        if (source := sources.get(i)) is None:
            written.append(SEPARATOR + take_text(take))
        elif source.take == take:
            written.append(source.part.leading + source.part.body)
        else:
            text, dropped = _commented(models, source, take)
            written.append(source.part.leading + SEPARATOR + text)
            lost += dropped
    gone = tuple(comment for source in left for comment in source.part.comments())
    text = "".join(part if part.endswith("\n") else part + "\n" for part in written)
    if not _reads_as(text, models, cassette):
        every = tuple(comment for text in texts for comment in comments(text))
        return Rewritten(header_text(cassette) + "".join(SEPARATOR + take_text(t) for t in cassette.takes), every)
    return Rewritten(text, tuple(lost), gone)


def _header(part: _Part, cassette: Cassette, text: str, models: Models) -> str:
    """The header's text; a new one gets the comments of the old one."""
    if read(text, models).keys == cassette.keys:
        return part.leading + part.body
    new = header_text(cassette)
    return "".join(f"{comment.text}\n" for comment in part.comments() if comment.text not in new) + new


def _reads_as(text: str, models: Models, cassette: Cassette) -> bool:
    try:
        return read(text, models) == cassette
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
    return [
        _Part(text[begin:at], text[at:stop], text.count("\n", 0, begin))
        for (begin, at), stop in zip(cuts, ends, strict=True)
    ]


def _in_order_of(text: str, models: Models) -> list[Take]:
    """The takes of a text in the order in which they stand there."""
    keys = []
    for document in list(documents(text))[1:]:
        value = document.value
        assert isinstance(value, dict)
        said = (value["service"], value["operation"], value.get("region"), value["identity"])
        keys.append(json.dumps(said, sort_keys=True, default=repr))
    takes = defaultdict[str, list[Take]](list)
    for take in read(text, models).takes:
        track = take.track
        said = (track.service, track.operation, track.region, track.identity)
        takes[json.dumps(said, sort_keys=True, default=repr)].append(take)
    return [takes[key].pop(0) for key in keys]


def _sources(cassette: Cassette, old: Iterable[_Source]) -> tuple[dict[int, _Source], list[_Source]]:
    """The index of each take → the old one that it was, if there is one; and the old ones that are no more.

    It is an equal one, else one of its track, else the one of its operation that is most alike.
    """
    left = defaultdict[Track, list[_Source]](list)
    for source in old:
        left[source.take.track].append(source)
    found: dict[int, _Source] = {}
    for must_be_equal in (True, False):
        for i, take in enumerate(cassette.takes):
            same = [s for s in left[take.track] if s.take == take or not must_be_equal] if i not in found else []
            if same:
                found[i] = same[0]
                left[take.track].remove(same[0])
    for i, take in enumerate(cassette.takes):
        others = [s for track, sources in left.items() if track.key[:3] == take.track.key[:3] for s in sources]
        if i not in found and others:
            lines = Counter(take_text(take).splitlines())
            found[i] = max(others, key=lambda s: (Counter(take_text(s.take).splitlines()) & lines).total())
            left[found[i].take.track].remove(found[i])
    return found, [source for sources in left.values() for source in sources]


# --- comments -----------------------------------------------------------------------------------------------------


def _commented(models: Models, source: _Source, take: Take) -> tuple[str, list[Comment]]:
    """The text of a take with the comments of the one that it was, and those that are lost."""
    part, text = source.part, take_text(take)
    operation = models.operation(take.track.service, take.track.operation)
    said = list(comments(part.body))
    if not said:
        return text, []
    here = next(iter(documents(part.body)))
    there = next(iter(documents(text)))
    moved = _moved(operation, take_value(source.take), take_value(take))
    above, behind, lost = defaultdict[int, list[str]](list), defaultdict[int, list[str]](list), []
    lines = text.splitlines()
    for comment in said:
        place = _place(comment, here.lines)
        if place is None:
            above[len(lines) + 1].append(comment.text)
        elif place in moved and moved[place] in there.lines:
            (above if comment.is_alone else behind)[there.lines[moved[place]]].append(comment.text)
        else:
            before = part.line + part.leading.count("\n")
            lost.append(Comment(before + comment.line, comment.text, comment.is_alone))
    out = []
    for i, line in enumerate([*lines, ""], 1):
        indent = re.match(" *", line)[0]  # type: ignore[index]
        out += [indent + comment for comment in above[i]]
        out += [" ".join([line, *behind[i]])] if i <= len(lines) else []
    return "\n".join(out) + "\n", lost


def _place(comment: Comment, lines: Mapping[Path, int]) -> Path | None:
    """What a comment is about; None for one at the end of a document."""
    if comment.is_alone:
        after = [(line, len(path), path) for path, line in lines.items() if line > comment.line and path]
        return min(after, key=lambda found: found[:2])[2] if after else None
    before = [(line, len(path), path) for path, line in lines.items() if line <= comment.line]
    return max(before, key=lambda found: found[:2])[2]


def _moved(of: Operation, old: Value, new: Value) -> dict[Path, Path]:
    """Each place in a take's document → where in the new one the same is."""
    moved: dict[Path, Path] = {}
    names = of.paging.items if of.paging else ()

    def pair(a: Value, b: Value, p: Path, q: Path) -> None:
        moved[p] = q
        if isinstance(a, dict) and isinstance(b, dict):
            for name in a.keys() & b.keys():
                pair(a[name], b[name], (*p, name), (*q, name))
        elif isinstance(a, list) and isinstance(b, list) and not (len(p) == 4 and p[3] in names):
            # Pages that are cut anew are others, but for the first.
            both = zip(range(1), range(1), strict=True) if p == ("pages",) and len(a) != len(b) else _aligned(a, b)
            for i, j in both:
                pair(a[i], b[j], (*p, i), (*q, j))

    pair(old, new, (), ())
    for name in names:
        was, now = list(_items(old, name)), list(_items(new, name))
        for i, j in _aligned([value for _, value in was], [value for _, value in now]):
            pair(was[i][1], now[j][1], was[i][0], now[j][0])
    return moved


def _items(document: Value, name: str) -> Iterator[tuple[Path, Value]]:
    """The items of a take's document that are in a list of that name, page by page."""
    assert isinstance(document, dict)
    pages = document["pages"]
    assert isinstance(pages, list)
    for i, page in enumerate(pages):
        output = page.get("output") if isinstance(page, dict) else None
        items = output.get(name) if isinstance(output, dict) else None
        yield from ((("pages", i, "output", name, j), item) for j, item in enumerate(items or ()))  # type: ignore[arg-type]


def _aligned(old: Sequence[Value], new: Sequence[Value]) -> Iterator[tuple[int, int]]:
    """Which of the old values are which of the new."""
    a, b = ([json.dumps(value, sort_keys=True, default=repr) for value in values] for values in (old, new))
    for kind, i, k, j, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if kind == "equal" or (kind == "replace" and k - i == m - j):
            yield from zip(range(i, k), range(j, m), strict=True)
