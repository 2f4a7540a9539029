"""The tables of `awstape ls`, and values in full: on a terminal and in a pipe.

1. On a terminal no line is wider than the terminal, and there is colour unless NO_COLOR is set or the terminal is dumb.
   In a pipe nothing is cut to a width, and there are no escape sequences.
2. Every text of a cassette is made printable (`core.text.printable`), and is never read as rich's markup.
3. A table shows all identities in the same detail, as much as fits: layouts are tried from the most detailed one until
   one fits.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

import click
from rich import box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.highlighter import JSONHighlighter
from rich.table import Table
from rich.text import Text

from awstape.cli.terminal.output import has_dumb_terminal
from awstape.core.aws.model import Models
from awstape.core.text.counting import count
from awstape.core.text.printable import printable
from awstape.core.text.shortening import join_sizes, shorten_middle
from awstape.core.view.labels import Detail, identity_label
from awstape.core.view.track_statistics import TrackStatistics
from awstape.core.view.value_lines import JSON, WORD, Line

_ENDLESS = 1_000_000
_LONGEST_NOTES = 28
_LONGEST_CUT = 14
_DETAILS = (Detail(), Detail(whole_arns=False), Detail(whole_arns=False, required_names=False))
_SHORTEST = 12
_STYLES = {WORD: "magenta", JSON: ""}


def console() -> Console:
    """A rich console for standard output: a terminal, a file or a pipe."""
    is_terminal = sys.stdout.isatty()
    is_plain = bool(os.environ.get("NO_COLOR")) or has_dumb_terminal()
    return Console(
        width=None if is_terminal else _ENDLESS,
        force_terminal=is_terminal,
        force_jupyter=False,
        color_system="auto" if is_terminal and not is_plain else None,
        markup=False,
        emoji=False,
        highlight=False,
    )


def print_parts(to: Console, *parts: RenderableType) -> None:
    """Prints parts without rich's trailing blanks; characters that the encoding lacks become escapes."""
    for part in parts:
        for line in _rendered(to, part).split("\n"):
            click.echo(line.rstrip().encode(to.encoding, "backslashreplace").decode(to.encoding))


def _rendered(to: Console, part: RenderableType) -> str:
    if isinstance(part, Text) and to.color_system is None and cell_len(part.plain) <= to.width:
        return part.plain  # what rich makes of it, in a fraction of the time
    with to.capture() as captured:
        to.print(part)
    return captured.get().removesuffix("\n")


# --- the table of a cassette ------------------------------------------------------------------------------------


def track_table(to: Console, title: str, tracks: Sequence[TrackStatistics], models: Models) -> list[RenderableType]:
    """The table of a cassette for `awstape ls`, with a title and a line of totals."""
    head = Text(printable(title), "bold")
    if not tracks:
        return [head, Text(" no tracks", "dim")]
    services = _services(tracks)
    if len(services) == 1:
        head.append("  ").append_text(*services.values())
    return [head, *_rows(to, tracks, models), Text(f" {totals(tracks)}", "dim")]


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


def _rows(to: Console, tracks: Sequence[TrackStatistics], models: Models) -> Iterable[RenderableType]:
    """The first layout that fits the width; the last one is cropped to fit."""
    for layout in (_side_by_side, _grouped):
        for detail in _DETAILS:
            cells = layout(tracks, models, detail)
            too_wide = cells.width - to.width
            if too_wide <= 0:
                return cells.lines(to)
    labels = (_identity(each, models, detail, differ) for _, same, differ in _by_service(tracks) for each in same)
    longest = max(map(len, labels))
    return [_grouped(tracks, models, replace(detail, width=max(longest - too_wide, _SHORTEST))).cropped()]


def _side_by_side(tracks: Sequence[TrackStatistics], models: Models, detail: Detail) -> _Cells:
    """Operation and identity side by side."""
    cells = _Cells(("operation", "identity"))
    for heading, of_service, differ in _by_service(tracks):
        if heading:
            cells.add("", heading)
        before = ""
        for each in of_service:
            name = each.track.operation
            operation = Text(name, "dim" if name == before else "bold")
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
                cells.add("", Text(name, "bold"))
            for each, label in group:
                cells.add(_number(each), Text("" if is_one else "  ").append_text(label), *_counts(each))
    return cells


class _Shown(NamedTuple):
    """What is shown before an identity, because tracks differ in it."""

    region: bool
    caller: bool


