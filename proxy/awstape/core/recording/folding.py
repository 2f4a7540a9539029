"""Folding: captures in, in their order, a redacted cassette out.

1. Captures are chained into takes (`core.recording.traversals`), those of each principal apart. A write in several
   spellings is one track (`core.compare.identity_meaning`), also with the old cassette. Where the principal does not
   matter (`core.compare.principal_names`), the track has none in the end.
2. Names seen anywhere are replaced in free text everywhere, takes equal to their predecessor are dropped, and tokens
   are named by position.
3. Then everything recorded is searched for real values. A take that has one is set aside (`core.recording.set_aside`).
   Values in requests that are not recorded, and in takes that are set aside already, are real values, too.
4. What is left is merged with the old cassette. A write of unknown outcome that was not answered later has failed.
5. The memory that this takes is that of the cassettes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

from awstape.core.aws.access_keys import Principals
from awstape.core.aws.model import Models
from awstape.core.aws.paging import count_items
from awstape.core.cassette.cassette import Cassette, Take, Track
from awstape.core.cassette.takes import find_track, is_complete, merge_recorded, normalise_cassette, rename_tracks
from awstape.core.compare.identity_meaning import WriteSpellings
from awstape.core.compare.principal_names import name_principals
from awstape.core.recording.capture import Capture
from awstape.core.recording.later_takes import follow_old_takes, spell_as_before
from awstape.core.recording.retries import FailedRequests, find_unknown_outcome, settled_reason
from awstape.core.recording.set_aside import SetAside, set_aside_leaks
from awstape.core.recording.summary import Recording, SkippedExchanges
from awstape.core.recording.traversals.chaining import Traversals
from awstape.core.recording.traversals.resumed_listings import join_take
from awstape.core.recording.traversals.take_order import takes_in_order
from awstape.core.redaction.leak_search import find_seen_values
from awstape.core.redaction.redactor import Redactor

_Fact = TypeVar("_Fact")


class _NamedTracks(NamedTuple):
    """The old cassette and the recorded takes, with their tracks as the merged cassette has them.

    failed: the tracks in which a request was not answered.
    later: the tracks of which the recorded takes follow the old ones.
    """

    old: Cassette
    recorded: Cassette
    failed: set[Track]
    later: set[Track]


class Folding:
    """Folds the captures of a recording: add each, then finish.

    redactor: it knows the values in requests that are not recorded.
    skipped: where captures are counted that are in no take.
    principals: by the digests of access key ids.
    """

    def __init__(self, models: Models, redactor: Redactor, skipped: SkippedExchanges, principals: Principals) -> None:
        self._models = models
        self._principals = principals
        self._redactor = redactor
        self._skipped = skipped
        self._spellings = WriteSpellings(models)
        self._traversals = Traversals()
        self._unknown = defaultdict[tuple[Track, int | None], list[str]](list)
        """Track of a write and number of its take → why its outcome is unknown, for each time that it was sent."""
        self._continued: dict[Track, str] = {}
        """Track → place of its first page that continues a listing, where places are known."""

    def add(self, capture: Capture, place: str = "") -> None:
        """Adds a capture. place: where its exchange was found."""
        operation = self._models.operation(capture.track.service, capture.track.operation)
        track, hole = self._spellings.find_first(self._with_principal(capture)), capture.page.hole
        added = self._traversals.add(operation, replace(capture, track=track))
        write = track, added and added.write
        if place and capture.token is not None:
            self._continued.setdefault(track, place)
        if hole is None:
            self._skipped.add(settled_reason(operation), place, len(self._unknown.pop(write, ())))
        elif problem := find_unknown_outcome(hole):
            self._unknown[write].append(problem)
        else:
            where = f"page {added.page}: " if added and operation.paging else ""
            self._skipped.add(f"{operation.name}: {where}{hole}", place)

    def _with_principal(self, capture: Capture) -> Track:
        principal = self._principals.find(capture.caller)
        return replace(capture.track, principal=principal) if principal else capture.track

    def finish(
        self, old: Cassette, waiting: Sequence[SetAside], failed: FailedRequests, notes: Iterable[str]
    ) -> Recording:
        """The recording, merged into the old cassette.

        waiting: the takes of that which are set aside. failed: the requests without a capture. notes: on responses.
        """
        tracks = self._name_tracks(old, failed)
        cassette, aside = self._set_aside(tracks.recorded, waiting)
        left, merged = self._merge(tracks, cassette)
        made = _find_made_tracks(cassette, merged)
        aside = tuple(each for each in aside if each.hole is None or each.track in made | tracks.later)
        every_note = {*notes, *self._note_takes(cassette), *self._note_old(tracks.old)}
        every_note |= {*_find_lost_stories(left, tracks.recorded, made)}
        unknown = Counter(problem for problems in self._unknown.values() for problem in problems)
        return Recording(
            tracks=len({take.track for take in cassette.takes}),
            pages=sum(len(take.pages) for take in cassette.takes),
            items=self._count_items(cassette),
            redacted=self._redactor.count_by_kind() if cassette.takes or aside else {},
            skipped=self._with_aliases(self._skipped.numbers),
            notes=self._describe(every_note),
            set_aside=aside,
            failed=dict(failed.count_by_reason() + unknown),
            first_places=self._with_aliases(self._skipped.first_places),
            old_tracks=len({take.track for take in left.takes} - {take.track for take in tracks.recorded.takes}),
            cassette=cassette,
            merged=merged,
            made=made,
        )

    # --- the takes ----------------------------------------------------------------------------------------------------

    def _name_tracks(self, old: Cassette, failed: FailedRequests) -> _NamedTracks:
        """The recorded takes and the old cassette with their tracks as the merged cassette has them (rules 1 and 2)."""
        recorded, old, without = self._build_cassettes(old)
        spellings = WriteSpellings(self._models)
        old, recorded = spellings.respell(old), spellings.respell(recorded)
        failed_tracks, later = (
            {spellings.find_first(without.get(track, track)) for track in self._with_known_names(tracks)}
            for tracks in (failed.tracks, self._traversals.later_tracks())
        )
        failed_tracks |= {track for track, _ in recorded.tracks() if replace(track, principal=None) in failed_tracks}
        recorded, later = spell_as_before(self._models, old, recorded, later)
        return _NamedTracks(old, recorded, failed_tracks, later)

    def _set_aside(self, recorded: Cassette, waiting: Sequence[SetAside]) -> tuple[Cassette, tuple[SetAside, ...]]:
        """The recorded takes with holes in the place of real values, and the takes that have them (rule 3)."""
        cassette, aside = set_aside_leaks(self._models, recorded, self._redactor, waiting)
        return replace(cassette, apart=self._redactor.apart), aside

    def _merge(self, tracks: _NamedTracks, cassette: Cassette) -> tuple[Cassette, Cassette]:
        """What is left of the old cassette, and that with the takes of `cassette` merged into it (rule 4)."""
        left, joined = follow_old_takes(self._models, tracks.old, cassette, tracks.later)
        merged = merge_recorded(self._models, left, joined, tracks.recorded, tracks.failed)
        return left, replace(normalise_cassette(self._models, merged, cassette.keys), apart=self._redactor.apart)

    def _build_cassettes(self, old: Cassette) -> tuple[Cassette, Cassette, dict[Track, Track]]:
        """The recorded takes, normalised, and the old cassette, both with all known names replaced.

        Returns as well the tracks that have their principal no more, with those in their place.
        """
        # If all values that redaction replaces came as aliases, another key made them: the header does not name ours.
        is_ours = bool(self._redactor.count_by_kind()) or not self._redactor.count_existing_aliases()
        keys = [self._redactor.key_fingerprint] if is_ours else []
        old = self._redactor.redact_cassette(self._models, old)
        known = self._redactor.find_names(self._models, old)
        recorded, resumed = (
            self._redactor.replace_known_names(self._models, Cassette.of(takes), known)
            for takes in (takes_in_order(self._traversals), self._traversals.resumed_takes())
        )
        old = self._redactor.replace_known_names(self._models, old)
        old = replace(old, keys=old.keys or frozenset(keys))
        tracks = (take.track for take in recorded.takes + resumed.takes)
        without, named = name_principals(self._models, old, tracks, self._principals)
        recorded, resumed = (rename_tracks(each, without) for each in (recorded, resumed))
        old = rename_tracks(old, named)
        recorded = normalise_cassette(self._models, recorded, keys, of_one_recording=True)
        return self._join_resumed(recorded, resumed, old), old, without

    def _join_resumed(self, recorded: Cassette, resumed: Cassette, old: Cassette) -> Cassette:
        """The recorded takes with the resumed ones joined, in tracks that were not recorded anew to those of `old`."""
        if not resumed.takes:
            return recorded
        takes = {track: list(group) for track, group in recorded.tracks()}
        old_takes = dict(old.tracks())
        for track, group in resumed.tracks():
            operation = self._models.operation(track.service, track.operation)
            for take in group:
                before = old_takes.get(find_track(old_takes, track) or track, ())
                there = takes.get(track) or [replace(each, track=track, faults=()) for each in before]
                if joined := join_take(operation, there, take.pages):
                    takes[track] = joined
                else:
                    reason = f"{track.operation}: continues a listing whose first page was not recorded"
                    self._skipped.add(reason, self._continued.get(track, ""), len(take.pages))
        every = Cassette.of((take for group in takes.values() for take in group), recorded.keys)
        return normalise_cassette(self._models, every, recorded.keys)

    def _with_known_names(self, tracks: Iterable[Track]) -> set[Track]:
        """Tracks as the recording names them."""
        named = Cassette.of(Take(track, ()) for track in tracks)
        return {track for track, _ in self._redactor.replace_known_names(self._models, named).tracks()}

    # --- what there is to say about them ------------------------------------------------------------------------------

    def _count_items(self, cassette: Cassette) -> int:
        return sum(
            count_items(self._models.operation(track.service, track.operation), page.answer.output)
            for track, takes in cassette.tracks()
            for take in takes
            for page in take.pages
        )

    def _note_takes(self, cassette: Cassette) -> Iterator[str]:
        """Lines on listings that were not read to their end, and on members that the service model does not know."""
        for take in cassette.takes:
            operation = self._models.operation(take.track.service, take.track.operation)
            if take.hole is None and not is_complete(operation, take):
                yield f"{operation.name}: a listing was not read to its end"
            # As the cassette has them: a name that AWS made of data is redacted there.
            for path in (path for page in take.pages for path in page.answer.unmodelled):
                yield f"{operation.name}: the service model has no member {path}; it is recorded, redacted"

    def _note_old(self, old: Cassette) -> Iterator[str]:
        """Lines on real values of this recording that the old cassette holds."""
        for leak in find_seen_values(self._models, old, self._redactor):
            yield f"{leak}: was in the cassette before"

    def _describe(self, notes: Iterable[str]) -> tuple[str, ...]:
        """The notes, each once, as they are shown."""
        return tuple(sorted(set(map(self._redactor.redact_accounts, notes))))

    def _with_aliases(self, by_reason: Mapping[str, _Fact]) -> dict[str, _Fact]:
        """The facts by reason, with aliases for the account ids in the reasons."""
        return {self._redactor.redact_accounts(reason): fact for reason, fact in by_reason.items()}


def _find_made_tracks(cassette: Cassette, merged: Cassette) -> frozenset[Track]:
    """The tracks of a recording that are in the merged cassette."""
    in_merged = dict(merged.tracks())
    return frozenset(track for track, takes in cassette.tracks() if _have_equal_pages(takes, in_merged.get(track, ())))


def _have_equal_pages(takes: Iterable[Take], others: Iterable[Take]) -> bool:
    return [take.pages for take in takes] == [take.pages for take in others]


def _find_lost_stories(old: Cassette, recorded: Cassette, made: Container[Track]) -> Iterator[str]:
    """Lines on tracks whose old takes came after writes that this recording did not send, and are replaced."""
    sent = {track for track, _ in recorded.tracks()}
    for take in old.takes:
        if take.track in made and take.after and take.after.track not in sent:
            lost = f"{take.track.operation}: its answer after {take.after.track.operation} was replaced"
            yield f"{lost}; this recording sent no such write, so replay gives the new answer before and after it"
