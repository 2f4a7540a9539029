"""The nearest track of a request that misses, and the members in which the two differ.

1. Members are compared by their meaning (`core.compare.identity_meaning`) and by the rules of the project.
2. The nearest track differs in the fewest members; of several, its text is the most similar one.
3. A miss costs as much in a large cassette as in a small one: at most three times `_MOST_RANKED` tracks of the
   operation are compared by their members, and `_MOST_COMPARED` of these by their texts.
4. Which tracks are compared by their members: those that share the rarest values of the request, and those whose text
   is next to the request's in sorted order, by its beginning and by its end. The ones that are nearest in one of these
   orders are compared by their texts.
5. Of long values, a difference shows the part from a little before the place where they begin to differ.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain, islice
from typing import NamedTuple

from awstape.core.aws.model import Operation, Shape, Value, child_shape
from awstape.core.cassette.cassette import Track, identity_key
from awstape.core.compare.identity_meaning import differing_members, member_meanings, readable_value
from awstape.core.compare.match_rules import NO_MATCH_RULES, MatchRules, write_rule
from awstape.core.compare.request_times import (
    EQUAL,
    IGNORED,
    RELATIVE,
    TOLERANCE,
    TimeRule,
    may_be_time,
    read_instant,
    skip_containers,
    split_times,
    time_differences,
)
from awstape.core.redaction.text.identifiers import UUID
from awstape.core.replay.ruled_tracks import split_by_rules
from awstape.core.text.lazy_pattern import lazy_pattern

_NOTHING = "nothing"
#: A key that the path of a rule can name.
_PATH_STEP = lazy_pattern(r"[^\s.\[\]\"\\\\]+")
#: The spans that a suggested rule may name, in seconds: a minute, ten minutes, an hour, a day.
_SPANS = [Decimal(60), Decimal(600), Decimal(3600), Decimal(86400)]
_LONGEST = 160
#: Characters that are shown of what two long values have in common before they differ.
_SHOWN_BEFORE = 40
_MOST_RANKED = 50  # one takes about 3 µs
_MOST_COMPARED = 12  # one comparison of texts takes about 0.1 ms
_MOST_CHARACTERS = 1000


class Difference(NamedTuple):
    """A member in which a request differs from a track, as text; `nothing` for a side that lacks it.

    rule: how times in it differ by a rule of the project; empty for other members.
    """

    member: str
    request: str
    cassette: str
    rule: str = ""

    def __str__(self) -> str:
        by_rule = f" ({self.rule})" if self.rule else ""
        return f"{self.member}: request has {self.request} / cassette has {self.cassette}{by_rule}"


def identity_differences(
    operation: Operation, identity: dict[str, Value], track: Track, match_rules: MatchRules = NO_MATCH_RULES
) -> list[Difference]:
    """The members in which the identity of a request differs from that of a track; none if they match."""
    rules = match_rules.for_operation(operation)
    asked, recorded = (split_by_rules(operation, each, rules) for each in (identity, track.identity))
    names = differing_members(member_meanings(operation, asked.rest), member_meanings(operation, recorded.rest))
    reasons: dict[str, list[str]] = {name: [] for name in names}
    if asked.places == recorded.places:
        for different in time_differences(asked.times, recorded.instants):
            name, *path = different.names
            reasons.setdefault(name, []).append(f"{'.'.join(path)} {different.reason}".lstrip())
    return [
        _describe_difference(operation, name, identity, track.identity)._replace(rule="; ".join(each))
        for name, each in reasons.items()
    ]


def suggest_rules(operation: Operation, identity: dict[str, Value], track: Track, match_rules: MatchRules) -> list[str]:
    """The lines of `[tool.awstape.match]` under which a request matches a track; none if not only times differ."""
    rules = match_rules.for_operation(operation)

    def rule_of(names: tuple[str, ...], shape: Shape | None) -> TimeRule | None:
        return rules.get(names) or (EQUAL if may_be_time(names[-1], skip_containers(shape)) else None)

    asked, recorded = (split_times(operation, each, rule_of) for each in (identity, track.identity))
    meanings = [member_meanings(operation, each.rest) for each in (asked, recorded)]
    if asked.places != recorded.places or differing_members(*meanings):
        return []
    names = {different.names for different in time_differences(asked.times, recorded.instants)}
    shifts = [(time, time.instant - instant) for time, instant in zip(asked.times, recorded.instants, strict=True)]
    differing = [(time, shift) for time, shift in shifts if time.names in names]
    if not differing or any(time.rule != EQUAL for time, _ in differing):
        return []
    moved = [shift for time, shift in shifts if time.rule.kind != "within"]
    if all(abs(shift - moved[0]) <= TOLERANCE for shift in moved):
        rule = RELATIVE
    else:
        farthest = max(abs(shift) for _, shift in differing)
        rule = next((TimeRule("within", span) for span in _SPANS if farthest <= span), IGNORED)
    return [write_rule(operation, each, rule) for each in dict.fromkeys(time.names for time, _ in differing)]


def suggest_ignored_keys(operation: Operation, identity: dict[str, Value], track: Track) -> list[str]:
    """The lines of `[tool.awstape.match]` that ignore the keys of maps in which a request differs from a track.

    None if it differs in anything else. Only values that programs make anew each time count: UUIDs and times.
    """
    lines: list[str] = []
    for name in differing_members(member_meanings(operation, identity), member_meanings(operation, track.identity)):
        asked, recorded = identity.get(name), track.identity.get(name)
        shape = child_shape(operation.input, name)
        is_map = shape is not None and shape.type == "map"
        if not (is_map and isinstance(asked, dict) and isinstance(recorded, dict) and asked.keys() == recorded.keys()):
            return []
        differing = [key for key, value in asked.items() if value != recorded[key]]
        if not all(_PATH_STEP.fullmatch(key) and _is_made_anew(asked[key]) for key in differing):
            return []
        lines += [write_rule(operation, (name, key), IGNORED) for key in differing]
    return lines


def _is_made_anew(value: Value) -> bool:
    """Whether a value, alone in its structure or not, has the form of a UUID or a time."""
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    return (isinstance(value, str) and re.fullmatch(UUID, value) is not None) or read_instant(value, None) is not None


def spelling_differences(identity: dict[str, Value], track: Track) -> list[Difference]:
    """The members that are spelled otherwise, whatever they mean; none if the identities are equal."""
    names = differing_members(_member_keys(identity), _member_keys(track.identity))
    return [_make_difference(name, _member_text(identity, name), _member_text(track.identity, name)) for name in names]


class NearestTracks:
    """The tracks of one operation, indexed by the meanings of their members."""

    def __init__(self, tracks: Iterable[tuple[Track, Mapping[str, str]]]) -> None:
        self._tracks = list(tracks)
        self._with_value: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        for number, (_, meanings) in enumerate(self._tracks):
            for member in meanings.items():
                self._with_value[member].append(number)
        texts = [identity_key(track.identity) for track, _ in self._tracks]
        self._orders = [_Order(texts), _Order([text[::-1] for text in texts])]

    def find(self, identity: dict[str, Value], meanings: Mapping[str, str]) -> Track | None:
        """The track that is nearest to the identity of a request; None if there are no tracks."""
        from difflib import SequenceMatcher  # not at the top: most replays have no miss

        text = identity_key(identity)
        places = [order.place(each) for order, each in zip(self._orders, (text, text[::-1]), strict=True)]
        candidates = dict.fromkeys(self._candidates(meanings, places))
        counted = [(len(differing_members(meanings, self._tracks[number][1])), number) for number in candidates]
        fewest = min((count for count, _ in counted), default=0)

        def distance(number: int) -> int:
            return min(abs(order.places[number] - place) for order, place in zip(self._orders, places, strict=True))

        close = sorted((number for count, number in counted if count == fewest), key=distance)[:_MOST_COMPARED]
        matcher = SequenceMatcher(None, b=text[:_MOST_CHARACTERS])

        def similarity(number: int) -> float:
            matcher.set_seq1(identity_key(self._tracks[number][0].identity)[:_MOST_CHARACTERS])
            return matcher.ratio()

        found = max(sorted(close), key=similarity, default=None)
        return None if found is None else self._tracks[found][0]

    def _candidates(self, wanted: Mapping[str, str], places: Sequence[int]) -> Iterator[int]:
        """The numbers of tracks to compare by their members, in the order of rule 4; some of them several times."""
        values = [self._with_value[member] for member in wanted.items() if member in self._with_value]
        rarest = sorted(values, key=len)
        yield from islice(chain.from_iterable(rarest), _MOST_RANKED)
        for order, place in zip(self._orders, places, strict=True):
            yield from order.around(place)


class _Order:
    """Texts in sorted order, by their numbers. places: number → place in the order."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._sorted = sorted((text, number) for number, text in enumerate(texts))
        self.places = [0] * len(texts)
        for place, (_, number) in enumerate(self._sorted):
            self.places[number] = place

    def place(self, text: str) -> int:
        """The place at which a text belongs."""
        return bisect_left(self._sorted, (text, 0))

    def around(self, place: int) -> Iterator[int]:
        """The numbers of the texts at both sides of a place."""
        begin = max(0, min(place - _MOST_RANKED // 2, len(self._sorted) - _MOST_RANKED))
        return (number for _, number in self._sorted[begin : begin + _MOST_RANKED])


def _member_keys(identity: dict[str, Value]) -> dict[str, str]:
    """Each member as text, which distinguishes true from 1."""
    return {name: identity_key({name: value}) for name, value in identity.items()}


def _describe_difference(
    operation: Operation, name: str, identity: Mapping[str, Value], recorded: Mapping[str, Value]
) -> Difference:
    shape = child_shape(operation.input, name)
    request, cassette = _member_text(identity, name), _member_text(recorded, name)
    if max(len(request), len(cassette)) > _LONGEST:
        request, cassette = (
            _member_text({name: readable_value(each[name], shape)} if name in each else {}, name)
            for each in (identity, recorded)
        )
    return _make_difference(name, request, cassette)


def _make_difference(name: str, request: str, cassette: str) -> Difference:
    is_long = max(len(request), len(cassette)) > _LONGEST
    begin = max(0, _common_length(request, cassette) - _SHOWN_BEFORE) if is_long else 0
    return Difference(name, _part_from(request, begin), _part_from(cassette, begin))


def _common_length(one: str, other: str) -> int:
    """The number of characters with which both texts begin."""
    pairs = zip(one, other, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _part_from(text: str, begin: int) -> str:
    """The text from a character on, with a mark where something is left out, and its length if it is cut."""
    if text == _NOTHING or (not begin and len(text) <= _LONGEST):
        return text
    part = text[begin : begin + _LONGEST]
    return f"{'…' if begin else ''}{part}{'…' if begin + _LONGEST < len(text) else ''} ({len(text)} characters)"


def _member_text(identity: Mapping[str, Value], name: str) -> str:
    return json.dumps(identity[name], ensure_ascii=False, default=repr) if name in identity else _NOTHING
