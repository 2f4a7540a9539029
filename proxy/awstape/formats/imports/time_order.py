"""The order of a file's entries in time, which need not be that of the file.

1. Entries are sorted by the time of their response: in this order a recorder gets the exchanges of live traffic. Equal
   times keep the order of the file.
2. A request that was sent before the response to another one overlaps it: nothing of that one could be known to the
   client. Entries are sorted by their responses, so those that one overlaps are the last ones before it, and a number
   says which they are.
3. An entry without times came right after the entry before it in the file.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

_Item = TypeVar("_Item")


class Times(NamedTuple):
    """When a request was sent, and when its response was there, in seconds since some moment."""

    sent: float
    answered: float


def sort_by_time(items: Iterable[tuple[_Item, Times | None]]) -> Iterator[tuple[int, _Item, int]]:
    """Yields the items of a file, sorted, as (number in the file, item, number of entries before it that it overlaps).

    items: each with its times, None if the file has none for it.
    """
    last = float("-inf")
    timed: list[tuple[int, _Item, Times]] = []
    for number, (item, times) in enumerate(items, 1):
        timed.append((number, item, times or Times(last, last)))
        last = timed[-1][2].answered
    timed.sort(key=lambda each: each[2].answered)
    answered = [times.answered for _, _, times in timed]
    for i, (number, item, times) in enumerate(timed):
        yield number, item, max(0, i - bisect_right(answered, times.sent))
