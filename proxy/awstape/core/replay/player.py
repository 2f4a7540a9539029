"""`Player`: a request in, the recorded page, a fault or a miss out.

1. A request is answered in this order: its track is found, then its page; a fault may answer or delay it; then a wrong
   page limit is an error, a missing page a miss, and everything else the recorded page.
2. A token that the track never gave out is answered as AWS answers a bad token; the token at which the recording
   stopped, and a hole, are misses that say so. All are counted as misses. A hole counts as served: the next request for
   the track's first page gets the take after it.
3. Nothing is ever forwarded. A miss is an error in the service's own format that no SDK retries.
4. The same request in the same state gets the same bytes.
5. What clients can make grow is bounded: sessions and misses in `core.replay.sessions`, calls in
   `core.replay.take_selection`. What was redacted to find a request's track is forgotten with the request.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from awstape.core.aws.call import Call
from awstape.core.aws.model import Models
from awstape.core.aws.paging import PageRequest, split_input
from awstape.core.aws.protocols.dispatch import decode_response, read_response
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.wire import Reply, Request, Response, WireError
from awstape.core.cassette.cassette import Cassette, Track
from awstape.core.cassette.faults import Fault
from awstape.core.cassette.takes import are_settled
from awstape.core.compare.match_rules import NO_MATCH_RULES, MatchRules
from awstape.core.redaction.redactor import Redactor
from awstape.core.replay import sessions
from awstape.core.replay.matching import TrackIndex
from awstape.core.replay.page_lookup import PageLocation, PageLookup
from awstape.core.replay.paging_modes import PagingMode, limit_error
from awstape.core.replay.replies import FaultSelection, PageReplies, fault_reply, limit_reply
from awstape.core.replay.sessions import Session, Sessions
from awstape.core.replay.take_selection import TakeSelection
from awstape.core.text.advice import ON_COMMAND_LINE, Advice

if TYPE_CHECKING:
    from awstape.core.replay.misses import Miss, MissFactory


class Player:
    """Replays a cassette.

    redactor: has the key that the cassette was made with, so that real values match; without that key a throw-away
    one, used only to redact requests in misses. paging: the pages into which takes are cut. faults: in the order in
    which they are tried. match_rules: those of the cassette's project. advice: for misses.
    """

    def __init__(
        self,
        models: Models,
        cassette: Cassette,
        redactor: Redactor,
        *,
        has_key: bool,
        paging: PagingMode = PagingMode(),  # noqa: B008, it is a value
        faults: Sequence[Fault] = (),
        match_rules: MatchRules = NO_MATCH_RULES,
        advice: Advice = ON_COMMAND_LINE,
    ) -> None:
        self.sessions = Sessions()
        self.models = models
        self._redactor = redactor
        redactor.know(models, cassette)
        self._paging = paging
        self._tracks = TrackIndex(models, cassette.tracks(), redactor, has_key=has_key, match_rules=match_rules)
        self._page_lookup = PageLookup(models, self._tracks, paging)
        self._faults = FaultSelection(faults, self._tracks)
        self._replies = PageReplies(paging)
        self._keys, self._has_key, self._advice = cassette.keys, has_key, advice

    @cached_property
    def _miss_factory(self) -> MissFactory:
        from awstape.core.replay.misses import MissFactory  # not at the top: most replays have no miss

        return MissFactory(self.models, self._tracks, self._redactor, self._has_key, self._keys, self._advice)

    # --- requests ---

    def answer(self, request: Request, session: str = "") -> Reply:
        """The reply to a request: a ServedPage, a Miss, or the error of a fault or a wrong limit.

        Never raises, whatever a client sends.
        """
        in_session = self.sessions.get_or_begin(session)
        self.sessions.count_request(in_session)
        try:
            return self._answer_in_session(request, session, in_session)
        finally:
            self._redactor.forget()

    def refuse_host(self, host: str) -> Miss:
        """Counts a connection to a host that is not replayed. host: its name as it may be shown."""
        session = self.sessions.get_or_begin("")
        self.sessions.count_request(session)
        return self._count_miss(session, self._miss_factory.other_host(host))

    def _answer_in_session(self, request: Request, name: str, session: Session | None) -> Reply:
        try:
            if session is None:
                return self._count_miss(None, self._miss_factory.too_many_sessions(request, sessions.MAX_SESSIONS))
            call = recognise_call(self.models, request)
            if call is None:
                return self._count_miss(session, self._miss_factory.other_service(request))
            return self._answer_call(request, call, split_input(call), name, session)
        except WireError as error:
            return self._count_miss(session, self._miss_factory.unreadable(request, str(error)))

    def _answer_call(
        self, request: Request, call: Call, page_request: PageRequest, name: str, session: Session
    ) -> Reply:
        operation = call.operation
        track = self._tracks.find(call, page_request)
        location = self._page_lookup.find(operation, track, page_request, request, session.takes) if track else None
        is_selected = page_request.token is None and (track is None or self._page_lookup.needs_session(track))
        if location and is_selected:
            session.takes.note_request(location.track, location.take)

        fault = None
        if chosen := self._faults.choose(operation, location, page_request, session):
            key, fault = chosen
            self.sessions.count_fault(session, key)
            if failure := fault_reply(call, fault):
                return failure
        reply: Reply
        if error := limit_error(self._paging, call):
            reply = limit_reply(call, error)
        elif location is None:
            reply = self._count_miss(session, self._miss_for(call, page_request, track))
        else:
            if is_selected:
                session.takes.note_served(location.track, location.take, request)
            if not operation.is_read:
                sent, recorded = session.takes.times_served(location.track), len(self._tracks.takes[location.track])
                self.sessions.count_write(session, location.track, sent, recorded)
            reply = self._serve_page(call, location, page_request.limit, name, session, is_selected=is_selected)
        return replace(reply, delay=fault.delay) if fault else reply

    def _serve_page(
        self, call: Call, location: PageLocation, limit: int | None, name: str, session: Session, *, is_selected: bool
    ) -> Reply:
        """The page at a location, which counts as played, or a miss for its hole. is_selected: as session's take."""
        if location.hole is not None:
            miss = self._miss_factory.hole(call, location.track, location.position.page, location.hole)
            return self._count_miss(session, miss)
        reply, recorded_pages = self._replies.encode(call, location, limit)
        played = tuple((location.track, location.take, number) for number in recorded_pages)
        self.sessions.count_played(session, played)
        if is_selected or self._faults.may_strike(call.operation, location):
            return reply
        return replace(reply, serve_again=self.sessions.counter(name, played))

    def _miss_for(self, call: Call, page_request: PageRequest, track: Track | None) -> Miss:
        """The miss for a call without a page: no track, no take yet, the end of the recording, or a wrong token."""
        if track is None:
            return self._miss_factory.no_track(call, page_request)
        if page_request.token is None:
            write = self._page_lookup.awaited_write(track)
            assert write
            return self._miss_factory.too_early(call, track, write)
        if take := self._page_lookup.unfinished_take(call.operation, track, page_request.token):
            if take.hole is not None:
                page = next(i for i, page in enumerate(take.pages, 1) if page.hole is not None)
                return self._miss_factory.hole(call, track, page, take.hole)
            return self._miss_factory.recording_ended(call, track, len(take.pages))
        owners = self._page_lookup.tracks_with_token(page_request.token)
        return self._miss_factory.bad_token(call, track, owners)

    def _count_miss(self, session: Session | None, miss: Miss) -> Miss:
        self.sessions.count_miss(session, miss)
        return miss

    # --- state of the replay ---

    def describe(self, track: Track) -> str:
        """A track as text, with its caller if the cassette has several."""
        return self._tracks.describe(track)

    @property
    def misses(self) -> list[Miss]:
        """The misses of all sessions since the replay began."""
        return self.sessions.total.misses

    def reset(self, session: str | None = None) -> None:
        """Ends a session, or with None all of them; their next requests begin anew."""
        self.sessions.reset(session)

    def takes_not_replayed(self, session: Session | None = None) -> list[tuple[Track, int, int]]:
        """(track, take, number of missing pages) of takes that were not replayed in full, in cassette order.

        A hole isn't missing: it can't be replayed. session: counts what this session played; None what any session did.
        """
        played = (session or self.sessions.total).played
        result = []
        for track, takes in self._tracks.takes.items():
            for number, take in enumerate(takes, 1):
                pages = (i for i, page in enumerate(take.pages, 1) if page.hole is None)
                if missing := sum((track, number, i) not in played for i in pages):
                    result.append((track, number, missing))
        return result

    def repeated_writes(self, session: Session | None = None) -> Iterator[tuple[Track, int, int]]:
        """(track, how often it was sent, how often it was recorded) of writes that were sent more often.

        A replay repeats their last take, and AWS may answer otherwise. session: as above.
        """
        for track, sent in (session or self.sessions.total).repeated.items():
            yield track, sent, len(self._tracks.takes[track])

    def unused_faults(self, session: Session | None = None) -> list[Fault]:
        """The faults of this replay, not those in cassettes, that met no request; session: as above."""
        return self._faults.unused(session or self.sessions.total)

    def facts(self) -> dict[str, object]:
        """What is replayed, for programs: numbers of tracks, takes and pages, the paging mode and the faults."""
        takes = [take for takes in self._tracks.takes.values() for take in takes]
        pages = sum(len(take.pages) for take in takes)
        counts = {"tracks": len(self._tracks.takes), "takes": len(takes), "pages": pages}
        return {**counts, "paging": str(self._paging), "faults": self._faults.described()}

    def learn(self, request: Request, response: Response) -> None:
        """Notes what an answer that did not come from the cassette tells of its client, or of one that comes later."""
        try:
            if (call := recognise_call(self.models, request)) and call.operation.service.name == "sts":
                answer = read_response(call.operation, decode_response(call.operation, response), call.protocol)
                self._tracks.callers.learn(call, answer)
        except WireError:
            return
        finally:
            self._redactor.forget()

    def has_same_answer(self, request: Request) -> bool:
        """Whether a page answers the request, always the same one, whatever any session got so far."""
        try:
            call = recognise_call(self.models, request)
            page_request = split_input(call) if call else None
            track = self._tracks.find(call, page_request) if call and page_request else None
        except WireError:
            return False
        finally:
            self._redactor.forget()
        if not call or not page_request or not track or limit_error(self._paging, call):
            return False
        if page_request.token is None and self._page_lookup.needs_session(track):
            return False
        location = self._page_lookup.find(call.operation, track, page_request, request, TakeSelection())
        if location is None or location.hole is not None:
            return False
        return not self._faults.may_strike(call.operation, location)

    def has_answer(self, request: Request, *, is_stale: bool = False) -> bool:
        """Whether a page answers the request that is of a track of its caller, each take of which is settled.

        is_stale: whether first pages are out of date; a listing that was begun goes on.
        """
        session = self.sessions.get_or_begin("")
        assert session
        try:
            call = recognise_call(self.models, request)
            page_request = split_input(call) if call else None
            track = self._tracks.find(call, page_request, is_strict=True) if call and page_request else None
        except WireError:
            return False
        finally:
            self._redactor.forget()
        if not call or not page_request or not track or (is_stale and page_request.token is None):
            return False
        is_there = self._page_lookup.find(call.operation, track, page_request, request, session.takes) is not None
        return is_there and are_settled(call.operation, self._tracks.takes[track])
