"""Matching: which track a request belongs to; explain, then decide.

1. A track is found by service, operation and identity: as the request has it, or redacted under the key; there, words
   of free text that may be names of the cassette's identities are taken for them.
2. The region counts only where the cassette holds the same track for several.
3. A request matches a track exactly where `differences` finds nothing.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from awstape.core.aws.model import Models, Operation, Value
from awstape.core.aws.operation import Call
from awstape.core.aws.paging import Ask
from awstape.core.cassette.cassette import Take, Track, identity_key
from awstape.core.redaction.alias_grammar import find_name_aliases
from awstape.core.redaction.member_kinds import Place, edit_members, is_for_free_text
from awstape.core.redaction.redactor import Redactor
from awstape.core.text.encoded_text import variants

_ABSENT = object()
_LONGEST = 160
_COMPARED = 100  # looking alike costs about 0.1 ms a track


class Tracks:
    """The tracks of a cassette with their takes, to be found by what a request asks.

    redactor: as in `core.replay.player.Player`. has_key: whether it has the cassette's key, or a throw-away one.
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
        self._known = self._names_in_identities(models) if has_key else {}
        self._by_names: defaultdict[tuple[str, str, str], list[Track]] = defaultdict(list)
        for track in self.takes if self._known else ():
            operation = models.operation(track.service, track.operation)
            identity = redactor.identity_among(operation, track.identity, self._known)
            self._by_names[track.service, track.operation, identity_key(identity)].append(track)

    def find(self, call: Call, asked: Ask) -> Track | None:
        """The track that a call belongs to."""
        for found in self._found(call.operation, asked.identity):
            if len(found) > 1:
                found = [track for track in found if track.region == call.region]
            if found:
                return found[0]
        return None

    def of(self, operation: Operation) -> list[Track]:
        """The tracks of an operation."""
        return self._of_operation.get((operation.service.name, operation.name), [])

    def _found(self, operation: Operation, identity: dict[str, Value]) -> Iterator[list[Track]]:
        """The tracks of an identity: as it is, under the key, and with words taken for the names that they may be."""
        service = operation.service.name
        yield self._by_identity.get((service, operation.name, identity_key(identity)), [])
        if self._has_key:
            redacted = self._redactor.identity(operation, identity)
            yield self._by_identity.get((service, operation.name, identity_key(redacted)), [])
        if self._known:
            among = self._redactor.identity_among(operation, identity, self._known)
            yield self._by_names.get((service, operation.name, identity_key(among)), [])

    def _names_in_identities(self, models: Models) -> dict[str, str]:
        """Ending → alias, of the names in free text of identities, which a word of a request may be."""
        known: dict[str, str] = {}

        def note(text: str, place: Place) -> str:
            for plain in variants(text) if is_for_free_text(text, place) else ():
                known.update(find_name_aliases(plain))
            return text

        for track in self.takes:
            edit_members(track.identity, models.operation(track.service, track.operation).input, note)
        return known


@dataclass(frozen=True)
class Difference:
    """A member in which a request differs from a track; a side that lacks it says `nothing`."""

    member: str
    request: str
    cassette: str

    def __str__(self) -> str:
        return f"{self.member}: request has {self.request} / cassette has {self.cassette}"


def differences(identity: dict[str, Value], track: Track) -> list[Difference]:
    """Member by member, what keeps a request with this identity from being one of the track."""
    names = [*identity, *(name for name in track.identity if name not in identity)]
    return [
        Difference(name, _shown(identity.get(name, _ABSENT)), _shown(track.identity.get(name, _ABSENT)))
        for name in names
        if _part(identity, name) != _part(track.identity, name)
    ]


def _part(identity: dict[str, Value], name: str) -> str:
    """A member as text, if it is there: what the keys of tracks are made of, where true is not 1."""
    return identity_key({name: identity[name]}) if name in identity else ""


def nearest(identity: dict[str, Value], tracks: Iterable[Track]) -> Track | None:
    """The track that differs in the fewest members and of these looks most alike, the first of several."""
    ranked = [(len(differences(identity, track)), track) for track in tracks]
    fewest = min((count for count, _ in ranked), default=0)
    close = [track for count, track in ranked if count == fewest][:_COMPARED]
    wanted = identity_key(identity)
    return max(
        close, key=lambda track: SequenceMatcher(None, wanted, identity_key(track.identity)).ratio(), default=None
    )


def _shown(value: object) -> str:
    if value is _ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"
