"""Replies that may be served again, kept by what their requests have in common.

1. Only a reply with `Reply.serve_again` is kept, which counts it as if it were found anew (`core.replay.replies`, rule
   4). What a key must hold, is a matter of the edge that makes it.
2. The answers that are kept have a size in bytes, together at most `max_kept`; of further ones the oldest goes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

_Answer = TypeVar("_Answer")


class KnownReplies(Generic[_Answer]):
    """Answers to the requests of one edge. max_kept: with 0, none is kept."""

    def __init__(self, max_kept: int) -> None:
        self._max_kept = max_kept
        self._kept = 0
        self._known: dict[Hashable, tuple[_Answer, int, Callable[[], bool]]] = {}

    def serve_again(self, key: Hashable) -> _Answer | None:
        """The answer to a known request, which counts as served; None if the request must be answered anew."""
        known = self._known.get(key)
        return known[0] if known and known[2]() else None

    def add(self, key: Hashable, answer: _Answer, size: int, serve_again: Callable[[], bool]) -> None:
        """Keeps an answer, in place of older ones."""
        if size > self._max_kept:
            return
        self._drop(key)
        self._known[key] = answer, size, serve_again
        self._kept += size
        while self._kept > self._max_kept:
            self._drop(next(iter(self._known)))

    def _drop(self, key: Hashable) -> None:
        if known := self._known.pop(key, None):
            self._kept -= known[1]
