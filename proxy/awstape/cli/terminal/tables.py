"""The tables of `awstape ls`: on a terminal and in a pipe.

1. Every text of a cassette is made printable (`core.text.printable`).
2. A table shows all identities in the same detail, as much as fits: layouts are tried from the most detailed one until
   one fits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from awstape.cli.terminal.styled_text import StyledText, Terminal
from awstape.core.aws.model import Models
from awstape.core.text.counting import count
from awstape.core.text.printable import printable
from awstape.core.text.shortening import join_sizes, shorten_middle
from awstape.core.view.labels import Detail, identity_label
from awstape.core.view.track_statistics import TrackStatistics

_LONGEST_NOTES = 28
_LONGEST_CUT = 14
_DETAILS = (Detail(), Detail(whole_arns=False), Detail(whole_arns=False, required_names=False))
_SHORTEST = 12


# --- the table of a cassette ------------------------------------------------------------------------------------


def track_table(to: Terminal, title: str, tracks: Sequence[TrackStatistics], models: Models) -> list[StyledText]:
    """The table of a cassette for `awstape ls`, with a title and a line of totals."""
    head = StyledText(printable(title), "bold")
    if not tracks:
        return [head, StyledText(" no tracks", "dim")]
    services = _services(tracks)
    if len(services) == 1:
        head.append("  ").append_text(*services.values())
    return [head, *_rows(to, tracks, models), StyledText(f" {totals(tracks)}", "dim")]


def totals(tracks: Iterable[TrackStatistics], cassettes: int | None = None) -> str:
    """`3 tracks, 5 pages, …`; except for tracks and pages, zero counts are left out."""
    every = list(tracks)
    items, errors = sum(each.items or 0 for each in every), sum(len(each.errors) for each in every)
    holes = sum(each.holes for each in every)
    unfinished, faults = (
        sum(not each.complete and not each.holes for each in every),
        sum(len(each.faults) for each in every),
    )
    counts = [
        count(cassettes, "cassette") if cassettes is not None else "",
        count(len(every), "track"),
        count(sum(each.pages for each in every), "page"),
        count(items, "item") if items else "",
        count(errors, "error") if errors else "",
        count(holes, "hole") if holes else "",
        f"{unfinished} unfinished" if unfinished else "",
        count(faults, "fault") if faults else "",
    ]
    return ", ".join(filter(None, counts))


def _rows(to: Terminal, tracks: Sequence[TrackStatistics], models: Models) -> Iterable[StyledText]:
    """The first layout that fits the width; the last one is cropped to fit."""
    for layout in (_side_by_side, _grouped):
        for detail in _DETAILS:
            cells = layout(tracks, models, detail)
            too_wide = cells.width - to.width if to.width is not None else 0
            if too_wide <= 0:
                return cells.lines(to.width)
    labels = (_identity(each, models, detail, differ) for _, same, differ in _by_service(tracks) for each in same)
    longest = max(len(label.plain) for label in labels)
    return _grouped(tracks, models, replace(detail, width=max(longest - too_wide, _SHORTEST))).lines(to.width)


def _side_by_side(tracks: Sequence[TrackStatistics], models: Models, detail: Detail) -> _Cells:
    """Operation and identity side by side."""
    cells = _Cells(("operation", "identity"))
    for heading, of_service, differ in _by_service(tracks):
        if heading:
            cells.add("", heading)
        before = ""
        for each in of_service:
            name = each.track.operation
            operation = StyledText(name, "dim" if name == before else "bold")
            cells.add(_number(each), operation, _identity(each, models, detail, differ), *_counts(each))
            before = name
    return cells


def _grouped(tracks: Sequence[TrackStatistics], models: Models, detail: Detail) -> _Cells:
    """Operations as headings above the identities, which leaves more room for the identities."""
    cells = _Cells(("operation and identity",))
    for heading, of_service, differ in _by_service(tracks):
        if heading:
            cells.add("", heading)
        for name, same in groupby(of_service, key=lambda each: each.track.operation):
            group = [(each, _identity(each, models, detail, differ)) for each in same]
            if is_one := (len(group) == 1 and not group[0][1]):
                group[0][1].append(name, "bold")
            else:
                cells.add("", StyledText(name, "bold"))
            for each, label in group:
                cells.add(_number(each), StyledText("" if is_one else "  ").append_text(label), *_counts(each))
    return cells


class _Shown(NamedTuple):
    """What is shown before an identity, because tracks differ in it."""

    region: bool
    caller: bool


class _Cells:
    """The cells of a table. names: the columns between the numbers of tracks and those of pages, items and notes."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._rows: list[list[StyledText]] = []
        self._headers = [StyledText(name, "dim") for name in ("#", *names, "pages", "items", "")]
        self._is_right = [True, *(False for _ in names), True, True, False]

    def add(self, *row: StyledText | str) -> None:
        texts = [cell if isinstance(cell, StyledText) else StyledText(cell) for cell in row]
        self._rows.append(texts + [StyledText()] * (len(self._headers) - len(texts)))

    @cached_property
    def _widths(self) -> list[int]:
        widths = [max(cell.width for cell in column) for column in zip(self._headers, *self._rows, strict=True)]
        return [*widths[:-1], min(widths[-1], _LONGEST_NOTES)]

    @property
    def width(self) -> int:
        """The width of the lines: two blanks before each column, but one before the first."""
        return sum(self._widths) + 2 * len(self._widths) - 1

    def lines(self, width: int | None) -> Iterator[StyledText]:
        """The lines of the table. width: of the terminal; identities that do not fit are cropped, and then lines."""
        if width is not None and (too_wide := self.width - width) > 0:
            identity = len(self._names)
            self._widths[identity] = max(self._widths[identity] - too_wide, 1)
        lines = self._laid_out()
        return lines if width is None else (line.cropped(width) for line in lines)

    def _laid_out(self) -> Iterator[StyledText]:
        yield self._line(self._headers)
        yield StyledText("─" * self.width, "dim")
        for row in self._rows:
            *cells, notes = row
            first, *rest = notes.folded(_LONGEST_NOTES) if notes.width > _LONGEST_NOTES else [notes]
            yield self._line([*cells, first])
            yield from (self._line([*([StyledText()] * len(cells)), each]) for each in rest)

    def _line(self, cells: Sequence[StyledText]) -> StyledText:
        line = StyledText()
        for i, (cell, width, is_right) in enumerate(zip(cells, self._widths, self._is_right, strict=True)):
            blanks = " " * (width - cell.width)
            line.append("  " if i else " ")
            line.append(blanks if is_right else "").append_text(cell.cropped(width)).append("" if is_right else blanks)
        return line


