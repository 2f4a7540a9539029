"""The summary of a recording: what was recorded, what was not, and why.

A `Recording` has the recorded takes besides. A summary alone can be sent from one process to another (`follower`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields

from awstape.core.cassette.cassette import Cassette, Track
from awstape.core.recording.set_aside import SetAside


@dataclass(frozen=True)
class RecordingSummary:
    """What there is to say about a recording.

    tracks, pages, items: how many were recorded.
    redacted: kind → number of different values replaced.
    skipped: reason → number of exchanges not recorded, but for those in `failed`.
    notes: members without a model, listings not read to their end, responses that were not encoded without loss.
    set_aside: the takes that are not in the cassette, since they hold real values.
    failed: reason → number of requests that failed, and that neither a retry nor a later request got an answer to.
    first_places: reason → place of the first exchange in `skipped` or `failed`, where places are known.
    bugs: place in our code → number of exchanges that an error there kept from the cassette.
    kept_in: the journal in which those exchanges stay.
    own_names: the aliases of names that come from the program itself.
    old_tracks: how many tracks of the old cassette stay that were not asked for.
    """

    tracks: int = 0
    pages: int = 0
    items: int = 0
    redacted: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    failed: dict[str, int] = field(default_factory=dict)
    first_places: dict[str, str] = field(default_factory=dict)
    bugs: dict[str, int] = field(default_factory=dict)
    kept_in: str = ""
    own_names: tuple[str, ...] = ()
    old_tracks: int = 0

    @property
    def tells_something(self) -> bool:
        """Whether something was recorded, or could not be."""
        return bool(self.pages) or self.lacks_something

    @property
    def lacks_something(self) -> bool:
        """Whether something was left out."""
        return bool(self.set_aside or self.skipped or self.failed or self.bugs)


@dataclass(frozen=True)
class Recording(RecordingSummary):
    """The result of a recording.

    cassette: the recorded tracks.
    merged: the recorded tracks and those of the old cassette that stay.
    made: the tracks of the merged cassette that are of this recording.
    """

    cassette: Cassette = field(default_factory=Cassette)
    merged: Cassette = field(default_factory=Cassette)
    made: frozenset[Track] = frozenset()

    @property
    def summary(self) -> RecordingSummary:
        """The summary alone, without the takes."""
        return RecordingSummary(*(getattr(self, each.name) for each in fields(RecordingSummary)))


@dataclass
class SkippedExchanges:
    """Exchanges that are not recorded. numbers: reason → how many. first_places: reason → place of the first one."""

    numbers: Counter[str] = field(default_factory=Counter)
    first_places: dict[str, str] = field(default_factory=dict)

    def add(self, reason: str, place: str = "", number: int = 1) -> None:
        """Counts exchanges. place: where the last one was found, empty if that is unknown."""
        if number:
            self.numbers[reason] += number
            self.note_place(reason, place)

    def note_place(self, reason: str, place: str) -> None:
        """Notes where an exchange was found that is not recorded for a reason, or failed for it."""
        if place:
            self.first_places.setdefault(reason, place)

    def add_all(self, others: SkippedExchanges) -> None:
        """Adds those that were counted elsewhere."""
        self.numbers.update(others.numbers)
        for reason, place in others.first_places.items():
            self.note_place(reason, place)

    def copy(self) -> SkippedExchanges:
        return SkippedExchanges(self.numbers.copy(), self.first_places.copy())
