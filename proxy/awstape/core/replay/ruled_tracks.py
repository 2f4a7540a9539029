"""The tracks of one operation that has rules of matching (`core.compare.match_rules`), indexed for requests.

1. The key of the index is the meaning of an identity without what the rules speak of. Tracks with one key differ in
   their times and in what is ignored, and in the order of lists.
2. Of the tracks of one caller in one region with lists in the same order, the best match is found: the nearest in time
   (`core.compare.request_times`), of several with equal distances the one with the later times, and then the last one
   of the cassette.
3. Tracks are sorted by their first time, and compared from the one nearest to the request outwards, until no better
   match can follow: a request costs about as much in a large cassette as in a small one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from awstape.core.aws.model import Operation, Shape, Value
from awstape.core.cassette.cassette import Track
from awstape.core.compare.identity_meaning import meaning_key, member_meanings
from awstape.core.compare.request_times import (
    Remoteness,
    SplitIdentity,
    Time,
    TimeRule,
    remoteness,
    split_times,
    time_differences,
)

Rules = Mapping[tuple[str, ...], TimeRule]
"""Path of a member → its rule."""


def split_by_rules(operation: Operation, identity: Mapping[str, Value], rules: Rules) -> SplitIdentity:
    """An identity with what has a rule separated from the rest."""

    def rule_of(names: tuple[str, ...], _: Shape | None) -> TimeRule | None:
        return rules.get(names)

    return split_times(operation, identity, rule_of)


@dataclass(frozen=True)
class _Entry:
    """A track with its times. number: its position in the cassette."""

    instants: tuple[Decimal, ...]
    number: int
    track: Track


class RuledTracks:
    """Finds the tracks that match requests for one operation by its rules."""

    def __init__(self, operation: Operation, rules: Rules, tracks: Iterable[Track]) -> None:
        self._operation = operation
        self._rules = rules
        #: Key → caller, region and order of lists → the tracks, sorted by their times.
        self._by_key: defaultdict[str, defaultdict[tuple[str, ...], list[_Entry]]]
        self._by_key = defaultdict(partial(defaultdict, list))
        for number, track in enumerate(tracks):
            split = split_by_rules(operation, track.identity, rules)
            group = (track.account or "", track.region or "", self._ordered_key(track.identity))
            self._by_key[self._key(split)][group].append(_Entry(split.instants, number, track))
        for groups in self._by_key.values():
            for entries in groups.values():
                entries.sort(key=lambda entry: (entry.instants, entry.number))

    def find(self, identity: Mapping[str, Value], *, is_near_enough: bool = False) -> list[Track]:
        """The best match of each caller, region and order of lists, the best of all first.

        is_near_enough: whether times match however far apart they are, as for a message that names the nearest track.
        """
        split = split_by_rules(self._operation, identity, self._rules)
        key = self._key(split)
        groups = self._by_key[key].values() if key in self._by_key else ()
        found = [best for entries in groups if (best := _find_best(split.times, entries, is_near_enough))]
        return [entry.track for _, entry in sorted(found, key=lambda each: (each[0], _latest_first(each[1])))]

    def in_order(self, identity: Mapping[str, Value], tracks: Iterable[Track]) -> list[Track]:
        """The tracks that have all lists in the same order as the identity of a request."""
        wanted = self._ordered_key(identity)
        return [track for track in tracks if self._ordered_key(track.identity) == wanted]

    def _ordered_key(self, identity: Mapping[str, Value]) -> str:
        """The meaning of an identity without what has a rule; here the order of lists counts."""
        rest = split_by_rules(self._operation, identity, self._rules).rest
        return meaning_key(member_meanings(self._operation, rest, with_order=True))

    def _key(self, split: SplitIdentity) -> str:
        return f"{split.places} {meaning_key(member_meanings(self._operation, split.rest))}"


def _find_best(
    asked: Sequence[Time], entries: Sequence[_Entry], is_near_enough: bool
) -> tuple[Remoteness, _Entry] | None:
    """The best of the tracks in the places of whose times a request has times; None if none matches."""
    if not asked:
        return Remoteness(Decimal(0), Decimal(0)), entries[-1]
    best: tuple[Remoteness, _Entry] | None = None
    for side in _sides(asked[0].instant, entries):
        for entry in side:
            gap = abs(asked[0].instant - entry.instants[0])
            if best and not best[0].spread and gap > best[0].farthest:
                break  # the first time alone is farther away than all times of the best one
            if not is_near_enough and asked[0].rule.within is not None and gap > asked[0].rule.within:
                break
            if not is_near_enough and time_differences(asked, entry.instants):
                continue
            rank = remoteness(asked, entry.instants)
            if best is None or (rank, _latest_first(entry)) < (best[0], _latest_first(best[1])):
                best = rank, entry
    return best


def _sides(instant: Decimal, entries: Sequence[_Entry]) -> Iterator[Iterable[_Entry]]:
    """The tracks whose first time is at or after an instant, then the earlier ones, each from the nearest outwards."""
    begin = bisect_left(entries, instant, key=lambda entry: entry.instants[0])
    yield (entries[i] for i in range(begin, len(entries)))
    yield (entries[i] for i in range(begin - 1, -1, -1))


def _latest_first(entry: _Entry) -> tuple[tuple[Decimal, ...], int]:
    return tuple(-instant for instant in entry.instants), -entry.number
