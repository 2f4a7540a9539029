"""`Recorder`: exchanges in, in the order of the traffic, a `Cassette` out.

1. What the filter (`core.recording.recording_filter`) leaves out is counted with its reason.
2. A request that failed for a reason that is not AWS's data (`core.aws.error_codes`), or got no response, is counted.
   It is no page: it neither ends a take nor replaces a track of the old cassette. A write that may have taken effect
   all the same is recorded as a hole: what is read after it comes after it.
3. An exchange is decoded and redacted (`core.recording.capture`) as it comes, and folded with all others in the end
   (`core.recording.folding`): what answers of STS tell of access key ids counts for earlier requests, too. So the
   recorder may follow the traffic, or read it from a journal afterwards: the same exchanges under the same key make the
   same cassette. Its memory is that of the cassette: of equal answers one is kept.
4. Values in requests that are left out, or that the cassette answered, are real values, too.
5. A name comes from the program itself if it stands in a request before any answer had it, or in the program's source.
   A replay gives its alias in its place, which the program may not expect.
6. Takes of exchanges that came when the cassette that answers requests was stale (`Exchange.is_later`) follow its takes
   (`core.recording.later_takes`).
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence, Set
from contextlib import suppress
from dataclasses import replace
from itertools import islice

from awstape.core.aws.access_keys import Principals
from awstape.core.aws.call import Call
from awstape.core.aws.error_codes import NO_RESPONSE, client_problem, may_have_taken_effect
from awstape.core.aws.model import Models, Operation
from awstape.core.aws.paging import PageRequest, split_input
from awstape.core.aws.protocols.customisations.queue_urls import move_response_to_aws
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.wire import Request, Response, WireError
from awstape.core.cassette.cassette import Cassette, Page, Track
from awstape.core.recording.capture import Capture, Capturer
from awstape.core.recording.exchange import UNKNOWN_ORDER, Exchange
from awstape.core.recording.folding import Folding
from awstape.core.recording.lossless import Parse
from awstape.core.recording.recording_filter import RecordingFilter
from awstape.core.recording.retries import FailedRequests, make_unknown_outcome, settled_reason
from awstape.core.recording.set_aside import SetAside
from awstape.core.recording.summary import Recording, SkippedExchanges
from awstape.core.redaction.redactor import Redactor


class Recorder:
    """Records exchanges: feed them, those of a journal with `feed_selected`, then finish.

    parse: parses a response as a client does, to compare the recorded response with the real one.
    operations, include_writes: of the `RecordingFilter`.
    old: the cassette as it is now, if the traffic is real: then only its aliases are aliases. None for traffic that may
        be redacted already: every text of the form of an alias is one.
    literals: the strings in the program's source, as far as they are known.
    """

    def __init__(
        self,
        models: Models,
        redactor: Redactor,
        parse: Parse,
        operations: Sequence[str] = ("*",),
        include_writes: bool = False,
        old: Cassette | None = None,
        literals: Set[str] = frozenset(),
    ) -> None:
        self._models = models
        self._redactor = redactor
        self._is_real = old is not None
        if old is not None:
            redactor.know(models, old)
        self._filter = RecordingFilter(models, operations, include_writes)
        self._skipped = self._filter.skipped
        self._capturer = Capturer(redactor, parse)
        self._captures: list[tuple[Capture, str]] = []
        """The captures so far, with the places of their exchanges."""
        self._kept: dict[int, Page] = {}
        """The last page of each hash."""
        self._principals = Principals()
        """Those of access key ids, by their digests."""
        self._failed = FailedRequests(models)
        self._literals = literals
        self._requested_names: set[str] = set()
        """The aliases of names that stood in a request first."""
        self._captured_before = array("L", [0])
        """The number of captures of the first 0, 1, 2 … exchanges."""
        self.is_empty = True
        """Whether no exchange that can be read was recorded so far."""
        self.bugs = Counter[str]()
        """Place in our code → number of exchanges that an unexpected error there kept from being recorded."""

    @property
    def models(self) -> Models:
        """The models, with the recorded services as those that are recognised."""
        return self._models

    @property
    def recorded_so_far(self) -> int:
        """The number of selected exchanges so far, with those of which there is no page."""
        return len(self._captured_before) - 1

    @property
    def captured(self) -> int:
        """The number of exchanges of which there is a page so far."""
        return self._captured_before[-1]

    def feed(
        self,
        request: Request,
        response: Response | None,
        place: str = "",
        recorded_before: int | None = None,
        no_response: str = NO_RESPONSE,
    ) -> None:
        """Records one exchange, if it is selected.

        response: None if the connection ended without one; no_response: why. place: where the exchange was found, for
        `first_places`. recorded_before: `recorded_so_far` when the request was sent; None if nothing was recorded
        since, `UNKNOWN_ORDER` if nothing tells.
        """
        if filtered := self._filter.apply(request, response, no_response, place):
            unknown = recorded_before == UNKNOWN_ORDER
            meanwhile = (
                0 if recorded_before is None else UNKNOWN_ORDER if unknown else self.recorded_so_far - recorded_before
            )
            exchange = Exchange(request, response, no_response, meanwhile, is_recorded=filtered.is_recorded)
            self._add_exchange(filtered.call, exchange, place)

    def feed_selected(self, exchange: Exchange) -> None:
        """Records one exchange that was selected before."""
        try:
            call = recognise_call(self._models, exchange.request)
        except WireError as error:  # of another version of the service model
            self.skip(str(error))
        else:
            if call:
                self._add_exchange(call, exchange)

    def _add_exchange(self, call: Call, exchange: Exchange, place: str = "") -> None:
        if not exchange.is_recorded:
            with suppress(WireError):
                self._find_track(call, split_input(call))
            return
        captured = self.captured
        try:
            captured += self._add_capture(call, exchange, place)
        except WireError as error:
            self.skip(f"{call.operation.name}: {error}", place)
        finally:
            self._captured_before.append(captured)

    def _add_capture(self, call: Call, exchange: Exchange, place: str) -> bool:
        """Captures an exchange; returns False for one that is no page. Raises WireError."""
        operation, page_request, response = call.operation, split_input(call), exchange.response
        if response:
            response = move_response_to_aws(self._models.hosts, call, response)
        track = self._find_track(call, page_request)
        token = self._capturer.digest_token(page_request)
        page = self._capturer.read_page(call, page_request, response) if response else None
        problem = exchange.no_response if page is None else page.answer.error and client_problem(page.answer.error)
        if problem:
            self._skipped.note_place(problem, place)
            if operation.is_read or not may_have_taken_effect(problem):
                self._failed.add(track, token, problem)
                return False
            page = make_unknown_outcome(problem)
        assert page
        capture = self._capturer.capture(exchange, track, call, page_request, page, self._captured_since(exchange))
        if page.hole is None:
            self.is_empty = False
            self._skipped.add(settled_reason(operation), place, self._failed.settle(track, token))
        self._principals.note_answer(operation, capture.page.answer.output or {}, capture.caller, capture.given)
        self._captures.append((replace(capture, page=self._share(capture.page)), place))
        return True

    def _find_track(self, call: Call, page_request: PageRequest) -> Track:
        """The track of a call. Notes the names in the request that came nowhere before. Raises WireError."""
        names = self._redactor.names
        before = len(names)
        track = self._capturer.find_track(call, page_request)
        self._requested_names.update(islice(reversed(names.values()), len(names) - before))
        return track

    def _share(self, page: Page) -> Page:
        """The page, or an equal one that is there already."""
        kept = self._kept.setdefault(hash(repr(page)), page)
        return kept if kept == page else page

    def _captured_since(self, exchange: Exchange) -> int:
        """The number of captures since a request was sent; one more than there are if nothing tells."""
        if exchange.recorded_meanwhile == UNKNOWN_ORDER:
            return self.captured - UNKNOWN_ORDER
        return self.captured - self._captured_before[max(0, self.recorded_so_far - exchange.recorded_meanwhile)]

    def skip(self, reason: str, place: str = "") -> None:
        """Counts an exchange that is not recorded. place: where it was found."""
        self._skipped.add(reason, place)

    def reason_to_skip(self, operation: Operation) -> str | None:
        """Why calls of an operation are not recorded, None if they are."""
        return self._filter.reason_to_skip(operation)

    def finish(
        self,
        old: Cassette = Cassette(),  # noqa: B008, a value
        waiting: Sequence[SetAside] = (),
        skipped: SkippedExchanges | None = None,
    ) -> Recording:
        """The recording, merged into the old cassette.

        waiting: the takes of that which are set aside. skipped: exchanges that were not given to this recorder.
        """
        if self._is_real:  # it may have changed since
            self._redactor.know(self._models, old)
        every = skipped.copy() if skipped else SkippedExchanges()
        every.add_all(self._skipped)
        folding = Folding(self._models, self._redactor, every, self._principals)
        for capture, place in self._captures:
            folding.add(capture, place)
        recording = folding.finish(old, waiting, self._failed, self._capturer.lossless.notes)
        return replace(recording, bugs=dict(self.bugs), own_names=self._own_names() if recording.cassette.takes else ())

    def _own_names(self) -> tuple[str, ...]:
        """The aliases of the names that come from the program itself (rule 5)."""
        names = self._redactor.names.items()
        of_source = {alias for name, alias in names if name in self._literals}
        return tuple(sorted(self._requested_names | of_source))
