"""Matching: explain, then decide. A request matches a track exactly where `differences` finds nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from awstape.core.cassette import Track, identity_key
from awstape.core.model import Value

_ABSENT = object()
_LONGEST = 160
_COMPARED = 100  # looking alike costs about 0.1 ms a track


@dataclass(frozen=True)
class Difference:
    """A member in which a request differs from a track; a side that lacks it says `nothing`."""

    member: str
    request: str
    cassette: str

    def __str__(self) -> str:
        return f"{self.member}: request has {self.request} / cassette has {self.cassette}"


def differences(identity: dict[str, Value], track: Track) -> list[Difference]:
    """Member by member, what keeps a request with this identity from being one of the track."""
    names = [*identity, *(name for name in track.identity if name not in identity)]
    return [
        Difference(name, _shown(identity.get(name, _ABSENT)), _shown(track.identity.get(name, _ABSENT)))
        for name in names
        if _part(identity, name) != _part(track.identity, name)
    ]


def _part(identity: dict[str, Value], name: str) -> str:
    """A member as text, if it is there: what the keys of tracks are made of, where true is not 1."""
    return identity_key({name: identity[name]}) if name in identity else ""


def nearest(identity: dict[str, Value], tracks: Iterable[Track]) -> Track | None:
    """The track that differs in the fewest members and of these looks most alike, the first of several."""
    ranked = [(len(differences(identity, track)), track) for track in tracks]
    fewest = min((count for count, _ in ranked), default=0)
    close = [track for count, track in ranked if count == fewest][:_COMPARED]
    wanted = identity_key(identity)
    return max(
        close, key=lambda track: SequenceMatcher(None, wanted, identity_key(track.identity)).ratio(), default=None
    )


def _shown(value: object) -> str:
    if value is _ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"
