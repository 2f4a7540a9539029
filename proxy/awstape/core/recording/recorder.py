"""`Recorder`: exchanges in, in the order of the traffic, a `Cassette` out.

1. Only calls of recorded services are recorded; of these only the selected operations, and writes only on request. What
   is left out is counted with its reason.
2. A request that failed for a reason that is not AWS's data (`core.aws.error_codes`), or got no response, is counted.
   It is no page: it neither ends a take nor replaces a track of the old cassette. A write that may have taken effect
   all the same is recorded as a hole: what is read after it comes after it.
3. Exchanges are decoded and redacted as they come (`core.recording.capture`) and chained into takes
   (`core.recording.traversals`).
4. A write in several spellings is one track (`core.compare.identity_meaning`), also with the old cassette.
5. At the end, names seen anywhere are replaced in free text everywhere, takes equal to their predecessor are dropped,
   and tokens are named by position.
6. Then everything recorded is searched for real values. A take that has one is set aside
   (`core.recording.set_aside`). Values in requests that are left out, or that the cassette answered, and in takes
   that are set aside already, are real values, too.
7. Where a cassette answers requests (`new_episodes`), it is stale once a write was sent upstream, whoever sent it and
   whatever became of it. Takes recorded later follow those of the cassette (`core.recording.later_takes`).
8. `feed` returns the capture of an exchange; a recorder that `restore`s the same captures in the same order is in the
   same state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from awstape.core.aws.call import Call
from awstape.core.aws.error_codes import NO_RESPONSE, client_problem, may_have_taken_effect
from awstape.core.aws.model import Models, Operation
from awstape.core.aws.paging import count_items, split_input
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.wire import Request, Response, WireError
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.core.cassette.takes import is_complete, merge_cassettes, normalise_cassette
from awstape.core.compare.identity_meaning import WriteSpellings
from awstape.core.recording.capture import Capture, Capturer
from awstape.core.recording.later_takes import follow_old_takes, spell_as_before
from awstape.core.recording.lossless import Parse
from awstape.core.recording.resumed_listings import join_take
from awstape.core.recording.retries import FailedRequests
from awstape.core.recording.set_aside import SetAside, set_aside_leaks
from awstape.core.recording.traversals import Traversals
from awstape.core.redaction.redactor import Redactor


@dataclass(frozen=True)
class Recording:
    """The result of a recording.

    cassette: the recorded tracks. merged: the recorded tracks and those of the old cassette that stay. set_aside: the
    takes that are in neither, since they hold real values. made: the tracks of the merged cassette that are of this
    recording. items: how many items the recorded pages hold. redacted: kind → number of different values replaced.
    failed: reason → number of requests that failed and were not answered later, neither by a retry. skipped: reason →
    number of other exchanges not recorded. first_places: reason → place of the first of them, where places are known.
    notes: members without a model, listings not read to their end, responses that were not encoded without loss.
    """

    cassette: Cassette
    items: int
    redacted: dict[str, int]
    skipped: dict[str, int]
    notes: tuple[str, ...]
    merged: Cassette = field(default_factory=Cassette)
    set_aside: tuple[SetAside, ...] = ()
    made: frozenset[Track] = frozenset()
    failed: dict[str, int] = field(default_factory=dict)
    first_places: dict[str, str] = field(default_factory=dict)


class Recorder:
    """Records exchanges: feed them, then finish once.

    operations: globs; only operations that one of them matches are recorded. parse: parses a response as a client does,
    to compare the recorded response with the real one. old: the cassette as it is now, if the traffic is real: then
    only its aliases are aliases. None for traffic that may be redacted already: every text of the form of one is.
    """

    def __init__(
        self,
        models: Models,
        redactor: Redactor,
        parse: Parse,
        operations: tuple[str, ...] = ("*",),
        include_writes: bool = False,
        old: Cassette | None = None,
    ) -> None:
        self._models = models
        self._redactor = redactor
        self._is_real = old is not None
        if old is not None:
            redactor.know(models, old)
        self._operations = operations
        self._include_writes = include_writes
        self._capturer = Capturer(redactor, parse)
        self._spellings = WriteSpellings(models)
        self._traversals = Traversals()
        self._failed = FailedRequests()
        self._skipped: Counter[str] = Counter()
        self._first_places: dict[str, str] = {}
        self._place = ""
        self._first_write_sent: Request | None = None

    def feed(
        self,
        request: Request,
        response: Response | None,
        place: str = "",
        answered_before: int | None = None,
        no_response: str = NO_RESPONSE,
    ) -> Capture | None:
        """Records one exchange; returns its capture, None if it is not recorded.

        response: None if the connection ended without one; no_response: why. place: where the exchange was found, for
        `first_places`. answered_before: `answered` when the request was sent; None if nothing was answered since,
        `UNKNOWN` if nothing tells.
        """
        call: Call | None = None
        self._place = place
        try:
            call = recognise_call(self._models, request)
            if call and (reason := self.reason_to_skip(call.operation)):
                self.skip(reason if response or no_response == NO_RESPONSE else f"{call.operation.name}: {no_response}")
                self._notice(call)
            elif call:
                return self._record(request, call, response, answered_before, no_response)
        except WireError as error:
            self.skip(f"{call.operation.name}: {error}" if call else str(error))
        return None

    def _record(
        self, request: Request, call: Call, response: Response | None, answered_before: int | None, no_response: str
    ) -> Capture | None:
        """As `feed`, for a call that is to be recorded. Raises WireError."""
        operation, page_request = call.operation, split_input(call)
        track = self._spellings.find_first(self._capturer.find_track(call, page_request))
        token = self._capturer.digest_token(page_request)
        page = self._capturer.read_page(call, page_request, response) if response else None
        problem = no_response if page is None else page.answer.error and client_problem(page.answer.error)
        if problem:
            self._note_place(problem, self._place)
            if operation.is_read or not may_have_taken_effect(problem):
                self._failed.add(track, token, problem)
                return None
            page = Page.make_hole(f"{problem}; nothing tells whether the write took effect")
        assert page
        capture = self._capturer.capture(request, track, call, page_request, page)
        capture = replace(
            capture,
            answered_meanwhile=0 if answered_before is None else self.answered - answered_before,
            is_later=self.is_cassette_stale and request is not self._first_write_sent,
        )
        added = self._traversals.add(operation, capture)
        if problem:
            self._failed.add(track, added and added.write, problem)
        elif page.hole is not None:
            where = f"page {added.page}: " if added and operation.paging else ""
            self.skip(f"{operation.name}: {where}{page.hole}")
        else:
            for _ in range(self._failed.settle(track, token, added and added.write)):
                self.skip(f"{operation.name}: an error that was retried; the answer to its retry is recorded")
        return replace(capture, seen=tuple(self._redactor.take_seen())) if added else None

    def settle(self) -> None:
        """Does what may follow the answer to a client: compares the recorded responses with the real ones."""
        self._capturer.lossless.settle()

    def notice(self, request: Request) -> None:
        """Notes the real values in a request that is not recorded, since the cassette answers it."""
        with suppress(WireError):
            if call := recognise_call(self._models, request):
                self._notice(call)

    def _notice(self, call: Call) -> None:
        with suppress(WireError):
            self._capturer.find_track(call, split_input(call))

    def note_sent(self, request: Request) -> None:
        """Notes a request that is sent upstream since the cassette does not answer it (rule 7).

        A request that can't be read counts as a write: what it does is unknown.
        """
        try:
            call = recognise_call(self._models, request)
            is_write = call is not None and not call.operation.is_read
        except WireError:
            is_write = True
        if is_write and self._first_write_sent is None:
            self._first_write_sent = request

    @property
    def is_cassette_stale(self) -> bool:
        """Whether the cassette that answers requests no longer does, as a write was sent upstream."""
        return self._first_write_sent is not None

    def restore(self, capture: Capture) -> None:
        """Adds a capture that `feed` of another recorder with the same key returned, in the same order."""
        self._redactor.remember(capture.seen)
        operation = self._models.operation(capture.track.service, capture.track.operation)
        self._traversals.add(operation, replace(capture, track=self._spellings.find_first(capture.track)))

    @property
    def answered(self) -> int:
        """The number of captures so far: how many recorded requests were answered."""
        return self._traversals.answered

    @property
    def is_empty(self) -> bool:
        """Whether no exchange was recorded so far."""
        return self._traversals.is_empty

    def skip(self, reason: str, place: str = "") -> None:
        """Counts an exchange that is not recorded. place: where it was found, else that of the exchange just fed."""
        self._skipped[reason] += 1
        self._note_place(reason, place or self._place)

    def _note_place(self, reason: str, place: str) -> None:
        if place:
            self._first_places.setdefault(reason, place)

    def reason_to_skip(self, operation: Operation) -> str | None:
        """Why calls of an operation are not recorded, None if they are."""
        name = operation.name
        if not any(fnmatchcase(name, glob) for glob in self._operations):
            return f"{name}: not among the selected operations"
        if not operation.is_read and not self._include_writes:
            return f"{name}: a write operation; --include-writes records it"
        return None

    def finish(self, old: Cassette = Cassette(), waiting: Sequence[SetAside] = ()) -> Recording:  # noqa: B008, a value
        """The recording, merged into the old cassette. waiting: the takes of that which are set aside."""
        if self._is_real:  # it may have changed since
            self._redactor.know(self._models, old)
        recorded, resumed, old = self._replace_known_names(old)
        recorded = self._join_resumed(recorded, resumed, old)
        spellings = WriteSpellings(self._models)
        old, recorded = spellings.respell(old), spellings.respell(recorded)
        failed, later = (
            {spellings.find_first(track) for track in self._with_known_names(tracks)}
            for tracks in (self._failed.tracks, self._traversals.later_tracks())
        )
        recorded, later = spell_as_before(self._models, old, recorded, later)
        cassette, aside = set_aside_leaks(self._models, recorded, self._redactor, waiting)
        cassette = replace(cassette, apart=self._redactor.apart)
        left, joined = follow_old_takes(self._models, old, cassette, later)
        merged = merge_cassettes(self._models, left, joined, recorded, failed)
        merged = replace(normalise_cassette(self._models, merged, cassette.keys), apart=self._redactor.apart)
        in_merged = dict(merged.tracks())
        made = {track for track, takes in cassette.tracks() if _have_equal_pages(takes, in_merged.get(track, ()))}
        aside = tuple(each for each in aside if each.hole is None or each.track in made | later)
        self._capturer.lossless.settle()
        notes = dict(self._capturer.lossless.notes) | dict.fromkeys(_find_lost_stories(left, recorded, made))
        items = 0
        for take in cassette.takes:
            operation = self._models.operation(take.track.service, take.track.operation)
            if take.hole is None and not is_complete(operation, take):
                notes[f"{operation.name}: a listing was not read to its end"] = None
            items += sum(count_items(operation, page.answer.output) for page in take.pages)
            # As the cassette has them: a name that AWS made of data is redacted there.
            for path in (path for page in take.pages for path in page.answer.unmodelled):
                notes[f"{operation.name}: the service model has no member {path}; it is recorded, redacted"] = None
        for leak in self._redactor.find_leaks(self._models, old):
            notes[f"{leak}: was in the cassette before"] = None
        skipped = {self._redactor.redact_accounts(reason): number for reason, number in self._skipped.items()}
        first_places = {self._redactor.redact_accounts(reason): place for reason, place in self._first_places.items()}
        shown = {self._redactor.redact_accounts(note) for note in notes}
        if already := self._redactor.count_existing_aliases():
            shown.add(f"values that were aliases already and stay unchanged: {already}")
        redacted = self._redactor.count_by_kind() if cassette.takes or aside else {}
        return Recording(
            cassette,
            items,
            redacted,
            skipped,
            tuple(sorted(shown)),
            merged,
            aside,
            frozenset(made),
            self._failed.count_by_reason(),
            first_places,
        )

    def _with_known_names(self, tracks: Iterable[Track]) -> set[Track]:
        """Tracks as the recording names them."""
        named = Cassette.of(Take(track, ()) for track in tracks)
        return {track for track, _ in self._redactor.replace_known_names(self._models, named).tracks()}

    def _replace_known_names(self, old: Cassette) -> tuple[Cassette, Cassette, Cassette]:
        """The recorded takes, normalised, the resumed ones, and the old cassette, all with all known names replaced."""
        # If all values that redaction replaces came as aliases, another key made them: the header does not name ours.
        is_ours = bool(self._redactor.count_by_kind()) or not self._redactor.count_existing_aliases()
        keys = [self._redactor.key_fingerprint] if is_ours else []
        old = self._redactor.redact_cassette(self._models, old)
        known = self._redactor.find_names(self._models, old)
        recorded, resumed = (
            self._redactor.replace_known_names(self._models, Cassette.of(takes), known)
            for takes in (self._traversals.takes(), self._traversals.resumed_takes())
        )
        old = self._redactor.replace_known_names(self._models, old)
        recorded = normalise_cassette(self._models, recorded, keys, of_one_recording=True)
        return recorded, resumed, replace(old, keys=old.keys or frozenset(keys))

    def _join_resumed(self, recorded: Cassette, resumed: Cassette, old: Cassette) -> Cassette:
        """The recorded takes with the resumed ones joined, in tracks that were not recorded anew to those of `old`."""
        if not resumed.takes:
            return recorded
        takes = {track: list(group) for track, group in recorded.tracks()}
        old_takes = dict(old.tracks())
        for track, group in resumed.tracks():
            operation = self._models.operation(track.service, track.operation)
            for take in group:
                there = takes.get(track) or [replace(each, faults=()) for each in old_takes.get(track, ())]
                if joined := join_take(operation, there, take.pages):
                    takes[track] = joined
                else:
                    for _ in take.pages:
                        self.skip(f"{track.operation}: continues a listing whose first page was not recorded")
        every = Cassette.of((take for group in takes.values() for take in group), recorded.keys)
        return normalise_cassette(self._models, every, recorded.keys)


def _have_equal_pages(takes: Iterable[Take], others: Iterable[Take]) -> bool:
    return [take.pages for take in takes] == [take.pages for take in others]


def _find_lost_stories(old: Cassette, recorded: Cassette, made: Container[Track]) -> Iterator[str]:
    """Lines on tracks whose old takes came after writes that this recording did not send, and are replaced."""
    sent = {track for track, _ in recorded.tracks()}
    for take in old.takes:
        if take.track in made and take.after and take.after.track not in sent:
            lost = f"{take.track.operation}: its answer after {take.after.track.operation} was replaced"
            yield f"{lost}; this recording sent no such write, so replay gives the new answer before and after it"
