"""Requests that were answered before: an equal one is answered from memory, without being parsed.

1. Two requests are equal if their bytes are, but for the values of the headers that no answer depends on: time and
   signature of version 4, of which the credential counts, and the ids that SDKs give to calls and attempts. No
   operation has these headers as members; attempts count only for replies that may not be served again (rule 3).
2. Only a request that arrives alone is known: at once, on a connection on which nothing else has arrived or is due, and
   on which more may follow. So its bytes are all that its answer depends on, and leave its parser as it was.
3. A reply is kept if it may be served again (`Reply.serve_again`), which counts it as if it were found anew.
4. A request is known by a digest, so that nothing of it is kept. The responses take at most `MAX_KEPT`; of further ones
   the oldest goes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

#: Bytes of all responses that are kept, and of a request that may be known.
MAX_KEPT = 32 * 1024 * 1024
MAX_REQUEST = 64 * 1024

_END = b"\r\n\r\n"
#: The headers that no answer depends on, by rule 1. Of a signature, the credential is a group.
_IRRELEVANT = re.compile(
    rb"\r\n(?:(?i:x-amz-date|amz-sdk-invocation-id|amz-sdk-request):[ -~\t]*"
    rb"|(?i:authorization):[ \t]*AWS4-HMAC-SHA256[ \t]+Credential=([!-+\--~]+)[ -~\t]*)"
)


def key_of(data: bytes) -> bytes | None:
    """What equal requests have in common; None for bytes that can't be a known request."""
    head, end, body = data.partition(_END)
    if not end or len(data) > MAX_REQUEST or b"\0" in head:
        return None
    relevant = b"\0".join([part or b"" for part in _IRRELEVANT.split(head)])
    return sha256(relevant + _END + body).digest()


@dataclass(frozen=True)
class _Answer:
    response: bytes
    serve_again: Callable[[], bool]


class KnownRequests:
    """The requests that one server knows, with their responses. max_kept: with 0, none is known."""

    def __init__(self, max_kept: int = MAX_KEPT) -> None:
        self._max_kept = max_kept
        self._answers: dict[bytes, _Answer] = {}
        self._kept = 0

    def serve_again(self, key: bytes) -> bytes | None:
        """The response to a known request, which counts as served; None if the request must be answered anew."""
        answer = self._answers.get(key)
        return answer.response if answer and answer.serve_again() else None

    def add(self, key: bytes, response: bytes, serve_again: Callable[[], bool]) -> None:
        """Keeps the response to a request, in place of older ones."""
        if len(response) > self._max_kept:
            return
        self._drop(key)
        self._answers[key] = _Answer(response, serve_again)
        self._kept += len(response)
        while self._kept > self._max_kept:
            self._drop(next(iter(self._answers)))

    def _drop(self, key: bytes) -> None:
        if answer := self._answers.pop(key, None):
            self._kept -= len(answer.response)
