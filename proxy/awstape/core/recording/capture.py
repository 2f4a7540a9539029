"""Captures: decodes and redacts one exchange.

1. A capture is redacted, but for names in free text that only later traffic shows to be names.
2. Page tokens, the SDK's invocation id and access key ids are kept as digests made with the key: enough to chain pages,
   to recognise a retry, and to tell the principal (`core.aws.access_keys.Principals`).
3. The capture of a response that can't be read, or does not fit the service model, so that it could not be encoded
   again, is a hole with the reason. A request that does not fit the model raises WireError.
4. Each answer is encoded again, so that it is known to be replayable (`core.recording.lossless`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from awstape.core.aws.access_keys import ACCOUNT, find_given_key, principal_of_access_key
from awstape.core.aws.call import Answer, Call
from awstape.core.aws.conform import input_misfits, output_misfits
from awstape.core.aws.member_paths import path_pattern
from awstape.core.aws.paging import PageRequest, next_token
from awstape.core.aws.protocols.dispatch import decode_response, read_response, write_response
from awstape.core.aws.wire import Response, WireError
from awstape.core.cassette.cassette import Page, Track
from awstape.core.cassette.page_tokens import replace_next_token
from awstape.core.recording.exchange import Exchange
from awstape.core.recording.lossless import LosslessCheck, Parse
from awstape.core.redaction.redactor import Redactor


@dataclass(frozen=True)
class Capture:
    """A redacted exchange.

    page: a page without its token; the token in its answer is hidden.
    token: the digest of the token in the request, None for a first page.
    next: the digest of the token in the response, None on the last page and for a hole.
    invocation: the digest of the id that an SDK gives to a call and its retries, None if the request had none.
    caller: the digest of the access key id of the request.
    given: the digest of the access key id that an answer of STS gives out.
    captured_meanwhile: how many captures were made after the request was sent, before this one.
    is_later: whether the cassette that answers requests was stale when the request was sent. The takes of that cassette
        come before this capture then.
    """

    track: Track
    page: Page
    token: str | None = None
    next: str | None = None
    invocation: str | None = None
    caller: str | None = None
    given: str | None = None
    captured_meanwhile: int = 0
    is_later: bool = False


class Capturer:
    """Makes captures of exchanges. lossless: compares their responses with what replay makes of them."""

    def __init__(self, redactor: Redactor, parse: Parse) -> None:
        self.lossless = LosslessCheck(parse)
        self._redactor = redactor

    def read_page(self, call: Call, page_request: PageRequest, response: Response) -> Page:
        """The page that a response holds, not redacted. call, page_request: what its request means."""
        try:
            answer = self._read(call, decode_response(call.operation, response))
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
        principal = principal_of_access_key(call.caller.reveal()) if call.caller else None
        return Track(operation.service.name, operation.name, call.region, identity, account, principal)

    def digest_token(self, page_request: PageRequest) -> str | None:
        """The digest of the page token of a request, None for a first page."""
        return self._digest(page_request.token)

    def _read(self, call: Call, response: Response) -> Answer:
        """The answer that a response holds. Raises WireError if it can't be read, or could not be encoded again."""
        operation = call.operation
        answer = read_response(operation, response, call.protocol)
        for misfit in output_misfits(operation, answer.output):
            if not misfit.unknown:
                raise WireError(f"{path_pattern(misfit.path)}: {misfit.problem}")
        encoded_again = write_response(operation, answer, "", call.protocol)
        self.lossless.compare(operation, response, encoded_again, call.protocol)
        return answer

    def capture(
        self, exchange: Exchange, track: Track, call: Call, page_request: PageRequest, page: Page, meanwhile: int
    ) -> Capture:
        """The capture of a page. meanwhile: how many captures were made while its request was in flight."""
        operation, answer = call.operation, page.answer
        next_ = next_token(operation, answer.output) if answer.output is not None else None
        hidden = replace_next_token(operation, answer, "token")
        tokens = [token for token in (page_request.token, next_) if token]
        redacted = self._redactor.redact_answer(operation, hidden, tokens, page_request.identity)
        return Capture(
            track,
            page if page.hole is not None else replace(page, answer=redacted),
            token=self.digest_token(page_request),
            next=self._digest(next_),
            invocation=self._digest(exchange.request.header("amz-sdk-invocation-id")),
            caller=self._digest(_key_of_principal(call)),
            given=self._digest(find_given_key(operation, answer.output or {})),
            captured_meanwhile=meanwhile,
            is_later=exchange.is_later,
        )

    def _digest(self, text: str | None) -> str | None:
        return None if text is None else self._redactor.digest(text)


def _key_of_principal(call: Call) -> str | None:
    """The access key id of a call, None if it stands for an account, so that it is of no principal."""
    return call.caller.reveal() if call.caller and not ACCOUNT.fullmatch(call.caller.reveal()) else None
