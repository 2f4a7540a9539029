"""The nearest track of a request that misses, and the members in which the two differ.

1. The nearest track differs in the fewest members; of several, its text is the most similar one.
2. A miss costs as much in a large cassette as in a small one: at most `_MOST_RANKED` tracks of the operation are
   compared by their members, and `_MOST_COMPARED` of these by their texts.
3. Which tracks are compared: those that share the rarest values of the request come first, then those whose text is
   next to the request's in sorted order.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from awstape.core.aws.model import Value
from awstape.core.cassette.cassette import Track, identity_key

_ABSENT = object()
_LONGEST = 160
_MOST_RANKED = 500  # one takes about 5 µs
_MOST_COMPARED = 100  # one comparison of texts takes about 0.1 ms
_MOST_CHARACTERS = 1000


@dataclass(frozen=True)
class Difference:
    """A member in which a request differs from a track, as text; `nothing` for a side that lacks it."""

    member: str
    request: str
    cassette: str

    def __str__(self) -> str:
        return f"{self.member}: request has {self.request} / cassette has {self.cassette}"


def identity_differences(identity: dict[str, Value], track: Track) -> list[Difference]:
    """The members in which the identity of a request differs from that of a track; none if the request matches."""
    ours, theirs = _member_keys(identity), _member_keys(track.identity)
    return [
        Difference(name, _value_text(identity.get(name, _ABSENT)), _value_text(track.identity.get(name, _ABSENT)))
        for name in [*ours, *(name for name in theirs if name not in ours)]
        if ours.get(name) != theirs.get(name)
    ]


class NearestTracks:
    """The tracks of one operation, indexed by the values of their members."""

    def __init__(self, tracks: Sequence[Track]) -> None:
        self._tracks = tracks
        self._with_value: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        for number, track in enumerate(tracks):
            for member in _member_keys(track.identity).items():
                self._with_value[member].append(number)
        self._by_text = sorted((identity_key(track.identity), number) for number, track in enumerate(tracks))

    def find(self, identity: dict[str, Value]) -> Track | None:
        """The track that is nearest to the identity of a request; None if there are no tracks."""
        wanted, text = _member_keys(identity), identity_key(identity)

        def count_differences(number: int) -> int:
            members = _member_keys(self._tracks[number].identity)
            return sum(wanted.get(name) != members.get(name) for name in wanted.keys() | members.keys())

        candidates = list(dict.fromkeys(self._candidates(wanted, text)))[:_MOST_RANKED]
        counted = [(count_differences(number), number) for number in candidates]
        fewest = min((count for count, _ in counted), default=0)
        close = sorted([number for count, number in counted if count == fewest][:_MOST_COMPARED])
        found = max(close, key=lambda number: _similarity(text, self._tracks[number]), default=None)
        return None if found is None else self._tracks[found]

    def _candidates(self, wanted: dict[str, str], text: str) -> Iterator[int]:
        """The numbers of tracks to compare, in the order of rule 3; some of them several times."""
        values = [self._with_value[member] for member in wanted.items() if member in self._with_value]
        for numbers in sorted(values, key=len):
            yield from numbers[:_MOST_RANKED]
        at = bisect_left(self._by_text, (text, 0))
        begin = max(0, min(at - _MOST_RANKED // 2, len(self._by_text) - _MOST_RANKED))
        yield from (number for _, number in self._by_text[begin : begin + _MOST_RANKED])


def _similarity(text: str, track: Track) -> float:
    other = identity_key(track.identity)
    return SequenceMatcher(None, text[:_MOST_CHARACTERS], other[:_MOST_CHARACTERS]).ratio()


def _member_keys(identity: dict[str, Value]) -> dict[str, str]:
    """Each member as text, which distinguishes true from 1."""
    return {name: identity_key({name: value}) for name, value in identity.items()}


def _value_text(value: object) -> str:
    if value is _ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"
