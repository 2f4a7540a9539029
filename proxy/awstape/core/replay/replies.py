"""Replies: recorded pages, faults and limit errors, encoded for the client.

1. The same page in the same state is the same bytes: request ids are made from the position of the page.
2. Pages of the paging mode `recorded` are encoded once and kept; the other modes depend on the client's limit.
3. The faults of the replay come before those in the cassette's take; of several that fit, the first that was not used
   up answers. A fault of the replay needs no track; a page number in it then fits the first page only.
4. Equal requests of one session always get the same page, so that it may be served again without looking for it, if
   no fault applies to it, and it is asked for by a token or is of a track with only one take
   (`core.replay.page_lookup`, rule 5). What else a reply depends on is in the request, or does not change during a
   replay: the cassette, the key, the rules, the faults and the paging mode.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from awstape.core.aws.call import Call, Failure, derive_request_id
from awstape.core.aws.model import Operation, Protocol, Value
from awstape.core.aws.paging import PageRequest
from awstape.core.aws.protocols.customisations.checksums import renew_message_digests
from awstape.core.aws.protocols.customisations.queue_urls import move_queue_urls, move_to_origin
from awstape.core.aws.protocols.dispatch import write_failure, write_response
from awstape.core.aws.wire import Reply, Response
from awstape.core.cassette.cassette import Track
from awstape.core.cassette.faults import Fault
from awstape.core.replay.matching import TrackIndex
from awstape.core.replay.page_lookup import PageLocation
from awstape.core.replay.paging_modes import PagingMode
from awstape.core.replay.sessions import Session


@dataclass(frozen=True)
class ServedPage(Reply):
    """A recorded page as a reply. take, page: their numbers in the track and in the traversal, from 1."""

    track: Track
    take: int
    page: int


class PageReplies:
    """Encodes pages, and keeps those that are always the same."""

    def __init__(self, paging: PagingMode) -> None:
        self._paging = paging
        self._encoded: dict[tuple[Track, int, int, Protocol | None], Response] = {}

    def encode(self, call: Call, location: PageLocation, limit: int | None) -> tuple[ServedPage, tuple[int, ...]]:
        """The page at a location as the reply to a call, and the numbers of the recorded pages that it is made of.

        limit: the page limit of the request.
        """
        cut = location.listing.page(location.position, limit)
        where = (location.track, location.take, location.position.page)
        answer = cut.answer
        if answer.output is not None:
            answer = replace(answer, output=_fit_to_call(call, answer.output))
        is_same_for_all = answer.output is cut.answer.output
        response = self._encoded.get((*where, call.protocol)) if is_same_for_all else None
        if response is None:
            hashed = [*location.track.request_key, str(location.take), str(location.position.page)]
            if self._paging.mode != "recorded":
                hashed += [str(self._paging), str(location.position.item), str(limit)]
            response = write_response(call.operation, answer, derive_request_id(*hashed), call.protocol)
            if self._paging.mode == "recorded" and is_same_for_all:
                self._encoded[*where, call.protocol] = response
        return ServedPage(response, *where), cut.recorded_pages


def _fit_to_call(call: Call, output: dict[str, Value]) -> dict[str, Value]:
    """The output with what depends on its call; the same object if nothing does."""
    if call.origin:
        output = move_queue_urls(call.operation.service, output, move_to_origin(call.origin))
    return renew_message_digests(call, output)


class FaultSelection:
    """The faults of a replay, and those in the takes of its cassette. replay_faults: in the order to try them."""

    def __init__(self, replay_faults: Sequence[Fault], tracks: TrackIndex) -> None:
        self._replay_faults = tuple(replay_faults)
        self._tracks = tracks

    def choose(
        self, operation: Operation, location: PageLocation | None, page_request: PageRequest, session: Session
    ) -> tuple[object, Fault] | None:
        """The fault that answers or delays a request, with the key under which sessions count it; None if none does.

        location: the page that the request asks for, None if there is none.
        """
        page = location.position.page if location else 1 if page_request.token is None else 0
        candidates: list[tuple[object, Fault]] = list(enumerate(self._replay_faults))
        if location:
            of_take = self._tracks.takes[location.track][location.take - 1].faults
            candidates += [((location.track, location.take, i), fault) for i, fault in enumerate(of_take)]
        for key, fault in candidates:
            if fault.applies_to(operation, page) and (fault.times is None or session.fault_counts[key] < fault.times):
                return key, fault
        return None

    def may_strike(self, operation: Operation, location: PageLocation) -> bool:
        """Whether a fault applies to a page, used up or not: a reset restarts it."""
        in_take = self._tracks.takes[location.track][location.take - 1].faults
        return any(fault.applies_to(operation, location.position.page) for fault in (*self._replay_faults, *in_take))

    def unused(self, session: Session) -> list[Fault]:
        """The faults of the replay that answered no request of a session."""
        return [fault for i, fault in enumerate(self._replay_faults) if not session.fault_counts[i]]

    def described(self) -> list[str]:
        """All faults as text: first those of the replay, then those in the cassette."""
        in_takes = (fault for takes in self._tracks.takes.values() for take in takes for fault in take.faults)
        return [str(fault) for fault in (*self._replay_faults, *in_takes)]


def fault_reply(call: Call, fault: Fault) -> Reply | None:
    """The error or the dropped connection that a fault stands for; None if it only delays the recorded reply."""
    if failure := fault.failure(call.operation):
        return Reply(_write_failure(call, failure, derive_request_id("fault", str(fault))))
    return Reply(None) if fault.drops_connection else None


def limit_reply(call: Call, failure: Failure) -> Reply:
    """The service's error for a page limit that the model does not allow."""
    return Reply(_write_failure(call, failure, derive_request_id("limit", failure.message or "")))


def _write_failure(call: Call, failure: Failure, request_id: str) -> Response:
    return write_failure(call.operation.service, failure, request_id, call.protocol)
