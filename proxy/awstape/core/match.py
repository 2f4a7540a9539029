"""Matching: explain, then decide. A request matches a track exactly where `differences` finds nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from awstape.core.cassette import Track
from awstape.core.model import Value

_ABSENT = object()
_LONGEST = 160


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
        if identity.get(name, _ABSENT) != track.identity.get(name, _ABSENT)
    ]


def nearest(identity: dict[str, Value], tracks: Iterable[Track]) -> Track | None:
    """The track that differs in the fewest members, the first of several."""
    return min(tracks, key=lambda track: len(differences(identity, track)), default=None)


def _shown(value: object) -> str:
    if value is _ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"
