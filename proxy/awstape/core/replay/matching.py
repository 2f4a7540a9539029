"""Matching: finds the track that a request belongs to.

1. A track is found by service, operation and identity: first by the identity as the request has it, then by the one
   redacted with the cassette's key, then by its meaning (`core.compare.identity_meaning`).
2. To find a meaning, each string of the request is taken in the first form that the same member of some track has:
   literally, redacted, with the names of free text that the cassette's identities have, as another version of the
   service model would redact it (`_recorded_forms`), or as a text whose aliases stand for what it has in their places
   (`_find_recorded`).
3. Of several tracks with one meaning, one that is equal to the request to the letter is found, else one with all lists
   in the same order. Without such a track any is found if all have the same takes, and otherwise none: what they
   differ in, such as the order of a list, counts here.
4. Only tracks for the partition, the caller and the region of the request are found (`core.replay.callers`), whatever
   their spelling: a track of the request's own region and caller comes before one to the letter of another.
5. Where no track of the caller and region has the meaning of a request, one that matches it by the project's rules is
   found: the nearest in time (`core.replay.ruled_tracks`). The order of lists counts as in 3.
6. By its meaning or by the rules, a request matches a track exactly where
   `core.replay.nearest_track.identity_differences` finds nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property

from awstape.core.aws.call import Call
from awstape.core.aws.model import Models, Operation, Value
from awstape.core.aws.paging import PageRequest
from awstape.core.cassette.cassette import Take, Track, identity_key
from awstape.core.compare.identity_meaning import meaning_key, member_meanings, string_meaning
from awstape.core.compare.match_rules import NO_MATCH_RULES, MatchRules
from awstape.core.redaction.alias_grammar import find_aliases, is_name_alias
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.members.member_kinds import is_free_text_member
from awstape.core.redaction.redactor import Redactor
from awstape.core.redaction.string_walk import StringContext, edit_member_strings
from awstape.core.redaction.text.names_in_text import edit_possible_names, find_aliased_names, has_become
from awstape.core.replay.callers import Callers
from awstape.core.replay.nearest_track import NearestTracks
from awstape.core.replay.ruled_tracks import RuledTracks, split_by_rules
from awstape.core.text.lazy_pattern import lazy_pattern

_SHORT_ORGANIZATION_ID = lazy_pattern(r"[rp]-[a-z0-9]{4,32}")


@dataclass
class _Meanings:
    """The tracks of one operation by the meaning of their identity.

    strings: (member, meaning) of all strings in the identities. texts: member → the free texts in it that have aliases.
    ruled: None without a rule for the operation.
    """

    nearest: NearestTracks
    by_key: defaultdict[str, list[Track]]
    strings: set[tuple[str, str]]
    texts: defaultdict[str, dict[str, None]]
    ruled: RuledTracks | None

    @classmethod
    def of(cls, operation: Operation, tracks: Sequence[Track], match_rules: MatchRules) -> _Meanings:
        by_key: defaultdict[str, list[Track]] = defaultdict(list)
        strings: set[tuple[str, str]] = set()
        texts: defaultdict[str, dict[str, None]] = defaultdict(dict)
        meanings = []

        def note(text: str, context: StringContext) -> str:
            strings.add((context.member, string_meaning(text, context)))
            if is_free_text_member(text, context) and find_aliases(text):
                texts[context.member][text] = None
            return text

        for track in tracks:
            edit_member_strings(track.identity, operation.input, note)
            meanings.append(member_meanings(operation, track.identity))
            by_key[meaning_key(meanings[-1])].append(track)
        ruled = None
        if rules := match_rules.for_operation(operation):
            ruled = RuledTracks(operation, rules, tracks)
            meanings = ruled.meanings
        return cls(NearestTracks(zip(tracks, meanings, strict=True)), by_key, strings, texts, ruled)


class TrackIndex:
    """The tracks of a cassette with their takes, indexed by operation and identity.

    redactor: as in `core.replay.player.Player`. has_key: whether it has the cassette's key, not a throw-away one.
    """

    def __init__(
        self,
        models: Models,
        tracks: Iterable[tuple[Track, tuple[Take, ...]]],
        redactor: Redactor,
        *,
        has_key: bool,
        match_rules: MatchRules = NO_MATCH_RULES,
    ) -> None:
        self.match_rules = match_rules
        self._models = models
        self._redactor = redactor
        self._has_key = has_key
        self.takes = dict(tracks)
        self.callers = Callers(models, self.takes, redactor, has_key=has_key)
        self._of_operation: defaultdict[tuple[str, str], list[Track]] = defaultdict(list)
        self._by_identity: defaultdict[tuple[str, str, str], list[Track]] = defaultdict(list)
        for track in self.takes:
            self._of_operation[track.service, track.operation].append(track)
            service, operation, _, identity = track.request_key
            self._by_identity[service, operation, identity].append(track)
        self._meanings: dict[tuple[str, str], _Meanings] = {}  # made at the first request that needs them

    def find(self, call: Call, page_request: PageRequest, *, is_strict: bool = False) -> Track | None:
        """The track that a call belongs to, None if the cassette has none. is_strict: as in `core.replay.callers`."""
        operation, exact = call.operation, list[Track]()
        for spelled in self._spellings(operation, page_request.identity):
            exact += self._of_identity(operation, spelled)
            if (found := self.callers.choose(exact, call, is_strict=is_strict)) and self.callers.is_of(found[0], call):
                return found[0]
        resolved = self.resolve(operation, page_request.identity)
        exact += self._of_identity(operation, resolved)
        meant = dict.fromkeys([*exact, *self.of_meaning(operation, resolved)])
        ruled = self._of_rules(operation, resolved)
        found = self.callers.choose(list(dict.fromkeys([*meant, *ruled])), call, is_strict=is_strict)
        if len(found) > 1:
            found = [track for track in found if track in meant] or self._ruled_in_order(operation, resolved, found)
        if len(found) > 1 and found[0] in meant:
            found = [track for track in exact if track in found] or self._in_order(operation, resolved, found)
        return found[0] if found else None

    def describe(self, track: Track) -> str:
        """A track as text, with its caller if the cassette has several."""
        return track.describe(with_caller=self.callers.are_several or track.principal is not None)

    def find_nearest(self, operation: Operation, resolved: dict[str, Value]) -> Track | None:
        """The track of an operation that is nearest to a resolved identity; None if the cassette has none."""
        meanings, rest = self._meanings_of(operation), resolved
        if meanings.ruled:
            if near := meanings.ruled.find(resolved, at_any_distance=True):
                return near[0]
            rest = split_by_rules(operation, resolved, self.match_rules.for_operation(operation)).rest
        return meanings.nearest.find(resolved, member_meanings(operation, rest))

    def matching(self, operation: Operation, resolved: dict[str, Value]) -> list[Track]:
        """The tracks that match a resolved identity by its meaning or by the rules, whatever their region, account and
        order of lists."""
        return [*dict.fromkeys([*self.of_meaning(operation, resolved), *self._of_rules(operation, resolved)])]

    def of_meaning(self, operation: Operation, resolved: dict[str, Value]) -> list[Track]:
        """The tracks that mean the same as a resolved identity; they differ in region, account or spelling."""
        return self._meanings_of(operation).by_key.get(meaning_key(member_meanings(operation, resolved)), [])

    def resolve(self, operation: Operation, identity: dict[str, Value]) -> dict[str, Value]:
        """The identity of a request with each string in the form of rule 2, redacted where no track has it."""
        meanings = self._meanings_of(operation)
        known = meanings.strings

        def choose_form(text: str, context: StringContext) -> str:
            if (context.member, string_meaning(text, context)) in known:
                return text
            forms = _recorded_forms(text, context, self._known_names, self._redactor) if self._has_key else ()
            for form in forms:
                if (context.member, string_meaning(form, context)) in known:
                    return form
            recorded = meanings.texts.get(context.member) if self._has_key else None
            found = recorded and _find_recorded(text, context, recorded, self._redactor)
            return found or self._redactor.redact_string(text, context)

        return edit_member_strings(identity, operation.input, choose_form)

    def _spellings(self, operation: Operation, identity: dict[str, Value]) -> Iterator[dict[str, Value]]:
        """The identity as the request has it, then redacted: most requests match one of these."""
        yield identity
        if self._has_key:
            yield self._redactor.redact_identity(operation, identity)

    def _of_identity(self, operation: Operation, identity: dict[str, Value]) -> list[Track]:
        """The tracks with exactly this identity; they differ in region or account."""
        return self._by_identity.get((operation.service.name, operation.name, identity_key(identity)), [])

    def _of_rules(self, operation: Operation, resolved: dict[str, Value]) -> list[Track]:
        """The tracks that match a resolved identity by the rules, the best first."""
        ruled = self._meanings_of(operation).ruled
        return ruled.find(resolved) if ruled else []

    def _ruled_in_order(
        self, operation: Operation, resolved: dict[str, Value], tracks: Sequence[Track]
    ) -> Sequence[Track]:
        """As `_in_order`, of tracks that match by the rules."""
        ruled = self._meanings_of(operation).ruled
        alike = ruled.in_order(resolved, tracks) if ruled else []
        return alike[:1] or self._if_answered_alike(tracks)

    def _in_order(self, operation: Operation, resolved: dict[str, Value], tracks: Sequence[Track]) -> Sequence[Track]:
        """Of tracks with one meaning those with all lists in the same order, else all; none if their takes differ."""
        wanted = member_meanings(operation, resolved, with_order=True)
        alike = [track for track in tracks if member_meanings(operation, track.identity, with_order=True) == wanted]
        return self._if_answered_alike(alike or tracks)

    def _if_answered_alike(self, tracks: Sequence[Track]) -> Sequence[Track]:
        """The tracks if all have the same takes, else none."""
        return tracks if len({tuple(take.fingerprint for take in self.takes[track]) for track in tracks}) == 1 else []

    def _meanings_of(self, operation: Operation) -> _Meanings:
        name = (operation.service.name, operation.name)
        if name not in self._meanings:
            self._meanings[name] = _Meanings.of(operation, self._of_operation.get(name, ()), self.match_rules)
        return self._meanings[name]

    @cached_property
    def _known_names(self) -> set[str]:
        """The aliases of the names in the free text of the cassette's identities."""
        known: set[str] = set()

        def collect_names(text: str, context: StringContext) -> str:
            if is_free_text_member(text, context):
                known.update(find_aliased_names(text))
            return text

        for track in self.takes:
            operation = self._models.operation(track.service, track.operation)
            edit_member_strings(track.identity, operation.input, collect_names)
        return known


