"""Requests that were answered before: an equal one is answered from memory, without being parsed.

1. Two requests are equal if their bytes are, but for the values of the headers that no answer depends on: time and
   signature of version 4, of which the credential counts, and the ids that SDKs give to calls and attempts. No
   operation has these headers as members; attempts count only for replies that may not be served again.
2. Only a request that arrives alone is known: at once, on a connection on which nothing else has arrived or is due, and
   on which more may follow. So its bytes are all that its answer depends on, and leave its parser as it was.
3. Replies are kept by the rules of `core.replay.known_replies`. A request is known by a digest, so that nothing of it
   is kept.
"""

from __future__ import annotations

from hashlib import sha256

from awstape.core.text.lazy_pattern import lazy_pattern

#: Bytes of all responses that are kept, and of a request that may be known.
MAX_KEPT = 32 * 1024 * 1024
MAX_REQUEST = 64 * 1024

_END = b"\r\n\r\n"
#: The headers that no answer depends on, by rule 1. Of a signature, the credential is a group.
_IRRELEVANT = lazy_pattern(
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
