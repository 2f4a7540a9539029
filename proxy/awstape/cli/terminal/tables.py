"""How cassettes look on a terminal and in a pipe: tables, trees, pages in full.

1. On a terminal nothing is wider than it, and there is colour unless NO_COLOR is set or the terminal is dumb. In a pipe
   nothing is cut to a width, and there is no escape sequence.
2. Every text of a cassette comes printable (`core.text.printable`), and is never read as rich's markup.
3. A table says as much of each identity as there is room for, the same of all: a list of ways to say it is gone
   through, from the fullest on, until one fits.
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
from awstape.core.view.labels import Detail, cropped, cut, identity_words
from awstape.core.view.track_statistics import Overview
from awstape.core.view.value_lines import JSON, WORD, Line
from awstape.report import count

_ENDLESS = 1_000_000
_LONGEST_NOTES = 28
_LONGEST_CUT = 14
_DETAILS = (Detail(), Detail(whole_arns=False), Detail(whole_arns=False, names=False))
_SHORTEST = 12
_STYLES = {WORD: "magenta", JSON: ""}


def console() -> Console:
    """For standard output, whatever that is."""
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


def say(to: Console, *parts: RenderableType) -> None:
    """Prints the parts without the blanks that rich fills lines with; what the encoding doesn't have is spelled out."""
    with to.capture() as captured:
        for part in parts:
            to.print(part)
    for line in captured.get().split("\n")[:-1]:
        click.echo(line.rstrip().encode(to.encoding, "backslashreplace").decode(to.encoding))


# --- the table of a cassette ------------------------------------------------------------------------------------


def listing(to: Console, title: str, tracks: Sequence[Overview], models: Models) -> list[RenderableType]:
    """What `awstape ls` says of a cassette."""
    head = Text(printable(title), "bold")
    if not tracks:
        return [head, Text(" no tracks", "dim")]
    services = _services(tracks)
    if len(services) == 1:
        head.append("  ").append_text(*services.values())
    return [head, _table(to, tracks, models), Text(f" {totals(tracks)}", "dim")]


def totals(tracks: Iterable[Overview], cassettes: int | None = None) -> str:
    """`3 tracks, 5 pages, …`; what there is none of but tracks and pages is left out."""
    every = list(tracks)
    items, errors = sum(each.items or 0 for each in every), sum(len(each.errors) for each in every)
    unfinished, faults = sum(not each.complete for each in every), sum(len(each.faults) for each in every)
    said = [
        count(cassettes, "cassette") if cassettes is not None else "",
        count(len(every), "track"),
        count(sum(each.pages for each in every), "page"),
        count(items, "item") if items else "",
        count(errors, "error") if errors else "",
        f"{unfinished} unfinished" if unfinished else "",
        count(faults, "fault") if faults else "",
    ]
    return ", ".join(filter(None, said))


def _table(to: Console, tracks: Sequence[Overview], models: Models) -> Table:
    """The first of the ways to say it that fits; the last one is made to."""
    endless = to.options.update(max_width=_ENDLESS)
    for way in (_columns, _grouped):
        for detail in _DETAILS:
            table = way(tracks, models, detail)
            too_wide = to.measure(table, options=endless).maximum - to.width
            if too_wide <= 0:
                return table
    said = (_identity(each, models, detail, differ) for _, same, differ in _by_service(tracks) for each in same)
    longest = max(map(len, said))
    return _grouped(tracks, models, replace(detail, room=max(longest - too_wide, _SHORTEST)))


def _columns(tracks: Sequence[Overview], models: Models, detail: Detail) -> Table:
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


def _grouped(tracks: Sequence[Overview], models: Models, detail: Detail) -> Table:
    """Operations as headings above the identities, which leaves more room for these."""
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
            for each, said in group:
                table.add_row(_number(each), Text("" if is_one else "  ").append_text(said), *_counts(each))
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


def _by_service(tracks: Sequence[Overview]) -> Iterator[tuple[Text | None, list[Overview], bool]]:
    """The tracks of each service, below a heading if there are several, and whether their regions differ."""
    services = _services(tracks)
    for name, same in groupby(tracks, key=lambda each: each.track.service):
        group = list(same)
        yield services[name] if len(services) > 1 else None, group, len({each.track.region for each in group}) > 1


def _services(tracks: Iterable[Overview]) -> dict[str, Text]:
    """The services by their names, as headings; with the region if all tracks have the same."""
    regions: dict[str, set[str]] = {}
    for each in tracks:
        regions.setdefault(each.track.service, set()).add(printable(each.track.region or ""))
    return {
        name: Text(" ".join([name, *(found if len(found) == 1 else ())]).rstrip(), "cyan")
        for name, found in regions.items()
    }


def _number(each: Overview) -> Text:
    return Text(str(each.number), "dim")


def _identity(each: Overview, models: Models, detail: Detail, has_region: bool) -> Text:
    track = each.track
    region = f"{printable(track.region)} " if has_region and track.region else ""
    input_ = models.operation(track.service, track.operation).input
    said = identity_words(track.identity, input_, replace(detail, room=detail.room - len(region)))
    return Text(region, "cyan").append(said, "default")


def _counts(each: Overview) -> tuple[Text, Text, Text]:
    """Pages, items as they are cut, and what is remarkable."""
    cuts = ", ".join(cut(take.items) for take in each.takes if take.items)
    items = cuts if len(cuts) <= _LONGEST_CUT else str(each.items)
    return Text(str(each.pages)), Text(items), notes(each)


def notes(each: Overview) -> Text:
    """What is remarkable of a track, in short."""
    said = [(f"{len(each.takes)} takes", "blue")] if len(each.takes) > 1 else []
    said += [(cropped(printable(code), 2 * _LONGEST_NOTES), "red") for code in dict.fromkeys(each.errors)]
    said += [("unfinished", "yellow")] if not each.complete else []
    said += [(f"fault {fault.split()[0]}", "magenta") for fault in each.faults]
    said += [("unmodelled", "yellow")] if each.unmodelled else []
    return Text(", ").join(Text(text, style) for text, style in said)


# --- lines ------------------------------------------------------------------------------------------------------


def lines(laid_out: Iterable[Line], width: int) -> Iterator[RenderableType]:
    """Values in full, member by member; what is too long goes on below its beginning."""
    highlight = JSONHighlighter()
    for line in laid_out:
        name = Text(line.lead[-(width // 2) :]).append(line.name, "cyan").append(": " if line.name else "", "dim")
        said = Text(line.said, style=_STYLES.get(line.kind, ""))
        if line.kind == JSON:
            highlight.highlight(said)
        if cell_len(name.plain) + cell_len(said.plain) <= width:
            yield name.append_text(said)
            continue
        is_short = cell_len(name.plain) <= width // 2
        if not is_short:
            yield name
        grid = Table.grid()
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(name if is_short else Text(" " * min(len(line.lead) + 2, width // 2)), said)
        yield grid