class _Cells:
    """The cells of a table. names: the columns between the numbers of the tracks and those of pages, items and notes.

    Where the table fits, its lines are laid out here: rich's `Table` takes a millisecond for each row.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._rows: list[list[Text]] = []
        self._headers = [Text(name, "dim") for name in ("#", *names, "pages", "items", "")]
        self._is_right = [True, *(False for _ in names), True, True, False]

    def add(self, *row: Text | str) -> None:
        texts = [cell if isinstance(cell, Text) else Text(cell) for cell in row]
        self._rows.append(texts + [Text()] * (len(self._headers) - len(texts)))

    @cached_property
    def _widths(self) -> list[int]:
        widths = [
            max(cell_len(cell.plain) for cell in column) for column in zip(self._headers, *self._rows, strict=True)
        ]
        return [*widths[:-1], min(widths[-1], _LONGEST_NOTES)]

    @property
    def width(self) -> int:
        """The width of the lines: two blanks before each column, but one before the first."""
        return sum(self._widths) + 2 * len(self._widths) - 1

    def lines(self, to: Console) -> Iterator[Text]:
        """The lines of the table."""
        yield self._line(self._headers)
        yield Text("─" * self.width, "dim")
        for row in self._rows:
            *cells, notes = row
            folded = notes.wrap(to, _LONGEST_NOTES, overflow="fold") if len(notes) > _LONGEST_NOTES else [notes]
            yield self._line([*cells, folded[0]])
            yield from (self._line([*([Text()] * len(cells)), rest]) for rest in folded[1:])

    def _line(self, cells: Sequence[Text]) -> Text:
        line = Text(no_wrap=True)
        for i, (cell, width, is_right) in enumerate(zip(cells, self._widths, self._is_right, strict=True)):
            blanks = " " * (width - cell_len(cell.plain))
            line.append("  " if i else " ")
            line.append(blanks if is_right else "").append_text(cell).append("" if is_right else blanks)
        return line

    def cropped(self) -> Table:
        """The table, cropped to the width of the console."""
        table = Table(
            box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 0, 0, 1), header_style="dim", border_style="dim"
        )
        table.add_column("#", justify="right", no_wrap=True)
        for name in self._names:
            table.add_column(name, no_wrap=True, overflow="ellipsis")
        table.add_column("pages", justify="right", no_wrap=True)
        table.add_column("items", justify="right", no_wrap=True)
        table.add_column("", max_width=_LONGEST_NOTES, overflow="fold")
        for row in self._rows:
            table.add_row(*row)
        return table


def _by_service(tracks: Sequence[TrackStatistics]) -> Iterator[tuple[Text | None, list[TrackStatistics], _Shown]]:
    """Yields for each service a heading, if there are several, its tracks, and what is shown before identities."""
    services = _services(tracks)
    caller = len({each.track.caller for each in tracks}) > 1
    for name, same in groupby(tracks, key=lambda each: each.track.service):
        group = list(same)
        region = len({each.track.region for each in group}) > 1
        yield services[name] if len(services) > 1 else None, group, _Shown(region, caller)


def _services(tracks: Iterable[TrackStatistics]) -> dict[str, Text]:
    """Service name → heading, which includes the region if all tracks of the service have the same."""
    regions: dict[str, set[str]] = {}
    for each in tracks:
        regions.setdefault(each.track.service, set()).add(printable(each.track.region or ""))
    return {
        name: Text(" ".join([name, *(found if len(found) == 1 else ())]).rstrip(), "cyan")
        for name, found in regions.items()
    }


def _number(each: TrackStatistics) -> Text:
    return Text(str(each.number), "dim")


def _identity(each: TrackStatistics, models: Models, detail: Detail, shown: _Shown) -> Text:
    track = each.track
    before = [track.region if shown.region else None, track.caller if shown.caller else None]
    where = "".join(f"{printable(word)} " for word in before if word)
    input_ = models.operation(track.service, track.operation).input
    words = identity_label(track.identity, input_, replace(detail, width=detail.width - len(where)))
    return Text(where, "cyan").append(words, "default")


def _counts(each: TrackStatistics) -> tuple[Text, Text, Text]:
    """The cells for pages, items by page (`3+2`) and notes."""
    cuts = ", ".join(join_sizes(take.items) for take in each.takes if take.items)
    items = cuts if len(cuts) <= _LONGEST_CUT else str(each.items)
    return Text(str(each.pages)), Text(items), track_notes(each)


def track_notes(each: TrackStatistics) -> Text:
    """Short notes on a track: several takes, errors, holes, unfinished, faults, unmodelled members."""
    notes = [(f"{len(each.takes)} takes", "blue")] if len(each.takes) > 1 else []
    notes += [(shorten_middle(printable(code), 2 * _LONGEST_NOTES), "red") for code in dict.fromkeys(each.errors)]
    notes += [(count(each.holes, "hole"), "red")] if each.holes else []
    notes += [("unfinished", "yellow")] if not each.complete and not each.holes else []
    notes += [(f"fault {fault.split()[0]}", "magenta") for fault in each.faults]
    notes += [("unmodelled", "yellow")] if each.unmodelled else []
    return Text(", ").join(Text(text, style) for text, style in notes)


# --- lines ------------------------------------------------------------------------------------------------------


def value_rows(value_lines: Iterable[Line], width: int) -> Iterator[RenderableType]:
    """Values in full, one member a line; a long value wraps below its start."""
    highlight = JSONHighlighter()
    for line in value_lines:
        name = Text(line.lead[-(width // 2) :]).append(line.name, "cyan").append(": " if line.name else "", "dim")
        value = Text(line.text, style=_STYLES.get(line.kind, ""))
        if line.kind == JSON:
            highlight.highlight(value)
        if cell_len(name.plain) + cell_len(value.plain) <= width:
            yield name.append_text(value)
            continue
        is_short = cell_len(name.plain) <= width // 2
        if not is_short:
            yield name
        grid = Table.grid()
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(name if is_short else Text(" " * min(len(line.lead) + 2, width // 2)), value)
        yield grid
