"""What in a cassette can be loaded, but is hardly meant: the warnings of `awstape check`.

1. Takes that can't be loaded are left alone: `structure` tells of them.
2. A listing is looked at as a client reads it, in recorded paging: whether it comes to an end, and whether it says
   anything twice.
3. Takes of a track are compared with their neighbours, for they are served one after the other.
4. A fault is told of only where it is sure that it never strikes.
5. No problem quotes a value; others are named by their line.
6. How a text is laid out, and the order of its tracks, are their writer's business.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from awstape.core.aws.conform import Path
from awstape.core.aws.model import Models, Operation, Paging, Value, below
from awstape.core.aws.paging import item_count, listed, next_token
from awstape.core.cassette.cassette import Take, Track
from awstape.core.cassette.takes import begins, unnamed
from awstape.core.cassette.yaml.document import Document, Entry
from awstape.core.cassette.yaml.validation import Problem
from awstape.core.check import lint_values
from awstape.core.compare.item_pairing import key_of

UNFINISHED, PAGING, SAME_ITEM = "unfinished listing", "odd paging", "same item"
SAME_TAKE, FAULT = "same take", "idle fault"

#: Kind of a warning → what it is about.
KINDS: Mapping[str, str] = {
    **lint_values.KINDS,
    UNFINISHED: "a listing that doesn't come to its end",
    PAGING: "pages that no service sends",
    SAME_ITEM: "an item that stands in a listing twice",
    SAME_TAKE: "a take that says nothing new",
    FAULT: "a fault that never strikes",
}


@dataclass(frozen=True)
class _Read:
    """A take and where it stands."""

    document: Document
    take: Take
    operation: Operation

    def line(self, *path: str | int) -> int:
        return self.document.line(path)


def warnings(entries: Iterable[Entry], models: Models) -> Iterator[tuple[Document, Problem]]:
    """Everything suspicious in the takes of a cassette, and in which document; take by take, track by track."""
    tracks: defaultdict[Track, list[_Read]] = defaultdict(list)
    for entry in entries:
        if entry.take and not entry.errors:
            track = entry.take.track
            tracks[track].append(_Read(entry.document, entry.take, models.operation(track.service, track.operation)))
    for takes in tracks.values():
        for read in takes:
            yield from ((read.document, problem) for problem in _take_problems(read, takes))
        for before, after in pairwise(takes):
            yield from _neighbour_problems(before, after)


def _take_problems(read: _Read, takes: list[_Read]) -> Iterator[Problem]:
    yield from lint_values.value_problems(read.operation, read.take)
    if read.operation.paging:
        yield from _page_problems(read, read.operation.paging)
        yield from _end_problems(read, takes, read.operation.paging)
        yield from _item_problems(read)
    yield from _fault_problems(read)


# --- pages ------------------------------------------------------------------------------------------------------


def _page_problems(read: _Read, paging: Paging) -> Iterator[Problem]:
    for i, page in enumerate(read.take.pages):
        if (output := page.answer.output) is None:
            continue
        more = output.get(paging.more) if paging.more else None
        token = output.get(paging.output_token)
        place: Path = ("pages", i, "output")
        if token == "":
            yield Problem((*place, paging.output_token), "an empty token leads nowhere", "take it out", PAGING)
        elif token is not None and more is False:
            problem = f"a token where {paging.more} says that no page follows: clients stop here"
            yield Problem((*place, paging.output_token), problem, kind=PAGING)
        elif token is None and more is True:
            problem = f"true, but there is no {paging.output_token} to go on with: the listing ends here"
            yield Problem((*place, str(paging.more)), problem, kind=PAGING)
        if page.limit is not None and (count := item_count(read.operation, output)) > page.limit:
            yield Problem(("pages", i, "limit"), f"the page has more items than its limit: {count}", kind=PAGING)


def _end_problems(read: _Read, takes: list[_Read], paging: Paging) -> Iterator[Problem]:
    last = len(read.take.pages) - 1
    token = next_token(read.operation, read.take.pages[last].answer.output or {})
    if token is None:
        return
    place: Path = ("pages", last, "output", paging.output_token)
    for other in takes:
        for i, page in enumerate(other.take.pages):
            if page.token == token:
                line = other.line("pages", i, "token")
                loop = f"it leads back to the page in line {line}: whoever follows it comes to no end"
                astray = f"it leads to a page of another take, in line {line}"
                yield Problem(place, loop if other is read else astray, kind=PAGING)
                return
    yield Problem(place, "no page has this token: the listing is unfinished", "record it to its end", UNFINISHED)


def _item_problems(read: _Read) -> Iterator[Problem]:
    for name in read.operation.lists:
        shape = below(below(read.operation.output, name), 0)
        key = key_of(shape) if shape else None
        if shape and shape.members and not key and not any(member.lower().endswith("name") for member in shape.members):
            continue  # what has no name, such as a finding, may well be said twice
        first: dict[str, Path] = {}
        for place, item in _items(read.take, name):
            told, what = item, "the item"
            if key and isinstance(item, dict) and item.get(key) is not None:
                told, what, place = item[key], f"an item with this {key}", (*place, key)
            earlier = first.setdefault(json.dumps([what, told], sort_keys=True, default=repr), place)
            if earlier is not place:
                problem = f"{what} stands in the listing already, in line {read.line(*earlier)}"
                yield Problem(place, problem, kind=SAME_ITEM)


def _items(take: Take, name: str) -> Iterator[tuple[Path, Value]]:
    for i, page in enumerate(take.pages):
        for j, item in enumerate(listed(page.answer.output, name)):
            yield ("pages", i, "output", name, j), item


# --- takes and faults -------------------------------------------------------------------------------------------


def _neighbour_problems(before: _Read, after: _Read) -> Iterator[tuple[Document, Problem]]:
    one, other = unnamed(before.operation, before.take), unnamed(after.operation, after.take)
    if begins(one, other) and begins(other, one):
        if one.faults == other.faults:
            problem = f"the take says the same as the one before it, in line {before.line()}"
            yield after.document, Problem((), problem, "take one of the two out", SAME_TAKE)
    elif begins(one, other):
        problem = f"the take is but the beginning of the one after it, in line {after.line()}"
        yield before.document, Problem((), problem, "take it out", SAME_TAKE)
    elif begins(other, one):
        problem = f"the take is but the beginning of the one before it, in line {before.line()}"
        yield after.document, Problem((), problem, "take it out", SAME_TAKE)


def _fault_problems(read: _Read) -> Iterator[Problem]:
    pages = len(read.take.pages)
    always: dict[int | None, int] = {}  # page → line of the first fault that never tires there
    for i, fault in enumerate(read.take.faults):
        if fault.page is not None and fault.page > pages:
            problem = f"the take ends with page {pages}: the fault can't strike where it is served as recorded"
            yield Problem(("faults", i), problem, kind=FAULT)
        elif (line := always.get(None, always.get(fault.page))) is not None:
            yield Problem(("faults", i), f"the fault in line {line} always comes first", kind=FAULT)
        if fault.times is None:
            always.setdefault(fault.page, read.line("faults", i))
