"""Takes, put together: those of two cassettes merged, those that say nothing new left out, tokens named.

1. A track that stands in two cassettes is the newer one, unless only the older one was read to its end.
2. Of neighbouring takes that say the same, or of which one is the beginning of the other, the longer one stays.
3. Tokens are named by position once it is settled which takes there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from awstape.core.aws.model import Models, Operation
from awstape.core.aws.paging import is_finished, named, with_token
from awstape.core.cassette.cassette import Cassette, Take, Track


def merge(models: Models, old: Cassette, new: Cassette) -> Cassette:
    """The tracks of both. One that stands in both is the new one, unless only the old one was read to its end.

    The faults that people put into the old takes stay.
    """

    tracks = dict(old.tracks())
    for track, takes in new.tracks():
        operation = models.operation(track.service, track.operation)
        if track not in tracks or is_finished(operation, takes) or not is_finished(operation, tracks[track]):
            tracks[track] = _with_faults_of(takes, tracks.get(track, ()))
    return Cassette.of((take for takes in tracks.values() for take in takes), old.keys | new.keys)


def told(models: Models, cassette: Cassette, keys: Iterable[str]) -> Cassette:
    """The cassette without takes that say nothing new, its tokens named by position.

    keys: the fingerprint of the key at hand, for a cassette that names none.
    """
    takes: list[Take] = []
    for track, group in cassette.tracks():
        takes += retold(models.operation(track.service, track.operation), track, group)
    return Cassette.of(takes, cassette.keys or keys)


def retold(operation: Operation, track: Track, takes: Iterable[Take]) -> list[Take]:
    """The same for the takes of one track."""
    read = [unnamed(operation, take) for take in takes]
    return [
        replace(take, track=track, pages=named(operation, track, number, take.pages))
        for number, take in enumerate(_telling(read), 1)
    ]


def unnamed(operation: Operation, take: Take) -> Take:
    """The take with all tokens that it gives out alike, to be compared with others of its track."""
    pages = (replace(page, answer=with_token(operation, page.answer, "token")) for page in take.pages)
    return replace(take, pages=tuple(pages))


def begins(shorter: Take, longer: Take) -> bool:
    """Whether a take says nothing but what the other one begins with; both with their tokens `unnamed`."""
    pairs = zip(shorter.pages, longer.pages, strict=False)
    return len(shorter.pages) <= len(longer.pages) and all(one.answer == other.answer for one, other in pairs)


def _telling(takes: list[Take]) -> list[Take]:
    """The takes without those that a neighbour says as well: equal ones and beginnings of others."""
    kept: list[Take] = []
    for take in takes:
        while kept and begins(kept[-1], take):
            take = _joined(take, kept.pop())
        if kept and begins(take, kept[-1]):
            kept[-1] = _joined(kept[-1], take)
        else:
            kept.append(take)
    return kept


def _joined(take: Take, other: Take) -> Take:
    """The take, with what people asked of the other one, which says no more.

    Of two limits for one page the smaller is kept, so that the order of the two doesn't show.
    """
    limits = [
        min((p.limit for p in (page, *other.pages[i : i + 1]) if p.limit is not None), default=None)
        for i, page in enumerate(take.pages)
    ]
    pages = (replace(page, limit=limit) for page, limit in zip(take.pages, limits, strict=True))
    return replace(take, pages=tuple(pages), faults=take.faults + other.faults)


def _with_faults_of(takes: tuple[Take, ...], old: tuple[Take, ...]) -> tuple[Take, ...]:
    """The takes with the faults of those that they replace; where these were more, the last one gets the rest."""
    result = list(takes)
    for i, take in enumerate(old):
        at = min(i, len(result) - 1)
        result[at] = replace(result[at], faults=result[at].faults + take.faults)
    return tuple(result)
