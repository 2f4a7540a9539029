"""The order of takes: which write each take of a read comes after, also if reads and writes overlapped in time.

1. A request has two places among the captures: how many were answered before it was sent, and how many before it was
   answered (`Span`). A write that was sent again was in flight from its first request to its last answer.
2. The takes of a write are in the order in which they were sent. Replay answers a write at once, so it meets the writes
   in this order.
3. A read shows all writes that were answered before it was sent. It shows none that was sent after it was answered. It
   may show a write in flight: one that was sent before the read was answered, and answered after the read was sent.
4. A take of a read comes after the last write that it must show, or after a later write, at most the last that it may
   show. It does not come before a take that was answered before it was requested.
5. Where rule 4 leaves a choice, a take with the same answer as the take before it, or as a take requested at the same
   time, stands beside that take. Any other take comes after the last write that it may show: then replay shows no write
   that the program did not send. The first take of a track comes as early as it can: nothing is known of the time
   before.
6. Takes that come after the same write are in the order in which they were answered. A take that comes later than it
   must stands before the takes that were requested at the same time.
7. Where nothing tells when a read was sent, its take comes after no write.
8. Where writes lie between a take and the one before it, the take comes `after` one of them (`writes`).
9. A branch (`chaining`) was requested when its own first page was. It is joined to its origin if both have the same
   items in pages of another size (`resumed_listings`).
10. The takes of a track that was requested later only (`Capture.is_later`) follow those of the cassette: the first
    take, also of a write, comes `after` a write before it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import accumulate
from typing import NamedTuple

from awstape.core.cassette.cassette import Page, Take, Track
from awstape.core.cassette.page_tokens import mask_tokens
from awstape.core.cassette.takes import is_beginning
from awstape.core.recording.exchange import UNKNOWN_ORDER
from awstape.core.recording.traversals.chaining import Span, TrackTraversals, Traversal, Traversals
from awstape.core.recording.traversals.resumed_listings import join_pages
from awstape.core.recording.traversals.writes import Writes


class WriteOrder:
    """The writes of a recording, in the order in which they were sent."""

    def __init__(self, writes: Sequence[Span]) -> None:
        by_answer = sorted((write.answered, number) for number, write in enumerate(writes, 1))
        self._sent = [write.sent for write in writes]
        self._answered = [answered for answered, _ in by_answer]
        self._last_shown = [0, *accumulate((number for _, number in by_answer), max)]

    def find_bounds(self, read: Span) -> tuple[int, int]:
        """The numbers of the last write that a read must show, and of the last that it may show; 0 is none."""
        if read.sent == UNKNOWN_ORDER:
            return 0, 0
        return self._last_shown[bisect_left(self._answered, read.sent)], bisect_right(self._sent, read.answered)

    def order_takes(
        self, reads: Sequence[Span], have_equal_answers: Callable[[int, int], bool]
    ) -> Iterator[tuple[int, int]]:
        """Yields each take of a track, in order: its index, and the number of the write that it comes after, or 0.

        reads: when the takes were requested, in the order of their answers.
        """
        places: list[_Place] = []
        latest: list[int] = []  # index → that of the last take in order, among those up to this index
        for i, read in enumerate(reads):
            earliest, last = self.find_bounds(read)
            begin = bisect_left(reads, read.sent, key=lambda each: each.answered)
            before = latest[begin - 1] if begin else None
            earliest = earliest if before is None else max(earliest, places[before].write)
            place = _Place(last, 2 * read.answered)
            if earliest < last:
                others = [j for j in range(begin, i) if earliest <= places[j].write <= last]
                known = others if before is None else [before, *others]
                equal = next((places[j] for j in known if have_equal_answers(j, i)), None)
                is_first = before is None and all(each.write > earliest for each in places)
                if equal is not None:
                    place = _Place(max(earliest, equal.write), equal.order)
                elif is_first:
                    place = _Place(earliest, place.order)
                else:
                    place = _Place(last, 2 * read.sent - 1)
            places.append(place)
            latest.append(i if not i or place >= places[latest[-1]] else latest[-1])
        for i in sorted(range(len(places)), key=places.__getitem__):
            yield i, places[i].write


class _Place(NamedTuple):
    """The place of a take in its track. write: the number of the write that it comes after. order: among such takes."""

    write: int
    order: int


def takes_in_order(traversals: Traversals) -> Iterator[Take]:
    """The takes of a recording, by track, in their order; none if no page could be read."""
    if not any(known.is_readable for known in traversals):
        return
    sent = [(traversal, known) for known in traversals if not known.operation.is_read for traversal in known.traversals]
    sent.sort(key=lambda each: (each[0].span.sent, each[0].span.answered))
    order, writes = WriteOrder([traversal.span for traversal, _ in sent]), Writes()
    numbers = Counter[Track]()
    for traversal, known in sent:
        numbers[known.track] += 1
        page = traversal.pages[0].page
        has_failed = page.hole is None and page.answer.error is not None
        writes.add(known.track, numbers[known.track], has_failed=has_failed)
    yield from _order_takes_of_writes(sent, order, writes)
    for known in traversals:
        if known.operation.is_read and known.is_readable:
            yield from _order_takes_of_read(known, order, writes)


def _order_takes_of_writes(
    sent: Iterable[tuple[Traversal, TrackTraversals]], order: WriteOrder, writes: Writes
) -> Iterator[Take]:
    """The takes of writes, in the order in which they were sent. The first one of a later track comes after a write."""
    begun = set[Track]()
    for traversal, known in sent:
        before = 0 if known.track in begun or not known.is_later else order.find_bounds(traversal.span)[0]
        begun.add(known.track)
        after = writes.find_cause(known.track, 0, before) if before else None
        yield Take(known.track, known.pages_of(traversal), after=after)


def _order_takes_of_read(known: TrackTraversals, order: WriteOrder, writes: Writes) -> Iterator[Take]:
    """The takes of a read, in their order, with the writes that they come after."""
    joined = sorted(_join_branches(known).items(), key=lambda each: each[0].span.answered)
    takes = [Take(known.track, pages) for _, pages in joined]

    @cache
    def masked(index: int) -> Take:
        return mask_tokens(known.operation, takes[index])

    def have_equal_answers(one: int, other: int) -> bool:
        return len(takes[one].pages) == len(takes[other].pages) and is_beginning(masked(one), masked(other))

    before = 0 if known.is_later else None
    for index, write in order.order_takes([traversal.span for traversal, _ in joined], have_equal_answers):
        is_later = before is not None and before < write
        yield replace(takes[index], after=writes.find_cause(known.track, before or 0, write) if is_later else None)
        before = write


def _join_branches(known: TrackTraversals) -> dict[Traversal, tuple[Page, ...]]:
    """The traversals of a track with their pages, without those that were joined to another one."""
    pages_of: dict[Traversal, tuple[Page, ...]] = {}
    for traversal in known.traversals:
        pages = known.pages_of(traversal)
        origin, number = traversal.origin or (None, 0)
        other = pages_of.get(origin) if origin else None
        if origin and other and (joined := join_pages(known.operation, other, number, pages[number:])):
            pages_of[origin] = joined
        else:
            pages_of[traversal] = pages
    return pages_of
