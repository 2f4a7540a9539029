"""`Player`: a request in, the recorded answer or a miss out.

1. A first page takes the next take of its track, the last one again and again; a retry of a call (an SDK marks it)
   gets the take that the call got. A page with a token is found by the token alone.
2. Takes, faults, what was played and what was missed are counted by session: tests that run at the same time have one
   each, and don't meet. The account of everybody begins anew when all are reset; the total never does.
3. A token that the track never gave out is answered as AWS answers a bad one; the token at which the recording stopped
   is a miss that says so. Either way it is counted as a miss.
4. Nothing is ever forwarded. A miss is an error in the service's own format that no SDK retries.
5. Identical requests in the same state get identical bytes: request ids are made from the page's position.
6. What clients can make grow is bounded. At most MAX_SESSIONS sessions exist at a time; a request in one more is a miss
   that says so. An account keeps at most MAX_MISSES misses, and all sessions together MAX_MISSES_TEXT characters of
   their texts; what is beyond is counted. What was redacted to find a request's track is forgotten with the request.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from awstape.core.aws.encode import encode, encode_failure
from awstape.core.aws.model import Models, Operation
from awstape.core.aws.operation import Call, known_service, recognise, signed_for, speaks_json
from awstape.core.aws.paging import Ask, ask, is_finished, request_id
from awstape.core.aws.wire import Reply, Request, Response, WireError
from awstape.core.cassette.cassette import Cassette, Track
from awstape.core.cassette.faults import Fault
from awstape.core.redaction.redactor import Redactor
from awstape.core.replay.matching import Tracks
from awstape.core.replay.misses import Explainer, Miss
from awstape.core.replay.paging_modes import Listing, Paging, Position, refusal

_ATTEMPT = re.compile(r"attempt=(\d+)")
_CALLS_REMEMBERED = 1000

MAX_SESSIONS = 10_000
MAX_MISSES = 1_000
MAX_MISSES_TEXT = 8 * 1024 * 1024


@dataclass(frozen=True)
class Serve(Reply):
    """A recorded answer, and whose it is: take and page of the traversal are counted from 1."""

    track: Track
    take: int
    page: int


@dataclass
class Session:
    """What one test has got so far.

    played: track, take and recorded page. struck: how often each fault did. more_misses: how many were not kept, and
    text: how many characters those have that were.
    """

    played: set[tuple[Track, int, int]] = field(default_factory=set)
    misses: list[Miss] = field(default_factory=list)
    more_misses: int = 0
    text: int = 0
    struck: Counter[object] = field(default_factory=Counter)
    _last: dict[Track, int] = field(default_factory=dict)
    _tried: dict[Track, int] = field(default_factory=dict)
    _calls: dict[tuple[Track, str], int] = field(default_factory=dict)

    def take(self, track: Track, count: int, request: Request) -> int:
        """Which of a track's takes a first page is of, from 1."""
        last = self._last.get(track, 0)
        call = request.header("amz-sdk-invocation-id")
        if call is not None and (track, call) in self._calls:
            return self._calls[track, call]
        attempt = _ATTEMPT.search(request.header("amz-sdk-request") or "")
        is_retry = track in self._tried and call is None and attempt is not None and int(attempt[1]) > 1
        return self._tried[track] if is_retry else min(last + 1, count)

    def tried(self, track: Track, number: int) -> None:
        """A first page was asked for; a retry is of the same take."""
        self._tried[track] = number

    def took(self, track: Track, number: int, request: Request) -> None:
        """A first page is given out."""
        self._last[track] = max(number, self._last.get(track, 0))
        if call := request.header("amz-sdk-invocation-id"):
            self._calls[track, call] = number
            if len(self._calls) > _CALLS_REMEMBERED:
                del self._calls[next(iter(self._calls))]


@dataclass(frozen=True)
class _Place:
    """Where a request leads."""

    track: Track
    take: int
    listing: Listing
    position: Position


