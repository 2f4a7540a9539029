"""A track in numbers: what a recording of it holds, for those who look at a cassette.

1. A page's items are those of the lists that its operation pages; an operation that pages no lists has none to count.
2. An error is told by its code, or, where the service gave none, by its status.
3. A track is complete if every take of it was read to its end; an error is an end, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from awstape.core.aws.call import Answer
from awstape.core.aws.model import Models, Operation
from awstape.core.aws.paging import count_items, is_last_page
from awstape.core.cassette.cassette import Cassette, Take, Track


@dataclass(frozen=True)
class TakeOverview:
    """One take. items: how many each page holds, None where there are none to count."""

    pages: int
    items: tuple[int, ...] | None
    errors: tuple[str, ...]
    complete: bool
    unmodelled: tuple[str, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Overview:
    """A track, its number in the cassette, counted from 1 as selectors count, and what there is of it."""

    number: int
    track: Track
    takes: tuple[TakeOverview, ...]

    @property
    def pages(self) -> int:
        return sum(take.pages for take in self.takes)

    @property
    def items(self) -> int | None:
        """None where there are none to count."""
        counted = [sum(take.items) for take in self.takes if take.items is not None]
        return sum(counted) if counted else None

    @property
    def errors(self) -> tuple[str, ...]:
        return tuple(code for take in self.takes for code in take.errors)

    @property
    def unmodelled(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(path for take in self.takes for path in take.unmodelled))

    @property
    def faults(self) -> tuple[str, ...]:
        return tuple(fault for take in self.takes for fault in take.faults)

    @property
    def complete(self) -> bool:
        return all(take.complete for take in self.takes)


def overviews(cassette: Cassette, models: Models) -> list[Overview]:
    """All tracks of a cassette, in its order."""
    return [overview(i, track, takes, models) for i, (track, takes) in enumerate(cassette.tracks(), 1)]


def overview(number: int, track: Track, takes: Iterable[Take], models: Models) -> Overview:
    operation = models.operation(track.service, track.operation)
    return Overview(number, track, tuple(_take(operation, take) for take in takes))


def _take(operation: Operation, take: Take) -> TakeOverview:
    answers = [page.answer for page in take.pages]
    counts = [items(operation, answer) for answer in answers]
    return TakeOverview(
        pages=len(answers),
        items=tuple(n for n in counts if n is not None) if any(n is not None for n in counts) else None,
        errors=tuple(answer.error.name for answer in answers if answer.error),
        complete=is_last_page(operation, answers[-1]),
        unmodelled=tuple(dict.fromkeys(path for answer in answers for path in answer.unmodelled)),
        faults=tuple(map(str, take.faults)),
    )


def items(operation: Operation, answer: Answer) -> int | None:
    """How many items an answer holds, None for one that holds none by its nature."""
    if answer.output is None or operation.paging is None:
        return None
    return count_items(operation, answer.output)
