"""Matching: finds the track that a request belongs to.

1. A track is found by service, operation and identity. The identity is compared first as the request has it, then
   redacted with the cassette's key, then redacted with words of free text replaced by the names in the cassette's
   identities that they may be.
2. The region counts only where the cassette holds the same track for several regions.
3. A request matches a track exactly where `core.replay.nearest_track.identity_differences` finds nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from awstape.core.aws.call import Call
from awstape.core.aws.model import Models, Operation, Value
from awstape.core.aws.paging import PageRequest
from awstape.core.cassette.cassette import Take, Track, identity_key
from awstape.core.redaction.alias_grammar import find_name_aliases
from awstape.core.redaction.member_kinds import is_free_text_member
from awstape.core.redaction.redactor import Redactor
from awstape.core.redaction.string_walk import StringContext, edit_member_strings
from awstape.core.replay.nearest_track import NearestTracks
from awstape.core.text.encoded_text import decoded_variants


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
        self._nearest: dict[tuple[str, str], NearestTracks] = {}  # made at the first miss of the operation
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

    def find_nearest(self, operation: Operation, identity: dict[str, Value]) -> Track | None:
        """The track of an operation that is nearest to a redacted identity; None if the cassette has none."""
        name = (operation.service.name, operation.name)
        if name not in self._nearest:
            self._nearest[name] = NearestTracks(self._of_operation.get(name, ()))
        return self._nearest[name].find(identity)

    def in_all_regions(self, operation: Operation, identity: dict[str, Value]) -> list[Track]:
        """The tracks with a redacted identity; they differ in the region."""
        return self._by_identity.get((operation.service.name, operation.name, identity_key(identity)), [])

    def _candidates(self, operation: Operation, identity: dict[str, Value]) -> Iterator[list[Track]]:
        """The tracks of an identity, by each of the three ways of rule 1; tracks of one list differ in the region."""
        yield self.in_all_regions(operation, identity)
        if self._has_key:
            yield self.in_all_regions(operation, self._redactor.redact_identity(operation, identity))
        if self._known_names:
            normalized = self._redactor.normalize_identity(operation, identity, self._known_names)
            yield self._by_names.get((operation.service.name, operation.name, identity_key(normalized)), [])

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
