"""The times in requests: finds them, and compares them by a project's rules (`core.compare.match_rules`).

1. A time is a timestamp of the model in any spelling (`core.aws.timestamps`), or a text or a number whose member or
   shape is named like one: `2026-11-01` in Cost Explorer, milliseconds in CloudWatch Logs. An enum is none.
2. Numbers of at least 10^11 are milliseconds since 1970, smaller ones seconds: both reach from 1973 to the year 5138.
   Numbers below 10^8 are no times, and neither are texts that can't be read as one: they match if they are equal.
3. Two identities match under rules where they mean the same without what the rules speak of, have times in the same
   places, and no time differs by its rule. Times in a list are compared in their order.
4. Relative times may be shifted by one offset. Distances to the first of them may differ by `TOLERANCE`: longer than a
   program needs between two looks at the clock, shorter than the difference of two windows that are meant to differ.
5. Of several matches, that with the most exact distances is the best one, then that which is nearest in time: whose
   farthest time is least far away.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from awstape.core.aws.model import Operation, Shape, Value, child_shape
from awstape.core.aws.timestamps import seconds_of
from awstape.core.text.lazy_pattern import lazy_pattern

TOLERANCE = Decimal(5)
#: Stands for a time that was taken out of an identity.
_TIME = "a time"
_DATE = lazy_pattern(r"\d{4}-\d\d(-\d\d)?", re.ASCII)
_NUMBER = lazy_pattern(r"-?\d+(\.\d+)?", re.ASCII)
_SMALLEST, _MILLISECONDS = Decimal(10**8), Decimal(10**11)
_WORD = lazy_pattern(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_TIME_WORDS = lazy_pattern(
    "(start|end|date)?times?|timestamps?|(start|end)?dates?|datetimes?|instant|epoch|months?|days?|start|end|begin|from|to"
    "|since|until|before|after|expiration|expiry|expires|on|at",
    re.I,
)


class TimeRule(NamedTuple):
    """What a rule says of a member. within: the seconds of the rule `within`."""

    kind: Literal["ignore", "within", "relative", "equal"]
    within: Decimal | None = None


IGNORED, RELATIVE = TimeRule("ignore"), TimeRule("relative")
#: A time without a rule, where the times of an identity are searched.
EQUAL = TimeRule("equal")

Names = tuple[str, ...]
RuleLookup = Callable[[tuple[str, ...], Shape | None], TimeRule | None]
"""(path of a member, its shape) → the rule for it."""


class Time(NamedTuple):
    """A time in an identity. names: the path of its member. instant: in seconds since 1970."""

    names: tuple[str, ...]
    instant: Decimal
    rule: TimeRule


class SplitIdentity(NamedTuple):
    """An identity without what is ignored, and with a mark in the place of each time. times: in the model's order."""

    rest: dict[str, Value]
    times: tuple[Time, ...]

    @property
    def places(self) -> list[tuple[str, ...]]:
        return [time.names for time in self.times]

    @property
    def instants(self) -> tuple[Decimal, ...]:
        return tuple(time.instant for time in self.times)


def split_times(operation: Operation, identity: Mapping[str, Value], rule_of: RuleLookup) -> SplitIdentity:
    """Separates the times of an identity that have a rule from the rest."""
    times: list[Time] = []

    def split(value: Value, shape: Shape | None, path: Names, keyed: Names) -> Value:
        if isinstance(value, list):
            return [split(item, child_shape(shape, 0), path, keyed) for item in value]
        if isinstance(value, dict) and shape is not None and shape.type == "map":
            items = [(key, child_shape(shape, key), (*keyed, key)) for key in sorted(value)]
            kept = [item for item in items if rule_of(item[2], item[1]) != IGNORED]
            return {key: split(value[key], inner, path, below) for key, inner, below in kept}
        if isinstance(value, dict):
            return split_members(value, shape, path, keyed)
        found = _find_rule(rule_of, path, keyed, shape)
        instant = read_instant(value, shape) if found else None
        if found is None or instant is None:
            return value
        times.append(Time(found[0], instant, found[1]))
        return _TIME

    def split_members(members: Mapping[str, Value], shape: Shape | None, path: Names, keyed: Names) -> dict[str, Value]:
        known = shape.members if shape else {}
        rest: dict[str, Value] = {}
        for name in [*(name for name in known if name in members), *sorted(members.keys() - known)]:
            member = child_shape(shape, name)
            found = _find_rule(rule_of, (*path, name), (*keyed, name), member)
            if found is None or found[1] != IGNORED:
                rest[name] = split(members[name], member, (*path, name), (*keyed, name))
        return rest

    return SplitIdentity(split_members(identity, operation.input, (), ()), tuple(times))


