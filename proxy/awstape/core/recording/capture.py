"""Captures: decodes and redacts one exchange, and writes it as text for the journal.

1. All that a recording needs of an exchange is in its capture: a recording that was interrupted is restored from its
   captures.
2. A capture is redacted, but for names in free text that only later traffic shows to be names. It also has the real
   values that no capture before it had, for the replacement of names and the leak search at the end.
3. Page tokens and the SDK's invocation id are kept as digests made with the key: enough to chain pages and to recognise
   a retry.
4. The capture of a response that can't be read, or does not fit the service model, so that it could not be encoded
   again, is a hole with the reason. A request that does not fit the model raises WireError.
5. Each answer is encoded again and parsed as a client does. Where the client would see a difference, the operation is
   named in the notes.
6. As text, a capture is a YAML stream of two documents: the digests with the real values, and a take of one page. It
   must be encrypted.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import astuple, dataclass, field, replace

from awstape.core.aws.call import Answer, Call
from awstape.core.aws.conform import input_misfits, output_misfits
from awstape.core.aws.content_encoding import decode_message
from awstape.core.aws.member_paths import path_pattern
from awstape.core.aws.model import Models, Operation
from awstape.core.aws.paging import PageRequest, next_token
from awstape.core.aws.protocols.dispatch import read_response, write_response
from awstape.core.aws.wire import Request, Response, WireError
from awstape.core.cassette.cassette import Page, Take, Track
from awstape.core.cassette.page_tokens import replace_next_token
from awstape.core.cassette.yaml.parser import parse_documents
from awstape.core.cassette.yaml.validation import build_take, take_problems
from awstape.core.cassette.yaml.writer import SEPARATOR, dump_document, write_take
from awstape.core.redaction.aliases import SeenValue
from awstape.core.redaction.redactor import Redactor

_DIGESTS = ("token", "next", "invocation")

Parse = Callable[[Operation, Response], object]
"""Parses a response as a client does."""


@dataclass(frozen=True)
class Capture:
    """A redacted exchange.

    page: a page without its token; the token in its answer is hidden. token: the digest of the token in the request,
    None for a first page. next: the digest of the token in the response, None on the last page and for a hole.
    invocation: the digest of the id that an SDK gives to a call and its retries, None if the request had none.
    seen: the real values that were seen for the first time. answered_meanwhile: how many captures of the recording were
    answered after its request was sent, before its own answer. is_later: whether the cassette that answers requests was
    stale when it was sent, so that the takes of that cassette come before this one.
    """

    track: Track
    page: Page
    token: str | None = None
    next: str | None = None
    invocation: str | None = None
    seen: tuple[SeenValue, ...] = field(default=(), repr=False)
    answered_meanwhile: int = 0
    is_later: bool = False


class Capturer:
    """Makes captures of exchanges. notes: what a reader of the cassette should know, as keys in the order of events."""

    def __init__(self, redactor: Redactor, parse: Parse) -> None:
        self.notes: dict[str, None] = {}
        self._redactor = redactor
        self._parse = parse

    def read_page(self, call: Call, page_request: PageRequest, response: Response) -> Page:
        """The page that a response holds, not redacted. call, page_request: what its request means."""
        try:
            answer = self._read(call.operation, decode_message(response))
        except WireError as error:
            return Page.make_hole(str(error), limit=page_request.limit)
        return Page(None, page_request.limit, answer)

    def find_track(self, call: Call, page_request: PageRequest) -> Track:
        """The track of a call, redacted. Raises WireError for an input that does not fit the service model."""
        operation = call.operation
        for misfit in input_misfits(page_request.identity, operation.input):
            raise WireError(f"the request's {path_pattern(misfit.path)}: {misfit.problem}")
        identity = self._redactor.redact_identity(operation, page_request.identity)
        account = self._redactor.redact_caller(call.caller)
        return Track(operation.service.name, operation.name, call.region, identity, account)

    def digest_token(self, page_request: PageRequest) -> str | None:
        """The digest of the page token of a request, None for a first page."""
        return None if page_request.token is None else self._redactor.digest(page_request.token)

    def _read(self, operation: Operation, response: Response) -> Answer:
        """The answer that a response holds. Raises WireError if it can't be read, or could not be encoded again."""
        answer = read_response(operation, response)
        for misfit in output_misfits(operation, answer.output):
            if not misfit.unknown:
                raise WireError(f"{path_pattern(misfit.path)}: {misfit.problem}")
        self._check_lossless(operation, answer, response)
        return answer

    def _check_lossless(self, operation: Operation, answer: Answer, response: Response) -> None:
        """Notes a difference that a client would see in replay. Raises WireError if the answer can't be encoded."""
        encoded_again = write_response(operation, answer, "")
        try:
            is_lossless = self._parse(operation, encoded_again) == self._parse(operation, response)
        except Exception as error:  # any exception of botocore's parser: a client raises it, and replay can't
            self.notes[f"{operation.name}: {type(error).__name__} in botocore's parser"] = None
            return
        if not is_lossless:
            self.notes[f"{operation.name}: a client parses the recorded response differently from the real one"] = None

    def capture(self, request: Request, track: Track, call: Call, page_request: PageRequest, page: Page) -> Capture:
        """The capture of a page."""
        operation, answer = call.operation, page.answer
        next_ = next_token(operation, answer.output) if answer.output is not None else None
        hidden = replace_next_token(operation, answer, "token")
        tokens = [token for token in (page_request.token, next_) if token]
        redacted = self._redactor.redact_answer(operation, hidden, tokens, page_request.identity)
        hashed = (next_, request.header("amz-sdk-invocation-id"))
        next_digest, invocation = (None if text is None else self._redactor.digest(text) for text in hashed)
        page = page if page.hole is not None else replace(page, answer=redacted)
        return Capture(track, page, self.digest_token(page_request), next_digest, invocation)


# --- text for the journal -----------------------------------------------------------------------------------------


def write(capture: Capture) -> str:
    """A capture as text; it holds real values."""
    about = {name: digest for name in _DIGESTS if (digest := getattr(capture, name)) is not None}
    if capture.answered_meanwhile:
        about["answered_meanwhile"] = str(capture.answered_meanwhile)
    if capture.is_later:
        about["is_later"] = "yes"
    if capture.seen:
        about["seen"] = json.dumps([astuple(value) for value in capture.seen])
    return dump_document(about) + SEPARATOR + write_take(Take(capture.track, (capture.page,)))


def read(text: str, models: Models) -> Capture:
    """The capture that a text holds. Raises ValueError for a text that this version did not write."""
    try:
        about, take = (document.value for document in parse_documents(text))
        if any(take_problems(take, models)) or not isinstance(about, dict):
            raise ValueError
        seen = tuple(SeenValue(*fields) for fields in json.loads(str(about.pop("seen", "[]"))))
        meanwhile = int(str(about.pop("answered_meanwhile", "0")))
        is_later = about.pop("is_later", None) == "yes"
        if not about.keys() <= set(_DIGESTS):
            raise ValueError
    except (ValueError, TypeError):
        raise ValueError("not a capture of this version") from None
    read = build_take(take, models)
    digests = {name: str(digest) for name, digest in about.items()}
    return Capture(read.track, read.pages[0], **digests, seen=seen, answered_meanwhile=meanwhile, is_later=is_later)
