"""The tracks of one operation that has rules of matching (`core.compare.match_rules`), indexed for requests.

1. The key of the index is the meaning of an identity without what the rules speak of. Tracks with one key differ in
   their times and in what is ignored, and in the order of lists.
2. Of the tracks of one caller in one region with lists in the same order, the best match is found: the nearest in time
   (`core.compare.request_times`), of several with equal distances the one with the later times, and then the last one
   of the cassette.
3. A request costs little more in a large cassette than in a small one: tracks are sorted by the distances of relative
   times; those with the same distances by their first time, and they are compared from the one nearest to the request
   outwards, until no better match can follow.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from awstape.core.aws.model import Operation, Shape, Value
from awstape.core.cassette.cassette import Track
from awstape.core.compare.identity_meaning import meaning_key, member_meanings
from awstape.core.compare.request_times import (
    TOLERANCE,
    Remoteness,
    SplitIdentity,
    Time,
    TimeRule,
    distances,
    remoteness,
    split_times,
    spread,
    time_differences,
)

Rules = Mapping[tuple[str, ...], TimeRule]
"""Path of a member → its rule."""


def split_by_rules(operation: Operation, identity: Mapping[str, Value], rules: Rules) -> SplitIdentity:
    """An identity with what has a rule separated from the rest."""

    def rule_of(names: tuple[str, ...], _: Shape | None) -> TimeRule | None:
        return rules.get(names)

    return split_times(operation, identity, rule_of)


class _Entry(NamedTuple):
    """A track with its times. number: its position in the cassette."""

    instants: tuple[Decimal, ...]
    number: int
    track: Track


_Entries = dict[tuple[Decimal, ...], list[_Entry]]
_Match = tuple[Remoteness, _Entry]


class RuledTracks:
    """Finds the tracks that match requests for one operation by its rules.

    meanings: for each track those of its members, without what has a rule.
    """

    def __init__(self, operation: Operation, rules: Rules, tracks: Iterable[Track]) -> None:
        self._operation = operation
        self._rules = rules
        self.meanings: list[dict[str, str]] = []
        #: Key → caller, region and order of lists → distances of relative times → tracks, both sorted.
        self._by_key: dict[str, dict[tuple[str, ...], _Entries]] = {}
        for number, track in enumerate(tracks):
            split = split_by_rules(operation, track.identity, rules)
            self.meanings.append(member_meanings(operation, split.rest))
            groups = self._by_key.setdefault(_key(split, self.meanings[-1]), {})
            group = groups.setdefault((track.caller or "", track.region or "", self._order_of(split)), {})
            group.setdefault(distances(split.times), []).append(_Entry(split.instants, number, track))
        for groups in self._by_key.values():
            for name, group in groups.items():
                groups[name] = {each: sorted(group[each], key=_by_time) for each in sorted(group)}

    def find(self, identity: Mapping[str, Value], *, at_any_distance: bool = False) -> list[Track]:
        """The best match of each caller, region and order of lists, the best of all first.

        at_any_distance: whether times match however far apart they are, for a message that names the nearest track.
        """
        split = split_by_rules(self._operation, identity, self._rules)
        groups = self._by_key.get(_key(split, member_meanings(self._operation, split.rest)), {})
        found = [best for group in groups.values() if (best := _find_best(split.times, group, at_any_distance))]
        return [entry.track for _, entry in sorted(found, key=_rank)]

    def in_order(self, identity: Mapping[str, Value], tracks: Iterable[Track]) -> list[Track]:
        """The tracks that have all lists in the same order as the identity of a request."""
        wanted, *orders = [
            self._order_of(split_by_rules(self._operation, each, self._rules))
            for each in (identity, *(track.identity for track in tracks))
        ]
        return [track for track, order in zip(tracks, orders, strict=True) if order == wanted]

    def _order_of(self, split: SplitIdentity) -> str:
        """A text that is the same for two identities with one key exactly where they have all lists in one order."""
        nested = {name: value for name, value in split.rest.items() if isinstance(value, list | dict)}
        return meaning_key(member_meanings(self._operation, nested, with_order=True)) if nested else ""


def _key(split: SplitIdentity, meanings: Mapping[str, str]) -> str:
    return f"{split.places} {meaning_key(meanings)}"


def _by_time(entry: _Entry) -> tuple[object, ...]:
    return entry.instants, entry.number


def _rank(match: _Match) -> tuple[object, ...]:
    """Sorts the best match first."""
    remote, entry = match
    return remote, tuple(-instant for instant in entry.instants), -entry.number


def _find_best(asked: Sequence[Time], group: _Entries, at_any_distance: bool) -> _Match | None:
    """The best of the tracks in the places of whose times a request has times; None if none matches."""
    best: _Match | None = None
    wanted = distances(asked)
    for apart, recorded in sorted((spread(wanted, recorded), recorded) for recorded in _near_distances(wanted, group)):
        if (best and best[0].spread < apart) or (apart > TOLERANCE and not at_any_distance):
            break
        found = [each for side in _sides(asked, group[recorded]) for each in _matches(asked, side, at_any_distance)]
        best = min([*found, *([best] if best else [])], key=_rank, default=None)
    return best


def _near_distances(wanted: tuple[Decimal, ...], group: _Entries) -> Sequence[tuple[Decimal, ...]]:
    """Of the sorted distances those whose first one can match; if none can, the two nearest."""
    recorded = list(group)
    if len(wanted) < 2:
        return recorded  # no distance: they are all the same
    begin = bisect_left(recorded, wanted[1] - TOLERANCE, key=lambda each: each[1])
    end = bisect_right(recorded, wanted[1] + TOLERANCE, key=lambda each: each[1])
    return recorded[begin:end] or recorded[max(0, begin - 1) : end + 1]


def _matches(asked: Sequence[Time], entries: Iterable[_Entry], at_any_distance: bool) -> Iterator[_Match]:
    """Of tracks with the same distances, sorted by their nearness, those that match until no better one can follow."""
    nearest: Decimal | None = None
    for entry in entries:
        gap = abs(asked[0].instant - entry.instants[0]) if asked else Decimal(0)
        if nearest is not None and gap > nearest:
            return  # the first time alone is farther away than all times of the nearest one
        if at_any_distance or not time_differences(asked, entry.instants):
            remote = remoteness(asked, entry.instants)
            nearest = remote.farthest if nearest is None else min(nearest, remote.farthest)
            yield remote, entry
        elif asked[0].rule.within is not None and gap > asked[0].rule.within:
            return


def _sides(asked: Sequence[Time], entries: Sequence[_Entry]) -> Iterator[Iterable[_Entry]]:
    """The tracks whose first time is at or after that of a request, then the earlier ones, each the nearest first."""
    if not asked:
        yield entries[-1:]
        return
    begin = bisect_left(entries, asked[0].instant, key=lambda entry: entry.instants[0])
    yield (entries[i] for i in range(begin, len(entries)))
    yield (entries[i] for i in range(begin - 1, -1, -1))