def _find_rule(rule_of: RuleLookup, path: Names, keyed: Names, shape: Shape | None) -> tuple[Names, TimeRule] | None:
    """The rule for a member, and its path: without the keys of maps on the way, or with them."""
    found = ((names, rule_of(names, shape)) for names in dict.fromkeys((path, keyed)))
    return next(((names, rule) for names, rule in found if rule is not None), None)


def skip_containers(shape: Shape | None) -> Shape | None:
    """The shape of what lists and maps contain; any other shape itself."""
    while shape is not None and (inner := shape.member or shape.value):
        shape = inner.shape
    return shape


def may_be_time(name: str, shape: Shape | None) -> bool:
    """Whether values of a member may be times. name: of the member. shape: as of `skip_containers`."""
    if shape is None or shape.enum:
        return False
    if shape.type == "timestamp":
        return True
    words = (*_WORD.findall(name), *_WORD.findall(shape.name))
    return shape.type in ("string", "integer", "long", "float", "double") and any(map(_TIME_WORDS.fullmatch, words))


def read_instant(value: Value, shape: Shape | None) -> Decimal | None:
    """The seconds since 1970 that a value means; None for what is no time."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(value)
    if match := _DATE.fullmatch(text):
        return seconds_of(f"{text}{'' if match[1] else '-01'}T00:00:00Z")
    if shape is not None and shape.type == "timestamp":
        return seconds_of(value)
    if not _NUMBER.fullmatch(text):
        return seconds_of(text)
    number = Decimal(text)
    return None if number < _SMALLEST else number if number < _MILLISECONDS else number / 1000


class TimeDifference(NamedTuple):
    """A time of a request that differs from the recorded one by its rule, and how, as text."""

    names: tuple[str, ...]
    reason: str


class Remoteness(NamedTuple):
    """How far the times of a request are from recorded ones, the best first. Rule 5."""

    spread: Decimal
    farthest: Decimal


def remoteness(asked: Sequence[Time], recorded: Sequence[Decimal]) -> Remoteness:
    """How far the times of a request are from those of a track in the same places."""
    then = distances([time._replace(instant=instant) for time, instant in zip(asked, recorded, strict=True)])
    shifts = (abs(time.instant - instant) for time, instant in zip(asked, recorded, strict=True))
    return Remoteness(spread(distances(asked), then), max(shifts, default=Decimal(0)))


def distances(times: Sequence[Time]) -> tuple[Decimal, ...]:
    """The distances of the relative times to the first of them."""
    relative = [time.instant for time in times if time.rule.kind == "relative"]
    return tuple(instant - relative[0] for instant in relative)


def spread(asked: Sequence[Decimal], recorded: Sequence[Decimal]) -> Decimal:
    """By how much distances differ at most."""
    return max((abs(one - other) for one, other in zip(asked, recorded, strict=True)), default=Decimal(0))


def time_differences(asked: Sequence[Time], recorded: Sequence[Decimal]) -> list[TimeDifference]:
    """The times of a request that differ by their rules from those of a track in the same places; none if all match."""
    found: list[TimeDifference] = []
    first: tuple[Time, Decimal] | None = None
    for time, instant in zip(asked, recorded, strict=True):
        shift, rule = time.instant - instant, time.rule
        if rule.kind == "relative":
            first = first or (time, instant)
            if abs(shift - (first[0].instant - first[1])) > TOLERANCE:
                name, here, there = ".".join(first[0].names), time.instant - first[0].instant, instant - first[1]
                reason = f"{_describe(here)} from {name}, in the cassette {_describe(there)}"
                found.append(TimeDifference(time.names, reason))
        elif abs(shift) > (rule.within or 0):
            limit = f", at most {_describe(rule.within)} match" if rule.within else ""
            found.append(TimeDifference(time.names, f"{_describe(abs(shift))} apart{limit}"))
    return found


def _describe(seconds: Decimal) -> str:
    """A duration for people, such as `-7d 1h`: its two largest units."""
    left, parts = abs(seconds), list[str]()
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        count, left = divmod(left, size)
        parts += [f"{count}{unit}"] if count else []
    if left or not parts:
        parts.append(f"{left.normalize():f}s")
    return ("-" if seconds < 0 else "") + " ".join(parts[:2])
