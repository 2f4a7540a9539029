"""Exports cassettes in the formats of other tools.

Each format is a module in `exports` with the functions of `ExportFormat`, and a name in the list there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, cast

from awstape.core.view.selectors import SelectedTrack
from awstape.errors import UserError
from awstape.formats.exports.exported_pages import AddNote, UnsupportedTrackError, check_requestable, common_notes


@dataclass(frozen=True)
class Export:
    """An exported text, and notes on what the format could not hold."""

    text: str
    notes: tuple[str, ...]


class ExportFormat(Protocol):
    """The module of a format."""

    def convert_track(self, chosen: SelectedTrack, add_note: AddNote, /) -> Any:
        """Converts one track. Raises UnsupportedTrackError if the format can't hold it."""

    def assemble(self, converted: Sequence[Any], /) -> str:
        """The text of an export, made of all converted tracks."""


def export_tracks(tracks: Iterable[SelectedTrack], form: str) -> Export:
    """Exports the selected takes in a format. Raises UserError if the format can hold none of them."""
    format_ = cast(ExportFormat, import_module(f"awstape.formats.exports.{form}"))
    notes: list[str] = []
    converted = []
    for chosen in tracks:
        track_notes: list[str] = []
        try:
            check_requestable(chosen)
            converted.append(format_.convert_track(chosen, track_notes.append))
            track_notes += common_notes(chosen)
        except UnsupportedTrackError as reason:
            track_notes = [f"left out: {reason}"]
        notes += [f"{chosen}: {text}" for text in track_notes]
    if not converted:
        raise UserError(f"there is nothing to export to {form}", notes[0] if notes else "the cassette has no tracks")
    return Export(format_.assemble(converted), tuple(notes))
