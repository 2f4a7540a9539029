"""The timeline of a cassette: the writes in their order, and for each track which takes were read between them.

1. A cassette does not say when a write was sent. It says after which write a take was read (`Take.after`), where the
   answer changed across it. So a write that changed no recorded answer has no place on the timeline; it is counted.
2. Two writes are in the order in which the takes of some track follow them, and takes of one write in theirs. Writes of
   which nothing tells the order are in that of their tracks.
3. A take that comes after no write stands with the take before it: the answer changed while no write was recorded.
4. Tracks with a single take that waits for no write are counted, and so are not drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from awstape.core.aws.model import Models
from awstape.core.cassette.cassette import After, Cassette, Take, Track


@dataclass(frozen=True)
class Lane:
    """A track on a timeline. epochs: for each of its takes, the number of writes that came before it."""

    track: Track
    epochs: tuple[int, ...]


@dataclass(frozen=True)
class Timeline:
    """The writes of a cassette that changed an answer, and the tracks whose answers changed, those changed first first.

    unmoved: the number of other reads. silent: the recorded writes that changed no recorded answer.
    """

    writes: tuple[After, ...] = ()
    lanes: tuple[Lane, ...] = ()
    unmoved: int = 0
    silent: tuple[Track, ...] = ()


def timeline_of(cassette: Cassette, models: Models) -> Timeline:
    """The timeline of a cassette; without lanes if no answer changed."""
    tracks = dict(cassette.tracks())
    writes = _sort_writes(tracks.values())
    epochs = {write: number for number, write in enumerate(writes, 1)}
    is_read = {track: models.operation(track.service, track.operation).is_read for track in tracks}
    moved = {track: takes for track, takes in tracks.items() if any(take.after for take in takes)}
    moved |= {track: takes for track, takes in tracks.items() if is_read[track] and len(takes) > 1}
    lanes = [Lane(track, _epochs_of(takes, epochs)) for track, takes in moved.items()]
    known = {write.track for write in writes}
    return Timeline(
        writes,
        tuple(sorted(lanes, key=lambda lane: ([epoch for epoch in lane.epochs if epoch], lane.track.key))),
        sum(is_read[track] and track not in moved for track in tracks),
        tuple(track for track in tracks if not is_read[track] and track not in known),
    )


def _epochs_of(takes: Iterable[Take], epochs: Mapping[After, int]) -> tuple[int, ...]:
    found: list[int] = []
    for take in takes:
        found.append(epochs[take.after] if take.after else found[-1] if found else 0)
    return tuple(found)


def _sort_writes(tracks: Iterable[Sequence[Take]]) -> tuple[After, ...]:
    """The writes that takes come after, by rule 2; in the order of their tracks if the takes contradict each other."""
    followed = [[take.after for take in takes if take.after] for takes in tracks]
    known = {write for writes in followed for write in writes}
    by_track = sorted(known, key=lambda write: (write.track.key, write.take))
    before: dict[After, set[After]] = {write: set() for write in by_track}
    followed += [[one, other] for one, other in pairwise(by_track) if one.track == other.track]
    for writes in followed:
        for one, other in pairwise(writes):
            if one != other:
                before[other].add(one)
    place = {write: number for number, write in enumerate(by_track)}
    sorter = TopologicalSorter(before)
    try:
        sorter.prepare()
    except CycleError:
        return tuple(by_track)
    result: list[After] = []
    while ready := sorted(sorter.get_ready(), key=place.__getitem__):
        result += ready
        sorter.done(*ready)
    return tuple(result)
