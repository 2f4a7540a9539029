"""Retries: requests that failed until the same request is answered, and the response that fills a hole.

1. SDKs send a request again that got no response, a response that can't be read, or an error of throttling or of the
   service. People do so, too, once they have logged in again or set the clock.
2. A request that failed (`core.aws.error_codes`) is settled once the same request is answered, whoever sends it, or
   the first page of its track: then the listing was begun anew.
   A write that may have taken effect is settled once its hole is filled: it may be sent again for another reason.
3. A response that can't be read is a hole, and so is one that leaves the outcome of a write unknown. An SDK sends one
   invocation id for a call and its retries; where the hole's request had none, the next response to the same request
   counts as the answer to its retry.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from awstape.core.cassette.cassette import Track
from awstape.core.recording.capture import Capture


class FailedRequests:
    """The requests of a recording that failed, with the reasons."""

    def __init__(self) -> None:
        self._open: defaultdict[Track, dict[str | int | None, list[str]]] = defaultdict(dict)

    def add(self, track: Track, request: str | int | None, reason: str) -> None:
        """Adds a request. request: the digest of its page token; for a write that is a hole, which take it is."""
        self._open[track].setdefault(request, []).append(reason)

    def settle(self, track: Track, token: str | None, write: int | None = None) -> int:
        """Removes what the answer to a request settles; returns how many requests had failed.

        write: which take of a write was answered.
        """
        failed = self._open.get(track, {})
        if write is not None:
            settled: set[str | int | None] = {None, write}
        else:
            settled = set(failed) if token is None else {token}
        return sum(len(failed.pop(each, ())) for each in settled)

    @property
    def tracks(self) -> set[Track]:
        """The tracks in which a request is not answered."""
        return {track for track, failed in self._open.items() if failed}

    def count_by_reason(self) -> dict[str, int]:
        """Reason → number of requests, in the order in which they were sent first."""
        return dict(Counter(reason for failed in self._open.values() for each in failed.values() for reason in each))


def answers_retry_of(failed: Capture, later: Capture) -> bool:
    """Whether `later` is the answer to the retry of a request that `failed` with a hole."""
    return failed.page.hole is not None and (failed.invocation is None or failed.invocation == later.invocation)
