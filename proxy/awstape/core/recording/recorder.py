"""`Recorder`: exchanges in, in whatever order they come, a `Cassette` out.

1. Only calls of recorded services are taken, and of these only reads, unless writes are asked for. What is left out
   is counted with its reason.
2. A first page opens a take of its track. A page with a token goes to the take that this token came from; if
   that take already went on, the exchange is the same page fetched again (and dropped if it says the same)
   or the beginning of a take that parts there.
3. A retryable error (throttling, 5xx) is replaced by the answer to its retry. An SDK marks retries with one
   invocation id; where there is none, the next answer to the same request counts as the retry.
4. Answers are redacted as they come. Of real tokens digests are kept, to chain pages.
5. At the end: names seen anywhere are replaced in free text everywhere, takes that say nothing new are dropped,
   tokens get their names, and the whole is searched for real values.
6. Lossless or loud: each answer is encoded again; if `parse` sees a difference, the operation is named in the notes.
7. What `feed` gives back is all that a recording needs of an exchange: one that broke off is made anew of its captures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from awstape.core.aws.answer import Answer
from awstape.core.aws.conform import input_misfits, output_misfits, pattern_of
from awstape.core.aws.decode import decode, error_name
from awstape.core.aws.encode import encode
from awstape.core.aws.model import Models, Operation
from awstape.core.aws.operation import Call, recognise
from awstape.core.aws.paging import Ask, ask, is_last, item_count, next_token, with_token
from awstape.core.aws.wire import Request, Response, WireError
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.core.cassette.takes import merge, told
from awstape.core.cassette.yaml.document import write
from awstape.core.recording.capture import Capture
from awstape.core.redaction.alias_grammar import find_name_aliases
from awstape.core.redaction.aliases import CollisionError
from awstape.core.redaction.leak_search import Leak
from awstape.core.redaction.redactor import Redactor

#: botocore/data/_retry.json and botocore/retries/standard.py: what SDKs take for throttling whatever its status.
_THROTTLING = frozenset(
    """
    BandwidthLimitExceeded EC2ThrottledException LimitExceededException PriorRequestNotComplete
    ProvisionedThroughputExceededException RequestLimitExceeded RequestThrottled RequestThrottledException
    RequestTimeout RequestTimeoutException SlowDown ThrottledException Throttling ThrottlingException
    TooManyRequestsException TransactionInProgressException
    """.split()
)

Parse = Callable[[Operation, Response], object]


class LeakError(Exception):
    """Redaction left a real value; nothing may be written. `leaks` say where, never what."""

    def __init__(self, leaks: list[Leak]) -> None:
        super().__init__(f"{len(leaks)} real values are left after redaction: {leaks[0]}")
        self.leaks = leaks


@dataclass(frozen=True)
class Recording:
    """What a recording came to.

    merged: the cassette, and the tracks of the old one that stay.
    redacted: kind → number of different values replaced. skipped: reason → number of exchanges.
    first: reason → where the first of them was, for those that came with a place.
    notes: what a reader of the cassette should know: members without a model, answers that were not lossless.
    """

    cassette: Cassette
    items: int
    redacted: dict[str, int]
    skipped: dict[str, int]
    notes: tuple[str, ...]
    merged: Cassette = field(default_factory=Cassette)
    first: dict[str, str] = field(default_factory=dict)


@dataclass
class _Take:
    pages: list[Capture]


@dataclass
class _Listing:
    """The takes of one track, and where its tokens, as digests, lead: to a take and an index in it."""

    track: Track
    operation: Operation
    takes: list[_Take] = field(default_factory=list)
    issued: dict[str, list[tuple[_Take, int]]] = field(default_factory=dict)

    def issue(self, token: str | None, take: _Take, index: int) -> None:
        """Remembers where a token, if there is one, leads."""
        if token is not None:
            self.issued.setdefault(token, []).append((take, index))


class Recorder:
    """Feed it exchanges, then finish it once.

    operations: globs; only operations that one of them matches are recorded. parse: what a client makes of a
    response, to compare what was recorded with what was sent.
    """

    def __init__(
        self,
        models: Models,
        redactor: Redactor,
        parse: Parse,
        operations: tuple[str, ...] = ("*",),
        include_writes: bool = False,
    ) -> None:
        self._models = models
        self._redactor = redactor
        self._parse = parse
        self._operations = operations
        self._include_writes = include_writes
        self._listings: dict[tuple[str, str, str, str], _Listing] = {}
        self._skipped: Counter[str] = Counter()
        self._first: dict[str, str] = {}
        self._where = ""
        self._notes: dict[str, None] = {}
        self._is_restored = False

    def feed(self, request: Request, response: Response | None, where: str = "") -> Capture | None:
        """Takes one exchange; what was captured of it, None if it isn't recorded.

        response: None if the connection ended without one. where: what to call its place. Raises CollisionError if two
        values became one.
        """
        call: Call | None = None
        self._where = where
        try:
            call = recognise(self._models, request)
            if call and (reason := self.unwanted(call.operation)):
                self.skip(reason)
            elif call and response is None:
                self.skip(f"{call.operation.name}: no answer")
            elif call and response:
                return self._record(request, call, ask(call), response)
        except WireError as error:
            self.skip(f"{call.operation.name}: {error}" if call else str(error))
        return None

    def restore(self, capture: Capture) -> None:
        """Takes what `feed` of another recorder with the same key gave back, in the same order."""
        self._is_restored = True
        self._place(capture)

    @property
    def is_empty(self) -> bool:
        """Whether no exchange was recorded so far."""
        return not self._listings

    def skip(self, reason: str, where: str = "") -> None:
        """Counts an exchange that is not recorded."""
        self._skipped[reason] += 1
        if place := where or self._where:
            self._first.setdefault(reason, place)

    def finish(self, old: Cassette = Cassette()) -> Recording:  # noqa: B008, it is a value
        """The recording, and what the old cassette becomes with it.

        Raises LeakError if a real value is left in it, CollisionError if two values became one.
        """
        found = Cassette.of(
            Take(listing.track, tuple(capture.page for capture in take.pages))
            for listing in self._listings.values()
            for take in listing.takes
        )
        # Where all that could be replaced came as aliases, somebody else's key made them.
        is_ours = bool(self._redactor.count_by_kind()) or not self._redactor.count_existing_aliases()
        keys = [self._redactor.key_fingerprint] if is_ours else []
        old = self._redactor.redact_cassette(self._models, old)
        known = find_name_aliases(write(old)) if old.takes else {}
        if self._is_restored:  # what their names were, nobody remembers
            known |= find_name_aliases(write(found))
        cassette = told(self._models, self._redactor.replace_known_names(self._models, found, known), keys)
        merged = told(
            self._models, merge(self._models, self._redactor.replace_known_names(self._models, old), cassette), keys
        )
        items = 0
        for take in cassette.takes:
            operation = self._models.operation(take.track.service, take.track.operation)
            if not is_last(operation, take.pages[-1].answer):
                self._notes[f"{operation.name}: a listing was not read to its end"] = None
            items += sum(item_count(operation, page.answer.output) for page in take.pages)
        if leaks := self._redactor.find_leaks(self._models, merged):
            raise LeakError(leaks)
        self._check_collisions()
        skipped = {self._redactor.redact_accounts(reason): number for reason, number in self._skipped.items()}
        first = {self._redactor.redact_accounts(reason): place for reason, place in self._first.items()}
        notes = {self._redactor.redact_accounts(note) for note in self._notes}
        if already := self._redactor.count_existing_aliases():
            notes.add(f"values that came as aliases and stay as they are: {already}")
        return Recording(cassette, items, self._redactor.count_by_kind(), skipped, tuple(sorted(notes)), merged, first)

    def unwanted(self, operation: Operation) -> str | None:
        """Why calls of an operation are not recorded, None if they are."""
        name = operation.name
        if not any(fnmatchcase(name, glob) for glob in self._operations):
            return f"{name}: not among the operations asked for"
        if not operation.is_read and not self._include_writes:
            return f"{name}: a write; --include-writes records it"
        return None

    def _record(self, request: Request, call: Call, asked: Ask, response: Response) -> Capture | None:
        operation = call.operation
        answer = decode(operation, response)
        for misfit in output_misfits(operation, answer.output):
            if not misfit.unknown:
                raise WireError(f"{pattern_of(misfit.path)}: {misfit.problem}")
        for misfit in input_misfits(asked.identity, operation.input):
            raise WireError(f"the request's {pattern_of(misfit.path)}: {misfit.problem}")
        self._check_lossless(operation, answer, response)
        capture = self._capture(request, call, asked, answer)
        self._check_collisions()
        return capture if self._place(capture) else None

    def _check_collisions(self) -> None:
        if collisions := self._redactor.collided_kinds():
            raise CollisionError(collisions[0])

    def _check_lossless(self, operation: Operation, answer: Answer, response: Response) -> None:
        # What can't be said again can't be replayed: a reason to leave it out.
        said_again = encode(operation, answer, "")
        try:
            lossless = self._parse(operation, said_again) == self._parse(operation, response)
        except Exception as error:  # botocore's parser: what a client would raise, it can't be replayed faithfully
            self._notes[f"{operation.name}: {type(error).__name__} in botocore's parser"] = None
            return
        if not lossless:
            self._notes[f"{operation.name}: a client reads the recorded answer differently from the real one"] = None

    def _capture(self, request: Request, call: Call, asked: Ask, answer: Answer) -> Capture:
        operation = call.operation
        real = next_token(operation, answer.output) if answer.output is not None else None
        hidden = with_token(operation, answer, "token")
        tokens = [token for token in (asked.token, real) if token]
        identity = self._redactor.redact_identity(operation, asked.identity)
        redacted = self._redactor.redact_answer(operation, hidden, tokens, asked.identity)
        for path in redacted.unmodelled:
            self._notes[f"{operation.name}: the service model doesn't know {path}; it is kept, redacted"] = None
        of = (asked.token, real, request.header("amz-sdk-invocation-id"))
        digests = (None if text is None else self._redactor.digest(text) for text in of)
        track = Track(operation.service.name, operation.name, call.region, identity)
        return Capture(track, Page(None, asked.limit, redacted), *digests)

    def _place(self, capture: Capture) -> bool:
        """Puts a capture where it belongs; false if it belongs nowhere."""
        track = capture.track
        listing = self._listings.get(track.key)
        if capture.token is None:
            operation = self._models.operation(track.service, track.operation)
            self._open(self._listings.setdefault(track.key, listing or _Listing(track, operation)), capture)
        elif listing and capture.token in listing.issued:
            self._go_on(listing, capture.token, capture)
        else:
            self.skip(f"{track.operation}: goes on with a listing whose beginning was not recorded")
            return False
        return True

    def _open(self, listing: _Listing, capture: Capture) -> None:
        for take in listing.takes:
            if len(take.pages) == 1 and _is_retry(take.pages[0], capture):
                self._put(listing, take, 0, capture)
                return
        take = _Take([])
        listing.takes.append(take)
        self._put(listing, take, 0, capture)

    def _go_on(self, listing: _Listing, token: str, capture: Capture) -> None:
        places = listing.issued[token]
        for take, index in reversed(places):  # where tokens repeat themselves, the traversal begun last goes on
            if len(take.pages) == index or _is_retry(take.pages[index], capture):
                self._put(listing, take, index, capture)
                return
        for take, index in places:
            if take.pages[index].page.answer == capture.page.answer:
                listing.issue(capture.next, take, index + 1)
                return
        take, index = places[-1]
        parted = _Take(take.pages[:index])
        listing.takes.append(parted)
        self._put(listing, parted, index, capture)

    def _put(self, listing: _Listing, take: _Take, index: int, capture: Capture) -> None:
        if index < len(take.pages):
            self.skip(f"{listing.operation.name}: an error whose retry was answered")
        take.pages[index : index + 1] = [capture]
        listing.issue(capture.next, take, index + 1)


def is_retryable(answer: Answer) -> bool:
    """Whether SDKs ask again after it."""
    error = answer.error
    if error is None:
        return False
    return error.status >= 500 or error.status == 429 or error_name(error.code or "") in _THROTTLING


def _is_retry(failed: Capture, later: Capture) -> bool:
    """Whether `later` answers the retry of `failed`."""
    return is_retryable(failed.page.answer) and (failed.invocation is None or failed.invocation == later.invocation)
