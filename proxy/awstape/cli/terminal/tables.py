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
from itertools import groupby

import click
from rich import box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.highlighter import JSONHighlighter
from rich.table import Table
from rich.text import Text

from awstape.cli.terminal.output import has_dumb_terminal
from awstape.core.aws.model import Models
from awstape.core.text.printable import printable
from awstape.core.text.shortening import join_sizes, shorten_middle
from awstape.core.view.labels import Detail, identity_label
from awstape.core.view.track_statistics import TrackStatistics
from awstape.core.view.value_lines import JSON, WORD, Line
from awstape.report import count

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
    with to.capture() as captured:
        for part in parts:
            to.print(part)
    for line in captured.get().split("\n")[:-1]:
        click.echo(line.rstrip().encode(to.encoding, "backslashreplace").decode(to.encoding))


# --- the table of a cassette ------------------------------------------------------------------------------------


def track_table(to: Console, title: str, tracks: Sequence[TrackStatistics], models: Models) -> list[RenderableType]:
    """The table of a cassette for `awstape ls`, with a title and a line of totals."""
    head = Text(printable(title), "bold")
    if not tracks:
        return [head, Text(" no tracks", "dim")]
    services = _services(tracks)
    if len(services) == 1:
        head.append("  ").append_text(*services.values())
    return [head, _table(to, tracks, models), Text(f" {totals(tracks)}", "dim")]


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


def _table(to: Console, tracks: Sequence[TrackStatistics], models: Models) -> Table:
    """The first layout that fits the width; the last one is cropped to fit."""
    endless = to.options.update(max_width=_ENDLESS)
    for layout in (_side_by_side, _grouped):
        for detail in _DETAILS:
            table = layout(tracks, models, detail)
            too_wide = to.measure(table, options=endless).maximum - to.width
            if too_wide <= 0:
                return table
    labels = (_identity(each, models, detail, differ) for _, same, differ in _by_service(tracks) for each in same)
    longest = max(map(len, labels))
    return _grouped(tracks, models, replace(detail, width=max(longest - too_wide, _SHORTEST)))


def _side_by_side(tracks: Sequence[TrackStatistics], models: Models, detail: Detail) -> Table:
    """Operation and identity side by side."""
    table = _empty_table("operation", "identity")
    for heading, of_service, differ in _by_service(tracks):
        if heading:
            table.add_row("", heading)
        before = ""
        for each in of_service:
            name = each.track.operation
            operation = Text(name, "dim" if name == before else "bold")
            table.add_row(_number(each), operation, _identity(each, models, detail, differ), *_counts(each))
            before = name
    return table


def _grouped(tracks: Sequence[TrackStatistics], models: Models, detail: Detail) -> Table:
    """Operations as headings above the identities, which leaves more room for the identities."""
    table = _empty_table("operation and identity")
    for heading, of_service, differ in _by_service(tracks):
        if heading:
            table.add_row("", heading)
        for name, same in groupby(of_service, key=lambda each: each.track.operation):
            group = [(each, _identity(each, models, detail, differ)) for each in same]
            if is_one := (len(group) == 1 and not group[0][1]):
                group[0][1].append(name, "bold")
            else:
                table.add_row("", Text(name, "bold"))
            for each, label in group:
                table.add_row(_number(each), Text("" if is_one else "  ").append_text(label), *_counts(each))
    return table


def _empty_table(*names: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 0, 0, 1), header_style="dim", border_style="dim")
    table.add_column("#", justify="right", no_wrap=True)
    for name in names:
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    table.add_column("pages", justify="right", no_wrap=True)
    table.add_column("items", justify="right", no_wrap=True)
    table.add_column("", max_width=_LONGEST_NOTES, overflow="fold")
    return table


def _by_service(tracks: Sequence[TrackStatistics]) -> Iterator[tuple[Text | None, list[TrackStatistics], bool]]:
    """Yields for each service a heading, if there are several, its tracks, and whether their regions differ."""
    services = _services(tracks)
    for name, same in groupby(tracks, key=lambda each: each.track.service):
        group = list(same)
        yield services[name] if len(services) > 1 else None, group, len({each.track.region for each in group}) > 1


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


def _identity(each: TrackStatistics, models: Models, detail: Detail, has_region: bool) -> Text:
    track = each.track
    region = f"{printable(track.region)} " if has_region and track.region else ""
    input_ = models.operation(track.service, track.operation).input
    words = identity_label(track.identity, input_, replace(detail, width=detail.width - len(region)))
    return Text(region, "cyan").append(words, "default")


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
