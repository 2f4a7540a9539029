"""The order of takes: which write each take of a read comes after, also if reads and writes overlapped in time.

1. A request has two places among the captures: how many were answered before it was sent, and how many before it was
   answered. A write that was sent again was in flight from its first request to its last answer.
2. Writes are counted in the order in which they were sent. Replay answers a write at once, so it meets them in this
   order.
3. A read shows all writes that were answered before it was sent, and none that was sent after it was answered. It may
   or may not show a write in flight: one that was sent before the read was answered, and answered after it was sent.
4. So a take comes after the last write that it must show, or after a later one, at most the last that it may show; and
   not before a take that was answered before it was requested.
5. Where that leaves a choice, a take that has the same answer as the one before it, or as one requested at the same
   time, stands beside that one. Any other comes after the last write that it may show: then replay shows no write that
   the program did not send. The first take of a track comes as early as it can: nothing is known of the time before.
6. Takes that come after the same write are in the order in which they were answered; but a take that comes later than
   it must stands before those requested at the same time.
7. Where nothing tells when a read was sent, it comes after no write.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from awstape.core.recording.exchange import UNKNOWN_ORDER


@dataclass(frozen=True)
class Span:
    """The time in which a request was in flight: how many captures were answered before it was sent, and answered."""

    sent: int
    answered: int


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
