"""Selectors: select tracks and takes of a cassette by a text.

1. A selector is the number of a track, counted from 1 as in `awstape ls`, or an operation, optionally with members of
   the identity, the region, the account, the principal and the take: `3`, `ListRoles`,
   `ListPolicyVersions PolicyArn=*-dvFVOYXz7zcI take=2`.
2. Operation and values are globs. The operation may be spelled as in the AWS CLI, `list-roles`.
3. A value may be a real value if the key is at hand: it is redacted as in a request.
4. A selector that selects nothing is an error.
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
from awstape.core.text.hidden import Hidden


class SelectorError(ValueError):
    """Raised for a text that is no selector or selects nothing. tip: what to write instead."""

    def __init__(self, problem: str, tip: str) -> None:
        super().__init__(problem)
        self.tip = tip


@dataclass(frozen=True)
class SelectedTrack:
    """A selected track. number: in the cassette. takes: all of the track. numbers: the selected takes, from 1.

    shows_caller: whether the cassette has several callers, so that the caller is shown.
    """

    number: int
    track: Track
    takes: tuple[Take, ...]
    numbers: tuple[int, ...]
    shows_caller: bool = False

    def __str__(self) -> str:
        return self.track.describe(with_caller=self.shows_caller)

    def selected(self) -> Iterator[tuple[int, Take]]:
        """The selected takes with their numbers."""
        return ((number, self.takes[number - 1]) for number in self.numbers)


@dataclass(frozen=True)
class Selector:
    """A parsed selector. number: of a track; the other fields must match the track, members also by alias."""

    number: int | None = None
    operation: str = "*"
    region: str | None = None
    take: int | None = None
    members: tuple[tuple[str, str], ...] = ()
    account: str | None = None
    principal: str | None = None

    @classmethod
    def parse(cls, text: str) -> Selector:
        """Reads a selector. Raises SelectorError."""
        try:
            first, *rest = shlex.split(text) or [""]
        except ValueError:
            raise SelectorError(f"the selector {text!r} has an unclosed quote", _TIP) from None
        is_number = _NUMBER.fullmatch(first) is not None
        if not re.fullmatch(r"[\w*?\[\]-]+", first, re.ASCII) or (first.isdigit() and not is_number):
            raise SelectorError(f"the selector {text!r} does not begin with an operation or a number", _TIP)
        fields: dict[str, str] = {}
        for word in rest:
            name, equals, value = word.partition("=")
            if not equals or name in fields or (name == "take" and not _NUMBER.fullmatch(value)):
                raise SelectorError(f"the selector {text!r} has an unexpected {word!r}", _TIP)
            fields[name] = value
        take, *where = (fields.pop(name, None) for name in ("take", "region", "account", "principal"))
        region, account, principal = where
        return cls(
            int(first) if is_number else None,
            "*" if is_number else first,
            region,
            int(take) if take else None,
            tuple(fields.items()),
            account,
            principal,
        )

    def select_takes(
        self, number: int, track: Track, takes: tuple[Take, ...], values: _ValueRedactor
    ) -> tuple[int, ...]:
        """The selected takes of a track, counted from 1. number: the track's in the cassette."""
        is_selected = (
            self.number in (None, number)
            and fnmatchcase(plain_name(track.operation), plain_name(self.operation))
            and (self.region is None or fnmatchcase(track.region or "", self.region))
            and (self.account is None or values.matches_account(track, self.account))
            and (self.principal is None or values.matches_principal(track, self.principal))
            and all(_matches(track, name, text, values) for name, text in self.members)
        )
        return tuple(n for n in range(1, len(takes) + 1) if is_selected and self.take in (None, n))


@dataclass(frozen=True)
class _ValueRedactor:
    """Redacts the values of selectors as those of requests. redactor: None without the cassette's key."""

    models: Models
    redactor: Redactor | None

    def matches_account(self, track: Track, text: str) -> bool:
        """Whether a text is the account of a track: as a glob, or as a real account id or access key id."""
        redacted = self.redactor.redact_caller(Hidden(text)) if self.redactor else None
        return track.account is not None and (fnmatchcase(track.account, text) or track.account == redacted)

    def matches_principal(self, track: Track, text: str) -> bool:
        """Whether a text is the principal of a track: as a glob, with an alias or a real name."""
        redacted = self.redactor.redact_principal(text) if self.redactor else text
        return any(fnmatchcase(track.principal or "", each) for each in (text, redacted))

    def redact(self, track: Track, name: str, text: str) -> Value:
        if self.redactor is None:
            return text
        operation = self.models.operation(track.service, track.operation)
        return self.redactor.redact_identity(operation, {name: text})[name]


def select(
    models: Models, cassette: Cassette, texts: Iterable[str], redactor: Redactor | None = None
) -> tuple[SelectedTrack, ...]:
    """The tracks and takes that any of the texts selects, in cassette order; all of them if there is no text.

    redactor: with the cassette's key, None without it. Raises SelectorError, also for a text that selects nothing.
    """
    tracks = [(i, track, takes) for i, (track, takes) in enumerate(cassette.tracks(), 1)]
    values = _ValueRedactor(models, redactor)
    found: dict[int, set[int]] = {}
    for text in texts:
        selector = Selector.parse(text)
        numbers = {i: selector.select_takes(i, track, takes, values) for i, track, takes in tracks}
        if not any(numbers.values()):
            raise SelectorError(*_explain_no_match(text, selector, [track for _, track, _ in tracks]))
        for i, chosen in numbers.items():
            found.setdefault(i, set()).update(chosen)
    is_all = not found
    return tuple(
        SelectedTrack(
            i,
            track,
            takes,
            tuple(range(1, len(takes) + 1)) if is_all else tuple(sorted(found[i])),
            len(cassette.callers) > 1,
        )
        for i, track, takes in tracks
        if is_all or found[i]
    )


_NUMBER = re.compile(r"[1-9]\d{0,8}", re.ASCII)
_TIP = (
    "a selector is a number, or OPERATION [MEMBER=GLOB]… [region=GLOB] [account=GLOB] [principal=GLOB] [take=N], "
    "such as 'ListRoles PathPrefix=/a*'"
)


def _matches(track: Track, name: str, text: str, values: _ValueRedactor) -> bool:
    if name not in track.identity:
        return False
    value = track.identity[name]
    recorded = _value_text(value)
    is_same = recorded == text or fnmatchcase(recorded, text)
    return is_same or _value_text(values.redact(track, name, text)) == recorded


def _value_text(value: Value) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)


def _explain_no_match(text: str, selector: Selector, tracks: list[Track]) -> tuple[str, str]:
    """The reason why a selector selects nothing, and a tip."""
    if selector.number is not None and selector.number > len(tracks):
        return f"there is no track {selector.number}", f"the cassette has {len(tracks)}; awstape ls numbers them"
    problem, tip = f"no track matches {text!r}", "awstape ls lists the tracks"
    same = [track for track in tracks if fnmatchcase(plain_name(track.operation), plain_name(selector.operation))]
    if not same:
        return f"{problem}: the cassette has no such operation", _hint(
            selector.operation, (t.operation for t in tracks)
        ) or tip
    members = {name for track in same for name in track.identity}
    for name, _ in selector.members:
        if name not in members:
            return f"{problem}: no identity has a member {name}", _hint(name, members) or tip
    return problem, tip


def _hint(word: str, known: Iterable[str]) -> str:
    return did_you_mean(word, sorted(set(known))).lstrip("; ")
