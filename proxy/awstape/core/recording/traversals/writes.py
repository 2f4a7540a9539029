"""The writes of a recording, and which of them a read with another answer comes after.

1. The answer to a read changed between two requests. Of the writes that lie between the two (`take_order`), the read
   comes after the one that names most of what the read names. Of several such writes it is the last one that did not
   fail, if there is one: a write that is sent again after it took effect fails, and changes nothing. So threads and
   programs that work on different roles, or in different accounts, do not wait for each other in replay.
2. What a request names: its account, its service with the region, and the strings in its identity with the names in
   them, such as that of a role in its ARN. An account's names are of no other account.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterator
from itertools import product

from awstape.core.aws.model import Value
from awstape.core.cassette.cassette import After, Track
from awstape.core.redaction.alias_grammar import find_name_aliases


class Writes:
    """Takes of writes, in the order in which they were sent."""

    def __init__(self) -> None:
        self._takes: list[After] = []
        self._named: list[frozenset[Hashable]] = []
        self._failed: list[bool] = []
        #: (name, whether they failed) → the numbers of the writes that name it, from 0
        self._numbers: defaultdict[tuple[Hashable, bool], list[int]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._takes)

    def add(self, track: Track, take: int, *, has_failed: bool) -> None:
        """Adds a take that was sent after the others. take: its number in the track, from 1.

        has_failed: whether an error answered it. A write of unknown outcome has not.
        """
        named = frozenset(_names(track))
        for name in named:
            self._numbers[name, has_failed].append(len(self))
        self._takes.append(After(track, take))
        self._named.append(named)
        self._failed.append(has_failed)

    def find_cause(self, track: Track, first: int, last: int) -> After:
        """The write that a read of a track comes after: one of those behind the first `first`, up to the `last`-th."""
        named = frozenset(_names(track))
        candidates = {last - 1}
        for each in product(named, (False, True)):
            numbers = self._numbers.get(each, [])
            if (i := bisect_right(numbers, last - 1)) and numbers[i - 1] >= first:
                candidates.add(numbers[i - 1])

        def rank(number: int) -> tuple[int, bool, int]:
            return len(self._named[number] & named), not self._failed[number], number

        return self._takes[max(candidates, key=rank)]


def _names(track: Track) -> Iterator[Hashable]:
    """What a request of a track names."""
    yield track.account
    yield track.account, track.service, track.region
    for text in _strings(track.identity):
        for name in (text, *find_name_aliases(text)):
            yield track.account, name


def _strings(value: Value) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _strings(part)
