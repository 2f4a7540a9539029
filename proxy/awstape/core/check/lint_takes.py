"""Probable mistakes in a cassette that can be loaded: the warnings of `awstape check`.

1. Takes that can't be loaded are skipped: `core.cassette.yaml.validation` reports them.
2. A listing is examined as a client reads it in recorded paging: whether it ends, and whether an item is in it twice.
3. The takes of a track are compared with their neighbours, since they are served one after the other.
4. A fault is reported only if it certainly never occurs.
5. No problem quotes a value. Other takes and items are referred to by their line.
6. The layout of the text and the order of tracks are free and never reported.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from awstape.core.aws.member_paths import Path, shape_at
from awstape.core.aws.model import Models, Operation, Paging, Value, child_shape
from awstape.core.aws.paging import count_items, items_of, next_token
from awstape.core.cassette.cassette import SET_ASIDE, Take, Track
from awstape.core.cassette.page_tokens import mask_tokens
from awstape.core.cassette.takes import is_beginning
from awstape.core.cassette.yaml.documents import Document
from awstape.core.cassette.yaml.reader import Entry
from awstape.core.cassette.yaml.validation import Problem
from awstape.core.check.lint_values import KINDS as VALUE_KINDS
from awstape.core.check.lint_values import lint_values
from awstape.core.compare.item_pairing import unique_member

HOLE, UNFINISHED, PAGING, SAME_ITEM = "hole", "unfinished listing", "odd paging", "same item"
SAME_TAKE, FAULT, AFTER = "same take", "unused fault", "missing write"

#: Kind of a warning → what it is about.
KINDS: Mapping[str, str] = {
    **VALUE_KINDS,
    HOLE: "a page that the recording could not keep",
    UNFINISHED: "a listing without its last page",
    PAGING: "pages that no service sends",
    SAME_ITEM: "an item that is in a listing twice",
    SAME_TAKE: "a take that repeats the one before or after it",
    FAULT: "a fault that never occurs",
    AFTER: "a take after a write that is not in the cassette",
}


@dataclass(frozen=True)
class _LocatedTake:
    """A take with its document, from which the line of each part is known."""

    document: Document
    take: Take
    operation: Operation

    def line(self, *path: str | int) -> int:
        return self.document.line(path)


def lint_takes(entries: Iterable[Entry], models: Models) -> Iterator[tuple[Document, Problem]]:
    """The probable mistakes in the takes of a cassette, each with its document, track by track."""
    tracks: defaultdict[Track, list[_LocatedTake]] = defaultdict(list)
    for entry in entries:
        if entry.take and not entry.errors:
            track = entry.take.track
            tracks[track].append(
                _LocatedTake(entry.document, entry.take, models.operation(track.service, track.operation))
            )
    for takes in tracks.values():
        tokens = _places_of_tokens(takes)
        for located in takes:
            yield from ((located.document, problem) for problem in _lint_take(located, tokens))
            write = located.take.after
            if write and write.track not in tracks:
                problem = "the write is not in this cassette: without another one that has it, replay skips this take"
                yield located.document, Problem(("after",), problem, "record both again, or leave it out", AFTER)
            elif write and write.take > (known := len(tracks[write.track])):
                problem = f"the write has no take {write.take} here: replay waits until it was requested that often"
                yield located.document, Problem(("after", "take"), problem, f"the last one is {known}", AFTER)
        for before, after in pairwise(takes):
            yield from _lint_neighbours(before, after)


def _places_of_tokens(takes: Iterable[_LocatedTake]) -> dict[str, tuple[_LocatedTake, int]]:
    """Token → the first page of a track that has it: the take, and the index of the page."""
    places: dict[str, tuple[_LocatedTake, int]] = {}
    for located in takes:
        for i, page in enumerate(located.take.pages):
            if page.token is not None:
                places.setdefault(page.token, (located, i))
    return places


def _lint_take(located: _LocatedTake, tokens: Mapping[str, tuple[_LocatedTake, int]]) -> Iterator[Problem]:
    yield from lint_values(located.operation, located.take)
    if located.operation.paging:
        yield from _lint_pages(located, located.operation.paging)
        yield from _lint_end(located, tokens, located.operation.paging)
        yield from _lint_items(located)
    yield from _lint_faults(located)
    for i, page in enumerate(located.take.pages):
        if page.hole is not None:
            can_recover = page.hole.startswith(SET_ASIDE)
            tip = "awstape recover, once a rule settles it" if can_recover else "record the track anew"
            yield Problem(("pages", i, "hole"), "the page is missing: replay misses here", tip, HOLE)


# --- pages ------------------------------------------------------------------------------------------------------


def _lint_pages(located: _LocatedTake, paging: Paging) -> Iterator[Problem]:
    for i, page in enumerate(located.take.pages):
        if (output := page.answer.output) is None:
            continue
        more = output.get(paging.more) if paging.more else None
        token = output.get(paging.output_token)
        path: Path = ("pages", i, "output")
        if token == "":
            yield Problem((*path, paging.output_token), "an empty token is no token", "remove it", PAGING)
        elif token is not None and more is False:
            problem = f"a token, although {paging.more} is false: clients stop here"
            yield Problem((*path, paging.output_token), problem, kind=PAGING)
        elif token is None and more is True:
            problem = f"true, but there is no {paging.output_token}: the listing ends here"
            yield Problem((*path, str(paging.more)), problem, kind=PAGING)
        if page.limit is not None and (count := count_items(located.operation, output)) > page.limit:
            yield Problem(("pages", i, "limit"), f"the page has {count} items, more than its limit", kind=PAGING)


def _lint_end(
    located: _LocatedTake, tokens: Mapping[str, tuple[_LocatedTake, int]], paging: Paging
) -> Iterator[Problem]:
    last = len(located.take.pages) - 1
    token = next_token(located.operation, located.take.pages[last].answer.output or {})
    if token is None:
        return
    path: Path = ("pages", last, "output", paging.output_token)
    if token not in tokens:
        yield Problem(path, "no page has this token: the listing is unfinished", "record it to its end", UNFINISHED)
        return
    other, i = tokens[token]
    line = other.line("pages", i, "token")
    loop = f"the token leads back to the page in line {line}: the listing never ends"
    astray = f"the token leads to a page of another take, in line {line}"
    yield Problem(path, loop if other is located else astray, kind=PAGING)


def _lint_items(located: _LocatedTake) -> Iterator[Problem]:
    for name in located.operation.lists:
        shape = child_shape(shape_at(located.operation.output, name), 0)
        key = unique_member(shape) if shape else None
        if shape and shape.members and not key and not any(member.lower().endswith("name") for member in shape.members):
            continue  # items without a name, such as findings, may be equal
        first: dict[str, Path] = {}
        for path, item in _iterate_items(located.take, name):
            same, what = item, "the item"
            if key and isinstance(item, dict) and item.get(key) is not None:
                same, what, path = item[key], f"an item with this {key}", (*path, key)
            earlier = first.setdefault(json.dumps([what, same], sort_keys=True, default=repr), path)
            if earlier is not path:
                problem = f"{what} is in the listing already, in line {located.line(*earlier)}"
                yield Problem(path, problem, kind=SAME_ITEM)


def _iterate_items(take: Take, name: str) -> Iterator[tuple[Path, Value]]:
    """(path, item) for each item of a listing."""
    for i, page in enumerate(take.pages):
        for j, item in enumerate(items_of(page.answer.output, name)):
            yield ("pages", i, "output", *name.split("."), j), item


# --- takes and faults -------------------------------------------------------------------------------------------


def _lint_neighbours(before: _LocatedTake, after: _LocatedTake) -> Iterator[tuple[Document, Problem]]:
    one, other = mask_tokens(before.operation, before.take), mask_tokens(after.operation, after.take)
    if after.take.after or not before.operation.is_read:
        return
    if is_beginning(one, other) and is_beginning(other, one):
        if one.faults == other.faults:
            problem = f"the take equals the one before it, in line {before.line()}"
            yield after.document, Problem((), problem, "remove one of the two", SAME_TAKE)
    elif is_beginning(one, other):
        problem = f"the take is only the beginning of the one after it, in line {after.line()}"
        yield before.document, Problem((), problem, "remove it", SAME_TAKE)
    elif is_beginning(other, one):
        problem = f"the take is only the beginning of the one before it, in line {before.line()}"
        yield after.document, Problem((), problem, "remove it", SAME_TAKE)


def _lint_faults(located: _LocatedTake) -> Iterator[Problem]:
    pages = len(located.take.pages)
    always: dict[int | None, int] = {}  # page → line of the first fault that applies every time there
    for i, fault in enumerate(located.take.faults):
        if fault.page is not None and fault.page > pages:
            problem = f"the take ends with page {pages}: in recorded paging the fault never occurs"
            yield Problem(("faults", i), problem, kind=FAULT)
        elif (line := always.get(None, always.get(fault.page))) is not None:
            yield Problem(("faults", i), f"the fault in line {line} always applies first", kind=FAULT)
        if fault.times is None:
            always.setdefault(fault.page, located.line("faults", i))
