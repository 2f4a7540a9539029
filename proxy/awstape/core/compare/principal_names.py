"""Principal names: decides which recorded tracks have their principal.

1. A track has its principal where the cassette has the same track for several of its account, one of which may be
   unknown: their answers may differ. All other tracks have none, so that a cassette of one principal is the same
   whoever recorded it.
2. What the old cassette has for a principal stays that of this principal. What it has for none is of any: a recording
   of one principal replaces it, as one of unknown principals does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import replace

from awstape.core.aws.model import Models
from awstape.core.cassette.cassette import Cassette, Track
from awstape.core.compare.identity_meaning import write_meaning


def name_principals(models: Models, old: Cassette, recorded: Iterable[Track]) -> dict[Track, Track]:
    """The recorded tracks that are to have no principal, each with the one in its place.

    recorded: with their principals, as far as they are known. old: the cassette that they are merged into.
    """
    recorded = dict.fromkeys(recorded)
    named = [track for track in recorded if track.principal]
    if not named:
        return {}
    before, now = defaultdict[Hashable, set[str]](set), defaultdict[Hashable, set[str | None]](set)
    for track, _ in old.tracks():
        if track.principal:
            before[_without_principal(models, track)].add(track.principal)
    for track in recorded:
        now[_without_principal(models, track)].add(track.principal)

    def is_of_several(track: Track) -> bool:
        meaning = _without_principal(models, track)
        return len(before[meaning] | now[meaning]) > 1 or track.principal in before[meaning]

    return {track: replace(track, principal=None) for track in named if not is_of_several(track)}


def _without_principal(models: Models, track: Track) -> Hashable:
    return write_meaning(models, replace(track, principal=None))