# --- strings of a request -------------------------------------------------------------------------------------------


def _recorded_forms(text: str, context: StringContext, known: Set[str], redactor: Redactor) -> Iterator[str]:
    """The forms in which a recording may hold a string of a request, the most likely ones first.

    known: the aliases of the names that the recording recognised in the free text of its identities. Another version of
    the service model has other enums and other marks of what is sensitive: the last forms are the aliases of a
    recording that was made with one.
    """
    aliases = redactor.aliases
    for each in (context, _without_marks(context)):
        yield redactor.redact_string(text, each)
        if known and is_free_text_member(text, each):
            # Before and after redaction: a name may contain an identifier.
            named = _replace_known_names(text, known, aliases)
            yield _replace_known_names(redactor.redact_string(named, each), known, aliases)
    if context.shape and context.shape.type == "string":
        yield aliases.password(text)


def _find_recorded(text: str, context: StringContext, recorded: Iterable[str], redactor: Redactor) -> str | None:
    """The first recorded text that is this one, redacted with what a recording knew in the end; None if none is."""
    live = dict.fromkeys((text, redactor.redact_string(text, context)))
    return next((each for each in recorded if any(has_become(form, each, redactor.aliases) for form in live)), None)


def _replace_known_names(text: str, known: Set[str], aliases: Aliases) -> str:
    """The text with aliases for the names in it whose aliases are known; all other words stay."""

    def replace_name(word: str) -> str:
        if is_name_alias(word):
            return word
        spell = aliases.organization_id if _SHORT_ORGANIZATION_ID.fullmatch(word) else aliases.spell_name
        return next((alias for alias in (aliases.spell_name(word), spell(word)) if alias in known), word)

    return edit_possible_names(text, replace_name)


def _without_marks(context: StringContext) -> StringContext:
    """The context of a string in a service model that has no enum for it and doesn't mark it as sensitive."""
    shape = context.shape
    if shape is None:
        return context
    place = context.place.data("unmarked", replace(shape, enum=(), sensitive=False))
    return StringContext(place, context.path, context.siblings, context.key)
