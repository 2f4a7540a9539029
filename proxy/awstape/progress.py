"""How far long work has come: edges report it, and the command line shows it on a terminal.

1. Whoever does long work says so by `begin`, and counts what is done. Works may be nested: files, and the bytes of one.
2. Without a watcher, as in tests, in pipes and in the processes of users, the counts are shown nowhere.
3. The core knows nothing of this. Edges count the items that they give to it, or that come from it.

May import: nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol, TypeVar

_Item = TypeVar("_Item")

#: The unit of work that is counted in bytes.
BYTES = "bytes"


@dataclass(eq=False)
class Work:
    """Work that is being done. doing: `reading team.yaml`. total: None if it is unknown. unit: what is counted."""

    doing: str
    total: int | None = None
    unit: str = ""
    done: int = 0

    def over(self, items: Iterable[_Item], size: Callable[[_Item], int] = lambda _: 1) -> Iterator[_Item]:
        """Yields the items; each counts as done when the next one is asked for. size: how much an item counts."""
        for item in items:
            yield item
            self.done += size(item)

    def reach(self, number: int) -> None:
        """Notes that so much is done."""
        self.done = number


class Watcher(Protocol):
    """Learns which work begins and ends; how far it has come is for it to look."""

    def begin(self, work: Work) -> None: ...

    def end(self, work: Work) -> None: ...


_watcher = ContextVar[Watcher | None]("watcher", default=None)


@contextmanager
def begin(doing: str, total: int | None = None, unit: str = "") -> Iterator[Work]:
    """Begins work, which ends with the block, also by an error."""
    work, watcher = Work(doing, total, unit), _watcher.get()
    if watcher is None:
        yield work
        return
    watcher.begin(work)
    try:
        yield work
    finally:
        watcher.end(work)


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Lets a watcher learn of all work in the block, in this thread."""
    before = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(before)
