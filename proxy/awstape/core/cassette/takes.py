"""Merges and normalises takes: joins two cassettes, drops redundant takes, names page tokens.

1. A track that is in both cassettes is taken from the newer one, unless only the older one is settled: all its takes
   are complete, none ends in an error about the client (`core.aws.error_codes`), and no request failed. A track of an
   unknown caller in the older one is the same as that of the first known caller in the newer one.
2. Of neighbouring takes that are equal, or of which one is the beginning of the other, the longer one stays. A hole
   equals no page: what was there is unknown. Takes of writes all stay: each of them happened.
3. A take with `after` begins an epoch. Takes of two epochs are neighbours only if the later epoch has no other take and
   both have as many pages: then the write changed nothing, and `after` goes. A page read on one side of a write only
   may be another one on its other side. Unless all takes are of one recording, the earlier of the two must be the only
   take before: a session that made other writes got another one perhaps.
4. Tokens are named by position after the redundant takes are dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from dataclasses import replace

from awstape.core.aws.error_codes import client_problem
from awstape.core.aws.model import Models, Operation
from awstape.core.aws.paging import is_last_page
from awstape.core.cassette.cassette import After, Cassette, Take, Track, with_pages
from awstape.core.cassette.page_tokens import find_repeated_page, mask_tokens, name_tokens


def merge_recorded(
    models: Models, old: Cassette, new: Cassette, whole: Cassette | None = None, failed: Container[Track] = ()
) -> Cassette:
    """The tracks of both; one in both is taken from `new`, unless only that of `old` is settled.

    The faults that people put into the old takes stay. whole: `new` without its holes, where what was there is known to
    be settled or not. failed: the tracks of `new` in which a request failed.
    """
    left, merged = dict(old.tracks()), dict[Track, tuple[Take, ...]]()
    whole_takes = dict(whole.tracks()) if whole else {}
    known = dict[Track, Track]()  # where one cassette has an unknown caller: the track that goes → the one that stays
    for track, takes in new.tracks():
        operation = models.operation(track.service, track.operation)
        before = find_track(left, track) or track
        is_better = track not in failed and are_settled(operation, whole_takes.get(track, takes))
        if before not in left or is_better or not are_settled(operation, left[before]):
            known |= {before: track} if before in left else {}
            merged[track] = _with_faults_of(takes, left.pop(before, ()))
        else:
            known[track] = before
    every = (take for takes in (*left.values(), *merged.values()) for take in takes)
    followed = change_writes(every, lambda write: known.get(write, write))
    return Cassette.of(followed, old.keys | new.keys, old.account, old.apart | new.apart)


def find_track(tracks: Container[Track], track: Track) -> Track | None:
    """Of tracks, a track itself, or the same of an unknown caller; None if they have neither."""
    unknown = replace(track, account=None, principal=None)
    return track if track in tracks else unknown if unknown in tracks else None


def are_settled(operation: Operation, takes: Collection[Take]) -> bool:
    """Whether every take of a track is complete, and none ends in an error about the client."""
    ends = [take.pages[-1].answer.error for take in takes]
    return all(is_complete(operation, take) for take in takes) and not any(end and client_problem(end) for end in ends)


def is_complete(operation: Operation, take: Take) -> bool:
    """Whether a take was read to its last page, or to one that repeats a token, and no page of it is a hole."""
    is_last = is_last_page(operation, take.pages[-1].answer)
    return take.hole is None and (is_last or find_repeated_page(operation, take.pages) is not None)


def normalise_cassette(
    models: Models, cassette: Cassette, keys: Iterable[str], *, of_one_recording: bool = False
) -> Cassette:
    """The cassette without redundant takes, its tokens named by position.

    keys: the fingerprint of the current key, for a cassette that names none. of_one_recording: as in rule 3.
    """
    takes: list[Take] = []
    for track, group in cassette.tracks():
        operation = models.operation(track.service, track.operation)
        takes += normalise_takes(operation, track, group, of_one_recording=of_one_recording)
    return Cassette.of(takes, cassette.keys or keys, cassette.account, cassette.apart)


def normalise_takes(
    operation: Operation, track: Track, takes: Iterable[Take], *, of_one_recording: bool = False
) -> list[Take]:
    """The takes of one track without redundant ones, with tokens named by position."""
    masked = [mask_tokens(operation, take) for take in takes]
    if operation.is_read:
        masked = drop_redundant_takes(masked, of_one_recording=of_one_recording)
    named = (with_pages(take, name_tokens(operation, track, i, take.pages)) for i, take in enumerate(masked, 1))
    return [take if take.track is track else replace(take, track=track) for take in named]


def drop_redundant_takes(takes: Iterable[Take], *, of_one_recording: bool = False) -> list[Take]:
    """The takes of a read without those that equal a neighbour or are its beginning; their tokens are masked."""
    epochs: list[list[Take]] = []
    for take in takes:
        if take.after or not epochs:
            epochs.append([])
        epochs[-1].append(take)
    kept: list[list[Take]] = []
    for epoch in map(_drop_neighbours, epochs):
        is_known = of_one_recording or len(kept) == len(kept[0]) == 1 if kept else False
        last = kept[-1][-1] if is_known and len(epoch) == 1 else None
        joined = _drop_neighbours([last, *epoch]) if last and len(last.pages) == len(epoch[0].pages) else []
        if len(joined) == 1:
            kept[-1] = _drop_neighbours([*kept[-1][:-1], *joined])
        else:
            kept.append(epoch)
    return [take for epoch in kept for take in epoch]


def _drop_neighbours(takes: Iterable[Take]) -> list[Take]:
    kept: list[Take] = []
    for take in takes:
        while kept and is_beginning(kept[-1], take):
            take = replace(_absorb(take, kept[-1]), after=kept.pop().after)
        if kept and is_beginning(take, kept[-1]):
            kept[-1] = _absorb(kept[-1], take)
        else:
            kept.append(take)
    return kept


def is_beginning(shorter: Take, longer: Take) -> bool:
    """Whether the answers of a take are the first ones of the other; the tokens of both are masked."""
    pairs = zip(shorter.pages, longer.pages, strict=False)
    return len(shorter.pages) <= len(longer.pages) and all(
        one.hole is None and other.hole is None and one.answer == other.answer for one, other in pairs
    )


def _absorb(take: Take, redundant: Take) -> Take:
    """The take with the limits and faults of a redundant one.

    Of two limits for one page the smaller is kept, so that the order of the two does not show.
    """
    limits = [
        min((p.limit for p in (page, *redundant.pages[i : i + 1]) if p.limit is not None), default=None)
        for i, page in enumerate(take.pages)
    ]
    pages = (replace(page, limit=limit) for page, limit in zip(take.pages, limits, strict=True))
    return replace(take, pages=tuple(pages), faults=take.faults + redundant.faults)


def _with_faults_of(takes: tuple[Take, ...], old: tuple[Take, ...]) -> tuple[Take, ...]:
    """The takes with the faults of those that they replace; if those were more, the last take gets the rest."""
    result = list(takes)
    for i, take in enumerate(old):
        at = min(i, len(result) - 1)
        result[at] = replace(result[at], faults=result[at].faults + take.faults)
    return tuple(result)


def rename_tracks(cassette: Cassette, names: Mapping[Track, Track]) -> Cassette:
    """The cassette with other tracks in the place of some of its own."""
    if not names:
        return cassette
    takes = (replace(take, track=names.get(take.track, take.track)) for take in cassette.takes)
    return cassette.with_takes(change_writes(takes, lambda write: names.get(write, write)))


def change_writes(takes: Iterable[Take], change: Callable[[Track], Track]) -> Iterator[Take]:
    """The takes, with a function applied to the track of the write that each comes after."""
    for take in takes:
        yield replace(take, after=replace(take.after, track=change(take.after.track))) if take.after else take


def follow_takes(takes: Iterable[Take], moved: Mapping[tuple[Track, int], After | None]) -> Iterator[Take]:
    """The takes, with each `after` whose take was moved, or removed, corrected. moved: old place → new place."""
    for take in takes:
        place = take.after and (take.after.track, take.after.take)
        yield replace(take, after=moved[place]) if place and place in moved else take
