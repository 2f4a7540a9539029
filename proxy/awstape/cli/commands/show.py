"""`show`: shows takes and pages, and what a reviewer reads before a commit."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.output import STANDARD_OUTPUT, note_reading_in_part, print_json, write_output
from awstape.errors import UserError

if TYPE_CHECKING:
    from awstape.core.aws.model import Models
    from awstape.core.view.selectors import SelectedTrack


@click.command()
@parameters.cassette_or_folder
@parameters.tracks
@click.option("--page", type=click.IntRange(1), metavar="N", help="Show page N in full, with all members.")
@click.option(
    "--html",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    metavar="FILE",
    help="Write an HTML page of CASSETTE, a file or a folder; - is standard output.",
)
@click.option(
    "--texts", is_flag=True, help="List the texts that are no aliases and not public, and the values that are kept."
)
@click.option("--textconv", is_flag=True, help="Print the whole cassette as plain lines, for git diff.")
@parameters.as_json
def show(
    cassette: Path,
    tracks: tuple[str, ...],
    page: int | None,
    html: Path | None,
    texts: bool,
    textconv: bool,
    as_json: bool,
) -> int:
    """Show takes, pages and items, and how pages are linked.

    TRACK is a number from `awstape ls`, or OPERATION [MEMBER=GLOB]… [region=GLOB] [account=GLOB] [take=N]. Without
    TRACK, all tracks are shown in short.

    --html and --texts are for a review before a commit, of a file or of all cassettes in a folder. Both list what stays
    readable; the page also begins with what `awstape check` finds. --texts takes further files and folders.

    \b
    awstape show roles.yaml
    awstape show roles.yaml 3
    awstape show roles.yaml 'ListAttachedRolePolicies RoleName=role-yq*' --page 2
    awstape show roles.yaml --html roles.html
    awstape show --texts cassettes/

    \b
    To let git diff show cassettes member by member, with policy documents laid out:
      git config diff.awstape.textconv 'awstape show --textconv'
      echo 'cassettes/*.yaml diff=awstape' >> .gitattributes
    """
    from awstape.catalog.service_models import load_models
    from awstape.core.text.advice import shell_path

    if texts:
        if page or html or textconv:
            raise UserError("--texts lists whole cassettes", "leave out other options than --json")
        return _list_texts([cassette, *map(Path, tracks)], as_json=as_json)
    if html:
        if page or textconv or as_json:
            raise UserError("--html writes whole tracks", "leave out other options")
        return _write_page(html, cassette, tracks)
    if cassette.is_dir():
        path = shell_path(cassette)
        raise UserError(f"{cassette}: is a folder", f"awstape ls {path}, or awstape show {path} --html FILE")
    if textconv and (tracks or page or as_json):
        raise UserError("--textconv prints the whole cassette", "leave out TRACK and other options")
    if textconv:
        return _textconv(cassette)
    models = load_models()
    chosen = _select(cassette, tracks, models)
    if page and not any(page <= len(take.pages) for each in chosen for _, take in each.selected()):
        raise UserError(
            f"no selected track has a page {page}", f"awstape ls {shell_path(cassette)} shows the number of pages"
        )
    if as_json:
        facts = [{"cassette": str(cassette), **_facts(each, models, page)} for each in chosen]
        print_json(facts)
        return 0
    _render(chosen, models, page, is_short=not tracks)
    return 0


def _select(path: Path, tracks: Sequence[str], models: Models) -> Sequence[SelectedTrack]:
    """The tracks of a cassette to show. Of a large one, only these are read."""
    from awstape.files import cassette_files
    from awstape.workbench.selected_tracks import select_tracks

    cassette = cassette_files.load_lazily(path, models)
    if cassette.is_read_in_part and tracks:
        note_reading_in_part([path], "of which only these tracks are read")
    return select_tracks([path], cassette, tracks, os.environ)


def _list_texts(paths: Sequence[Path], *, as_json: bool) -> int:
    """Prints the texts of cassettes that stay readable."""
    from awstape import progress
    from awstape.core.text.counting import count
    from awstape.core.text.printable import printable
    from awstape.files import cassette_files
    from awstape.workbench.review import kept_lines, list_kept_values, list_texts, review_file

    for path in paths:
        if not path.exists():
            raise UserError(f"{path}: no such file or folder", "--texts lists whole cassettes: leave out TRACK")
    files = cassette_files.find_all(paths)
    with progress.begin("searching", len(files), "files") as work:
        reviews = [(str(file), review_file(file)) for file in work.over(files)]
    texts, kept = list_texts(reviews), list_kept_values(reviews)
    if as_json:
        print_json(
            [
                {
                    "text": each.text,
                    "kept": each.kept,
                    "kind": each.kind,
                    "places": [
                        {"member": member, "cassette": file, "line": line} for member, file, line in each.places
                    ],
                }
                for each in (*texts, *kept)
            ]
        )
        return 0
    heading = ""
    for each in (*texts, *kept):
        if each.kept != heading:
            click.echo(printable(each.kept))
        heading = each.kept
        times = f"{len(each.places)}× " if len(each.places) > 1 else ""
        begin, kind = ("  ", f"{each.kind}, ") if each.kept else ("", "")
        click.echo(printable(f"{begin}{times}{each.text}  ({kind}{each.where})"))
    click.echo(f"{count(len(texts), 'free text')} in {count(len(files), 'cassette')}")
    for line in kept_lines(reviews):
        click.echo(printable(line))
    return 0


def _write_page(path: Path, source: Path, tracks: tuple[str, ...]) -> int:
    """Writes the cassettes of a file or folder, or some of their tracks, as an HTML page."""
    from awstape import progress
    from awstape.catalog.service_models import load_models
    from awstape.core.text.printable import printable
    from awstape.files import cassette_files
    from awstape.workbench.html_page import PageSource, render_page
    from awstape.workbench.review import review_file
    from awstape.workbench.selected_tracks import select_tracks

    sources = []
    files = cassette_files.find(source)
    with progress.begin("loading", len(files), "files") as work:
        for file in work.over(files):
            if path != STANDARD_OUTPUT and path.exists() and path.samefile(file):
                raise UserError(f"{path}: is the cassette itself", "name another file for the page")
            whole = cassette_files.load(file, load_models())
            if tracks:
                chosen = select_tracks([file], whole, tracks, os.environ)
                whole = whole.with_takes(take for each in chosen for _, take in each.selected())
            name = str(file.relative_to(source)) if source.is_dir() else file.name
            sources.append(PageSource(name, whole, review_file(file)))
    with progress.begin("writing the page"):
        page = render_page(sources, source.resolve().name)
    write_output(path, page)
    if path != STANDARD_OUTPUT:
        click.echo(f"wrote {printable(str(path))}")
    return 0


def _render(chosen: Sequence[SelectedTrack], models: Models, page: int | None, *, is_short: bool) -> None:
    from awstape.cli.terminal import rich_console, track_tree

    console = rich_console.console()
    for i, each in enumerate(chosen):
        if page is None:
            before = [""] if i and not is_short else []
            rich_console.print_parts(console, *before, track_tree.tree(console, each, models, is_short=is_short))
            continue
        for number, take in each.selected():
            if page <= len(take.pages):
                rich_console.print_parts(console, *track_tree.page_in_full(console, each, number, page))


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
        import shutil  # not at the top: it takes long to import

        with cassette.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        return 0
    click.echo(text.encode(), nl=False)
    return 0
