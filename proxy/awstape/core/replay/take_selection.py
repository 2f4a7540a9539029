"""Take selection: decides which take of a track a first-page request gets.

1. Within an epoch, a first-page request gets the take after the last one that the session served; the last take of the
   epoch repeats. A take with `after` begins an epoch, which begins in the session once it served that write; takes of
   earlier epochs are stale then. No take is given out before its epoch begins, and none if the write is not replayed. A
   write whose last take repeats counts each time, so that a cassette in which it was recorded again, less often, tells
   the story of its reads.
2. A retry gets the take of the first attempt. SDKs send one `amz-sdk-invocation-id` for all attempts of a call, so a
   request with a known id gets the take that was served under that id.
3. Without an invocation id, `attempt=N` with N > 1 in `amz-sdk-request` marks a retry. It gets the take of the last
   first-page request of the track, also if a fault answered that request.
4. A request that a fault or a limit error answers does not advance the track to its next take.
5. A read with only one take, for whose takes no other track's take waits, has nothing to select: neither what was
   requested of it nor what was served is noted.
6. A session remembers the invocation ids of the last `_CALLS_REMEMBERED` calls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from awstape.core.aws.wire import Request
from awstape.core.cassette.cassette import After, Take, Track
from awstape.core.text.lazy_pattern import lazy_pattern

_ATTEMPT = lazy_pattern(r"attempt=(\d+)")
_CALLS_REMEMBERED = 1000


Epochs = Sequence[tuple[int, int, After | None]]
"""The epochs of a track: the numbers of the first and the last take, and the write after which it begins."""


def find_epochs(takes: Sequence[Take]) -> Epochs:
    """The epochs of a track's takes."""
    begins = [(number, take.after) for number, take in enumerate(takes, 1) if take.after or number == 1]
    ends = [first - 1 for first, _ in begins[1:]] + [len(takes)]
    return [(first, last, after) for (first, after), last in zip(begins, ends, strict=True)]


class TakeSelection:
    """The takes that one session is at. Takes are counted from 1."""

    def __init__(self) -> None:
        self._last_served: dict[Track, int] = {}
        self._times_served: Counter[Track] = Counter()
        self._last_requested: dict[Track, int] = {}
        self._of_call: dict[tuple[Track, str], int] = {}

    def choose(self, track: Track, epochs: Epochs, request: Request) -> int | None:
        """The number of the take that a first-page request gets, None if no epoch has begun; changes nothing."""
        if (take := self._take_of_first_attempt(track, request)) is not None:
            return take
        for first, last, after in reversed(epochs):
            if after is None or self._times_served[after.track] >= after.take:
                return max(first, min(self._last_served.get(track, 0) + 1, last))
        return None

    def times_served(self, track: Track) -> int:
        """How often a write was served, without retries."""
        return self._times_served[track]

    def _take_of_first_attempt(self, track: Track, request: Request) -> int | None:
        """The take of the call that a request retries, None if it is a call of its own."""
        call = _invocation_id(request)
        if call is not None:
            return self._of_call.get((track, call))
        return self._last_requested.get(track) if _is_marked_as_retry(request) else None

    def note_request(self, track: Track, take: int) -> None:
        """Notes that a first page was requested, whatever the answer will be."""
        self._last_requested[track] = take

    def note_served(self, track: Track, take: int, request: Request) -> None:
        """Notes that the first page of a take was served."""
        call = _invocation_id(request)
        is_again = (track, call) in self._of_call if call else _is_marked_as_retry(request)
        self._last_served[track] = max(take, self._last_served.get(track, 0))
        self._times_served[track] = max(take, self._times_served[track] + (not is_again))
        if call:
            self._of_call[track, call] = take
            if len(self._of_call) > _CALLS_REMEMBERED:
                del self._of_call[next(iter(self._of_call))]


def _invocation_id(request: Request) -> str | None:
    """The id that an SDK gives to a call and its retries."""
    return request.header("amz-sdk-invocation-id")


def _is_marked_as_retry(request: Request) -> bool:
    attempt = _ATTEMPT.search(request.header("amz-sdk-request") or "")
    return attempt is not None and int(attempt[1]) > 1
