"""Principal names: decides which recorded tracks have their principal.

1. A track has its principal where the cassette has the same track for several principals of its account, one of which
   may be unknown: their answers may differ. All other tracks have no principal, so that a cassette of one principal is
   the same whoever recorded it.
2. A track that has a principal in the old cassette keeps it.
3. A track that has no principal in the old cassette may be of any principal that is not new. A principal is new if it
   is a role that the old cassette does not assume, or a caller other than the caller that the old cassette names.
4. A recording of an unknown principal, or of one that is not new, replaces such a track. A recording of a new principal
   stands beside it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace

from awstape.core.aws.access_keys import Principals, find_given_key
from awstape.core.aws.model import Models
from awstape.core.cassette.cassette import Cassette, Take, Track
from awstape.core.compare.identity_meaning import write_meaning


def find_principals(models: Models, tracks: Mapping[Track, Sequence[Take]]) -> Principals:
    """The principals of the access key ids that answers of STS in a cassette give out."""
    found = Principals()
    for track, takes in tracks.items():
        operation = models.operation(track.service, track.operation)
        for output in (page.answer.output or {} for take in takes for page in take.pages):
            if (given := find_given_key(operation, output)) and operation.name == "GetSessionToken":
                found.note_caller(given, track.principal)
            else:
                found.note_answer(operation, output, None, given)
    return found


def is_new(principal: str | None, old: Principals, now: Principals) -> bool:
    """Whether a principal is new (rule 3). old: the principals of the cassette. now: those of the recording."""
    if principal is None or principal in old.given | old.asked:
        return False
    return principal in now.given or bool(old.asked - old.given)


def name_principals(
    models: Models, old: Cassette, recorded: Iterable[Track], principals: Principals
) -> tuple[dict[Track, Track], dict[Track, Track]]:
    """The recorded tracks that are to have no principal, and the old ones that are to have one, with the new tracks.

    recorded: with their principals, as far as they are known. old: the cassette that they are merged into. principals:
    of the recording.
    """
    recorded = list(recorded)
    if not any(track.principal for track in recorded):
        return {}, {}
    before, now = _group(models, (track for track, _ in old.tracks())), _group(models, recorded)
    of_old = find_principals(models, dict(old.tracks()))
    without, named = dict[Track, Track](), dict[Track, Track]()
    for meaning, tracks in now.items():
        olds = before.get(meaning, {})
        unnamed = olds.get(None)
        may_be = [each for each in sorted(filter(None, tracks)) if not is_new(each, of_old, principals)]
        is_beside = unnamed is not None and not may_be
        if len(tracks) == 1 and not olds.keys() - {None} and not is_beside:
            without |= {track: replace(track, principal=None) for track in tracks.values() if track.principal}
        elif unnamed and None not in tracks and may_be and may_be[0] not in olds:
            named[unnamed] = replace(unnamed, principal=may_be[0])
    return without, named


def _group(models: Models, tracks: Iterable[Track]) -> Mapping[Hashable, Mapping[str | None, Track]]:
    """The tracks that differ in their principal only, by it."""
    groups = defaultdict[Hashable, dict[str | None, Track]](dict)
    for track in tracks:
        groups[write_meaning(models, replace(track, principal=None))][track.principal] = track
    return groups
