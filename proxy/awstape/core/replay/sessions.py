"""Sessions: what each test got so far, and the misses, faults and played pages counted over all tests.

1. Tests that run at the same time have one session each; they share no takes, faults, played pages or misses.
2. Each event is counted three times: in its session, in `since_reset` (all sessions since the last reset of all), and
   in `total`, which is never reset. An event without a session is counted in the last two.
3. At most MAX_SESSIONS named sessions exist at a time. The session without a name always exists.
4. A session keeps at most MAX_MISSES misses, and all sessions together MAX_MISSES_TEXT characters of their texts;
   further misses are only counted.
5. Where several processes answer requests, each of them counts what it answers; the counts of all are their sum.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from awstape.core.cassette.cassette import Track
from awstape.core.replay.take_selection import TakeSelection

if TYPE_CHECKING:
    from awstape.core.replay.misses import Miss

MAX_SESSIONS = 10_000
MAX_MISSES = 1_000
MAX_MISSES_TEXT = 8 * 1024 * 1024

PlayedPage = tuple[Track, int, int]
"""A track, a take of it and a recorded page of that, both counted from 1."""


@dataclass
class Session:
    """What one test got so far.

    name: as clients give it; empty for requests that name none, and for counts over all sessions.
    requests: the number of requests, whatever their replies.
    misses: those that are kept, and misses_length: the number of characters in their texts.
    misses_not_kept: the number of misses beyond the bounds.
    fault_counts: how often each fault answered or delayed a request.
    takes: the take that each track is at.
    repeated: the writes that were sent more often than they were recorded, and how often.
    """

    name: str = ""
    requests: int = 0
    played: set[PlayedPage] = field(default_factory=set)
    misses: list[Miss] = field(default_factory=list)
    misses_not_kept: int = 0
    misses_length: int = 0
    fault_counts: Counter[object] = field(default_factory=Counter)
    takes: TakeSelection = field(default_factory=TakeSelection)
    repeated: Counter[Track] = field(default_factory=Counter)

    def keep_miss(self, miss: Miss, *, has_room: bool) -> None:
        """Keeps a miss, or counts it if there is no room."""
        if has_room and len(self.misses) < MAX_MISSES:
            self.misses.append(miss)
            self.misses_length += len(miss.text)
        else:
            self.misses_not_kept += 1

    def add(self, other: Session) -> None:
        """Adds the counts of the same session in another process."""
        self.requests += other.requests
        self.played |= other.played
        self.misses += other.misses
        self.misses_not_kept += other.misses_not_kept
        self.misses_length += other.misses_length
        self.fault_counts += other.fault_counts
        self.repeated |= other.repeated


class Sessions:
    """All sessions of a replay, and the counts over all of them.

    by_name: the sessions that exist now; "" is the one of requests that name none.
    """

    def __init__(self) -> None:
        self.by_name: dict[str, Session] = {}
        self.since_reset = Session()
        self.total = Session()

    def get_or_begin(self, name: str) -> Session | None:
        """The session with a name, begun if it does not exist; None if MAX_SESSIONS exist already."""
        if session := self.by_name.get(name):
            return session
        named = len(self.by_name) - ("" in self.by_name)
        if name and named >= MAX_SESSIONS:
            return None
        self.by_name[name] = Session(name)
        return self.by_name[name]

    def reset(self, name: str | None) -> None:
        """Ends a session, or with None all of them; the total stays."""
        if name is None:
            self.by_name.clear()
            self.since_reset = Session()
        else:
            self.by_name.pop(name, None)

    def counts(self, name: str) -> Sessions:
        """The counts of one session and over all of them, for another process: without the takes that they are at."""
        counts = Sessions()
        if session := self.by_name.get(name):
            counts.by_name[name] = replace(session, takes=TakeSelection())
        counts.since_reset, counts.total = self.since_reset, self.total
        return counts

    @classmethod
    def sum(cls, parts: Iterable[Sessions]) -> Sessions:
        """The counts of several processes together."""
        summed = cls()
        for part in parts:
            for name, session in part.by_name.items():
                summed.by_name.setdefault(name, Session(name)).add(session)
            summed.since_reset.add(part.since_reset)
            summed.total.add(part.total)
        return summed

    def count_request(self, session: Session | None) -> None:
        """Counts a request, before it is answered."""
        for account in self._accounts(session):
            account.requests += 1

    def count_played(self, session: Session, pages: Sequence[PlayedPage]) -> None:
        """Counts recorded pages that were served."""
        for account in self._accounts(session):
            account.played.update(pages)

    def counter(self, name: str, pages: Sequence[PlayedPage]) -> Callable[[], bool]:
        """What counts further requests of a session, by its name, that get the same pages.

        It is called for each of them, and returns False if the session can't begin.
        """
        has_played: Session | None = None  # what a session played is counted everywhere, and stays

        def count() -> bool:
            nonlocal has_played
            session = self.by_name.get(name)
            if session is None or session is not has_played:
                session = has_played = self.get_or_begin(name)
                if session is None:
                    return False
                self.count_played(session, pages)
            session.requests += 1
            self.since_reset.requests += 1
            self.total.requests += 1
            return True

        return count

    def count_write(self, session: Session, track: Track, sent: int, recorded: int) -> None:
        """Counts a write that a session sent more often than it was recorded."""
        if sent > recorded:
            for account in self._accounts(session):
                account.repeated[track] = max(sent, account.repeated[track])

    def count_fault(self, session: Session, fault: object) -> None:
        """Counts a request that a fault answered or delayed. fault: what identifies the fault."""
        for account in self._accounts(session):
            account.fault_counts[fault] += 1

    def count_miss(self, session: Session | None, miss: Miss) -> None:
        """Counts a miss, and keeps it where there is room."""
        miss = replace(miss, session=session.name) if session and session.name else miss
        length = sum(each.misses_length for each in self.by_name.values()) + len(miss.text)
        for account in self._accounts(session):
            has_room = length <= MAX_MISSES_TEXT if account is session else account.misses_length < MAX_MISSES_TEXT
            account.keep_miss(miss, has_room=has_room)

    def _accounts(self, session: Session | None) -> tuple[Session, ...]:
        """The sessions in which an event is counted."""
        return (session, self.since_reset, self.total) if session else (self.since_reset, self.total)
