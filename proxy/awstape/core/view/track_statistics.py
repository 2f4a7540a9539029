"""Track statistics: the numbers of takes, pages and items of a track, its errors and faults.

1. The items of a page are those of the lists that its operation pages. An operation that pages no lists has None.
2. An error is named by its code, or by its status if the service sent no code.
3. A track is complete if each of its takes was read to its end and has no hole; an error is an end, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from awstape.core.aws.call import Answer
from awstape.core.aws.model import Models, Operation
from awstape.core.aws.paging import count_items
from awstape.core.cassette.cassette import Take, Track
from awstape.core.cassette.takes import is_complete


@dataclass(frozen=True)
class TakeStatistics:
    """The numbers of one take.

    items: the number of items of each page, None if the operation pages no lists.
    errors: the codes of its errors. holes: the number of missing pages.
    unmodelled: paths of members that the service model does not know.
    """

    pages: int
    items: tuple[int, ...] | None
    errors: tuple[str, ...]
    holes: int
    complete: bool
    unmodelled: tuple[str, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True)
class TrackStatistics:
    """The numbers of a track, and of all its takes together.

    number: its position in the cassette, counted from 1 as selectors count.
    """

    number: int
    track: Track
    takes: tuple[TakeStatistics, ...]

    @property
    def pages(self) -> int:
        return sum(take.pages for take in self.takes)

    @property
    def items(self) -> int | None:
        """The number of items in all takes, None if the operation pages no lists."""
        counted = [sum(take.items) for take in self.takes if take.items is not None]
        return sum(counted) if counted else None

    @property
    def errors(self) -> tuple[str, ...]:
        return tuple(code for take in self.takes for code in take.errors)

    @property
    def holes(self) -> int:
        return sum(take.holes for take in self.takes)

    @property
    def unmodelled(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(path for take in self.takes for path in take.unmodelled))

    @property
    def faults(self) -> tuple[str, ...]:
        return tuple(fault for take in self.takes for fault in take.faults)

    @property
    def complete(self) -> bool:
        return all(take.complete for take in self.takes)


def track_statistics(number: int, track: Track, takes: Iterable[Take], models: Models) -> TrackStatistics:
    """The statistics of some takes of a track. number: the position of the track in the cassette."""
    operation = models.operation(track.service, track.operation)
    return TrackStatistics(number, track, tuple(_take_statistics(operation, take) for take in takes))


def _take_statistics(operation: Operation, take: Take) -> TakeStatistics:
    answers = [page.answer for page in take.pages]
    counts = [count_answer_items(operation, answer) for answer in answers]
    return TakeStatistics(
        pages=len(answers),
        items=tuple(n for n in counts if n is not None) if any(n is not None for n in counts) else None,
        errors=tuple(answer.error.name for answer in answers if answer.error),
        holes=sum(page.hole is not None for page in take.pages),
        complete=is_complete(operation, take),
        unmodelled=tuple(dict.fromkeys(path for answer in answers for path in answer.unmodelled)),
        faults=tuple(map(str, take.faults)),
    )


def count_answer_items(operation: Operation, answer: Answer) -> int | None:
    """The number of items in an answer; None for an error and for an operation that pages no lists."""
    if answer.output is None or operation.paging is None:
        return None
    return count_items(operation, answer.output)
