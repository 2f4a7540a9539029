"""Traversals: chains captured pages into takes, while they are recorded.

1. A first page opens a take of its track.
2. A page with a token continues the take that gave out this token.
3. If that take has a page there already, an equal page is the same page fetched again and is dropped; its new token
   also leads on from there. A different page begins a take that shares the pages before it; in the end it is joined to
   the other one if both have the same items in pages of another size (`resumed_listings`).
4. Where a track gave out the same token several times, the traversal that began last continues. Where a take gave it
   out several times, an equal page is that page again; a different one continues the take.
5. A page that could not be read is a hole. The token that it gave out is unknown, so a page with an unknown token
   continues the take that ends in a hole. The answer to a retry fills the hole (`core.recording.retries`).
   A first page with the invocation of another one answers the retry of a call whose first answer its client did not
   get: it takes its place. The same write may be sent again for another reason: without an invocation id, it
   is a retry of a hole only if nothing was answered in between.
6. Any other page with a token that no take gave out resumes a listing of an older recording, perhaps. A read of which
   all pages are holes is not recorded, nor are writes if nothing else is.
7. The takes of a write are in the order in which they were sent, those of a read in that of
   `take_order`. Where writes lie between a take and the one before it, it comes `after` one of them
   (`writes`). A take of rule 3 was requested when its own first page was.
8. The takes of a track that was requested later only (`Capture.is_later`) follow those of the cassette: the first one,
   also of a write, comes `after` a write before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from heapq import heapify, heappop, heappush
from operator import itemgetter
from typing import NamedTuple

from awstape.core.aws.model import Operation
from awstape.core.cassette.cassette import Page, Take, Track
from awstape.core.cassette.page_tokens import mask_tokens, replace_next_token
from awstape.core.cassette.takes import is_beginning
from awstape.core.recording.capture import Capture
from awstape.core.recording.retries import answers_retry_of
from awstape.core.recording.traversals.resumed_listings import join_pages
from awstape.core.recording.traversals.take_order import Span, WriteOrder
from awstape.core.recording.traversals.writes import Writes


@dataclass
class _Traversal:
    """A take in progress.

    tokens: the digests of the tokens that its pages were requested with. origin: the traversal of which it has the
    first pages, and their number. span: when its own first page was requested, the last time.
    """

    pages: list[Capture]
    tokens: set[str | None] = field(default_factory=set)
    origin: tuple[_Traversal, int] | None = None
    span: Span = field(init=False)

    def put(self, index: int, capture: Capture, span: Span) -> None:
        """Puts a page behind the last one, or in the place of a hole."""
        if index == (self.origin[1] if self.origin else 0):
            self.span = span
        self.pages[index : index + 1] = [capture]
        self.tokens.add(capture.token)

    def branch(self, index: int) -> _Traversal:
        """A take that has the first pages of this one."""
        pages = self.pages[:index]
        return _Traversal(pages, {page.token for page in pages}, (self, index))


@dataclass
class _TrackTraversals:
    """The traversals of one track.

    next_pages: digest of a token → the places (traversal, index) that it leads to, each once.
    resumed: the traversals that began with a token that no take gave out.
    failed: invocation → a heap of the numbers of the traversals that are a single hole. answered: invocation → the
    number of the traversal whose first page answered it. holes: traversals that ended in a hole when it was added.
    is_readable: whether a page is none. is_later: whether all its captures are.
    """

    track: Track
    operation: Operation
    is_readable: bool = False
    is_later: bool = True
    traversals: list[_Traversal] = field(default_factory=list)
    next_pages: dict[str, dict[tuple[int, int], tuple[_Traversal, int]]] = field(default_factory=dict)
    failed: dict[str | None, list[int]] = field(default_factory=dict)
    answered: dict[str, int] = field(default_factory=dict)
    holes: list[_Traversal] = field(default_factory=list)
    resumed: list[_Traversal] = field(default_factory=list)

    def note_token(self, token: str | None, traversal: _Traversal, index: int) -> None:
        """Notes the place of the page that a token asks for; None, on a last page, leads nowhere.

        A token that the take gave out before leads to the page that it led to then.
        """
        if token is not None and token not in traversal.tokens:
            self.next_pages.setdefault(token, {}).setdefault((id(traversal), index), (traversal, index))

    def take_failed(self, invocation: str | None, sent: int) -> int | None:
        """The first traversal that a first page with this invocation may be the retry of; it no longer counts.

        sent: how many captures were answered before the page was requested.
        """
        if not self.operation.is_read and (unnamed := self.failed.get(None)):
            unnamed[:] = [number for number in unnamed if sent <= self.traversals[number].span.answered + 1]
            heapify(unnamed)
        waiting = [heap for name in {None, invocation} if (heap := self.failed.get(name))]
        return heappop(min(waiting, key=itemgetter(0))) if waiting else None

    def expect_after_hole(self, token: str) -> bool:
        """Notes an unknown token as that of the page after the last hole that nothing follows; false without one."""
        while self.holes:
            traversal = self.holes.pop()
            if traversal.pages[-1].page.hole is not None:
                self.note_token(token, traversal, len(traversal.pages))
                return True
        return False


class Added(NamedTuple):
    """Where a capture was added. page: the number of its page. write: which take of a write, None for a read."""

    page: int
    write: int | None = None


class Traversals:
    """All takes of a recording."""

    def __init__(self) -> None:
        self._of_track: dict[tuple[str, ...], _TrackTraversals] = {}
        self.captured = 0
        """The number of captures that were added so far."""

    @property
    def is_empty(self) -> bool:
        """Whether no page that could be read was added so far."""
        return not any(known.is_readable for known in self._of_track.values())

    def takes(self) -> Iterator[Take]:
        """The takes so far, by track, in their order."""
        if self.is_empty:
            return
        sent = [
            (traversal, known)
            for known in self._of_track.values()
            if not known.operation.is_read
            for traversal in known.traversals
        ]
        sent.sort(key=lambda each: (each[0].span.sent, each[0].span.answered))
        order, writes = WriteOrder([traversal.span for traversal, _ in sent]), Writes()
        numbers = Counter[Track]()
        for traversal, known in sent:
            numbers[known.track] += 1
            page = traversal.pages[0].page
            has_failed = page.hole is None and page.answer.error is not None
            writes.add(known.track, numbers[known.track], has_failed=has_failed)
        yield from _order_takes_of_writes(sent, order, writes)
        for known in self._of_track.values():
            if known.operation.is_read and known.is_readable:
                yield from _order_takes(known, order, writes)

    def later_tracks(self) -> Iterator[Track]:
        """The tracks of which the takes follow those of the cassette."""
        return (known.track for known in self._of_track.values() if known.is_later and known.traversals)

    def resumed_takes(self) -> Iterator[Take]:
        """The takes of which the first page is missing: each began with a token that no take gave out."""
        for known in self._of_track.values():
            for traversal in known.resumed:
                yield Take(known.track, _pages_with_tokens(known.operation, traversal))

    def add(self, operation: Operation, capture: Capture) -> Added | None:
        """Adds a capture to the take that it belongs to; returns its place, None if it belongs to none."""
        added = self._add(operation, capture)
        self.captured += 1
        return added

    def _add(self, operation: Operation, capture: Capture) -> Added | None:
        track = capture.track
        known = self._of_track.get(track.key) or _TrackTraversals(track, operation)
        if capture.token is None:
            self._of_track[track.key] = known
            return self._add_first_page(known, capture)
        if capture.token not in known.next_pages and not known.expect_after_hole(capture.token):
            if capture.page.hole is not None:
                return None
            self._of_track[track.key] = known
            known.resumed.append(_Traversal([]))
            known.note_token(capture.token, known.resumed[-1], 0)
        return Added(self._add_next_page(known, capture.token, capture))

    def _add_first_page(self, known: _TrackTraversals, capture: Capture) -> Added:
        number = known.answered.get(capture.invocation or "") if capture.page.hole is None else None
        if number is None:
            number = known.take_failed(capture.invocation, self._span_of(capture).sent)
        if number is None:
            number = len(known.traversals)
            known.traversals.append(_Traversal([]))
        if capture.page.hole is not None:
            heappush(known.failed.setdefault(capture.invocation, []), number)
        elif capture.invocation is not None:
            known.answered[capture.invocation] = number
        page = self._put(known, known.traversals[number], 0, capture)
        return Added(page, None if known.operation.is_read else number)

    def _add_next_page(self, known: _TrackTraversals, token: str, capture: Capture) -> int:
        places = known.next_pages[token].values()
        for traversal, index in reversed(places):  # rule 4
            if len(traversal.pages) == index or answers_retry_of(traversal.pages[index], capture):
                return self._put(known, traversal, index, capture)
        for traversal, index in places:
            if traversal.pages[index].page.answer == capture.page.answer:
                known.note_token(capture.next, traversal, index + 1)
                return index + 1
        for traversal, _ in reversed(places):
            if traversal.pages[-1].next == token:
                return self._put(known, traversal, len(traversal.pages), capture)
        traversal, index = next(reversed(places))
        parted = traversal.branch(index)
        (known.traversals if index else known.resumed).append(parted)
        return self._put(known, parted, index, capture)

    def _span_of(self, capture: Capture) -> Span:
        """The span of the capture that is being added."""
        return Span(self.captured - capture.captured_meanwhile, self.captured)

    def _put(self, known: _TrackTraversals, traversal: _Traversal, index: int, capture: Capture) -> int:
        """Puts a capture at an index of a traversal: behind its last page, or in the place of a hole."""
        known.is_later &= capture.is_later
        span = self._span_of(capture)
        if not known.operation.is_read and traversal.pages:
            span = replace(span, sent=traversal.span.sent)
        traversal.put(index, capture, span)
        known.note_token(capture.next, traversal, index + 1)
        if capture.page.hole is None:
            known.is_readable = True
        else:
            known.holes.append(traversal)
        return index + 1


def _order_takes(known: _TrackTraversals, order: WriteOrder, writes: Writes) -> Iterator[Take]:
    """The takes of a read, in their order, with the writes that they come after."""
    pages_of = _join_branches(known)
    traversals = [traversal for traversal in known.traversals if id(traversal) in pages_of]
    traversals.sort(key=lambda traversal: traversal.span.answered)
    takes = [Take(known.track, pages_of[id(traversal)]) for traversal in traversals]

    @cache
    def masked(index: int) -> Take:
        return mask_tokens(known.operation, takes[index])

    def have_equal_answers(one: int, other: int) -> bool:
        return len(takes[one].pages) == len(takes[other].pages) and is_beginning(masked(one), masked(other))

    before = 0 if known.is_later else None
    for index, write in order.order_takes([traversal.span for traversal in traversals], have_equal_answers):
        is_later = before is not None and before < write
        yield replace(takes[index], after=writes.find_cause(known.track, before or 0, write) if is_later else None)
        before = write


def _order_takes_of_writes(
    sent: Iterable[tuple[_Traversal, _TrackTraversals]], order: WriteOrder, writes: Writes
) -> Iterator[Take]:
    """The takes of writes, in the order in which they were sent. The first one of a later track comes after a write."""
    begun = set[Track]()
    for traversal, known in sent:
        before = 0 if known.track in begun or not known.is_later else order.find_bounds(traversal.span)[0]
        begun.add(known.track)
        after = writes.find_cause(known.track, 0, before) if before else None
        yield Take(known.track, _pages_with_tokens(known.operation, traversal), after=after)


def _join_branches(known: _TrackTraversals) -> dict[int, tuple[Page, ...]]:
    """The pages of each traversal of a track, by its id, without those that were joined to another one."""
    pages_of: dict[int, tuple[Page, ...]] = {}
    for traversal in known.traversals:
        pages = _pages_with_tokens(known.operation, traversal)
        origin, number = traversal.origin or (None, 0)
        other = pages_of.get(id(origin))
        if other and (joined := join_pages(known.operation, other, number, pages[number:])):
            pages_of[id(origin)] = joined
        else:
            pages_of[id(traversal)] = pages
    return pages_of


def _pages_with_tokens(operation: Operation, traversal: _Traversal) -> tuple[Page, ...]:
    """The pages of a traversal with the digests of its tokens in the place of the tokens."""
    return tuple(_page_with_tokens(operation, capture) for capture in traversal.pages)


def _page_with_tokens(operation: Operation, capture: Capture) -> Page:
    page = capture.page
    answer = replace_next_token(operation, page.answer, capture.next or "token")
    is_same = capture.token is None and answer is page.answer
    return page if is_same else replace(page, token=capture.token, answer=answer)
