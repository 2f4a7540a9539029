"""Retries: requests that failed until the same request is answered, and the response that fills a hole.

1. SDKs send a request again that got no response, a response that can't be read, or an error of throttling or of the
   service. People do so, too, once they have logged in again or set the clock.
2. A request that failed (`core.aws.error_codes`) is settled once the same request is answered, whoever sends it, or
   the first page of its track: then the listing was begun anew.
   A write that may have taken effect is a capture with a hole, and settled once that is filled: it may be sent again
   for another reason (`core.recording.folding`).
3. A response that can't be read is a hole, and so is one that leaves the outcome of a write unknown. An SDK sends one
   invocation id for a call and its retries; where the hole's request had none, the next response to the same request
   counts as the answer to its retry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable

from awstape.core.aws.model import Models, Operation
from awstape.core.cassette.cassette import Page, Track
from awstape.core.compare.identity_meaning import write_meaning
from awstape.core.recording.capture import Capture

_UNKNOWN_OUTCOME = "; nothing tells whether the write took effect"


class FailedRequests:
    """The requests of a recording that failed and are no captures, with the reasons, until they are settled."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._open: dict[Hashable, tuple[Track, dict[str | None, list[str]]]] = {}

    def add(self, track: Track, token: str | None, reason: str) -> None:
        """Adds a request. token: the digest of its page token."""
        _, failed = self._open.setdefault(write_meaning(self._models, track), (track, {}))
        failed.setdefault(token, []).append(reason)

    def settle(self, track: Track, token: str | None) -> int:
        """Removes what the answer to a request settles; returns how many requests had failed."""
        if not self._open:
            return 0
        meaning = write_meaning(self._models, track)
        _, failed = self._open.get(meaning, (track, {}))
        count = sum(len(failed.pop(each, ())) for each in (list(failed) if token is None else [token]))
        if not failed:
            self._open.pop(meaning, None)
        return count

    @property
    def tracks(self) -> list[Track]:
        """The tracks in which a request is not answered."""
        return [track for track, _ in self._open.values()]

    def count_by_reason(self) -> Counter[str]:
        """Reason → number of requests, in the order in which they were sent first."""
        return Counter(reason for _, failed in self._open.values() for each in failed.values() for reason in each)


def settled_reason(operation: Operation) -> str:
    """Why a request that failed is not recorded, once it was answered."""
    return f"{operation.name}: an error that was retried; the answer to its retry is recorded"


def make_unknown_outcome(problem: str) -> Page:
    """The hole of a write that failed, but may have taken effect."""
    return Page.make_hole(problem + _UNKNOWN_OUTCOME)


def find_unknown_outcome(hole: str) -> str | None:
    """The problem of a write that may have taken effect, by the reason of its hole; None for any other hole."""
    return hole.removesuffix(_UNKNOWN_OUTCOME) if hole.endswith(_UNKNOWN_OUTCOME) else None


def answers_retry_of(failed: Capture, later: Capture) -> bool:
    """Whether `later` is the answer to the retry of a request that `failed` with a hole."""
    return failed.page.hole is not None and (failed.invocation is None or failed.invocation == later.invocation)