def _by_service(tracks: Sequence[TrackStatistics]) -> Iterator[tuple[StyledText | None, list[TrackStatistics], _Shown]]:
    """Yields for each service a heading, if there are several, its tracks, and what is shown before identities."""
    services = _services(tracks)
    caller = len({each.track.caller for each in tracks}) > 1
    for name, same in groupby(tracks, key=lambda each: each.track.service):
        group = list(same)
        region = len({each.track.region for each in group}) > 1
        yield services[name] if len(services) > 1 else None, group, _Shown(region, caller)


def _services(tracks: Iterable[TrackStatistics]) -> dict[str, StyledText]:
    """Service name → heading, which includes the region if all tracks of the service have the same."""
    regions: dict[str, set[str]] = {}
    for each in tracks:
        regions.setdefault(each.track.service, set()).add(printable(each.track.region or ""))
    return {
        name: StyledText(" ".join([name, *(found if len(found) == 1 else ())]).rstrip(), "cyan")
        for name, found in regions.items()
    }


def _number(each: TrackStatistics) -> StyledText:
    return StyledText(str(each.number), "dim")


def _identity(each: TrackStatistics, models: Models, detail: Detail, shown: _Shown) -> StyledText:
    track = each.track
    before = [track.region if shown.region else None, track.caller if shown.caller else None]
    where = "".join(f"{printable(word)} " for word in before if word)
    input_ = models.operation(track.service, track.operation).input
    words = identity_label(track.identity, input_, replace(detail, width=detail.width - len(where)))
    return StyledText(where, "cyan").append(words)


def _counts(each: TrackStatistics) -> tuple[StyledText, StyledText, StyledText]:
    """The cells for pages, items by page (`3+2`) and notes."""
    cuts = ", ".join(join_sizes(take.items) for take in each.takes if take.items)
    items = cuts if len(cuts) <= _LONGEST_CUT else str(each.items)
    return StyledText(str(each.pages)), StyledText(items), track_notes(each)


def track_notes(each: TrackStatistics) -> StyledText:
    """Short notes on a track: several takes, errors, holes, unfinished, faults, unmodelled members."""
    notes = [(f"{len(each.takes)} takes", "blue")] if len(each.takes) > 1 else []
    notes += [(shorten_middle(printable(code), 2 * _LONGEST_NOTES), "red") for code in dict.fromkeys(each.errors)]
    notes += [(count(each.holes, "hole"), "red")] if each.holes else []
    notes += [("unfinished", "yellow")] if not each.complete and not each.holes else []
    notes += [(f"fault {fault.split()[0]}", "magenta") for fault in each.faults]
    notes += [("unmodelled", "yellow")] if each.unmodelled else []
    return StyledText.join(", ", (StyledText(text, style) for text, style in notes))
