"""Cassettes for people who use other tools: `export` and, at the bottom, what writes each format.

A format is a module with two functions: `part` makes something of one track or raises LeftOut, `whole` makes the text
of all parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from awstape.core.view.selectors import Chosen
from awstape.errors import UserError
from awstape.formats.exports import awscli, har, stubber, vcr
from awstape.formats.exports.exchanges import LeftOut, Note, check_askable, common_notes

Part = TypeVar("Part")


@dataclass(frozen=True)
class Export:
    """The text in the other format, and what of the cassette is not in it."""

    text: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Format(Generic[Part]):
    """How a track becomes part of a text, and the parts a whole."""

    part: Callable[[Chosen, Note], Part]
    whole: Callable[[Sequence[Part]], str]


def export(tracks: Iterable[Chosen], form: str) -> Export:
    """The chosen takes in a format of `FORMATS`. Raises UserError if none of them can be in it."""
    notes: list[str] = []
    parts = []
    for chosen in tracks:
        said: list[str] = []
        try:
            check_askable(chosen)
            parts.append(FORMATS[form].part(chosen, said.append))
            said += common_notes(chosen)
        except LeftOut as reason:
            said = [f"left out: {reason}"]
        notes += [f"{chosen.track}: {text}" for text in said]
    if not parts:
        raise UserError(f"there is nothing to export to {form}", notes[0] if notes else "the cassette has no tracks")
    return Export(FORMATS[form].whole(parts), tuple(notes))


FORMATS: Mapping[str, Format[Any]] = {
    "awscli": Format(awscli.part, awscli.whole),
    "har": Format(har.part, har.whole),
    "stubber": Format(stubber.part, stubber.whole),
    "vcr": Format(vcr.part, vcr.whole),
}
