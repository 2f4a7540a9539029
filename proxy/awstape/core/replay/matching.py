"""Matching: finds the track that a request belongs to, and the differences from a track that it does not belong to.

1. A track is found by service, operation and identity. The identity is compared first as the request has it, then
   redacted with the cassette's key, then redacted with words of free text replaced by the names in the cassette's
   identities that they may be.
2. The region counts only where the cassette holds the same track for several regions.
3. A request matches a track exactly where `identity_differences` finds nothing.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from awstape.core.aws.call import Call
from awstape.core.aws.model import Models, Operation, Value
from awstape.core.aws.paging import PageRequest
from awstape.core.cassette.cassette import Take, Track, identity_key
from awstape.core.redaction.alias_grammar import find_name_aliases
from awstape.core.redaction.member_kinds import is_free_text_member
from awstape.core.redaction.redactor import Redactor
from awstape.core.redaction.string_walk import StringContext, edit_member_strings
from awstape.core.text.encoded_text import decoded_variants

_ABSENT = object()
_LONGEST = 160
_MOST_COMPARED = 100  # one comparison of texts takes about 0.1 ms


class TrackIndex:
    """The tracks of a cassette with their takes, indexed by operation and identity.

    redactor: as in `core.replay.player.Player`. has_key: whether it has the cassette's key, not a throw-away one.
    """

    def __init__(
        self, models: Models, tracks: Iterable[tuple[Track, tuple[Take, ...]]], redactor: Redactor, *, has_key: bool
    ) -> None:
        self._redactor = redactor
        self._has_key = has_key
        self.takes = dict(tracks)
        self._of_operation: defaultdict[tuple[str, str], list[Track]] = defaultdict(list)
        self._by_identity: defaultdict[tuple[str, str, str], list[Track]] = defaultdict(list)
        for track in self.takes:
            self._of_operation[track.service, track.operation].append(track)
            self._by_identity[track.service, track.operation, identity_key(track.identity)].append(track)
        self._known_names = self._names_in_identities(models) if has_key else {}
        self._by_names: defaultdict[tuple[str, str, str], list[Track]] = defaultdict(list)
        for track in self.takes if self._known_names else ():
            operation = models.operation(track.service, track.operation)
            identity = redactor.normalize_identity(operation, track.identity, self._known_names)
            self._by_names[track.service, track.operation, identity_key(identity)].append(track)

    def find(self, call: Call, page_request: PageRequest) -> Track | None:
        """The track that a call belongs to, None if the cassette has none."""
        for found in self._candidates(call.operation, page_request.identity):
            if len(found) > 1:
                found = [track for track in found if track.region == call.region]
            if found:
                return found[0]
        return None

    def of_operation(self, operation: Operation) -> list[Track]:
        """The tracks of an operation, in cassette order."""
        return self._of_operation.get((operation.service.name, operation.name), [])

    def _candidates(self, operation: Operation, identity: dict[str, Value]) -> Iterator[list[Track]]:
        """The tracks of an identity, by each of the three ways of rule 1; tracks of one list differ in the region."""
        service = operation.service.name
        yield self._by_identity.get((service, operation.name, identity_key(identity)), [])
        if self._has_key:
            redacted = self._redactor.redact_identity(operation, identity)
            yield self._by_identity.get((service, operation.name, identity_key(redacted)), [])
        if self._known_names:
            normalized = self._redactor.normalize_identity(operation, identity, self._known_names)
            yield self._by_names.get((service, operation.name, identity_key(normalized)), [])

    def _names_in_identities(self, models: Models) -> dict[str, str]:
        """Ending of an alias → alias, for the names in the free text of the cassette's identities."""
        known: dict[str, str] = {}

        def collect_names(text: str, context: StringContext) -> str:
            for plain in decoded_variants(text) if is_free_text_member(text, context) else ():
                known.update(find_name_aliases(plain))
            return text

        for track in self.takes:
            edit_member_strings(track.identity, models.operation(track.service, track.operation).input, collect_names)
        return known


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
    names = [*identity, *(name for name in track.identity if name not in identity)]
    return [
        Difference(name, _value_text(identity.get(name, _ABSENT)), _value_text(track.identity.get(name, _ABSENT)))
        for name in names
        if _member_key(identity, name) != _member_key(track.identity, name)
    ]


def _member_key(identity: dict[str, Value], name: str) -> str:
    """A member as text, empty if it is not there; the text distinguishes true from 1."""
    return identity_key({name: identity[name]}) if name in identity else ""


def nearest_track(identity: dict[str, Value], tracks: Iterable[Track]) -> Track | None:
    """The track that differs in the fewest members, of several the one with the most similar text, then the first."""
    ranked = [(len(identity_differences(identity, track)), track) for track in tracks]
    fewest = min((count for count, _ in ranked), default=0)
    close = [track for count, track in ranked if count == fewest][:_MOST_COMPARED]
    wanted = identity_key(identity)
    return max(
        close, key=lambda track: SequenceMatcher(None, wanted, identity_key(track.identity)).ratio(), default=None
    )


def _value_text(value: object) -> str:
    if value is _ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"
