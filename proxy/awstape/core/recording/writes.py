"""The writes of a recording, and which of them a read with another answer comes after.

1. The answer to a read changed between two requests. Of the writes that lie between the two
   (`core.recording.take_order`), the read comes after the one that names most of what the read names; of several, after
   the last one. So threads and programs that work on different roles, or in different accounts, at the same time do not
   wait for each other in replay.
2. What a request names: its account, its service with the region, and the strings in its identity with the names in
   them, such as that of a role in its ARN. An account's names are of no other account.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterator

from awstape.core.aws.model import Value
from awstape.core.cassette.cassette import After, Track
from awstape.core.redaction.alias_grammar import find_name_aliases


class Writes:
    """Takes of writes, in the order in which they were sent."""

    def __init__(self) -> None:
        self._takes: list[After] = []
        self._named: list[frozenset[Hashable]] = []
        self._numbers: defaultdict[Hashable, list[int]] = defaultdict(list)  # name → the writes that name it, from 0

    def __len__(self) -> int:
        return len(self._takes)

    def add(self, track: Track, take: int) -> None:
        """Adds a take that was sent after the others. take: its number in the track, from 1."""
        named = frozenset(_names(track))
        for name in named:
            self._numbers[name].append(len(self))
        self._takes.append(After(track, take))
        self._named.append(named)

    def find_cause(self, track: Track, first: int, last: int) -> After:
        """The write that a read of a track comes after: one of those behind the first `first`, up to the `last`-th."""
        named = frozenset(_names(track))
        candidates = {last - 1}
        for name in named:
            numbers = self._numbers.get(name, [])
            if (i := bisect_right(numbers, last - 1)) and numbers[i - 1] >= first:
                candidates.add(numbers[i - 1])
        return self._takes[max(candidates, key=lambda number: (len(self._named[number] & named), number))]


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
