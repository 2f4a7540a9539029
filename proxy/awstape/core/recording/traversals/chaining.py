"""Chaining: captured pages are chained into takes, while they are recorded.

1. A first page opens a take of its track. A page with a token continues the take that gave out this token.
2. A page may meet another page where it belongs, or a hole: a page that could not be read, whose token is unknown.

   | a page arrives                     | the take has there                | result                                   |
   | ---------------------------------- | --------------------------------- | ---------------------------------------- |
   | first page, a retry                | a hole and nothing else           | fills the hole                           |
   | first page with a known invocation | a page                            | takes its place: the SDK did not get it  |
   | any other first page               |                                   | opens a take                             |
   | page with a token                  | no page                           | continues the take                       |
   | page with a token, a retry         | a hole                            | fills the hole                           |
   | page with a token, equal           | an equal page                     | is dropped; its token leads on as well   |
   | page with a token, different       | a page; its end gives this token  | continues the take at its end            |
   | page with a token, different       | a page                            | begins a branch with the pages before it |
   | page with an unknown token         | a hole at the end                 | continues the take: the hole gave it out |
   | page with an unknown token         | nothing                           | resumes an older listing, perhaps        |
   | hole with an unknown token         | nothing                           | is dropped                               |

3. Where a track gave out the same token several times, the take that began last continues.
4. The answer to a retry has the invocation id of the hole's request (`core.recording.retries`). Without an id, a write
   is a retry of a hole only if no request was answered in between: it may be sent again for another reason.
5. A read of which all pages are holes is not recorded, nor are writes if nothing else is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from awstape.core.aws.model import Operation
from awstape.core.cassette.cassette import Page, Take, Track
from awstape.core.cassette.page_tokens import replace_next_token
from awstape.core.recording.capture import Capture
from awstape.core.recording.retries import answers_retry_of


@dataclass(frozen=True)
class Span:
    """The time in which a request was in flight: how many captures were answered before it was sent, and answered."""

    sent: int
    answered: int


@dataclass(eq=False)
class Traversal:
    """A take in progress.

    tokens: the digests of the tokens that its pages were requested with.
    origin: the traversal of which it has the first pages, and their number.
    span: when its own first page was requested, the last time.
    """

    pages: list[Capture] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)
    origin: tuple[Traversal, int] | None = None
    span: Span = field(init=False)

    def put(self, index: int, capture: Capture, span: Span) -> None:
        """Puts a page behind the last one, or in the place of a hole."""
        if index == (self.origin[1] if self.origin else 0):
            self.span = span
        self.pages[index : index + 1] = [capture]
        self.tokens.add(capture.token)

    def branch(self, index: int) -> Traversal:
        """A take that has the first pages of this one."""
        pages = self.pages[:index]
        return Traversal(pages, {page.token for page in pages}, (self, index))


class _Place(NamedTuple):
    """The place of a page in a traversal. at: its index."""

    traversal: Traversal
    at: int


class Added(NamedTuple):
    """Where a capture was added. page: the number of its page. write: which take of a write, None for a read."""

    page: int
    write: int | None = None


class _FirstPages:
    """Finds the traversal whose first page is requested again, by the numbers of traversals."""

    def __init__(self, *, is_read: bool) -> None:
        self._is_read = is_read
        self._holes: dict[str | None, list[tuple[int, int]]] = {}
        """Invocation → a heap of traversals that are a single hole: (number, when it was answered)."""
        self._answered: dict[str | None, int] = {}
        """Invocation → the traversal whose first page answered it."""

    def find(self, capture: Capture, span: Span) -> int | None:
        """The traversal in which a first page replaces another one; None if it opens a traversal."""
        if capture.page.hole is None and capture.invocation in self._answered:
            return self._answered[capture.invocation]
        if not self._is_read and (unnamed := self._holes.get(None)):
            unnamed[:] = [hole for hole in unnamed if span.sent <= hole[1] + 1]
            heapify(unnamed)
        waiting = [heap for name in {None, capture.invocation} if (heap := self._holes.get(name))]
        return heappop(min(waiting))[0] if waiting else None

    def note(self, capture: Capture, number: int, span: Span) -> None:
        """Notes the traversal that a first page is in."""
        if capture.page.hole is not None:
            heappush(self._holes.setdefault(capture.invocation, []), (number, span.answered))
        elif capture.invocation is not None:
            self._answered[capture.invocation] = number


class TrackTraversals:
    """The traversals of one track.

    traversals: those that began with a first page, and branches of them.
    resumed: those that began with a token that no take gave out, and branches of them without pages before.
    is_readable: whether a page that could be read was added.
    is_later: whether all its captures are (`Capture.is_later`).
    """

    def __init__(self, track: Track, operation: Operation) -> None:
        self.track = track
        self.operation = operation
        self.traversals: list[Traversal] = []
        self.resumed: list[Traversal] = []
        self.is_readable = False
        self.is_later = True
        self._first_pages = _FirstPages(is_read=operation.is_read)
        self._places: dict[str, dict[_Place, None]] = {}
        """Digest of a token → the places that it leads to."""
        self._holes: list[Traversal] = []
        """The traversals that ended in a hole when it was added."""

    def add(self, capture: Capture, span: Span) -> Added | None:
        """Adds a capture to the take that it belongs to; returns its place, None if it belongs to none."""
        if capture.token is None:
            return self._add_first_page(capture, span)
        if capture.token not in self._places and not self._expect_after_hole(capture.token):
            if capture.page.hole is not None:
                return None
            self.resumed.append(Traversal())
            self._expect(capture.token, self.resumed[-1], 0)
        return Added(self._add_next_page(capture.token, capture, span))

    def pages_of(self, traversal: Traversal) -> tuple[Page, ...]:
        """The pages of a traversal with the digests of its tokens in the place of the tokens."""
        return tuple(_page_with_tokens(self.operation, capture) for capture in traversal.pages)

    def _add_first_page(self, capture: Capture, span: Span) -> Added:
        number = self._first_pages.find(capture, span)
        if number is None:
            number = len(self.traversals)
            self.traversals.append(Traversal())
        self._first_pages.note(capture, number, span)
        page = self._put(self.traversals[number], 0, capture, span)
        return Added(page, None if self.operation.is_read else number)

    def _add_next_page(self, token: str, capture: Capture, span: Span) -> int:
        """Adds a page with a token that leads somewhere; returns the number of the page."""
        places = self._places[token]
        for traversal, index in reversed(places):  # rule 3
            if len(traversal.pages) == index or answers_retry_of(traversal.pages[index], capture):
                return self._put(traversal, index, capture, span)
        for traversal, index in places:
            if traversal.pages[index].page.answer == capture.page.answer:
                self._expect(capture.next, traversal, index + 1)
                return index + 1
        for traversal, _ in reversed(places):
            if traversal.pages[-1].next == token:
                return self._put(traversal, len(traversal.pages), capture, span)
        traversal, index = next(reversed(places))
        branch = traversal.branch(index)
        (self.traversals if index else self.resumed).append(branch)
        return self._put(branch, index, capture, span)

    def _put(self, traversal: Traversal, index: int, capture: Capture, span: Span) -> int:
        """Puts a capture at an index of a traversal: behind its last page, or in the place of a hole."""
        self.is_later &= capture.is_later
        if not self.operation.is_read and traversal.pages:
            span = replace(span, sent=traversal.span.sent)
        traversal.put(index, capture, span)
        self._expect(capture.next, traversal, index + 1)
        if capture.page.hole is None:
            self.is_readable = True
        else:
            self._holes.append(traversal)
        return index + 1

    def _expect(self, token: str | None, traversal: Traversal, index: int) -> None:
        """Notes the place of the page that a token asks for; None, on a last page, leads nowhere.

        A token that the take gave out before leads to the page that it led to then.
        """
        if token is not None and token not in traversal.tokens:
            self._places.setdefault(token, {}).setdefault(_Place(traversal, index))

    def _expect_after_hole(self, token: str) -> bool:
        """Notes an unknown token as that of the page after the last hole that nothing follows; false without one."""
        while self._holes:
            traversal = self._holes.pop()
            if traversal.pages[-1].page.hole is not None:
                self._expect(token, traversal, len(traversal.pages))
                return True
        return False


class Traversals:
    """All takes of a recording, by track."""

    def __init__(self) -> None:
        self._of_track: dict[tuple[str, ...], TrackTraversals] = {}
        self._captured = 0

    def __iter__(self) -> Iterator[TrackTraversals]:
        return iter(self._of_track.values())

    def add(self, operation: Operation, capture: Capture) -> Added | None:
        """Adds a capture to the take that it belongs to; returns its place, None if it belongs to none."""
        track = capture.track
        known = self._of_track.get(track.key) or TrackTraversals(track, operation)
        added = known.add(capture, Span(self._captured - capture.captured_meanwhile, self._captured))
        if added:
            self._of_track.setdefault(track.key, known)
        self._captured += 1
        return added

    def later_tracks(self) -> Iterator[Track]:
        """The tracks of which the takes follow those of the cassette."""
        return (known.track for known in self if known.is_later and known.traversals)

    def resumed_takes(self) -> Iterator[Take]:
        """The takes of which the first page is missing: each began with a token that no take gave out."""
        for known in self:
            for traversal in known.resumed:
                yield Take(known.track, known.pages_of(traversal))


def _page_with_tokens(operation: Operation, capture: Capture) -> Page:
    page = capture.page
    answer = replace_next_token(operation, page.answer, capture.next or "token")
    is_same = capture.token is None and answer is page.answer
    return page if is_same else replace(page, token=capture.token, answer=answer)
