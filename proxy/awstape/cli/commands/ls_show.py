"""`ls` and `show`: list the tracks of cassettes, show their pages."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.output import print_error, print_json
from awstape.errors import UserError

if TYPE_CHECKING:
    from awstape.core.aws.model import Models
    from awstape.core.cassette.cassette import Cassette
    from awstape.core.view.selectors import SelectedTrack


@click.command()
@parameters.cassettes
@parameters.as_json
def ls(cassettes: tuple[Path, ...], as_json: bool) -> int:
    """List the tracks of CASSETTES, files or folders.

    Shows for each track the pages, the items by page (3+2), errors, whether a take is unfinished, and faults. The exit
    status is 2 if a file can't be read; the other files are listed all the same.

    \b
    awstape ls cassettes/
    awstape ls cassettes/ --json | jq '.[] | select(.complete | not)'
    """
    from awstape.catalog.service_models import load_models
    from awstape.cli.terminal import tables
    from awstape.core.view.track_statistics import TrackStatistics, cassette_statistics
    from awstape.files import cassette_files
    from awstape.report import overview_facts

    models = load_models()
    files = cassette_files.find_all(cassettes)
    found: dict[Path, list[TrackStatistics]] = {}
    errors: list[UserError] = []
    console = tables.console()
    for file in files:
        try:
            tracks = found[file] = cassette_statistics(cassette_files.load(file, models), models)
        except UserError as error:  # the other files are still listed
            print_error(error.problem, error.tip)
            errors.append(error)
            continue
        if not as_json:
            after = [""] if len(files) > 1 else []
            tables.print_parts(console, *tables.track_table(console, str(file), tracks, models), *after)
    every = [(file, track) for file, tracks in found.items() for track in tracks]
    if as_json:
        facts = [{"cassette": str(file), **overview_facts(track)} for file, track in every]
        print_json(facts)
    elif len(found) > 1:
        tables.print_parts(console, tables.totals((track for _, track in every), len(found)))
    return 2 if errors else 0


@click.command()
@parameters.cassette
@parameters.tracks
@click.option("--page", type=click.IntRange(1), metavar="N", help="Show page N in full, with all members.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write an HTML page.")
@click.option("--textconv", is_flag=True, help="Print the whole cassette as plain lines, for git diff.")
@parameters.as_json
def show(
    cassette: Path, tracks: tuple[str, ...], page: int | None, html: Path | None, textconv: bool, as_json: bool
) -> int:
    """Show takes, pages and items, and how pages are linked.

    TRACK is a number from `awstape ls`, or OPERATION [MEMBER=GLOB]… [region=GLOB] [account=GLOB] [take=N]. Without
    TRACK, all tracks are shown in short.

    \b
    awstape show roles.yaml
    awstape show roles.yaml 3
    awstape show roles.yaml 'ListAttachedRolePolicies RoleName=role-yq*' --page 2
    awstape show roles.yaml --html roles.html

    \b
    To let git diff show cassettes member by member, with policy documents laid out:
      git config diff.awstape.textconv 'awstape show --textconv'
      echo 'cassettes/*.yaml diff=awstape' >> .gitattributes
    """
    from awstape.catalog.service_models import load_models
    from awstape.files import cassette_files
    from awstape.workbench.selected_tracks import select_tracks

    if textconv and (tracks or page or html or as_json):
        raise UserError("--textconv prints the whole cassette", "leave out TRACK and other options")
    if textconv:
        return _textconv(cassette)
    models = load_models()
    whole = cassette_files.load(cassette, models)
    chosen = select_tracks([cassette], whole, tracks, os.environ)
    if html:
        return _write_page(html, cassette, whole.with_takes(t for each in chosen for _, t in each.selected()))
    if page and not any(page <= len(take.pages) for each in chosen for _, take in each.selected()):
        raise UserError(f"no selected track has a page {page}", f"awstape ls {cassette} shows the number of pages")
    if as_json:
        facts = [{"cassette": str(cassette), **_facts(each, models, page)} for each in chosen]
        print_json(facts)
        return 0
    _render(chosen, models, page, is_short=not tracks)
    return 0


def _write_page(path: Path, source: Path, cassette: Cassette) -> int:
    """Writes a cassette as an HTML page."""
    from awstape.core.text.printable import printable
    from awstape.files import atomic_writes
    from awstape.workbench.html_page import render_page

    if path.exists() and path.samefile(source):
        raise UserError(f"{path}: is the cassette itself", "name another file for the page")
    atomic_writes.write_file(path, render_page(cassette, source.name).encode("utf-8"))
    click.echo(f"wrote {printable(str(path))}")
    return 0


def _render(chosen: Sequence[SelectedTrack], models: Models, page: int | None, *, is_short: bool) -> None:
    from awstape.cli.terminal import tables, track_tree

    console = tables.console()
    for i, each in enumerate(chosen):
        if page is None:
            before = [""] if i and not is_short else []
            tables.print_parts(console, *before, track_tree.tree(console, each, models, is_short=is_short))
            continue
        for number, take in each.selected():
            if page <= len(take.pages):
                tables.print_parts(console, *track_tree.page_in_full(console, each, number, page))


def _facts(each: SelectedTrack, models: Models, page: int | None) -> dict[str, object]:
    """The facts of `ls` about a track, and its takes as in the file, for scripts."""
    from awstape.core.cassette.yaml.writer import page_document
    from awstape.core.view.track_statistics import track_statistics
    from awstape.report import overview_facts

    recorded = [
        {
            "take": number,
            "faults": [str(fault) for fault in take.faults],
            "pages": [
                {"page": i, **page_document(each_page)}
                for i, each_page in enumerate(take.pages, 1)
                if page in (None, i)
            ],
        }
        for number, take in each.selected()
    ]
    return {**overview_facts(track_statistics(each.number, each.track, each.takes, models)), "recorded": recorded}


def _textconv(cassette: Path) -> int:
    """Prints a cassette as lines. Prints other files unchanged, unless to a terminal: an error would fail git diff."""
    from awstape.catalog.service_models import load_models
    from awstape.core.view.value_lines import cassette_text
    from awstape.files import cassette_files

    try:
        text = cassette_text(cassette_files.load(cassette, load_models()))
    except UserError:
        if sys.stdout.isatty() or not cassette.is_file():
            raise
        with cassette.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        return 0
    click.echo(text.encode(), nl=False)
    return 0
