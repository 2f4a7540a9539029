"""Requests that were answered before: an equal one is answered from memory, without being parsed.

1. Two requests are equal if their bytes are, but for the values of the headers that no answer depends on: time and
   signature of version 4, of which the credential counts, and the ids that SDKs give to calls and attempts. No
   operation has these headers as members; attempts count only for replies that may not be served again.
2. Only a request that arrives alone is known: at once, on a connection on which nothing else has arrived or is due, and
   on which more may follow. So its bytes are all that its answer depends on, and leave its parser as it was.
3. Where these values stand is the layout of a request. It is found by a search, and tried for the next request of the
   connection first: a client's requests mostly have one layout. A request with the same bytes outside these places, and
   with nothing inside them that could end a header, has the same headers there.
4. Replies are kept by the rules of `core.replay.known_replies`. A request is known by a digest of its layout and of the
   bytes outside, so that nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from operator import itemgetter

from awstape.core.replay.known_replies import KnownReplies
from awstape.core.text.lazy_pattern import lazy_pattern

#: Bytes of all responses that are kept, and of a request that may be known.
MAX_KEPT = 32 * 1024 * 1024
MAX_REQUEST = 64 * 1024

_END = b"\r\n\r\n"
#: The headers that no answer depends on, by rule 1, with the value in a group; of a signature, what follows the
#: credential and its end.
_IRRELEVANT = lazy_pattern(
    rb"\r\n(?:(?i:x-amz-date|amz-sdk-invocation-id|amz-sdk-request):([ -~\t]*)"
    rb"|(?i:authorization):[ \t]*AWS4-HMAC-SHA256[ \t]+Credential=[!-+\--~]+[, \t]([ -~\t]*))"
)
#: What a value may consist of, as above.
_IN_VALUES = bytes([*range(0x20, 0x7F), 0x09])


class Layout:
    """The places of the values that no answer depends on, as (begin, end) from the beginning of a request."""

    def __init__(self, places: Sequence[tuple[int, int]]) -> None:
        self._begun = sha256(repr(places).encode())
        self._last = places[-1][1] if places else 0
        self._places = places
        begins, ends = [0, *(end for _, end in places)], [*(begin for begin, _ in places), None]
        # An empty place at the begin, since `itemgetter` returns a tuple for two and more.
        self._outside = itemgetter(slice(0), *map(slice, begins, ends))
        self._inside = itemgetter(slice(0), slice(0), *(slice(*place) for place in places))

    def key(self, data: bytes) -> bytes | None:
        """What equal requests of this layout have in common; None if the bytes have another one."""
        if not self._last < len(data) <= MAX_REQUEST:
            return None
        digest = self._begun.copy()
        if self._places:
            if b"".join(self._inside(data)).translate(None, _IN_VALUES):
                return None
            data = b"".join(self._outside(data))
        digest.update(data)
        return digest.digest()


_layout = lru_cache(256)(Layout)


def find_layout(data: bytes) -> Layout | None:
    """The layout of a request; None for bytes that can't be a known request."""
    head = data.find(_END)
    if head < 0 or len(data) > MAX_REQUEST:
        return None
    return _layout(tuple(found.span(found.lastindex or 0) for found in _IRRELEVANT.finditer(data, 0, head)))


class KnownRequests:
    """The known requests, as one connection asks for them. key: of the bytes asked for last, None if they have none."""

    def __init__(self, replies: KnownReplies[bytes]) -> None:
        self.key: bytes | None = None
        self._replies = replies
        self._layout = _layout(())

    def serve_again(self, data: bytes) -> bytes | None:
        """The response to a known request, which counts as served; None if the bytes must be parsed."""
        self.key = self._layout.key(data)
        if response := self._replies.serve_again(self.key):
            return response
        layout = find_layout(data)
        if layout is self._layout:
            return None
        self._layout = layout or self._layout
        self.key = layout.key(data) if layout else None
        return self._replies.serve_again(self.key)