class Player:
    """Serves a cassette.

    redactor: under the key that the cassette was made with, for real values to match; without a key it is one with
    a throw-away key, used to show requests only. paging: into which pages the takes are cut. faults: in the order in
    which they are tried.
    """

    def __init__(
        self,
        models: Models,
        cassette: Cassette,
        redactor: Redactor,
        *,
        has_key: bool,
        paging: Paging = Paging(),  # noqa: B008, it is a value
        faults: Sequence[Fault] = (),
    ) -> None:
        self._models = models
        self._tracks = Tracks(models, cassette.tracks(), redactor, has_key=has_key)
        self._explain = Explainer(models, self._tracks, redactor, has_key, cassette.keys)
        self._paging = paging
        self._faults = tuple(faults)
        self._listings: dict[Track, tuple[Listing, ...]] = {}
        self._encoded: dict[tuple[Track, int, int], Response] = {}
        self.sessions: dict[str, Session] = {}
        self.everybody = Session()  # since the last reset of all
        self.total = Session()
        self._redactor = redactor

    @property
    def misses(self) -> list[Miss]:
        """All misses, of whatever session."""
        return self.total.misses

    def answer(self, request: Request, session: str = "") -> Reply:
        """The answer to a request: Serve, Miss, or what a fault or a wrong limit comes to.

        Never raises for what a client may send.
        """
        try:
            return self._answer_in(session, request)
        finally:
            self._redactor.forget()

    def _answer_in(self, session: str, request: Request) -> Reply:
        state = self._session(session)
        try:
            if state is None:
                service = known_service(self._models, request)
                return self._missed(None, self._explain.too_many_sessions(service, MAX_SESSIONS))
            call = recognise(self._models, request)
            if call is None:
                name = signed_for(request)
                as_json = speaks_json(request, name)
                return self._missed(state, self._explain.other_service(name, as_json=as_json))
            return self._answer(request, call, ask(call), state)
        except WireError as error:
            return self._missed(state, self._explain.unreadable(known_service(self._models, request), str(error)))

    def refuse(self, host: str) -> Miss:
        """Counts a connection to a host that is not replayed. host: what may be shown of it."""
        return self._missed(self._session(""), self._explain.other_host(host))

    def reset(self, session: str | None = None) -> None:
        """Lets a session, or with None all of them, begin anew."""
        if session is None:
            self.sessions.clear()
            self.everybody = Session()
        else:
            self.sessions.pop(session, None)

    def unplayed(self, session: Session | None = None) -> list[tuple[Track, int, int]]:
        """(track, take, number of pages) of takes that were never asked for in full, in cassette order.

        session: counts what it played; None what anybody did.
        """
        played = (session or self.total).played
        result = []
        for track, takes in self._tracks.takes.items():
            for number, take in enumerate(takes, 1):
                missing = [i for i in range(1, len(take.pages) + 1) if (track, number, i) not in played]
                if missing:
                    result.append((track, number, len(missing)))
        return result

    def unstruck(self, session: Session | None = None) -> list[Fault]:
        """The faults of this replay, not those in cassettes, that no request was for; session: as for `unplayed`."""
        return [fault for i, fault in enumerate(self._faults) if not (session or self.total).struck[i]]

    def facts(self) -> dict[str, object]:
        """What is served, for programs."""
        takes = [take for takes in self._tracks.takes.values() for take in takes]
        pages = sum(len(take.pages) for take in takes)
        counts = {"tracks": len(self._tracks.takes), "takes": len(takes), "pages": pages}
        faults = [str(fault) for fault in (*self._faults, *(fault for take in takes for fault in take.faults))]
        return {**counts, "paging": str(self._paging), "faults": faults}

    def is_complete(self, request: Request) -> bool:
        """Whether the request belongs to a track whose every take was recorded to its end."""
        try:
            call = recognise(self._models, request)
            track = self._tracks.find(call, ask(call)) if call else None
        except WireError:
            return False
        finally:
            self._redactor.forget()
        if call is None or track is None:
            return False
        return is_finished(call.operation, self._tracks.takes[track])

    def _answer(self, request: Request, call: Call, asked: Ask, state: Session) -> Reply:
        track = self._tracks.find(call, asked)
        place = self._place(call.operation, track, asked, request, state) if track else None
        if place and asked.token is None:
            state.tried(place.track, place.take)
        fault = self._fault(call.operation, place, asked, state)
        if fault and (failure := fault.failure(call.operation)):
            return Reply(encode_failure(call.operation.service, failure, request_id("fault", str(fault))))
        if fault and fault.drops:
            return Reply(None)
        delay = fault.delay if fault else 0.0
        if failure := refusal(self._paging, call):
            return Reply(
                encode_failure(call.operation.service, failure, request_id("limit", failure.message or "")), delay=delay
            )
        if place is None:
            return self._missed(state, replace(self._no_page(call, asked, track), delay=delay))
        if asked.token is None:
            state.took(place.track, place.take, request)
        return self._serve(call.operation, place, asked.limit, state, delay)

    def _place(self, operation: Operation, track: Track, asked: Ask, request: Request, state: Session) -> _Place | None:
        listings = self._cut(operation, track)
        if asked.token is None:
            number = state.take(track, len(listings), request)
            return _Place(track, number, listings[number - 1], Listing.first)
        for number, listing in enumerate(listings, 1):
            if position := listing.position(asked.token):
                return _Place(track, number, listing, position)
        return None

    def _cut(self, operation: Operation, track: Track) -> tuple[Listing, ...]:
        if track not in self._listings:
            self._listings[track] = tuple(
                Listing(operation, take, number, self._paging)
                for number, take in enumerate(self._tracks.takes[track], 1)
            )
        return self._listings[track]

    def _fault(self, operation: Operation, place: _Place | None, asked: Ask, state: Session) -> Fault | None:
        """The fault that strikes a request, if one does."""
        page = place.position.page if place else 1 if asked.token is None else 0
        candidates: list[tuple[object, Fault]] = list(enumerate(self._faults))
        if place:
            of_take = self._tracks.takes[place.track][place.take - 1].faults
            candidates += [((place.track, place.take, i), fault) for i, fault in enumerate(of_take)]
        for key, fault in candidates:
            if fault.is_for(operation, page) and (fault.times is None or state.struck[key] < fault.times):
                for account in self._accounts(state):
                    account.struck[key] += 1
                return fault
        return None

    def _serve(self, operation: Operation, place: _Place, limit: int | None, state: Session, delay: float) -> Serve:
        cut = place.listing.page(place.position, limit)
        for account in self._accounts(state):
            account.played.update((place.track, place.take, page) for page in cut.covers)
        where = (place.track, place.take, place.position.page)
        response = self._encoded.get(where)
        if response is None:
            named = [*place.track.key, str(place.take), str(place.position.page)]
            if self._paging.mode != "recorded":
                named += [str(self._paging), str(place.position.item), str(limit)]
            response = encode(operation, cut.answer, request_id(*named))
            if self._paging.mode == "recorded":
                self._encoded[where] = response
        return Serve(response, *where, delay=delay)

    def _no_page(self, call: Call, asked: Ask, track: Track | None) -> Miss:
        if track is None:
            return self._explain.no_track(call, asked)
        assert asked.token is not None
        for take, listing in zip(self._tracks.takes[track], self._cut(call.operation, track), strict=True):
            if listing.is_beyond(asked.token):
                return self._explain.ended(call.operation, track, len(take.pages))
        return self._explain.bad_token(call.operation, track, self._owners(asked.token))

    def _owners(self, token: str) -> Iterable[Track]:
        """The tracks that give out a token."""
        for track in self._tracks.takes:
            operation = self._models.operation(track.service, track.operation)
            if any(listing.position(token) for listing in self._cut(operation, track)):
                yield track

    def _missed(self, state: Session | None, miss: Miss) -> Miss:
        has_room = sum(session.text for session in self.sessions.values()) + len(miss.text) <= MAX_MISSES_TEXT
        for account in self._accounts(state):
            if len(account.misses) < MAX_MISSES and (has_room if account is state else account.text < MAX_MISSES_TEXT):
                account.misses.append(miss)
                account.text += len(miss.text)
            else:
                account.more_misses += 1
        return miss

    def _session(self, name: str) -> Session | None:
        """The session of a name, a new one if need be; None if there are too many."""
        named = len(self.sessions) - ("" in self.sessions)
        if name and name not in self.sessions and named >= MAX_SESSIONS:
            return None
        return self.sessions.setdefault(name, Session())

    def _accounts(self, state: Session | None) -> tuple[Session, ...]:
        """Where something that happens in a session is counted."""
        return (state, self.everybody, self.total) if state else (self.everybody, self.total)
