"""Later takes: puts the takes of a recording behind those of the cassette that answered its first requests.

1. In `new_episodes`, the cassette answers until a write is sent upstream. The takes that are recorded from then on are
   later than those of the cassette, which the program saw before: they follow them.
2. The first later take of a track comes `after` a recorded write before it. The old takes of its track are stale
   then, also those that this program did not get. This holds for the track of a write as well: a replay of the program
   gives out the later take, however many old ones there are.
3. Where the cassette has no takes of the track, or they are not settled, all its requests were sent upstream: the first
   take comes after no write, as in any recording.
4. Later takes with which the old ones end already are left out: without recorded writes, each run records them again.
5. A later track has the spelling of the one in the cassette that answered the same request.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from awstape.core.aws.model import Models, Operation
from awstape.core.cassette.cassette import After, Cassette, Take, Track
from awstape.core.cassette.page_tokens import mask_tokens
from awstape.core.cassette.takes import are_settled, change_writes, find_track, follow_takes, rename_tracks
from awstape.core.compare.identity_meaning import meaning_key, member_meanings


def spell_as_before(models: Models, old: Cassette, new: Cassette, later: set[Track]) -> tuple[Cassette, set[Track]]:
    """The new cassette and its tracks in `later`, each spelled as the only one of its meaning in the old cassette."""
    spelled = defaultdict[object, list[Track]](list)
    old_tracks = {track for track, _ in old.tracks()}
    for track in old_tracks:
        spelled[_meaning(models, track)].append(track)
    taken = {track for track, _ in new.tracks()}
    first = dict[Track, Track]()
    for track in sorted(later, key=lambda track: track.key):
        alike = (replace(track, identity=each.identity) for each in spelled[_meaning(models, track)])
        there = {each for each in alike if find_track(old_tracks, each)}
        if len(there) == 1 and not there & taken:
            taken |= there
            first[track] = there.pop()
    spelled_new = rename_tracks(new, first)
    return spelled_new, {first.get(track, track) for track in later}


def _meaning(models: Models, track: Track) -> tuple[object, ...]:
    operation = models.operation(track.service, track.operation)
    return track.service, track.operation, track.region, meaning_key(member_meanings(operation, track.identity))


def follow_old_takes(models: Models, old: Cassette, new: Cassette, later: set[Track]) -> tuple[Cassette, Cassette]:
    """What is left of the old cassette, and the new one with old takes before its own in the tracks of `later`.

    A track of an unknown caller in the old cassette is that of a known one in the new, as in `merge_recorded`.
    """
    left, recorded = dict(old.tracks()), dict(new.tracks())
    followed, known = dict[Track, tuple[Take, ...]](), dict[Track, Track]()
    for track in recorded.keys() & later:
        operation = models.operation(track.service, track.operation)
        before = find_track(left, track)
        if before and are_settled(operation, left[before]):
            known[before] = track
            followed[track] = tuple(replace(take, track=track) for take in left.pop(before))
    moved: dict[tuple[Track, int], After | None] = {
        (track, number): After(track, len(takes) + number)
        for track, takes in followed.items()
        for number in range(1, len(recorded[track]) + 1)
    }
    joined: list[Take] = []
    for track, takes in recorded.items():
        operation = models.operation(track.service, track.operation)
        there, added = followed.get(track, ()), tuple(follow_takes(takes, moved))
        if track in later and not there:
            added = (replace(added[0], after=None), *added[1:])
        joined += there if _end_in(operation, there, added) else there + added
    rest = (take for takes in left.values() for take in takes)
    before_now, now = (list(change_writes(each, lambda write: known.get(write, write))) for each in (rest, joined))
    return old.with_takes(before_now), new.with_takes(now)


def _end_in(operation: Operation, takes: Sequence[Take], end: Sequence[Take]) -> bool:
    """Whether the last takes give the same answers as those of `end`, after the same writes."""
    last, wanted = ([mask_tokens(operation, take) for take in each] for each in (takes[-len(end) :], end))
    return [(take.after, _answers(take)) for take in last] == [(take.after, _answers(take)) for take in wanted]


def _answers(take: Take) -> list[tuple[object, ...]]:
    return [(page.answer, page.hole) for page in take.pages]
