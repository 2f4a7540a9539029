"""Selectors: which tracks of a cassette somebody means.

1. A selector is the number of a track, counted from 1 as `awstape ls` does, or an operation with, if need be, members
   of the identity, the region and the take: `3`, `ListRoles`, `ListPolicyVersions PolicyArn=*-mdd2mdbui7sb take=2`.
2. Operation and values are globs. The operation may be spelled as in the AWS CLI, `list-roles`.
3. A value may be a real one where the key is at hand: it is redacted as a request is.
4. A selector that finds nothing is an error, for what it was meant for would not happen.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from awstape.core.aws.conform import did_you_mean
from awstape.core.aws.model import Models, Value, plain_name
from awstape.core.cassette.cassette import Cassette, Take, Track
from awstape.core.redaction.redactor import Redactor


class SelectorError(ValueError):
    """A text that selects nothing; `tip` says what would."""

    def __init__(self, problem: str, tip: str) -> None:
        super().__init__(problem)
        self.tip = tip


@dataclass(frozen=True)
class Chosen:
    """A track that was selected: its number in the cassette, its takes, and of these, counted from 1, the selected."""

    number: int
    track: Track
    takes: tuple[Take, ...]
    numbers: tuple[int, ...]

    def selected(self) -> Iterator[tuple[int, Take]]:
        """The selected takes with their numbers."""
        return ((number, self.takes[number - 1]) for number in self.numbers)


@dataclass(frozen=True)
class Selector:
    """What a text selects: a track by number, or those of an operation that fit."""

    number: int | None = None
    operation: str = "*"
    region: str | None = None
    take: int | None = None
    members: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Selector:
        """Raises SelectorError for a text that is no selector."""
        try:
            first, *rest = shlex.split(text) or [""]
        except ValueError:
            raise SelectorError(f"the selector {text!r} has a quote without end", _TIP) from None
        is_number = _NUMBER.fullmatch(first) is not None
        if not re.fullmatch(r"[\w*?\[\]-]+", first, re.ASCII) or (first.isdigit() and not is_number):
            raise SelectorError(f"the selector {text!r} begins with no operation and no number", _TIP)
        fields: dict[str, str] = {}
        for word in rest:
            name, equals, value = word.partition("=")
            if not equals or name in fields or (name == "take" and not _NUMBER.fullmatch(value)):
                raise SelectorError(f"the selector {text!r} has a {word!r} that can't be there", _TIP)
            fields[name] = value
        take, region = fields.pop("take", None), fields.pop("region", None)
        return cls(
            int(first) if is_number else None,
            "*" if is_number else first,
            region,
            int(take) if take else None,
            tuple(fields.items()),
        )

    def numbers(self, number: int, track: Track, takes: tuple[Take, ...], asked: Asked) -> tuple[int, ...]:
        """The takes of a track that it selects, counted from 1. asked: what a value is in an identity under the key."""
        is_it = (
            self.number in (None, number)
            and fnmatchcase(plain_name(track.operation), plain_name(self.operation))
            and (self.region is None or fnmatchcase(track.region or "", self.region))
            and all(_fits(track, name, text, asked) for name, text in self.members)
        )
        return tuple(n for n in range(1, len(takes) + 1) if is_it and self.take in (None, n))


@dataclass(frozen=True)
class Asked:
    """Redacts what somebody says of an identity as it redacts requests; without a key it says nothing."""

    models: Models
    redactor: Redactor | None

    def alias(self, track: Track, name: str, text: str) -> Value:
        if self.redactor is None:
            return text
        operation = self.models.operation(track.service, track.operation)
        return self.redactor.redact_identity(operation, {name: text})[name]


def select(
    models: Models, cassette: Cassette, texts: Iterable[str], redactor: Redactor | None = None
) -> tuple[Chosen, ...]:
    """The tracks and takes that any of the texts selects, in cassette order; all of them if there is no text.

    redactor: under the cassette's key, if that is at hand. Raises SelectorError, also for one that finds nothing.
    """
    tracks = [(i, track, takes) for i, (track, takes) in enumerate(cassette.tracks(), 1)]
    asked = Asked(models, redactor)
    found: dict[int, set[int]] = {}
    for text in texts:
        selector = Selector.parse(text)
        numbers = {i: selector.numbers(i, track, takes, asked) for i, track, takes in tracks}
        if not any(numbers.values()):
            raise SelectorError(*_nothing(text, selector, [track for _, track, _ in tracks]))
        for i, chosen in numbers.items():
            found.setdefault(i, set()).update(chosen)
    every = not found
    return tuple(
        Chosen(i, track, takes, tuple(range(1, len(takes) + 1)) if every else tuple(sorted(found[i])))
        for i, track, takes in tracks
        if every or found[i]
    )


_NUMBER = re.compile(r"[1-9]\d{0,8}", re.ASCII)
_TIP = "it is a number, or OPERATION [MEMBER=GLOB]… [region=GLOB] [take=N], as 'ListRoles PathPrefix=/a*'"


def _fits(track: Track, name: str, text: str, asked: Asked) -> bool:
    if name not in track.identity:
        return False
    value = track.identity[name]
    said = _said(value)
    return said == text or fnmatchcase(said, text) or _said(asked.alias(track, name, text)) == said


def _said(value: Value) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)


def _nothing(text: str, selector: Selector, tracks: list[Track]) -> tuple[str, str]:
    """Why a selector finds nothing, and what to do."""
    if selector.number is not None and selector.number > len(tracks):
        return f"there is no track {selector.number}", f"the cassette has {len(tracks)}; awstape ls numbers them"
    problem, tip = f"no track is selected by {text!r}", "awstape ls lists the tracks"
    same = [track for track in tracks if fnmatchcase(plain_name(track.operation), plain_name(selector.operation))]
    if not same:
        return f"{problem}: none is of this operation", _hint(selector.operation, (t.operation for t in tracks)) or tip
    members = {name for track in same for name in track.identity}
    for name, _ in selector.members:
        if name not in members:
            return f"{problem}: no identity has {name}", _hint(name, members) or tip
    return problem, tip


def _hint(word: str, known: Iterable[str]) -> str:
    return did_you_mean(word, sorted(set(known))).lstrip("; ")
