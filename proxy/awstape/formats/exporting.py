"""Exports cassettes in the formats of other tools. The table of formats is at the bottom.

Each format is a module with two functions: `convert_track` converts one track or raises UnsupportedTrackError,
`assemble` makes the text of the export from all converted tracks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from awstape.core.view.selectors import SelectedTrack
from awstape.errors import UserError
from awstape.formats.exports import awscli, har, stubber, vcr
from awstape.formats.exports.exported_pages import AddNote, UnsupportedTrackError, check_requestable, common_notes

Converted = TypeVar("Converted")


@dataclass(frozen=True)
class Export:
    """An exported text, and notes on what the format could not hold."""

    text: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ExportFormat(Generic[Converted]):
    """An export format: the functions of its module."""

    convert_track: Callable[[SelectedTrack, AddNote], Converted]
    assemble: Callable[[Sequence[Converted]], str]


def export_tracks(tracks: Iterable[SelectedTrack], form: str) -> Export:
    """Exports the selected takes in a format of `FORMATS`. Raises UserError if the format can hold none of them."""
    notes: list[str] = []
    converted = []
    for chosen in tracks:
        track_notes: list[str] = []
        try:
            check_requestable(chosen)
            converted.append(FORMATS[form].convert_track(chosen, track_notes.append))
            track_notes += common_notes(chosen)
        except UnsupportedTrackError as reason:
            track_notes = [f"left out: {reason}"]
        notes += [f"{chosen}: {text}" for text in track_notes]
    if not converted:
        raise UserError(f"there is nothing to export to {form}", notes[0] if notes else "the cassette has no tracks")
    return Export(FORMATS[form].assemble(converted), tuple(notes))


FORMATS: Mapping[str, ExportFormat[Any]] = {
    "awscli": ExportFormat(awscli.convert_track, awscli.assemble),
    "har": ExportFormat(har.convert_track, har.assemble),
    "stubber": ExportFormat(stubber.convert_track, stubber.assemble),
    "vcr": ExportFormat(vcr.convert_track, vcr.assemble),
}
