"""`Recorder`: exchanges in, in the order of the traffic, a `Cassette` out.

1. Only calls of recorded services are recorded; of these only the selected operations, and writes only on request. What
   is left out is counted with its reason.
2. A request that failed for a reason that is not AWS's data (`core.aws.error_codes`), or got no response, is counted.
   It is no page: it neither ends a take nor replaces a track of the old cassette. A write that may have taken effect
   all the same is recorded as a hole: what is read after it comes after it.
3. Exchanges are decoded and redacted as they come: `feed` returns the capture of each (`core.recording.capture`). The
   recorder keeps none, so its memory does not grow with them, but for the values that were seen: no two share an alias.
   What answers of STS tell of access key ids is known before the first capture is folded, so that all requests of a
   principal are its own, also those before the answer.
4. At the end all captures come back, in the order in which they were returned, and are folded into a cassette
   (`core.recording.folding`). A new recorder with the same key folds them to the same cassette.
5. Values in requests that are left out, or that the cassette answered, are real values, too.
6. Where a cassette answers requests (`new_episodes`), it is stale once a write was sent upstream, whoever sent it and
   whatever became of it. Takes recorded later follow those of the cassette (`core.recording.later_takes`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from fnmatch import fnmatchcase

from awstape.core.aws.access_keys import Principals
from awstape.core.aws.call import Call
from awstape.core.aws.error_codes import NO_RESPONSE, client_problem, may_have_taken_effect
from awstape.core.aws.model import Models, Operation
from awstape.core.aws.paging import split_input
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.wire import Request, Response, WireError
from awstape.core.cassette.cassette import Cassette
from awstape.core.recording.capture import Capture, Capturer
from awstape.core.recording.folding import Folding, Recording, SkippedExchanges
from awstape.core.recording.lossless import Parse
from awstape.core.recording.retries import FailedRequests, make_unknown_outcome, settled_reason
from awstape.core.recording.set_aside import SetAside
from awstape.core.redaction.redactor import Redactor


class Recorder:
    """Records exchanges: feed them, then finish.

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
        self._failed = FailedRequests(models)
        self._skipped = SkippedExchanges()
        self.principals = Principals()
        """Those of access key ids, by their digests."""
        self._place = ""
        self._places: dict[int, str] = {}
        self._first_write_sent: Request | None = None
        self.answered = 0
        """The number of captures so far: how many recorded requests were answered."""
        self.is_empty = True
        """Whether no exchange that can be read was recorded so far."""

    @property
    def models(self) -> Models:
        """The models, with the recorded services as those that are recognised."""
        return self._models

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
        track = self._capturer.find_track(call, page_request)
        token = self._capturer.digest_token(page_request)
        page = self._capturer.read_page(call, page_request, response) if response else None
        problem = no_response if page is None else page.answer.error and client_problem(page.answer.error)
        if problem:
            self._skipped.note_place(problem, self._place)
            if operation.is_read or not may_have_taken_effect(problem):
                self._failed.add(track, token, problem)
                return None
            page = make_unknown_outcome(problem)
        assert page
        capture = self._capturer.capture(request, track, call, page_request, page)
        self.note_principal(capture)
        if page.hole is None:
            self.is_empty = False
            self._skipped.add(settled_reason(operation), self._place, self._failed.settle(track, token))
        if self._place:
            self._places[self.answered] = self._place
        meanwhile = 0 if answered_before is None else self.answered - answered_before
        self.answered += 1
        return replace(
            capture,
            answered_meanwhile=meanwhile,
            is_later=self.is_cassette_stale and request is not self._first_write_sent,
            seen=tuple(self._redactor.take_seen()),
        )

    def note_principal(self, capture: Capture) -> None:
        """Notes the principal that an answer of STS tells; of captures of another recorder, before `finish`."""
        operation = self._models.operation(capture.track.service, capture.track.operation)
        self.principals.note_answer(operation, capture.page.answer.output or {}, capture.caller, capture.given)

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

    def skip(self, reason: str, place: str = "") -> None:
        """Counts an exchange that is not recorded. place: where it was found, else that of the exchange just fed."""
        self._skipped.add(reason, place or self._place)

    def reason_to_skip(self, operation: Operation) -> str | None:
        """Why calls of an operation are not recorded, None if they are."""
        name = operation.name
        if not any(fnmatchcase(name, glob) for glob in self._operations):
            return f"{name}: not among the selected operations"
        if not operation.is_read and not self._include_writes:
            return f"{name}: a write operation; --include-writes records it"
        return None

    def finish(
        self,
        captures: Iterable[Capture],
        old: Cassette = Cassette(),  # noqa: B008, a value
        waiting: Sequence[SetAside] = (),
    ) -> Recording:
        """The recording, merged into the old cassette.

        captures: all that `feed` returned, in their order; or those that another recorder with the same key returned.
        waiting: the takes of the old cassette that are set aside.
        """
        folding = Folding(self._models, self._redactor, self._skipped.copy(), self.principals)
        for number, capture in enumerate(captures):
            folding.add(capture, self._places.get(number, ""))
        if self._is_real:  # it may have changed since
            self._redactor.know(self._models, old)
        self.settle()
        return folding.finish(old, waiting, self._failed, self._capturer.lossless.notes)
